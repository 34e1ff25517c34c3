"""The emulated account: its limits in simulated time, its bill, its questions and its uploads."""

import asyncio
import base64
import contextlib
import gc
import tracemalloc
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    AccountLimits,
    ConnectionDropped,
    Emulator,
    EmulatorTransport,
    create_emulator,
    in_order,
    rough_service,
)
from qwenocr_assets.emulator.testing.canned_answers import COMPATIBLE_PATH, NATIVE_PATH, CannedAnswers
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time

MODEL = "qwen-vl-ocr-2025-11-20"
PATHS = (NATIVE_PATH, COMPATIBLE_PATH)


def with_client(app: Any, use: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    """What `use` gives, run in virtual time with a client of the app."""

    async def main() -> Any:
        async with httpx.AsyncClient(
            transport=EmulatorTransport(app), base_url="http://emulator", timeout=None
        ) as client:
            return await use(client)

    return run_in_virtual_time(main())


async def post(client: httpx.AsyncClient, path: str = NATIVE_PATH, model: str = MODEL, **more: Any) -> int:
    """The status of one call, 0 for a connection that broke."""
    try:
        return (await client.post(path, json={"model": model} | more)).status_code
    except httpx.TransportError:
        return 0


async def at_pace(client: httpx.AsyncClient, calls: int, pace: Callable[[float], float]) -> list[int]:
    """The statuses of many calls, `pace(seconds since the start)` of them a second, whether answered or not."""
    sent = []
    for _ in range(calls):
        sent.append(asyncio.create_task(post(client)))
        await asyncio.sleep(1 / pace(asyncio.get_running_loop().time()))
    return await asyncio.gather(*sent)


# --- limits


def rising_to(per_second: float) -> Callable[[float], float]:
    return lambda now: per_second * min(1.0, 0.25 + 0.075 * now)


@pytest.mark.parametrize(
    ("limits", "tokens", "pace", "refused"),
    [
        pytest.param(AccountLimits(600), 100, rising_to(10), set(), id="at the limit"),
        pytest.param(AccountLimits(600), 100, rising_to(14), {"429 Throttling.RateQuota"}, id="over it"),
        pytest.param(AccountLimits(600), 100, lambda _: 10.0, {"429 Throttling.BurstRate"}, id="all at once"),
        pytest.param(AccountLimits(600, 6_000_000), 9_000, rising_to(9.9), set(), id="within the tokens"),
        pytest.param(
            AccountLimits(600, 5_000_000),
            9_000,
            rising_to(9.9),
            {"429 Throttling.AllocationQuota"},
            id="over them",
        ),
        pytest.param(AccountLimits(), 9_000, lambda _: 1_000.0, set(), id="none"),
    ],
)
def test_limits_over_time(
    limits: AccountLimits, tokens: int, pace: Callable[[float], float], refused: set[str]
) -> None:
    app = create_emulator(CannedAnswers(image_tokens=tokens), account=limits, latency=2.0)
    statuses = with_client(app, lambda client: at_pace(client, 1_200, pace))

    assert app.traffic.outcomes["200"] == statuses.count(200) == app.bill.total.calls
    assert app.traffic.outcomes.keys() - {"200"} == refused
    if limits.requests_per_minute and refused != {"429 Throttling.AllocationQuota"}:
        assert statuses.count(200) > 0.7 * 1_200  # a refusal costs that call only
    if limits.tokens_per_minute:
        assert app.traffic.max_tokens_in_a_second <= limits.tokens_per_minute / 60


@pytest.mark.slow
def test_ten_minutes_at_the_limit_are_simulated() -> None:
    app = create_emulator(CannedAnswers(), account=AccountLimits(600, 6_000_000), latency=2.0)

    async def ten_minutes(client: httpx.AsyncClient) -> tuple[list[int], float]:
        return await at_pace(client, 6_000, rising_to(10)), asyncio.get_running_loop().time()

    statuses, seconds = with_client(app, ten_minutes)
    assert statuses == [200] * 6_000
    assert seconds == pytest.approx(605.6, abs=1)
    assert app.traffic.max_in_flight == 20
    assert app.traffic.max_calls_in_a_second == 10


# --- bill


@pytest.mark.parametrize(
    ("region", "model", "usd_per_call"),
    [
        ("singapore", MODEL, "0.0002172"),
        ("singapore", "qwen-vl-ocr-1120", "0.0002172"),
        ("singapore", "qwen-vl-ocr", "0.0002172"),
        ("beijing", MODEL, "0.00013224"),
        ("beijing", "qwen-vl-ocr-latest", "0.00013224"),
        ("virginia", "qwen-vl-ocr", "0.00013224"),
        ("beijing", "qwen3.5-ocr", "0.000219375"),
        ("frankfurt", MODEL, "0.00013224"),
        ("singapore", "embedded-ocr", "0"),
    ],
)
def test_prices_are_the_catalogues(region: str, model: str, usd_per_call: str) -> None:
    app = create_emulator(CannedAnswers(image_tokens=2_900, text_tokens=100, output_tokens=45), region=region)

    async def calls(client: httpx.AsyncClient) -> Any:
        assert [await post(client, path, model) for path in PATHS] == [200, 200]
        return (await client.get("/emulator/bill")).json()

    bill = with_client(app, calls)
    assert app.bill.total.usd == 2 * Decimal(usd_per_call)
    assert (bill["calls"], bill["input_tokens"], bill["output_tokens"]) == (2, 6_000, 90)
    assert (Decimal(bill["usd"]), bill["region"]) == (2 * Decimal(usd_per_call), region)


@pytest.mark.parametrize("path", PATHS)
def test_a_model_without_a_price_is_never_free(path: str) -> None:
    app = create_emulator(CannedAnswers(), region="singapore")
    assert with_client(app, lambda client: post(client, path, "qwen-vl-ocr-latest")) == 404
    assert app.bill.total.calls == 0


def test_streams_are_billed_by_their_last_usage() -> None:
    app = create_emulator(CannedAnswers("one\ntwo"), keep_log=True)

    async def calls(client: httpx.AsyncClient) -> list[str]:
        native = await client.post(NATIVE_PATH, json={"model": MODEL}, headers={"X-DashScope-SSE": "enable"})
        options = [{}, {"stream_options": {"include_usage": True}}]
        bodies = [{"model": MODEL, "stream": True} | option for option in options]
        return [native.text, *[(await client.post(COMPATIBLE_PATH, json=body)).text for body in bodies]]

    _, without, with_usage = with_client(app, calls)
    assert '"usage":{' not in without
    assert '"usage":{' in with_usage
    assert app.traffic.log is not None
    assert [(r.input_tokens, r.output_tokens) for r in app.traffic.log] == [(2_575, 58)] * 3


def test_the_bill_is_what_was_served() -> None:
    """On a rough day, with many callers at a time: every answer that was made is paid, and nothing else."""
    app = create_emulator(
        CannedAnswers(tokens_of=lambda number: (number, 10, number % 7)),
        account=AccountLimits(1_200, 6_000_000),
        faults=rough_service(3),
        latency=1.0,
        keep_log=True,
    )
    statuses = with_client(app, lambda client: at_pace(client, 1_500, lambda _: 25.0))

    log = app.traffic.log or []
    billed = [record for record in log if record.billed_usd is not None]
    served = [record for record in log if record.outcome == "200"]
    dropped_billed = [record for record in billed if record.outcome == "dropped"]
    assert len(log) == app.traffic.arrived == len(statuses) == sum(app.traffic.outcomes.values())
    assert len(served) == statuses.count(200)
    assert len(billed) == len(served) + len(dropped_billed) == app.bill.total.calls
    assert len(dropped_billed) == app.bill.total.lost_calls > 0
    assert sum(record.billed_usd or 0 for record in billed) == app.bill.total.usd > 0
    assert sum(record.output_tokens for record in billed) == app.bill.total.output_tokens
    assert not [record for record in log if record.outcome[0] in "45" and record.billed_usd is not None]


def test_a_caller_that_leaves_pays() -> None:
    app = create_emulator(CannedAnswers(), latency=10.0)

    async def impatient(client: httpx.AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(post(client), 1.0)

    with_client(app, impatient)
    assert (app.bill.total.calls, app.bill.total.lost_calls, app.traffic.in_flight) == (1, 1, 0)
    assert app.traffic.outcomes == {"caller gone": 1}


# --- questions


def test_the_log_tells_each_call() -> None:
    app = create_emulator(
        CannedAnswers(), faults=in_order([None, NAMED_FAULTS["internal_error"]]), keep_log=True
    )

    async def calls(client: httpx.AsyncClient) -> Any:
        await client.post(NATIVE_PATH, json={"model": MODEL}, headers={"X-Request-Identity": "page 7"})
        await asyncio.sleep(2)
        await post(client)
        return (await client.get("/emulator/calls")).json()

    seen = with_client(app, calls)
    assert (seen["arrived"], seen["in_flight"], seen["max_in_flight"]) == (2, 0, 1)
    assert seen["outcomes"] == {"200": 1, "500 InternalError": 1}
    first, second = seen["log"]
    assert (first["number"], first["identity"], first["billed_usd"]) == (1, "page 7", "0.00018953")
    assert first["request_id"]
    assert (second["at_seconds"], second["billed_usd"]) == (pytest.approx(2), None)
    assert len(second["identity"]) == 16  # a digest of the body


def test_reset_forgets_everything() -> None:
    app = create_emulator(CannedAnswers(), account=AccountLimits(60), faults=in_order([NAMED_FAULTS["lost"]]))

    async def calls(client: httpx.AsyncClient) -> list[int]:
        before = [await post(client), await post(client)]
        assert (await client.post("/emulator/reset")).json() == {"status": "ok"}
        return [*before, await post(client), await post(client)]

    assert with_client(app, calls) == [0, 429, 0, 429]
    assert (app.traffic.arrived, app.bill.total.calls) == (2, 1)


def test_everything_else_goes_to_the_app(app: Any) -> None:
    around = create_emulator(app)

    async def get(client: httpx.AsyncClient) -> tuple[Any, int]:
        return (await client.get("/health")).json()["status"], (await client.get("/elsewhere")).status_code

    assert with_client(around, get) == ("ok", 404)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"input": 1}', b'{"model": 7}'])
@pytest.mark.parametrize("path", PATHS)
def test_malformed_requests_are_refused(body: bytes, path: str) -> None:
    app = create_emulator(CannedAnswers())

    async def call(client: httpx.AsyncClient) -> int:
        return (await client.post(path, content=body)).status_code

    assert with_client(app, call) == 400
    assert app.traffic.in_flight == 0


async def bare_call(app: Any, body: bytes, path: str = NATIVE_PATH, **headers: str) -> int:
    """The status of one call without a client around it, 0 for a dropped connection."""
    statuses = [0]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", statuses[-1]))

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    with contextlib.suppress(ConnectionDropped):
        await app({"type": "http", "method": "POST", "path": path, "headers": raw}, receive, send)
    return statuses[-1]


@pytest.mark.slow
def test_memory_stays_flat_over_many_calls() -> None:
    account = AccountLimits(60_000, 100_000_000)
    app = create_emulator(CannedAnswers(), account=account, faults=rough_service(), latency=1.0)
    body = orjson.dumps({"model": MODEL})

    async def four_minutes() -> list[int]:
        held = []
        for _minute in range(4):
            for _ in range(30):
                await asyncio.gather(*(bare_call(app, body) for _ in range(100)))
                await asyncio.sleep(1)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        return held

    tracemalloc.start()
    held = run_in_virtual_time(four_minutes())
    tracemalloc.stop()
    # After the first minute its window is full; from then on 6,000 calls leave less than 20 bytes each behind
    # (other tests' threads may allocate a little meanwhile).
    assert held[3] - held[1] < 120_000, held
    assert app.traffic.arrived == 12_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "messages",
        "input",
        "parameters",
        "stream",
        "stream_options",
        "content",
        "image",
        "image_url",
        "url",
        "role",
    ]
)
BODIES = st.fixed_dictionaries({"model": st.sampled_from([MODEL, "none", 7])}).flatmap(
    lambda body: st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON), max_size=4).map(lambda d: body | d)
)


