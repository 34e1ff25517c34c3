"""The client against servers that misbehave: the right class, the right number of calls, nothing lost."""

import asyncio
import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import (
    FetchFailed,
    PageRefused,
    Retryable,
    RunRefused,
    ServiceDown,
    Unfunded,
    Unreadable,
)
from qwenocr_assets.qwenocr.images import ImageAt, ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from tests.qwenocr.servers import (
    BROKEN,
    BURST,
    CODE_IN_200,
    DROPPED,
    EMPTY,
    FINE,
    HTML,
    HTML_200,
    NO_KEY,
    NO_KEY_COMPATIBLE,
    NO_KEY_UNTYPED,
    NO_OUTPUT,
    OK,
    REFUSED,
    THROTTLED,
    TIMED_OUT,
    UNFETCHED,
    Says,
    Server,
)

REGION = load_catalogue().region("singapore")
MODEL = load_catalogue().model("singapore")
PAGE = ImageBytes(b"no picture: the server does not look", "image/png")
TEXT = Request(PAGE, Task.TEXT_RECOGNITION)


def ask(
    server: Any,
    request: Request = TEXT,
    *,
    protocol: Protocol = Protocol.NATIVE,
    key: str | None = None,
    **client: Any,
) -> Reply:
    async def run() -> Reply:
        transport = httpx.ASGITransport(server)
        region = dataclasses.replace(REGION, protocol=protocol)
        async with Client(
            region, MODEL, key, transport=transport, options=ClientOptions(max_attempts=3), **client
        ) as opened:
            return await opened.ask(request, "key-1")

    return run_in_virtual_time(run())


@pytest.mark.parametrize(
    ("script", "calls", "attempts", "error"),
    [
        pytest.param([FINE], 1, 1, None, id="fine"),
        pytest.param([BROKEN, FINE], 2, 2, None, id="server error once"),
        pytest.param([HTML, CODE_IN_200, FINE], 3, 3, None, id="gateway page, then a code inside a 200"),
        pytest.param([DROPPED, FINE], 2, 2, None, id="connection dropped once"),
        pytest.param([NO_OUTPUT, FINE], 2, 2, None, id="200 without output"),
        pytest.param([EMPTY, FINE], 2, 2, None, id="empty 200"),
        pytest.param([THROTTLED] * 20 + [FINE], 21, 1, None, id="throttled for long: no attempts used"),
        pytest.param([BURST, THROTTLED, BROKEN, FINE], 4, 2, None, id="a bit of everything"),
        pytest.param([BROKEN], 3, 3, Retryable, id="server error for ever"),
        pytest.param([HTML], 3, 3, Retryable, id="gateway page for ever"),
        pytest.param([DROPPED], 3, 3, Retryable, id="connection dropped for ever"),
        pytest.param([NO_OUTPUT], 2, 2, Unreadable, id="200 without output for ever: may be paid, so twice"),
        pytest.param([HTML_200], 2, 2, Unreadable, id="a page instead of an answer, with a 200"),
        pytest.param([UNFETCHED], 2, 2, FetchFailed, id="the image's address cannot be fetched"),
        pytest.param([REFUSED], 1, 1, PageRefused, id="page refused"),
        pytest.param([NO_KEY], 1, 1, RunRefused, id="wrong key"),
        pytest.param([NO_KEY_UNTYPED], 1, 1, RunRefused, id="wrong key, no content type"),
        pytest.param([NO_KEY_COMPATIBLE], 1, 1, RunRefused, id="wrong key in the other dialect, code null"),
    ],
)
def test_reply(script: Iterable[Says], calls: int, attempts: int, error: type[Exception] | None) -> None:
    server = Server(*script)
    reply = ask(server)
    assert (server.calls, reply.attempts) == (calls, attempts)
    assert (type(reply.error) if reply.error else None) is error
    assert (reply.answer is not None) == (error is None)


def test_the_answer_is_typed_and_kept_as_it_came() -> None:
    reply = ask(Server(FINE))
    assert reply.answer is not None
    assert reply.answer.text == "hello"
    assert json.loads(reply.raw or "") == OK


