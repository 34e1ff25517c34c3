"""The emulator's ends of ASGI: calling the wrapped app for a whole answer, and giving an answer to the server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from qwenocr_assets.emulator.transport import ConnectionDropped
from qwenocr_assets.engine.wire.answers import WireAnswer, whole

OWN_SEND = "qwenocr.send"
"""Where a scope keeps the server's own `send`, which frameworks wrap."""

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


async def read_body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def posted_scope(path: str) -> dict[str, Any]:
    """A call of the wrapped app that came over no socket: a line of a batch, posted to this path."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"emulator"), (b"content-type", b"application/json")],
        "server": ("emulator", 80),
        "client": ("batch", 0),
    }


async def call_app(app: AsgiApp, scope: Any, body: bytes) -> WireAnswer:
    """One call of the wrapped app, in-process, for its whole answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    headers.append((b"content-length", b"%d" % len(body)))
    # From this version on Starlette does not watch for a caller that leaves: here it stays for the whole answer.
    asgi = {"version": "3.0", "spec_version": "2.4"}
    await app({**scope, "asgi": asgi, "headers": headers}, receive, send)
    start, *parts = sent
    return whole(start["status"], tuple(start["headers"]), b"".join(part.get("body", b"") for part in parts))


async def deliver(answer: WireAnswer, seconds: float, send: Any) -> None:
    """Send an answer, as far as it goes, with its latency before it or spread over its events."""
    pause = seconds / max(1, len(answer.pieces))
    if not answer.pieces:
        await _pass(pause)
    else:
        length = [] if answer.length is None else [(b"content-length", b"%d" % answer.length)]
        for number, piece in enumerate(answer.pieces, start=1):
            await _pass(pause)
            if number == 1:
                start = {"status": answer.status, "headers": [*answer.headers, *length]}
                await send({"type": "http.response.start", **start})
            ends = number == len(answer.pieces) and not answer.drops
            await send({"type": "http.response.body", "body": piece, "more_body": not ends})


async def drop(receive: Any, send: Any, *, begun: bool) -> None:
    """End the connection: of a socket by closing it, in-process by raising ConnectionDropped.

    ASGI has no message for it, and a server makes a 500 of an exception.
    """
    connection = getattr(_exchange(send), "transport", None)
    if connection is None:
        raise ConnectionDropped(begun=begun)
    connection.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def is_gone(send: Any) -> bool:
    """Whether the caller has closed its socket. In-process a caller that leaves cancels the call instead."""
    return bool(getattr(_exchange(send), "disconnected", False))


def _exchange(send: Any) -> Any:
    """uvicorn's object for one request and its answer, which holds the socket: `send` is a method of it."""
    return getattr(send, "__self__", None)


async def _pass(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
