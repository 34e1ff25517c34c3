"""Small servers that misbehave as scripted: plain ASGI functions."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Headers = dict[str, str]


@dataclass(frozen=True)
class Says:
    """One scripted answer: JSON, or text as it is."""

    status: int
    body: Any
    headers: Headers = field(default_factory=lambda: {"content-type": "application/json"})
    drops: bool = False
    """Whether the connection breaks after the body."""
    seconds: float = 0.0


OK = {
    "output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "hello"}]}}]},
    "usage": {"input_tokens": 10, "output_tokens": 2},
    "request_id": "r-1",
}
FINE = Says(200, OK)
THROTTLED = Says(429, {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded"})
BURST = Says(429, {"code": "Throttling.BurstRate", "message": "Request rate increased too quickly"})
BROKEN = Says(500, {"code": "InternalError", "message": "try later"})
TIMED_OUT = Says(500, {"code": "RequestTimeOut", "message": "Request timed out"})
REFUSED = Says(400, {"code": "InvalidParameter", "message": "bad image"})
UNFETCHED = Says(400, {"code": "InvalidParameter", "message": "Failed to download multimodal content"})
NO_KEY = Says(401, {"code": "InvalidApiKey", "message": "Invalid API-key provided."})
NO_KEY_UNTYPED = Says(401, {"code": "InvalidApiKey", "message": "Invalid API-key provided."}, {})
NO_KEY_COMPATIBLE = Says(
    401, {"error": {"message": "Incorrect API key provided.", "type": "x", "param": None, "code": None}}
)
HTML = Says(502, "<html><h1>502 Bad Gateway</h1></html>", {"content-type": "text/html"})
HTML_200 = Says(200, "<html>captive portal</html>", {"content-type": "text/html"})
CODE_IN_200 = Says(200, {"code": "InternalError", "message": "inside a 200"})
NO_OUTPUT = Says(200, {"request_id": "r-2"})
EMPTY = Says(200, "")
DROPPED = Says(0, "", drops=True)


class Server:
    """Gives the scripted answers in order, the last one for ever, and keeps the requests."""

    def __init__(self, *script: Says) -> None:
        self.script = list(script)
        self.requests: list[tuple[str, str, Headers, bytes]] = []

    @property
    def calls(self) -> int:
        return len(self.requests)

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        says = self.script[min(self.calls, len(self.script) - 1)]
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        self.requests.append((scope["method"], scope["path"], headers, body))
        if says.drops and not says.body:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        payload = (says.body if isinstance(says.body, str) else json.dumps(says.body)).encode()
        sent = [(k.encode(), v.encode()) for k, v in says.headers.items()]
        await send({"type": "http.response.start", "status": says.status, "headers": sent})
        await send({"type": "http.response.body", "body": payload})
