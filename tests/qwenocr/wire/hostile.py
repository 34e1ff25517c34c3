"""Bytes that a far end may send instead of an answer, and a loopback server that sends them."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Script:
    """What goes over the wire for one call."""

    sent: bytes
    stays: bool = False
    """Whether the connection stays open afterwards."""
    drip_seconds: float = 0.0
    """Between two bytes, when not all is sent at once."""


@dataclass
class HostileServer:
    """Sends what `script` says, whatever it is asked; a connection that stays is used again."""

    script: Script = field(default_factory=lambda: Script(b""))
    port: int = 0
    on_call: Any = None

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                script = self.script
                if self.on_call is not None:
                    self.on_call()
                if script.drip_seconds:
                    for byte in script.sent:
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(script.drip_seconds)
                writer.write(b"" if script.drip_seconds else script.sent)
                await writer.drain()
                if not script.stays:
                    return
        except (OSError, asyncio.IncompleteReadError):
            return  # the client is gone
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["HostileServer"]:
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self


def whole(
    body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json", stays: bool = False
) -> Script:
    """A well-formed answer with this body; it says so when nothing can be asked over its connection again."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *([] if stays else ["Connection: close"]),
        *headers,
    ]
    return Script("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, stays)


def chunked(*chunks: bytes) -> bytes:
    """Chunks as HTTP/1.1 frames them, with the last one."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


# what the bodies are made of

_TEXT = st.text(max_size=20)
_NUMBERS = st.sampled_from([0, 1, 12, -1, 10**14, 2**63, 2**64 - 1, True, 1.5, 1e308, "12", None, [], {}])
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_USAGE = _JSON | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        [
            *("input_tokens", "output_tokens", "total_tokens"),
            *("prompt_tokens", "completion_tokens", "image_tokens"),
        ],
        _NUMBERS,
    ),
)
_WORD = st.fixed_dictionaries({"text": _JSON, "location": _JSON | st.lists(_NUMBERS, min_size=8, max_size=8)})
_CONTENT = (
    _JSON
    | _TEXT
    | st.lists(
        st.fixed_dictionaries(
            {"text": _TEXT | _JSON},
            optional={
                "ocr_result": st.fixed_dictionaries({"words_info": _JSON | st.lists(_WORD, max_size=2)})
            },
        ),
        max_size=2,
    )
)
_CHOICES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "message": st.fixed_dictionaries({"content": _CONTENT}) | _JSON,
            "delta": st.fixed_dictionaries({"content": _CONTENT}) | _JSON,
            "finish_reason": st.sampled_from(["stop", "length", "null"]) | _JSON,
        },
    ),
    max_size=2,
)
_OBJECT = st.fixed_dictionaries(
    {},
    optional={
        "output": st.fixed_dictionaries({"choices": _CHOICES}) | _JSON,
        "choices": _CHOICES | _JSON,
        "usage": _USAGE,
        "code": st.sampled_from(["Throttling.RateQuota", "InternalError", "InvalidApiKey", ""]) | _JSON,
        "error": _JSON,
        "message": _JSON,
        "request_id": _JSON,
        "model": _JSON,
    },
)
GOOD = {
    "output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "hello"}]}}]},
    "choices": [{"finish_reason": "stop", "message": {"content": "hello"}, "delta": {"content": "hello"}}],
    "usage": {"input_tokens": 10, "output_tokens": 2},
}
_DEEP = [b'{"output":' + b"[" * depth + b"]" * depth + b"}" for depth in (300, 2000)]
_JSON_BODIES = st.one_of(
    st.just(GOOD).map(json.dumps).map(str.encode),
    _OBJECT.map(json.dumps).map(str.encode),
    st.sampled_from(_DEEP),
    st.binary(max_size=60),
)


def _event(data: bytes, name: bytes, status: bytes) -> bytes:
    return b"id:1\nevent:%s\n:HTTP_STATUS/%s\ndata:%s\n\n" % (name, status, data)


_EVENTS = st.lists(
    st.builds(
        _event,
        _JSON_BODIES | st.just(b"[DONE]"),
        st.sampled_from([b"result", b"error", b"", b"\xff"]),
        st.sampled_from([b"200", b"429", b"500", b"9" * 4_400, b"\xd9\xa4\xd9\xa2\xd9\xa9"]),
    ),
    max_size=3,
).map(b"".join)


# how they are packed, framed, headed and broken


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


_PACKED = {
    "": lambda body: body,
    "gzip": _gzip,
    "deflate": zlib.compress,
    "br": lambda body: body,
    "zstd": lambda body: b"\x28\xb5\x2f\xfd" + body,
    "gzip, gzip": lambda body: _gzip(_gzip(body)),
    "x" * 70: lambda body: body,
}
_STATUSES = st.sampled_from(
    [
        *["200 OK"] * 6,
        *["429 Slow", "500 Broken", "400 Bad", "404 None", "401 Who", "302 There"],
        *["100 Go", "101 Up", "204 No", "206 Part", "304 Same", "600 X", "999 What"],
        *["20 Y", "9999 Z", "-1 A", "x OK", "200", ""],
    ]
)
_HEADERS = st.lists(
    st.sampled_from(
        [
            "Retry-After: " + "9" * 400,
            "Retry-After: Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
            "Retry-After: Sun, 99 Foo 99999 99:99:99 GMT",
            "Date: Mon, 01 Jan 0001 00:00:00 +2359",
            "Content-Type: application/json; charset=klingon",
            "Content-Type: application/json; charset=hex",
            "Content-Type: text/event-stream; charset=utf-7",
            "Content-Type: text/event-stream",
            "Set-Cookie: a=\xff; Max-Age=" + "9" * 99,
            "Location: http://[::1",
            "Content-Length: -1",
            "Content-Length: 18446744073709551616",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Connection: upgrade",
            "X: " + "h" * 9_000,
            ": none",
            "no colon",
            "Bad\x00Name: x",
            "X: \r\n folded",
        ]
    ),
    max_size=2,
)


@st.composite
def _framed(draw: st.DrawFn, bodies: st.SearchStrategy[bytes], kind: str) -> bytes:
    body = draw(bodies)
    encoding = draw(st.sampled_from(["", "", "", *_PACKED]))
    body = _PACKED[encoding](body)
    if draw(st.integers(0, 4)) == 0:  # what is packed, torn or spoilt
        body = body[: draw(st.integers(0, len(body)))]
    lines = [f"HTTP/1.1 {draw(_STATUSES)}", f"Content-Type: {kind}", *draw(_HEADERS)]
    if encoding:
        lines.append(f"Content-Encoding: {encoding}")
    match draw(st.sampled_from(["length", "length", "chunked", "short", "long", "none"])):
        case "length":
            lines.append(f"Content-Length: {len(body)}")
        case "short":
            lines.append(f"Content-Length: {len(body) // 2}")
        case "long":
            lines.append(f"Content-Length: {len(body) + 9}")
        case "chunked":
            lines.append("Transfer-Encoding: chunked")
            cut = draw(st.integers(0, len(body)))
            body = chunked(*(part for part in (body[:cut], body[cut:]) if part))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@st.composite
def _spoilt(draw: st.DrawFn, answers: st.SearchStrategy[bytes]) -> bytes:
    """Now and then some bytes changed, put in, left out or twice."""
    answer = bytearray(draw(answers))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at, more = draw(st.integers(0, len(answer))), draw(st.integers(0, 30))
        match draw(st.sampled_from(["change", "put in", "leave out", "twice"])):
            case "change":
                answer[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "put in":
                answer[at:at] = draw(
                    st.sampled_from([b"\r\n", b"\x00", b"\xff", b"HTTP/1.1 200 OK\r\n\r\n", b"ZZ"])
                )
            case "leave out":
                del answer[at : at + more]
            case "twice":
                answer[at:at] = answer[at : at + more]
    return bytes(answer)


def scripts(*, streamed: bool) -> st.SearchStrategy[Script]:
    """Whatever a far end may send: half sense and half nonsense, torn and interleaved."""
    framed = (
        _framed(_EVENTS | _JSON_BODIES, "text/event-stream")
        if streamed
        else _framed(_JSON_BODIES | _EVENTS, "application/json")
    )
    sent = st.one_of(
        _spoilt(framed), _spoilt(framed), st.tuples(framed, framed).map(b"".join), st.binary(max_size=200)
    )
    return st.builds(Script, sent, st.sampled_from([False] * 9 + [True]))
