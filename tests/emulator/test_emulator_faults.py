"""Every kind of fault in both dialects, as a client sees it over the transport that the pipeline uses."""

import json
from collections.abc import Iterable
from typing import Any

import anyio
import httpx
import pytest

from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    Call,
    ConnectionDropped,
    Drop,
    Emulator,
    EmulatorTransport,
    ErrorAnswer,
    ErrorCode,
    Fault,
    ServiceCode,
    StreamError,
    Torn,
    Truncated,
    by_share,
    create_emulator,
    in_order,
    jittered,
    retiring,
    rough_service,
)
from qwenocr_assets.emulator.testing.canned_answers import COMPATIBLE_PATH, NATIVE_PATH, CannedAnswers
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.catalogue import load_catalogue

MODEL = "qwen-vl-ocr-2025-11-20"
KEY = "sk-secret-1234"
TEXT = "first line\nsecond line\nthird line\nfourth line"
DIALECTS = pytest.mark.parametrize("path", [NATIVE_PATH, COMPATIBLE_PATH], ids=["native", "compatible"])


def emulator(faults: Iterable[Fault | None], **options: Any) -> Emulator:
    return create_emulator(CannedAnswers(TEXT), faults=in_order(faults), **options)


async def ask(
    app: Any, path: str, *, stream: bool = False, transport: Any = EmulatorTransport
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    body: dict[str, Any] = {"model": MODEL}
    if stream and path == NATIVE_PATH:
        headers["X-DashScope-SSE"] = "enable"
    elif stream:
        body["stream"] = True
    async with httpx.AsyncClient(
        transport=transport(app), base_url="http://emulator", timeout=None
    ) as client:
        return await client.post(path, json=body, headers=headers)


def asked(app: Any, path: str, **options: Any) -> httpx.Response:
    return run_in_virtual_time(ask(app, path, **options))


def fault_in(answer: httpx.Response) -> tuple[str, str]:
    """Code and message of an error, in either dialect."""
    body = answer.json()
    error = body.get("error", body)
    return error["code"], error["message"]


@pytest.mark.parametrize(
    ("name", "status", "native", "compatible"),
    [
        ("rate_quota", 429, "Throttling.RateQuota", "limit_requests"),
        ("allocation_quota", 429, "Throttling.AllocationQuota", "insufficient_quota"),
        ("burst_rate", 429, "Throttling.BurstRate", "limit_burst_rate"),
        ("free_quota_used", 429, "Throttling.AllocationQuota", "insufficient_quota"),
        ("internal_error", 500, "InternalError", "internal_error"),
        ("serving_error", 503, "ModelServingError", "model_serving_error"),
        ("unavailable", 503, "ModelUnavailable", "model_unavailable"),
        ("time_limit", 500, "RequestTimeOut", "request_timeout"),
        ("invalid_key", 401, "InvalidApiKey", "invalid_api_key"),
        ("missing_content_type", 401, "InvalidApiKey", "invalid_api_key"),
        ("echoed_key", 401, "InvalidApiKey", "invalid_api_key"),
        ("arrearage", 400, "Arrearage", "Arrearage"),
        ("inspection_failed", 400, "DataInspectionFailed", "data_inspection_failed"),
        ("code_without_output", 200, "InternalError", "internal_error"),
        ("stream_error", 429, "Throttling.RateQuota", "limit_requests"),
    ],
)
@DIALECTS
def test_errors_in_the_dialect_that_was_called(
    name: str, status: int, native: str, compatible: str, path: str
) -> None:
    app = emulator([NAMED_FAULTS[name]])
    answer = asked(app, path)

    code, message = fault_in(answer)
    assert (answer.status_code, code) == (status, native if path == NATIVE_PATH else compatible)
    assert ("error" in answer.json()) == (path == COMPATIBLE_PATH)
    assert ("content-type" in answer.headers) == (name != "missing_content_type")
    assert (KEY in message) == (name == "echoed_key")
    assert app.bill.total.calls == 0
    assert app.traffic.outcomes == {f"{status} {code}": 1}


@pytest.mark.parametrize(
    ("name", "status", "media_type", "starts"),
    [
        ("bad_gateway", 502, "text/html", b"<html>"),
        ("gateway_timeout", 504, "text/html", b"<html>"),
        ("empty_body", 200, "application/json", b""),
        ("not_json", 200, "application/json", b"upstream"),
    ],
)
@DIALECTS
def test_what_comes_from_a_gateway(name: str, status: int, media_type: str, starts: bytes, path: str) -> None:
    app = emulator([NAMED_FAULTS[name]])
    answer = asked(app, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, media_type)
    assert answer.content.startswith(starts)
    assert app.bill.total.calls == 0


@pytest.mark.parametrize(
    ("fault", "billed"), [(Drop(), 0), (Drop(billed=True), 1)], ids=["before the answer", "lost"]
)
@DIALECTS
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_dropped(fault: Fault, billed: int, path: str, stream: bool) -> None:
    app = emulator([fault])
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        asked(app, path, stream=stream)
    assert (app.bill.total.calls, app.bill.total.lost_calls) == (billed, billed)
    assert app.traffic.outcomes == {"dropped": 1}
    assert app.traffic.in_flight == 0


@DIALECTS
@pytest.mark.parametrize("fault", [Drop(), Torn(0.5)], ids=["dropped", "torn"])
def test_the_plain_transport_breaks_too(fault: Fault, path: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        asked(emulator([fault]), path, transport=httpx.ASGITransport)
    assert isinstance(caught.value, ConnectionDropped)
    assert caught.value.request.url.path == path


@DIALECTS
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_torn(path: str, stream: bool) -> None:
    app = emulator([Torn(0.5)])

    async def read(came: list[bytes]) -> None:
        headers = {"X-DashScope-SSE": "enable"} if stream else {}
        body = {"model": MODEL, "stream": stream}
        async with (
            httpx.AsyncClient(transport=EmulatorTransport(app), base_url="http://emulator") as client,
            client.stream("POST", path, json=body, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            async for part in answer.aiter_bytes():
                came.append(part)

    parts: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        anyio.run(read, parts)
    came = b"".join(parts)
    assert app.bill.total.lost_calls == 1
    if stream:
        assert came.endswith(b"\n\n")
        assert b"first line" in came
        assert b"fourth line" not in came
    else:
        with pytest.raises(json.JSONDecodeError):
            json.loads(came)


@DIALECTS
@pytest.mark.parametrize("after", [0, 2])
def test_error_inside_a_stream(path: str, after: int) -> None:
    fault = StreamError(ErrorCode.RATE_QUOTA, "slow down", after_events=after)
    app = emulator([fault])
    answer = asked(app, path, stream=True)

    frames = [frame for frame in answer.text.split("\n\n") if frame]
    assert (answer.status_code, len(frames)) == (200, after + 1)
    assert "slow down" in frames[-1]
    if path == NATIVE_PATH:
        assert frames[-1].startswith(f"id:{after + 1}\nevent:error\n:HTTP_STATUS/429\ndata:")
    else:
        assert json.loads(frames[-1].removeprefix("data: "))["error"]["code"] == "limit_requests"
    assert app.bill.total.calls == 0


@DIALECTS
def test_truncated_text_claims_to_be_whole(path: str) -> None:
    app = emulator([Truncated(0.5), None])
    short, whole = asked(app, path).json(), asked(app, path).json()

    def text_of(body: dict[str, Any]) -> tuple[str, str]:
        choice = (body.get("output") or body)["choices"][0]
        content = choice["message"]["content"]
        return content if isinstance(content, str) else content[0]["text"], choice["finish_reason"]

    assert text_of(whole) == (TEXT, "stop")
    assert text_of(short) == (TEXT[: len(TEXT) // 2], "stop")
    assert short["usage"] == whole["usage"]
    assert app.bill.total.calls == 2


@DIALECTS
def test_truncated_stream_ends_as_if_whole(path: str) -> None:
    answer = asked(emulator([Truncated(0.5)]), path, stream=True).text
    assert "second line" in answer
    assert "third line" not in answer
    assert '"finish_reason":"stop"' in answer


def test_truncation_takes_structured_results_with_it(app: Any, image_url: str, native_body: Any) -> None:
    async def results(task: str) -> list[Any]:
        around = create_emulator(app, faults=in_order([Truncated(0.5), None]))
        async with httpx.AsyncClient(
            transport=EmulatorTransport(around), base_url="http://emulator"
        ) as client:
            answers = [
                (await client.post(NATIVE_PATH, json=native_body(image_url, task))).json() for _ in range(2)
            ]
        return [a["output"]["choices"][0]["message"]["content"][0].get("ocr_result") for a in answers]

    short, whole = anyio.run(results, "advanced_recognition")
    assert short["words_info"] == whole["words_info"][: len(whole["words_info"]) // 2]
    short, whole = anyio.run(results, "key_information_extraction")
    assert (short, list(whole)) == ({}, ["kv_result", "kv_scores"])


def test_an_error_of_ones_own() -> None:
    fault = ErrorAnswer(
        ServiceCode(413, "RequestTooLarge", "request_too_large"), "too large", retry_after_seconds=7
    )
    answer = asked(emulator([fault]), NATIVE_PATH)
    assert (answer.status_code, fault_in(answer)) == (413, ("RequestTooLarge", "too large"))
    assert answer.headers["retry-after"] == "7"


# --- when


def test_scripts_by_order_count_what_is_let_in() -> None:
    app = emulator([None, NAMED_FAULTS["internal_error"]])
    assert [asked(app, NATIVE_PATH).status_code for _ in range(3)] == [200, 500, 200]


def test_scripts_by_request() -> None:
    def script(call: Call) -> Fault | None:
        return NAMED_FAULTS["arrearage"] if call.path == COMPATIBLE_PATH and not call.streams else None

    app = create_emulator(CannedAnswers(), faults=script)
    assert [asked(app, path).status_code for path in (NATIVE_PATH, COMPATIBLE_PATH)] == [200, 400]
    assert asked(app, COMPATIBLE_PATH, stream=True).status_code == 200


def _call(number: int) -> Call:
    return Call(number, NATIVE_PATH, MODEL, False, {}, {})


def test_shares_are_kept_and_repeatable() -> None:
    script, again, other = (rough_service(seed) for seed in (1, 1, 2))
    drawn = [script(_call(n)) for n in range(1, 20_001)]
    assert drawn == [again(_call(n)) for n in range(1, 20_001)]
    assert drawn != [other(_call(n)) for n in range(1, 20_001)]
    shares = {name: drawn.count(NAMED_FAULTS[name]) / len(drawn) for name in ("dropped", "lost", "truncated")}
    assert shares == pytest.approx({"dropped": 0.03, "lost": 0.02, "truncated": 0.02}, abs=0.004)
    assert sum(d is not None for d in drawn) / len(drawn) == pytest.approx(0.22, abs=0.01)


@pytest.mark.parametrize("shares", [[0.6, 0.5], [-0.1, 0.2]])
def test_impossible_shares(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        by_share([(Drop(), share) for share in shares])


# --- how long


async def _seconds(app: Any, path: str, **options: Any) -> tuple[int, float]:
    answer = await ask(app, path, **options)
    return answer.status_code, anyio.current_time()


@pytest.mark.parametrize(
    ("latency", "faults", "stream", "status", "seconds"),
    [
        pytest.param(2.0, [], False, 200, 2, id="whole"),
        pytest.param(2.0, [], True, 200, 2, id="stream"),
        pytest.param(700.0, [], False, 500, 600, id="over the service's limit"),
        pytest.param(700.0, [], True, 200, 700, id="a stream is not over it"),
        pytest.param(2.0, [NAMED_FAULTS["time_limit"]], False, 500, 600, id="time limit by script"),
        pytest.param(2.0, [NAMED_FAULTS["rate_quota"]], False, 429, 0, id="refused at once"),
        pytest.param(2.0, [NAMED_FAULTS["bad_gateway"]], False, 502, 2, id="gateway"),
    ],
)
@DIALECTS
def test_latency(
    latency: float, faults: list[Fault], stream: bool, status: int, seconds: float, path: str
) -> None:
    app = emulator(faults, latency=latency)
    assert run_in_virtual_time(_seconds(app, path, stream=stream)) == (status, pytest.approx(seconds))


def test_jitter_is_bounded_and_repeatable() -> None:
    drawn = [jittered(2.0, 0.25, seed=5)(n) for n in range(1_000)]
    assert drawn == [jittered(2.0, 0.25, seed=5)(n) for n in range(1_000)]
    assert 1.5 <= min(drawn) < 1.55
    assert 2.45 < max(drawn) <= 2.5


@pytest.mark.parametrize(
    ("latency", "stream", "limit", "billed", "seconds"),
    [
        pytest.param(50.0, False, 60.0, 1, None, id="in time"),
        pytest.param(290.0, False, 60.0, 1, 60, id="given up, and paid"),
        pytest.param(290.0, True, 60.0, 1, None, id="a stream keeps coming"),
        pytest.param(700.0, False, 630.0, 0, None, id="the service gives up first"),
        pytest.param(290.0, False, None, 1, None, id="no limit"),
    ],
)
@DIALECTS
def test_the_callers_time_limit(
    latency: float, stream: bool, limit: float | None, billed: int, seconds: float | None, path: str
) -> None:
    app = emulator([], latency=latency)

    async def call() -> float | None:
        headers = {"X-DashScope-SSE": "enable"} if stream else {}
        body = {"model": MODEL, "stream": stream}
        async with httpx.AsyncClient(
            transport=EmulatorTransport(app), base_url="http://emulator", timeout=limit
        ) as client:
            try:
                await client.post(path, json=body, headers=headers)
            except httpx.ReadTimeout:
                return anyio.current_time()
        return None

    gave_up_at = run_in_virtual_time(call())
    assert gave_up_at == (None if seconds is None else pytest.approx(seconds))
    assert app.bill.total.calls == billed
    assert app.traffic.in_flight == 0


def test_a_retiring_model_is_throttled_more_and_more_and_then_not_there() -> None:
    script = retiring(MODEL, shrinks_from=20, gone_from=60)
    calls = [Call(number, NATIVE_PATH, MODEL, False, {}, {}) for number in range(1, 101)]
    met = [script(call) for call in calls]
    assert met[:19] == [None] * 19
    by_ten = [met[n : n + 10].count(NAMED_FAULTS["rate_quota"]) for n in range(19, 59, 10)]
    assert by_ten == sorted(by_ten)
    assert by_ten[0] <= 2
    assert by_ten[-1] >= 8
    assert {fault.code for fault in met[59:] if isinstance(fault, ErrorAnswer)} == {ErrorCode.MODEL_NOT_FOUND}
    assert not any(script(Call(n, NATIVE_PATH, "qwen-vl-ocr", False, {}, {})) for n in (1, 30, 99))
    with pytest.raises(ValueError, match="notice begins"):
        retiring(MODEL, shrinks_from=5, gone_from=5)


@pytest.mark.parametrize("wanted", [None, "qwen-vl-ocr-latest", "qwen-vl-max"])
def test_the_account_lists_its_models(wanted: str | None) -> None:
    async def listed() -> list[str]:
        transport = EmulatorTransport(create_emulator(CannedAnswers(), region="beijing"))
        async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
            names, number = [], 1
            while True:
                query = {"page_no": number, "page_size": 3, **({"model": wanted} if wanted else {})}
                models = (await client.get("/api/v1/models", params=query)).json()["output"]["models"]
                if not models:
                    return names
                names += [model["model"] for model in models]
                number += 1

    offered = [model.name for model in load_catalogue().models_in("beijing")]
    assert run_in_virtual_time(listed()) == [n for n in offered if wanted in (None, n)]
