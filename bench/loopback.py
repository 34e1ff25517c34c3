"""A service on a local port that costs next to nothing, in a process of its own: for measuring who calls it.

What it does stands in the path, before the service's own: `/500ms/43lines/api/v1/…` answers after 500 ms with 43
lines of text. Bodies are thrown away as they come. A stream's events are spread evenly over the time.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import orjson

from qwenocr_assets.emulator.asgi import call_app
from qwenocr_assets.emulator.testing.canned_answers import COMPATIBLE_PATH, NATIVE_PATH, CannedAnswers

LINES = (43, 1_000)
"""How long the answers are that it has at hand."""

_LONGEST_HEAD_BYTES = 2**14
_ROUTE = re.compile(rb"POST /(\d+)ms/(\d+)lines(/\S+) ")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_WANTS_EVENTS = re.compile(rb"\r\nx-dashscope-sse: *enable", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loopback:
    """Where the server listens."""

    host: str

    def at(self, milliseconds: int, lines: int = LINES[0]) -> str:
        """The base address at which calls take so long and give so many lines."""
        return f"{self.host}/{milliseconds}ms/{lines}lines"

    def connections(self) -> int:
        """How many were opened since this was last asked, this one not counted."""
        return int(httpx.get(f"{self.host}/connections", trust_env=False).text) - 1


@contextmanager
def loopback() -> Iterator[Loopback]:
    """The server, for as long as this is open."""
    command = [sys.executable, "-m", "bench.loopback"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Loopback(process.stdout.readline().strip())
        finally:
            process.terminate()


_Key = tuple[bytes, int, bool]
"""Path, lines, whether it is a stream."""


_Pieces = tuple[bytes, ...]
"""An answer as the bytes of HTTP: one piece, or a head, each event and an end."""


class _Server:
    def __init__(self, answers: dict[_Key, _Pieces]) -> None:
        self.answers = answers
        self.opened = 0
        self.buffer = memoryview(bytearray(2**20))
        """Where all connections read: new memory for every body would cost more than all else here."""


class _Connection(asyncio.BufferedProtocol):
    """One connection. Callers send no second request before the answer to the first."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._head = b""
        self._left = 0
        """Bytes of the body that are still to come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.opened += 1

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._server.buffer

    def buffer_updated(self, size: int) -> None:
        if self._left > 0:
            self._left -= size
        else:
            before = len(self._head)
            self._head += self._server.buffer[: min(size, _LONGEST_HEAD_BYTES)]
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._head, 0, end)
            self._left = int(length[1] if length else 0) - (before + size - end - 4)
            self._head = self._head[:end]
        if self._left <= 0:
            head, self._head = self._head, b""
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET /connections "):
            self._transport.write(_whole(200, b"%d" % self._server.opened))
            self._server.opened = 0
            return
        route = _ROUTE.match(head)
        key = (route[3], int(route[2]), bool(_WANTS_EVENTS.search(head))) if route else None
        if route is None or key not in self._server.answers:
            self._transport.write(_whole(404, b"{}"))
            return
        later = asyncio.get_running_loop().call_later
        pieces, seconds = self._server.answers[key], int(route[1]) / 1000
        for number, piece in enumerate(pieces, start=1):
            later(seconds * number / len(pieces), partial(self._transport.write, piece))


def _whole(status: int, body: bytes, media_type: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 %d -\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
    return head % (status, media_type, len(body)) + body


async def _answers() -> dict[_Key, _Pieces]:
    """All answers, made once."""
    return {
        (path.encode(), lines, streams): await _written(path, lines, streams)
        for lines in LINES
        for path, streams in ((NATIVE_PATH, False), (NATIVE_PATH, True), (COMPATIBLE_PATH, False))
    }


async def _written(path: str, lines: int, streams: bool) -> _Pieces:
    app = CannedAnswers("\n".join(f"Invoice line {n}: 1,284.50" for n in range(lines)))
    scope = {"type": "http", "path": path, "headers": [(b"x-dashscope-sse", b"enable")] if streams else []}
    question = {"model": "qwen-vl-ocr", "parameters": {"incremental_output": True}}
    answer = await call_app(app, scope, orjson.dumps(question))
    if not streams:
        return (_whole(200, b"".join(answer.pieces)),)
    head = b"HTTP/1.1 200 -\r\ncontent-type: text/event-stream;charset=UTF-8\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%s\r\n" % (len(event), event) for event in answer.pieces]
    return (head, *chunks, b"0\r\n\r\n")


async def _serve() -> None:
    server = _Server(await _answers())
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())


def in_project(folder: Path, url: str) -> dict[str, str]:
    """The environment of a program that works in a project of its own, and asks the server at `url`."""
    return {
        **os.environ,
        "QWENOCR_PROJECT": str(folder),
        "DAGSTER_HOME": f"{folder}/dagster",
        "QWENOCR_REGION": "singapore",
        "QWENOCR_BASE_URL": f"{url}/api/v1",
        "DASHSCOPE_API_KEY_SINGAPORE": "sk-bench",
        "QWENOCR_BUDGET__USD_PER_DAY": "1000",
        "QWENOCR_BUDGET__USD_PER_MONTH": "1000",
        "NO_PROXY": "127.0.0.1",
    }