def test_waiting_and_throttling_are_told() -> None:
    reply = ask(Server(THROTTLED, THROTTLED, FINE))
    assert reply.throttled == 2
    assert reply.waited_ms >= 2_000


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [({"retry-after": "7"}, 7_000, 9_000), ({}, 0, 3_000)],
    ids=["said", "not said"],
)
def test_retry_after_is_obeyed(header: dict[str, str], least: float, most: float) -> None:
    reply = ask(Server(dataclasses.replace(BROKEN, headers=header), FINE))
    assert least <= reply.waited_ms <= most


@pytest.mark.parametrize("said", ["86400", "9" * 400, "Sat, 01 Jan 2999 00:00:00 GMT"], ids=len)
@pytest.mark.parametrize("server_says", [BROKEN, THROTTLED], ids=["broken", "throttled"])
def test_what_the_service_asks_to_wait_is_bounded_and_told(said: str, server_says: Says) -> None:
    told: list[str] = []
    waits = dataclasses.replace(server_says, headers={"retry-after": said})
    reply = ask(Server(waits, waits, FINE), tell=told.append)
    assert reply.answer is not None
    assert 900_000 <= reply.waited_ms <= 910_000
    assert "asked again in 900 s" in told[0]
    assert len(told) == 1 or "turns every call away" in told[1]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 407])
def test_a_strange_page_after_an_answer_does_not_end_the_run(status: int) -> None:
    """At an address that has answered; where nothing has, it says that the address is wrong."""
    strange = Says(status, "<html>", {"content-type": "text/html"})
    server = Server(FINE, strange)

    async def run() -> list[Reply]:
        transport = httpx.ASGITransport(server)
        async with Client(
            REGION, MODEL, transport=transport, options=ClientOptions(max_attempts=3)
        ) as client:
            return [await client.ask(TEXT), await client.ask(TEXT)]

    good, bad = run_in_virtual_time(run())
    assert good.answer is not None
    assert type(bad.error) is Unreadable
    assert server.calls == 3
    assert isinstance(ask(Server(strange)).error, RunRefused)


def test_an_answer_whose_usage_is_absurd_holds_up_no_other_call() -> None:
    usage = {"input_tokens": 9_000_000, "output_tokens": 900_000}
    server = Server(Says(200, {**OK, "usage": usage}), FINE)
    model = dataclasses.replace(MODEL, requests_per_minute=600, tokens_per_minute=60_000)

    async def run() -> float:
        async with Client(REGION, model, transport=httpx.ASGITransport(server)) as client:
            await client.ask(TEXT)
            await client.ask(TEXT)
        return asyncio.get_running_loop().time()

    most_seconds = (model.max_input_tokens + model.max_output_tokens) / 1000
    assert run_in_virtual_time(run()) <= 1.1 * most_seconds + 30


def test_a_server_that_is_not_there_is_a_failed_page() -> None:
    options = ClientOptions(max_attempts=2, timeout_seconds=2)

    async def run() -> Reply:
        region = dataclasses.replace(REGION, host="http://127.0.0.1:9")
        async with Client(region, MODEL, "sk-any", options=options) as client:
            return await client.ask(TEXT)

    reply = asyncio.run(run())
    assert isinstance(reply.error, Retryable)
    assert reply.attempts == 2
    assert "no answer came" in str(reply.error)


def test_a_service_that_stays_down_ends_the_run_after_a_quarter_of_an_hour() -> None:
    server = Server(BROKEN)
    transport, options = httpx.ASGITransport(server), ClientOptions(concurrency=8)

    async def run() -> tuple[list[Reply], float]:
        async with Client(REGION, MODEL, transport=transport, options=options) as client:
            replies = await asyncio.gather(*(client.ask(TEXT) for _ in range(200)))
        return replies, asyncio.get_running_loop().time()

    replies, seconds = run_in_virtual_time(run())
    down = sum(isinstance(reply.error, ServiceDown) for reply in replies)
    assert down > 150
    assert server.calls < 100, "a service that is down was called on and on"
    assert 900 <= seconds < 1100


NO_TOKENS: list[Any] = [10**14, 2**63, -1, True, 2.0, "2", None, [2]]


