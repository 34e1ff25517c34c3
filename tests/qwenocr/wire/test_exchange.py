"""A call over a real connection is bounded in time and size, and whatever goes wrong has its class."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import Retryable, Throttled, Unreadable
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.options import ClientOptions, Streaming
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.exchange import MOST_BYTES, Received, exchange
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.transport import open_http
from tests.qwenocr.wire.hostile import GOOD, HostileServer, Script, chunked, whole

ANSWER = json.dumps(GOOD).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def received(script: Script, *, seconds: float = 20.0, asks: int = 1) -> list[Received]:
    """What comes of calls to a server that sends this, over one client."""

    async def run() -> list[Received]:
        async with (
            HostileServer(script).running() as server,
            open_http(concurrency=2, timeout_seconds=seconds) as http,
        ):
            url = f"http://127.0.0.1:{server.port}/"
            return [
                await exchange(http, http.build_request("POST", url), Redactor(), seconds=seconds)
                for _ in range(asks)
            ]

    return asyncio.run(run())


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(whole(ANSWER), id="with a length"),
        pytest.param(Script(CHUNKED + chunked(ANSWER[:9], ANSWER[9:])), id="in chunks"),
        pytest.param(Script(HEAD + b"\r\n" + ANSWER), id="to the end of the connection"),
        pytest.param(whole(gzip.compress(ANSWER), "Content-Encoding: gzip"), id="gzip"),
        pytest.param(whole(zlib.compress(ANSWER), "Content-Encoding: deflate"), id="deflate"),
        pytest.param(whole(b"\xef\xbb\xbf" + ANSWER), id="with a byte order mark"),
        pytest.param(whole(ANSWER, kind="application/json; charset=klingon"), id="no charset"),
        pytest.param(
            Script(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + whole(ANSWER).sent), id="after fifty others"
        ),
    ],
)
def test_a_good_answer_comes_whole(script: Script) -> None:
    [found] = received(script)
    assert found.broken is None
    assert json.loads(found.text) == GOOD


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param(Script(b""), Retryable, id="nothing"),
        pytest.param(Script(b"SSH-2.0-OpenSSH\r\n"), Retryable, id="no HTTP"),
        pytest.param(Script(CHUNKED + b"ZZZ\r\n{}\r\n"), Retryable, id="broken chunk"),
        pytest.param(Script(CHUNKED + b"5\r\nab"), Retryable, id="torn chunk"),
        pytest.param(Script(HEAD + b"Content-Length: 999\r\n\r\n{}"), Retryable, id="torn body"),
        pytest.param(whole(ANSWER, "X-Big: " + "h" * 200_000), Retryable, id="a header too large"),
        pytest.param(whole(ANSWER, "Content-Length: -1"), Retryable, id="a length below nothing"),
        pytest.param(
            whole(b"\x1f\x8b\x08garbage", "Content-Encoding: gzip"), Unreadable, id="gzip that is none"
        ),
        pytest.param(whole(ANSWER, "Content-Encoding: br"), Unreadable, id="Brotli, unasked"),
        pytest.param(whole(ANSWER, "Content-Encoding: zstd"), Unreadable, id="zstd, unasked"),
        pytest.param(
            whole(gzip.compress(gzip.compress(ANSWER)), "Content-Encoding: gzip, gzip"),
            Unreadable,
            id="packed twice",
        ),
        pytest.param(
            whole(gzip.compress(bytes(MOST_BYTES + 1), 1), "Content-Encoding: gzip"),
            Unreadable,
            id="a gzip bomb",
        ),
        pytest.param(
            Script(b"HTTP/1.1 429 Slow\r\nContent-Length: 9\r\n\r\n{"), Throttled, id="throttled, and torn"
        ),
        pytest.param(
            Script(b"HTTP/1.1 401 Who\r\nContent-Length: 9\r\n\r\n{"), Retryable, id="a torn refusal"
        ),
    ],
)
def test_whatever_breaks_it_has_its_class(script: Script, error: type[Exception]) -> None:
    [found] = received(script)
    assert type(found.broken) is error
    assert found.was_sent
    assert len(found.content) <= MOST_BYTES


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(whole(ANSWER, stays=True), id="in time"),
        pytest.param(Script(HEAD + b"X: b\r\n" * 999, drip_seconds=0.01), id="headers byte by byte"),
        pytest.param(Script(CHUNKED + b"1\r\n \r\n" * 999, drip_seconds=0.01), id="a body byte by byte"),
        pytest.param(Script(HEAD + b"Content-Length: 9\r\n\r\n", stays=True), id="a body that never comes"),
        pytest.param(Script(b"", stays=True), id="nothing"),
    ],
)
def test_one_deadline_is_over_the_whole_call(script: Script) -> None:
    [found] = received(script, seconds=0.5)
    assert found.timed_out is not (found.content == ANSWER)
    assert found.broken is None or "came within 0.5 seconds" in str(found.broken)


def test_a_cookie_of_one_answer_does_not_spoil_the_next_call() -> None:
    """httpx 0.28 keeps a cookie with a byte above 127 and cannot write it into the next request."""
    found = received(whole(ANSWER, "Set-Cookie: a=\xff; Path=/", stays=True), asks=2)
    assert [one.broken for one in found] == [None, None]


class Dripping(httpx.AsyncBaseTransport):
    """A part of a stream every hundred seconds, without end."""

    def __init__(self, part: bytes, kind: str) -> None:
        self.part, self.kind, self.calls = part, kind, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1

        async def parts() -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(100)
                yield self.part

        return httpx.Response(200, headers={"content-type": self.kind}, content=parts())


FRAME: dict[str, Any] = {
    "output": {"choices": [{"message": {"content": [{"text": "a"}]}, "finish_reason": "null"}]}
}
EVENT = b"data:" + json.dumps(FRAME).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("stream", "server", "calls", "text"),
    [
        ("never", Dripping(b" ", "application/json"), 2, None),
        ("always", Dripping(b":\n\n", "text/event-stream"), 2, None),
        ("always", Dripping(EVENT, "text/event-stream"), 1, "a" * 6),
    ],
    ids=["in one piece", "a stream without text", "a stream"],
)
def test_what_drips_ends_at_the_limit_of_its_host(
    stream: Streaming, server: Dripping, calls: int, text: str | None
) -> None:
    """What had come of a stream is kept, as what any other time limit cut off is: asking again would meet it again."""
    catalogue = load_catalogue()
    region = catalogue.region("singapore")

    async def run() -> tuple[Reply, float]:
        options = ClientOptions(stream=stream, max_attempts=2)
        async with Client(region, options=options, transport=server, catalogue=catalogue) as client:
            page = ImageBytes(b"x", "image/png")
            reply = await client.ask(Request(page, Task.TEXT_RECOGNITION))
        return reply, asyncio.get_running_loop().time()

    reply, seconds = run_in_virtual_time(run())
    assert server.calls == calls
    assert calls * 630 <= seconds <= calls * 631
    assert (reply.answer.text if reply.answer else None) == text
    assert "came within 630 seconds" in str(reply.error or (reply.answer and reply.answer.broken_off))
