"""The client against the emulated service: its limits kept, its faults survived, its bill explained."""

import asyncio
import io
from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from qwenocr_assets.emulator import (
    NAMED_FAULTS,
    AccountLimits,
    Emulator,
    EmulatorTransport,
    create_emulator,
    in_order,
    retiring,
    rough_service,
)
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.qwenocr.answers import Answer, Usage
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import PageRefused, Retryable, RunRefused, ServiceError
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from tests.qwenocr.servers import Says, Server

REGION = load_catalogue().region("singapore")
MODEL = load_catalogue().model("singapore")
REQUEST = Request(ImageBytes(b"x", "image/png"), Task.TEXT_RECOGNITION)
MINUTES = 10
TPM = 6_000_000


def with_client(emulator: Emulator, work: Any, **client: Any) -> Any:
    model: Model = client.pop("model", MODEL)

    async def run() -> Any:
        async with Client(REGION, model, transport=EmulatorTransport(emulator), **client) as opened:
            return await work(opened)

    return run_in_virtual_time(run())


@pytest.mark.parametrize(
    ("rpm", "image_tokens", "output_tokens"),
    [
        pytest.param(600, 2_540, 500, id="calls bind"),
        pytest.param(1_200, 8_192, 500, id="tokens bind"),
        pytest.param(1_200, 8_192, 1_500, id="tokens bind, and answers are longer than estimated"),
        pytest.param(1_200, 8_192, 58, id="tokens bind, and answers are shorter than estimated"),
    ],
)
def test_the_accounts_limits_are_used_and_not_met(rpm: int, image_tokens: int, output_tokens: int) -> None:
    limits = AccountLimits(requests_per_minute=rpm, tokens_per_minute=TPM)
    app = CannedAnswers(image_tokens=image_tokens, text_tokens=35, output_tokens=output_tokens)
    emulator = create_emulator(app, account=limits, latency=2.0, keep_log=True)
    options = RequestOptions(max_pixels=image_tokens * MODEL.token_pixels)
    request = Request(REQUEST.image, Task.TEXT_RECOGNITION, options)

    async def ten_minutes(client: Client) -> None:
        async def ask_for_ever() -> None:
            while True:
                await client.ask(request)

        tasks = [asyncio.create_task(ask_for_ever()) for _ in range(64)]
        await asyncio.sleep(60 * MINUTES)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with_client(emulator, ten_minutes, model=replace(MODEL, requests_per_minute=rpm, tokens_per_minute=TPM))
    allowed_a_second = min(rpm // 60, TPM // 60 // (image_tokens + 35 + output_tokens))
    outcomes = Counter(str(record.outcome) for record in emulator.traffic.log)
    throttled = sum(count for outcome, count in outcomes.items() if "429" in outcome)
    assert emulator.bill.total.calls >= 0.97 * allowed_a_second * 60 * MINUTES
    assert throttled <= 0.005 * sum(outcomes.values())


def test_a_rough_service_is_survived_and_its_bill_explained() -> None:
    """10 % throttled, 5 % server errors, 3 % dropped, 2 % lost after billing, 2 % truncated."""

    class Book:
        """Adds up what the purse is told."""

        def __init__(self) -> None:
            self.ends: Counter[str] = Counter()

        async def reserve(self, request: Request, request_key: str) -> "Book":
            return self

        async def settle(self, usage: Usage, reported_model: str | None) -> None:
            self.ends["settled"] += 1

        async def release(self) -> None:
            self.ends["released"] += 1

        async def lose(self, why: str) -> None:
            self.ends["lost"] += 1

    emulator = create_emulator(CannedAnswers(), faults=rough_service(seed=7), latency=1.0)
    book = Book()

    async def thousand(client: Client) -> list[Reply]:
        return list(await asyncio.gather(*(client.ask(REQUEST) for _ in range(1000))))

    replies = with_client(emulator, thousand, purse=book, options=ClientOptions(max_attempts=8))
    assert sum(reply.answer is not None for reply in replies) == 1000
    assert book.ends["settled"] == 1000
    assert book.ends["settled"] <= emulator.bill.total.calls <= book.ends["settled"] + book.ends["lost"]


@pytest.mark.parametrize(
    ("fault", "calls", "error"),
    [
        ("rate_quota", 2, None),
        ("allocation_quota", 2, None),
        ("burst_rate", 2, None),
        ("internal_error", 2, None),
        ("serving_error", 2, None),
        ("unavailable", 2, None),
        ("time_limit", 2, None),
        ("code_without_output", 2, None),
        ("bad_gateway", 2, None),
        ("gateway_timeout", 2, None),
        ("empty_body", 2, None),
        ("not_json", 2, None),
        ("dropped", 2, None),
        ("lost", 2, None),
        ("torn", 2, None),
        ("stream_error", 2, None),
        ("truncated", 1, None),
        ("field_missing", 2, None),
        ("no_grant", 1, RunRefused),
        ("inspection_in_200", 1, PageRefused),
        ("empty_content", 1, None),
        ("free_quota_used", 1, RunRefused),
        ("invalid_key", 1, RunRefused),
        ("missing_content_type", 1, RunRefused),
        ("echoed_key", 1, RunRefused),
        ("arrearage", 1, RunRefused),
        ("inspection_failed", 1, PageRefused),
    ],
)
@pytest.mark.parametrize("streaming", ["never", "always"])
def test_each_fault_once(fault: str, calls: int, error: type[ServiceError] | None, streaming: str) -> None:
    emulator = create_emulator(CannedAnswers(), faults=in_order([NAMED_FAULTS[fault]]), keep_log=True)

    async def one(client: Client) -> Reply:
        return await client.ask(REQUEST)

    reply = with_client(emulator, one, options=ClientOptions(stream=streaming))
    assert (type(reply.error) if reply.error else None) is error
    assert len(emulator.traffic.log) == calls


def test_a_model_on_notice_answers_more_slowly_and_then_stops_the_run() -> None:
    """Throttled calls are asked again until the name is gone; that is told with what to do."""
    emulator = create_emulator(
        CannedAnswers(), faults=retiring(MODEL.name, shrinks_from=10, gone_from=60), keep_log=True
    )

    async def hundred(client: Client) -> list[Reply]:
        return [await client.ask(REQUEST) for _ in range(40)]

    replies = with_client(emulator, hundred)
    answered = [reply for reply in replies if reply.answer is not None]
    assert 30 <= len(answered) < 40
    assert replies[: len(answered)] == answered
    assert sum(reply.throttled for reply in replies) > 15
    refused = replies[len(answered)].error
    assert type(refused) is RunRefused
    assert "models --live" in refused.next_step
    assert emulator.bill.total.calls == len(answered)


def test_every_named_fault_is_in_the_table() -> None:
    [marks] = [m for m in test_each_fault_once.pytestmark if m.args[0] == ("fault", "calls", "error")]
    assert {case[0] for case in marks.args[1]} == set(NAMED_FAULTS)


NAMES = (
    "output",
    "choices",
    "message",
    "delta",
    "content",
    "text",
    "ocr_result",
    "words_info",
    "kv_result",
    "usage",
    "location",
    "rotate_rect",
    "error",
    "code",
    "finish_reason",
    "request_id",
    "input_tokens",
    "prompt_tokens_details",
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    status=st.sampled_from([200, 200, 200, 400, 401, 404, 429, 500]),
    body=ANY_JSON | st.text(),
    content_type=st.sampled_from(["application/json", "text/event-stream", "text/html", ""]),
    streaming=st.sampled_from(["never", "always"]),
)
def test_whatever_comes_there_is_a_typed_reply(
    status: int, body: Any, content_type: str, streaming: Any
) -> None:
    says = Says(status, body, {"content-type": content_type} if content_type else {})
    fine = Says(200, {"output": {"choices": [{"message": {"content": []}}]}})

    async def run() -> Reply:
        async with Client(
            REGION,
            MODEL,
            transport=EmulatorTransport(Server(says, says, fine)),
            options=ClientOptions(max_attempts=2, stream=streaming),
        ) as client:
            return await client.ask(REQUEST)

    reply = run_in_virtual_time(run())
    assert isinstance(reply.answer, Answer) != isinstance(reply.error, ServiceError)
    assert reply.error is None or isinstance(reply.error, Retryable | PageRefused | RunRefused)


class OneReader:
    """Reads the same two lines from every picture."""

    def read(self, image: bytes) -> ReadPage:
        lines = (
            Line("請求書 No: 42", (100, 50, 900, 50, 900, 90, 100, 90), 0.99),
            Line("Total: 12.50", (120, 500, 700, 560, 694, 600, 114, 540), 0.99),
        )
        cells = tuple(Cell(r, c, 1, 1, f"{r}{c}") for r in range(2) for c in range(2))
        return ReadPage(1240, 1754, 0, 0.0, lines, lines, (Table(cells, (0.0, 0.0, 99.0, 99.0)),))


@pytest.mark.parametrize("task", [t for t in Task if t not in (Task.CUSTOM_PROMPT, Task.FORMULA_RECOGNITION)])
def test_all_dialects_give_the_same_answer(task: Task) -> None:
    picture = io.BytesIO()
    PillowImage.new("L", (1240, 1754), 255).save(picture, "PNG")
    schema = {"Total": ""} if task is Task.KEY_INFORMATION_EXTRACTION else None
    request = Request(ImageBytes(picture.getvalue(), "image/png"), task, RequestOptions(result_schema=schema))
    transport = httpx.ASGITransport(create_app(OneReader()))

    async def answers() -> list[Answer]:
        found = []
        for protocol in Protocol:
            region = replace(load_catalogue().region("local"), protocol=protocol)
            async with Client(region, load_catalogue().model("local"), transport=transport) as client:
                reply = await client.ask(request)
            assert reply.answer is not None, reply.error
            found.append(reply.answer)
        return found

    native, compatible, responses = asyncio.run(answers())
    assert (compatible.text, compatible.finish_reason) == (native.text, native.finish_reason)
    assert compatible.usage == native.usage
    assert responses == replace(native, request_id=responses.request_id, reported_model="embedded-ocr")
    assert [word.text for word in compatible.words] == [word.text for word in native.words]
    for there, here in zip(compatible.words, native.words, strict=True):
        assert there.quad is not None
        assert here.quad is not None
        assert there.quad == pytest.approx(here.quad, abs=5)
