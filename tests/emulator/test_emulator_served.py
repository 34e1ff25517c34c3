"""The emulator on a real port: sockets that really close, and the official SDKs, which react as they do to the service.

How often an SDK sends again and what it raises is checked against what it did with recorded answers of these kinds.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import anyio
import dashscope
import httpx
import openai
import pytest
import requests
from dashscope.api_entities.http_request import close_shared_sync_session
from dashscope.common.error import UploadFileException

from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    AccountLimits,
    Emulator,
    ErrorAnswer,
    ErrorCode,
    Fault,
    StreamError,
    Torn,
    create_emulator,
    in_order,
)
from qwenocr_assets.emulator.testing.canned_answers import COMPATIBLE_PATH, NATIVE_PATH, CannedAnswers
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("no_proxy")

MODEL = "qwen-vl-ocr-2025-11-20"
KEY = "sk-none-needed"
TEXT = "first line\nsecond line\nthird line\nfourth line"
Served = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def faulty(served: Served) -> Iterator[Callable[..., AbstractContextManager[tuple[Emulator, str]]]]:
    """One emulator on a port; `with faulty(fault, …) as (emulator, base_url)` gives it another script."""
    script: list[Fault | None] = []
    app = create_emulator(CannedAnswers(TEXT), faults=lambda call: in_order(script)(call))

    with served(app) as base_url:

        @contextmanager
        def _faulty(*faults: Fault | None) -> Iterator[tuple[Emulator, str]]:
            script[:] = faults
            app.reset()
            yield app, base_url
            assert app.traffic.in_flight == 0

        yield _faulty


# --- sockets


@pytest.mark.parametrize("http", ["h11", "httptools"])
@pytest.mark.parametrize("path", [NATIVE_PATH, COMPATIBLE_PATH], ids=["native", "compatible"])
def test_connections_really_end(
    path: str, http: str, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [NAMED_FAULTS["dropped"], NAMED_FAULTS["lost"], Torn(0.5), None]
    app = create_emulator(CannedAnswers(TEXT), faults=in_order(faults), latency=0.01)
    raised, came = [], []
    with served(app, http=http) as base_url, httpx.Client(base_url=base_url) as client:
        for _ in faults:
            try:
                with client.stream("POST", path, json={"model": MODEL}) as answer:
                    came.append(answer.status_code)
                    answer.read()
            except httpx.RemoteProtocolError as error:
                raised.append(str(error))
    assert [text.split(" (")[0] for text in raised] == [
        "Server disconnected without sending a response.",
        "Server disconnected without sending a response.",
        "peer closed connection without sending complete message body",
    ]
    assert came == [200, 200]  # the torn one and the whole one
    assert (app.bill.total.calls, app.bill.total.lost_calls) == (3, 2)
    assert app.traffic.outcomes == {"dropped": 2, "torn": 1, "200": 1}
    assert not caplog.records, "the server took a dropped connection for a failure of the app"


def test_a_stream_breaks_between_events(faulty: Any) -> None:
    events = []

    def read(base_url: str) -> None:
        body = {"model": MODEL, "stream": True}
        with httpx.stream("POST", f"{base_url}{COMPATIBLE_PATH}", json=body) as answer:
            events.extend(line for line in answer.iter_lines() if line)

    with faulty(Torn(0.5)) as (_, base_url), pytest.raises(httpx.RemoteProtocolError):
        read(base_url)
    assert 0 < len(events) < 7
    assert all(json.loads(event.removeprefix("data: "))["choices"] for event in events)


def test_the_bill_and_the_calls_by_http(faulty: Any) -> None:
    with faulty(None, NAMED_FAULTS["bad_gateway"]) as (app, base_url):
        statuses = [httpx.post(f"{base_url}{NATIVE_PATH}", json={"model": MODEL}).status_code for _ in "ab"]
        bill, calls = (httpx.get(f"{base_url}/emulator/{name}").json() for name in ("bill", "calls"))
    assert statuses == [200, 502]
    assert (bill["usd"], bill["models"][MODEL]["calls"]) == (str(app.bill.total.usd), 1)
    assert calls["outcomes"] == {"200": 1, "502": 1}


def test_limits_hold_on_a_port(served: Served) -> None:
    app = create_emulator(CannedAnswers(), account=AccountLimits(60, None, None), latency=0.05)

    async def burst(base_url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=base_url) as client, anyio.create_task_group() as group:
            answers: list[httpx.Response] = []

            async def one() -> None:
                answers.append(await client.post(NATIVE_PATH, json={"model": MODEL}))

            for _ in range(10):
                group.start_soon(one)
        return answers

    with served(app) as base_url:
        answers = anyio.run(burst, base_url)
    assert sorted(answer.status_code for answer in answers) == [200] + [429] * 9
    assert {a.json()["code"] for a in answers if a.status_code == 429} == {"Throttling.RateQuota"}


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_a_caller_that_hangs_up_pays(http: str, served: Served) -> None:
    app = create_emulator(CannedAnswers(), latency=lambda number: 2.0 if number == 1 else 0.0)
    with served(app, http=http) as base_url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{base_url}{NATIVE_PATH}", json={"model": MODEL}, timeout=httpx.Timeout(None, read=0.2)
            )
        wait_until(lambda: not app.traffic.in_flight, "the end of the call")
        assert httpx.post(f"{base_url}{NATIVE_PATH}", json={"model": MODEL}).status_code == 200
    assert app.traffic.outcomes == {"caller gone": 1, "200": 1}
    assert (app.bill.total.calls, app.bill.total.lost_calls) == (2, 1)


# --- dashscope


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    def call(base_url: str, image: str = "data:image/png;base64,AAAA", **arguments: Any) -> Any:
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{base_url}/api/v1")
        messages = [{"role": "user", "content": [{"image": image}]}]
        return dashscope.MultiModalConversation.call(model=MODEL, messages=messages, api_key=KEY, **arguments)

    yield call
    close_shared_sync_session()


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("rate_quota", 429, "Throttling.RateQuota"),
        ("internal_error", 500, "InternalError"),
        ("invalid_key", 401, "InvalidApiKey"),
        ("missing_content_type", 401, "Unknown"),
        ("bad_gateway", 502, "Unknown"),
        ("arrearage", 400, "Arrearage"),
    ],
)
def test_dashscope_returns_errors_and_sends_once(
    name: str, status: int, code: str, faulty: Any, native: Any
) -> None:
    with faulty(NAMED_FAULTS[name]) as (app, base_url):
        response = native(base_url)
    assert (response.status_code, response.code, response.output) == (status, code, None)
    assert app.traffic.arrived == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("code_without_output", TypeError),
        ("not_json", json.JSONDecodeError),
        ("empty_body", json.JSONDecodeError),
    ],
)
def test_dashscope_raises_on_what_it_cannot_read(
    name: str, error: type[Exception], faulty: Any, native: Any
) -> None:
    with faulty(NAMED_FAULTS[name]) as (app, base_url), pytest.raises(error):
        native(base_url)
    assert app.traffic.arrived == 1


def test_dashscope_sends_again_once_after_a_drop(faulty: Any, native: Any) -> None:
    with faulty(NAMED_FAULTS["lost"], None) as (app, base_url):
        assert native(base_url).status_code == 200
    assert app.traffic.arrived == 2
    assert app.bill.total.calls == 2  # the same page is paid twice, and nobody was told

    with faulty(NAMED_FAULTS["dropped"], NAMED_FAULTS["dropped"]) as (app, base_url):
        with pytest.raises(requests.exceptions.ConnectionError):
            native(base_url)
        assert app.traffic.arrived == 2


def test_dashscope_takes_every_error_in_a_stream_for_400(faulty: Any, native: Any) -> None:
    with faulty(StreamError(ErrorCode.RATE_QUOTA, "slow down", after_events=1)) as (_, base_url):
        events = list(native(base_url, stream=True))
    assert [(event.status_code, event.code) for event in events] == [(200, ""), (400, "Throttling.RateQuota")]


def test_dashscope_takes_a_truncated_answer_for_whole(faulty: Any, native: Any) -> None:
    with faulty(NAMED_FAULTS["truncated"]) as (_, base_url):
        choice = native(base_url).output.choices[0]
    assert (choice.finish_reason, TEXT.startswith(choice.message.content[0]["text"])) == ("stop", True)


@pytest.mark.parametrize(
    ("name", "error", "sent"),
    [
        ("rate_quota", "RateLimitError", 3),
        ("inspection_failed", "ContentFilterError", 1),
        ("arrearage", "PermissionDeniedError", 1),
    ],
)
def test_dashscope_client_of_version_2(name: str, error: str, sent: int, faulty: Any) -> None:
    content = [{"image": "data:image/png;base64,AAAA"}, {"text": "read"}]
    with (
        faulty(*[NAMED_FAULTS[name]] * 3) as (app, base_url),
        dashscope.Client(api_key=KEY, base_url=f"{base_url}/api/v1") as client,
        pytest.raises(Exception) as caught,  # noqa: PT011  their class is looked at below
    ):
        client.multimodal.chat.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert type(caught.value).__name__ == error
    assert app.traffic.arrived == sent


# --- openai


@pytest.fixture
def compatible() -> Callable[..., Any]:
    def create(base_url: str, **arguments: Any) -> Any:
        picture: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        with openai.OpenAI(api_key=KEY, base_url=f"{base_url}/compatible-mode/v1") as client:
            answer: Any = client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": [picture]}], **arguments
            )
            return list(answer) if arguments.get("stream") else answer

    return create


@pytest.mark.parametrize(
    ("name", "error", "sent"),
    [
        ("rate_quota", openai.RateLimitError, 3),
        ("internal_error", openai.InternalServerError, 3),
        ("bad_gateway", openai.InternalServerError, 3),
        ("invalid_key", openai.AuthenticationError, 1),
        ("inspection_failed", openai.BadRequestError, 1),
        ("dropped", openai.APIConnectionError, 3),
    ],
)
def test_openai_raises_and_sends_again(
    name: str, error: type[Exception], sent: int, faulty: Any, compatible: Any
) -> None:
    with faulty(*[NAMED_FAULTS[name]] * 3) as (app, base_url), pytest.raises(error):
        compatible(base_url)
    assert app.traffic.arrived == sent


def test_openai_waits_as_long_as_it_is_told(faulty: Any, compatible: Any) -> None:
    slow_down = ErrorAnswer(ErrorCode.RATE_QUOTA, "slow down", retry_after_seconds=1)
    with faulty(slow_down, None) as (app, base_url):
        before = anyio.run(_now)
        completion = compatible(base_url)
        assert anyio.run(_now) - before >= 1
    assert completion.choices[0].message.content == TEXT
    assert app.traffic.arrived == 2


async def _now() -> float:
    return anyio.current_time()


def test_openai_raises_on_an_error_in_a_stream(faulty: Any, compatible: Any) -> None:
    with faulty(StreamError(ErrorCode.RATE_QUOTA, "slow down", after_events=2)) as (app, base_url):
        with pytest.raises(openai.APIError, match="slow down"):
            compatible(base_url, stream=True)
        assert app.traffic.arrived == 1


# --- uploads


@pytest.fixture
def picture(tmp_path: Any, image_url: str) -> Any:
    file = tmp_path / "page.png"
    file.write_bytes(base64.b64decode(image_url.partition(",")[2]))
    return file


def test_dashscope_uploads_a_file(app: Any, served: Served, native: Any, picture: Any) -> None:
    around = create_emulator(app)
    with served(around) as base_url:
        response = native(base_url, f"file://{picture}", ocr_options={"task": "text_recognition"})
    assert response.status_code == 200, response.message
    assert "10283819" in response.output.choices[0].message.content[0]["text"]
    assert around.bill.total.calls == 1


def test_dashscope_cannot_upload_one_name_twice(
    app: Any, served: Served, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One policy serves all files of a call, so two of one name collide."""
    twin = picture.parent / "other" / picture.name
    twin.parent.mkdir()
    twin.write_bytes(picture.read_bytes())
    content = [{"image": f"file://{picture}"}, {"image": f"file://{twin}"}]
    with served(create_emulator(app)) as base_url:
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{base_url}/api/v1")
        with pytest.raises(UploadFileException, match="FileAlreadyExists"):
            dashscope.MultiModalConversation.call(
                model=MODEL, messages=[{"role": "user", "content": content}], api_key=KEY
            )
    close_shared_sync_session()


def test_dashscope_asks_for_the_accounts_models(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(create_emulator(CannedAnswers(), region="beijing")) as base_url:
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{base_url}/api/v1")
        [one, unknown] = [dashscope.Models.get(name, api_key=KEY) for name in ("qwen3.5-ocr", "qwen-max")]
        listed = dashscope.Models.list(page=1, page_size=100, api_key=KEY)
    close_shared_sync_session()
    assert one.output["model_info"]["max_output_tokens"] == 16_384
    assert unknown.status_code == 404
    assert [model["model"] for model in listed.output["models"]] == [
        model.name for model in load_catalogue().models_in("beijing")
    ]