@given(
    body=BODIES | JSON,
    path=st.sampled_from(PATHS),
    sse=st.booleans(),
    fault=st.sampled_from(sorted(NAMED_FAULTS)),
)
def test_any_body_gets_an_answer(body: Any, path: str, sse: bool, fault: str) -> None:
    """Whatever is sent and whatever goes wrong: an HTTP answer or a dropped connection, and a bill that adds up."""
    app = create_emulator(CannedAnswers(), faults=in_order([NAMED_FAULTS[fault]]))
    headers = {"x-dashscope-sse": "enable"} if sse else {}
    status = run_in_virtual_time(bare_call(app, orjson.dumps(body), path, **headers))

    assert status in {0, 200, 400, 401, 403, 404, 429, 500, 502, 503, 504}
    assert sum(app.traffic.outcomes.values()) == 1
    assert app.bill.total.calls <= 1
    if status >= 400:
        assert app.bill.total.calls == 0


# --- images by address


@pytest.mark.parametrize(
    "url", ["https://example.com/a.png", "http://example.com/a.png", "file:///tmp/a.png", "oss://none/a.png"]
)
@pytest.mark.parametrize("path", PATHS)
def test_addresses_are_not_fetched(url: str, path: str, native_body: Any, compatible_body: Any) -> None:
    body = native_body(url) if path == NATIVE_PATH else compatible_body(url, "read")

    async def call(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, json=body, headers={"X-DashScope-OssResourceResolve": "enable"})

    app = create_emulator(CannedAnswers())
    answer = with_client(app, call)
    assert answer.status_code == 400
    assert "Failed to download multimodal content" in answer.text
    assert app.bill.total.calls == 0