class CountingPurse:
    """A budget for so many calls; writes down what becomes of each."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.ends: list[str] = []

    async def reserve(self, request: Request, request_key: str) -> "CountingPurse | None":
        assert (request, request_key) == (TEXT, "key-1")
        self.left -= 1
        return self if self.left >= 0 else None

    async def settle(self, usage: Usage, reported_model: str | None) -> None:
        self.ends.append(f"settled {usage.all_tokens}")

    async def release(self) -> None:
        self.ends.append("released")

    async def lose(self, why: str) -> None:
        self.ends.append("lost")


@pytest.mark.parametrize(
    ("script", "ends"),
    [
        pytest.param([FINE], ["settled 12"], id="answered"),
        pytest.param([THROTTLED, FINE], ["released", "settled 12"], id="throttled"),
        pytest.param([BROKEN, FINE], ["released", "settled 12"], id="server error"),
        pytest.param([TIMED_OUT, FINE], ["lost", "settled 12"], id="the service's time limit"),
        pytest.param([DROPPED, FINE], ["lost", "settled 12"], id="dropped"),
        pytest.param([NO_OUTPUT, FINE], ["lost", "settled 12"], id="unreadable"),
        pytest.param([REFUSED], ["released"], id="refused"),
        *(
            pytest.param([Says(200, {**OK, "usage": usage})], ["lost"], id=f"a usage that is none {number}")
            for number, usage in enumerate(
                (
                    *(None, [], "many", {"input_tokens": 10}),
                    *({"input_tokens": 10, "output_tokens": tokens} for tokens in NO_TOKENS),
                )
            )
        ),
    ],
)
def test_every_call_is_accounted_for(script: Iterable[Says], ends: list[str]) -> None:
    purse = CountingPurse(5)
    ask(Server(*script), purse=purse)
    assert purse.ends == ends


def test_without_money_nothing_is_sent() -> None:
    server, purse = Server(BROKEN), CountingPurse(1)
    reply = ask(server, purse=purse)
    assert isinstance(reply.error, Unfunded)
    assert server.calls == 1
    assert purse.ends == ["released"]


def test_an_interrupted_call_may_have_been_billed() -> None:
    purse = CountingPurse(1)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    async def run() -> None:
        async with Client(REGION, MODEL, transport=httpx.ASGITransport(slow), purse=purse) as client:
            await asyncio.wait_for(client.ask(TEXT, "key-1"), 1)

    with pytest.raises(TimeoutError):
        run_in_virtual_time(run())
    assert purse.ends == ["lost"]


@pytest.mark.parametrize(
    ("protocol", "image", "path", "said"),
    [
        (Protocol.NATIVE, PAGE, "/api/v1/services/aigc/multimodal-generation/generation", "data:image/png;"),
        (Protocol.OPENAI, PAGE, "/compatible-mode/v1/chat/completions", "data:image/png;base64,bm8"),
        (
            Protocol.NATIVE,
            ImageAt("https://example.com/a.png"),
            "/api/v1/services/aigc/multimodal-generation/generation",
            "https://example.com/a.png",
        ),
    ],
    ids=["native", "openai", "by address"],
)
def test_where_a_request_goes(protocol: Protocol, image: Any, path: str, said: str) -> None:
    server = Server(FINE)
    ask(server, Request(image, Task.TEXT_RECOGNITION, RequestOptions(max_pixels=10**6)), protocol=protocol)
    [(method, sent_to, headers, body)] = server.requests
    assert (method, sent_to) == ("POST", path)
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert said.encode() in body


def test_an_image_too_large_for_every_way_is_refused_before_it_is_sent() -> None:
    server = Server(FINE)
    reply = ask(server, Request(ImageBytes(bytes(9_000_000), "image/png"), Task.TEXT_RECOGNITION))
    assert isinstance(reply.error, PageRefused)
    assert "Send it smaller" in str(reply.error)
    assert (server.calls, reply.attempts, reply.sent_as) == (0, 0, None)


def test_pages_share_one_limit() -> None:
    """600 requests a minute are ten a second, however many ask at once."""
    server = Server(FINE)
    model = dataclasses.replace(MODEL, requests_per_minute=600, tokens_per_minute=None)
    transport, options = httpx.ASGITransport(server), ClientOptions(concurrency=500)

    async def run() -> float:
        async with Client(REGION, model, transport=transport, options=options) as client:
            await asyncio.gather(*(client.ask(TEXT) for _ in range(300)))
        return asyncio.get_running_loop().time()

    assert 30 <= run_in_virtual_time(run()) <= 40
