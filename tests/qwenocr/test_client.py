"""The client against small servers that misbehave, each a plain ASGI function."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from pydantic import SecretStr

from qwenocr_assets.qwenocr import client as client_module
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.client import Reply, open_client
from qwenocr_assets.qwenocr.errors import PageRefused, Retryable, RunRefused

OK = {
    "output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "hello"}]}}]},
    "usage": {"input_tokens": 10, "output_tokens": 2},
    "request_id": "r-1",
}
THROTTLED = (429, {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded"})
BROKEN = (500, {"code": "InternalError", "message": "try later"})
REFUSED = (400, {"code": "InvalidParameter", "message": "bad image"})
NO_KEY = (401, {"code": "InvalidApiKey", "message": "Invalid API-key provided."})
HTML = (502, "<html>Bad Gateway</html>")
CODE_IN_200 = (200, {"code": "InternalError", "message": "inside a 200"})
NO_OUTPUT = (200, {"request_id": "r-2"})
FINE = (200, OK)


class Server:
    """Gives the scripted answers in order, the last one for ever, and counts the calls."""

    def __init__(self, *script: tuple[int, Any]) -> None:
        self.script = list(script)
        self.calls = 0
        self.headers: dict[str, str] = {}

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        self.headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        while (await receive()).get("more_body"):
            pass
        status, body = self.script[min(self.calls, len(self.script) - 1)]
        self.calls += 1
        payload = (body if isinstance(body, str) else json.dumps(body)).encode()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": payload})


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_FIRST_PAUSE_SECONDS", 0.0)


def ask(server: Server, *, max_attempts: int = 3, key: str | None = None) -> Reply:
    async def run() -> Reply:
        region = load_catalogue().region("local")
        secret = SecretStr(key) if key else None
        async with open_client(
            region, secret, concurrency=1, max_attempts=max_attempts, timeout_seconds=5, engine=server
        ) as client:
            return await client.ask(b"{}")

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("script", "calls", "attempts", "error"),
    [
        ([FINE], 1, 1, None),
        ([BROKEN, FINE], 2, 2, None),
        ([HTML, CODE_IN_200, FINE], 3, 3, None),
        ([NO_OUTPUT, FINE], 2, 2, None),
        ([THROTTLED] * 20 + [FINE], 21, 1, None),
        ([BROKEN], 3, 3, Retryable),
        ([HTML], 3, 3, Retryable),
        ([REFUSED], 1, 1, PageRefused),
        ([NO_KEY], 1, 1, RunRefused),
    ],
    ids=[
        "fine",
        "server error once",
        "gateway page, then a code inside a 200",
        "200 without output",
        "throttled for long: no attempts used",
        "server error for ever",
        "gateway page for ever",
        "page refused",
        "wrong key",
    ],
)
def test_reply(script: Iterable[Any], calls: int, attempts: int, error: type[Exception] | None) -> None:
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


def test_a_server_that_is_not_there_is_a_failed_page() -> None:
    async def run() -> Reply:
        region = type(load_catalogue().region("local"))("custom", "http://127.0.0.1:9", "m")
        async with open_client(region, None, concurrency=1, max_attempts=2, timeout_seconds=2) as client:
            return await client.ask(b"{}")

    reply = asyncio.run(run())
    assert isinstance(reply.error, Retryable)
    assert reply.attempts == 2
    assert "no answer came" in str(reply.error)


def test_the_key_goes_into_the_header_and_nowhere_else() -> None:
    server = Server(NO_KEY)
    reply = ask(server, key="sk-very-secret")
    assert server.headers["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in repr(reply) + str(reply.error)