@pytest.mark.parametrize("path", PATHS)
def test_pictures_that_lie_on_the_web(
    path: str, app: Any, image_url: str, native_body: Any, compatible_body: Any
) -> None:

    url = "https://example.com/ページ.png"
    around = create_emulator(app, pictures={url: base64.b64decode(image_url.partition(",")[2])})
    body = (
        native_body(url, "text_recognition")
        if path == NATIVE_PATH
        else compatible_body(url, "Read all text.")
    )

    async def call(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, json=body)

    answer = with_client(around, call)
    assert answer.status_code == 200, answer.text
    assert "10283819" in answer.text


# --- uploads


class Uploader:
    """The three steps of an upload, as the SDK does them."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def policy(self, model: str = MODEL) -> dict[str, Any]:
        answer = await self._client.get("/api/v1/uploads", params={"action": "getPolicy", "model": model})
        assert answer.status_code == 200
        granted: dict[str, Any] = answer.json()["data"]
        return granted

    async def post(self, policy: dict[str, Any], name: str, data: bytes, **changed: str) -> httpx.Response:
        form = {
            "OSSAccessKeyId": policy["oss_access_key_id"],
            "Signature": policy["signature"],
            "policy": policy["policy"],
            "key": f"{policy['upload_dir']}/{name}",
            "x-oss-object-acl": policy["x_oss_object_acl"],
            "x-oss-forbid-overwrite": policy["x_oss_forbid_overwrite"],
            "success_action_status": "200",
            "x-oss-content-type": "image/png",
        }
        return await self._client.post(
            policy["upload_host"], data=form | changed, files={"file": (name, data)}
        )

    async def read(
        self, policy: dict[str, Any], name: str, model: str = MODEL, resolve: str = "enable"
    ) -> str:
        content = [{"image": f"oss://{policy['upload_dir']}/{name}"}]
        body = {"model": model, "input": {"messages": [{"role": "user", "content": content}]}}
        body["parameters"] = {"ocr_options": {"task": "text_recognition"}}  # type: ignore[assignment]
        headers = {"X-DashScope-OssResourceResolve": resolve} if resolve else {}
        return (await self._client.post(NATIVE_PATH, json=body, headers=headers)).text


@pytest.fixture(scope="module")
def png(image_url: str) -> bytes:

    return base64.b64decode(image_url.partition(",")[2])


def uploading(app: Any, use: Callable[[Uploader], Awaitable[Any]]) -> Any:
    return with_client(create_emulator(app), lambda client: use(Uploader(client)))


def test_an_uploaded_page_is_read(app: Any, png: bytes) -> None:
    async def use(uploader: Uploader) -> tuple[dict[str, Any], str]:
        policy = await uploader.policy()
        assert (await uploader.post(policy, "ページ 1.png", png)).status_code == 200
        return policy, await uploader.read(policy, "ページ 1.png")

    policy, answer = uploading(app, use)
    assert "10283819" in answer
    assert policy["upload_host"] == "http://emulator/emulator/oss"
    assert (policy["expire_in_seconds"], policy["max_file_size_mb"]) == (300, 100)


@pytest.mark.parametrize(
    ("model", "resolve", "hours", "refusal"),
    [
        pytest.param(MODEL, "", 0, "X-DashScope-OssResourceResolve", id="without the header"),
        pytest.param("qwen-vl-ocr", "enable", 0, "Failed to download", id="another model"),
        pytest.param(MODEL, "enable", 48, "Failed to download", id="two days later"),
        pytest.param(MODEL, "enable", 47, None, id="not yet two days later"),
    ],
)
def test_who_may_read_an_upload(
    model: str, resolve: str, hours: int, refusal: str | None, app: Any, png: bytes
) -> None:
    async def use(uploader: Uploader) -> str:
        policy = await uploader.policy()
        await uploader.post(policy, "a.png", png)
        await asyncio.sleep(hours * 3600)
        return await uploader.read(policy, "a.png", model, resolve)

    answer = uploading(app, use)
    assert (refusal in answer) if refusal else ("10283819" in answer)


@pytest.mark.parametrize(
    ("wait", "changed", "status", "code"),
    [
        pytest.param(0, {}, 409, "FileAlreadyExists", id="the same name again"),
        pytest.param(0, {"x-oss-forbid-overwrite": "false"}, 200, "", id="overwriting allowed"),
        pytest.param(301, {}, 403, "Policy expired", id="policy expired"),
        pytest.param(0, {"Signature": "forged"}, 403, "SignatureDoesNotMatch", id="forged"),
        pytest.param(0, {"key": "elsewhere/a.png"}, 403, "AccessDenied", id="another folder"),
        pytest.param(
            0, {"success_action_status": "", "x-oss-forbid-overwrite": ""}, 204, "", id="the default status"
        ),
    ],
)
def test_form_posts(
    wait: float, changed: dict[str, str], status: int, code: str, app: Any, png: bytes
) -> None:
    async def use(uploader: Uploader) -> httpx.Response:
        policy = await uploader.policy()
        assert (await uploader.post(policy, "a.png", png)).status_code == 200
        await asyncio.sleep(wait)
        return await uploader.post(policy, "a.png", png, **changed)

    answer = uploading(app, use)
    assert (answer.status_code, code in answer.text) == (status, True)


def test_a_form_without_a_file_is_refused(app: Any) -> None:
    async def use(uploader: Uploader) -> httpx.Response:
        return await uploader._client.post("/emulator/oss", data={"key": "a"})

    assert uploading(app, use).status_code == 400


@pytest.mark.parametrize(
    ("size", "answered"), [(9 * 2**20, True), (11 * 2**20, False)], ids=["9 MB", "11 MB"]
)
def test_uploads_may_be_larger_than_a_data_url(size: int, answered: bool, app: Any, png: bytes) -> None:
    async def use(uploader: Uploader) -> str:
        policy = await uploader.policy()
        await uploader.post(policy, "a.png", png + bytes(size - len(png)))
        return await uploader.read(policy, "a.png")

    answer = uploading(app, use)
    assert ("10283819" in answer) == answered
    assert ("Multimodal file size is too large" in answer) != answered


@pytest.mark.parametrize("query", [{}, {"action": "getPolicy"}, {"action": "put", "model": MODEL}])
def test_policies_need_a_model(query: dict[str, str], app: Any) -> None:
    async def use(client: httpx.AsyncClient) -> int:
        return (await client.get("/api/v1/uploads", params=query)).status_code

    assert with_client(create_emulator(app), use) == 400


def test_policies_are_limited_to_100_a_second(app: Any) -> None:
    async def use(client: httpx.AsyncClient) -> list[int]:
        async def ask() -> int:
            query = {"action": "getPolicy", "model": MODEL}
            return (await client.get("/api/v1/uploads", params=query)).status_code

        statuses = [await ask() for _ in range(101)]
        await asyncio.sleep(1)
        return [*statuses, await ask()]

    assert with_client(create_emulator(app), use) == [200] * 100 + [429, 200]


def test_one_emulator_may_be_built_in_another(app: Any) -> None:
    """An emulator is an app like any other: a proxy that adds faults of its own to a limited account."""
    inner = create_emulator(CannedAnswers(), account=AccountLimits(60))
    outer = create_emulator(inner, faults=in_order([NAMED_FAULTS["bad_gateway"]]))

    async def calls(client: httpx.AsyncClient) -> list[int]:
        return [await post(client) for _ in range(3)]

    assert with_client(outer, calls) == [502, 200, 429]
    assert isinstance(inner, Emulator)
    assert (inner.bill.total.calls, outer.bill.total.calls) == (1, 1)
