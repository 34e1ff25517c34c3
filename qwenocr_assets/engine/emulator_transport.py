"""The emulator in-process, with connections that break as they would on a network.

`httpx.ASGITransport` lets the app's exceptions through to the caller, so a dropped connection would reach a client as
`ConnectionDropped`. This transport makes of it what `httpx` raises for a socket that was closed.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx


class ConnectionDropped(Exception):
    """The emulated service ended the connection; `begun` says whether an answer had begun to come."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the emulated service dropped the connection")
        self.begun = begun


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Calls an ASGI app in-process. Raises httpx.RemoteProtocolError where the app drops the connection.

    An answer that had begun is given to the caller as far as it came, and the error is raised in reading it.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        breaks = False

        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal breaks
            try:
                await self._app(scope, receive, send)
            except ConnectionDropped as dropped:
                if not dropped.begun:
                    raise httpx.RemoteProtocolError(
                        "Server disconnected without sending a response.", request=request
                    ) from dropped
                breaks = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        response = await httpx.ASGITransport(app).handle_async_request(request)
        if breaks:
            response.stream = _BrokenStream(response.stream)
        return response


class _BrokenStream(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body (incomplete chunked read)"
        )
