"""The emulator in-process, with connections that break as they would on a network.

Through `httpx.ASGITransport` a dropped connection is what it is for a closed socket, since the exceptions of an app
reach its caller and this one is of httpx. But of an answer that had begun nothing is left; `EmulatorTransport` gives
it as far as it came, and keeps the read time limit, which `httpx.ASGITransport` does not know.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx


class ConnectionDropped(httpx.RemoteProtocolError):
    """The emulated service ended the connection; `begun` says whether an answer had begun to come."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__(
            "peer closed connection without sending complete message body"
            if begun
            else "Server disconnected without sending a response."
        )
        self.begun = begun


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Calls an ASGI app in-process.

    Raises ConnectionDropped before an answer or in reading a torn one, and httpx.ReadTimeout when the app sends
    nothing for as long as the client's read limit allows, by the event loop's clock.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        torn: ConnectionDropped | None = None
        read_seconds = request.extensions.get("timeout", {}).get("read")
        limit = asyncio.timeout(read_seconds)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal torn

            async def send_in_time(message: Any) -> None:
                if read_seconds is not None:
                    limit.reschedule(asyncio.get_running_loop().time() + read_seconds)
                await send(message)

            try:
                await self._app(scope, receive, send_in_time)
            except ConnectionDropped as dropped:
                if not dropped.begun:
                    raise
                torn = dropped
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        try:
            async with limit:
                response = await httpx.ASGITransport(app).handle_async_request(request)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise httpx.ReadTimeout("The read operation timed out", request=request) from error
        if torn is not None:
            response.stream = _TornStream(response.stream, torn)
        return response


class _TornStream(httpx.AsyncByteStream):
    def __init__(self, stream: Any, end: ConnectionDropped) -> None:
        self._stream = stream
        self._end = end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        raise self._end
