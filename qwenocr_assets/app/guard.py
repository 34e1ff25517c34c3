"""Who may ask the page for something, and how much may be sent to it.

On loopback anybody on the machine may, but no other web site through their browser: the host that a request names has
to be ours (a foreign name that leads here is none), and whatever changes something has to come from a page of ours.
Anywhere else a token is needed: once in the address, then as a cookie, or as a bearer token of a program.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.responses import JSONResponse, RedirectResponse, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_BYTES = 512 * 1024 * 1024
"""Most bytes of one request: what the intake fetches at most for a list of addresses."""
_COOKIE = "qwenocr_token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "content-security-policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class TooLarge(Exception):
    """More bytes came than `MAX_BYTES`."""


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application around another one."""

    app: AsgiApp
    token: str | None = None
    """Asked of everybody; None on loopback."""
    max_bytes: int = MAX_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._answer(scope, headers)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        left = self.max_bytes

        async def bounded() -> MutableMapping[str, Any]:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLarge
            return message

        await self.app(scope, bounded, _with_headers(send))

    def _answer(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """What is said instead of the page; None where the request may pass."""
        host = headers.get("host", "")
        if self.token is None:
            if urlsplit(f"//{host}").hostname not in LOOPBACK:
                return _refusal(403, f"This page is served on this machine only, and not as {host}.")
        elif (said := self._token_in(scope, headers)) is not None:
            return said
        if scope["method"] not in _SAFE and not _is_own(headers, host):
            return _refusal(403, "This has to come from a page of qwenocr app itself.")
        if _number(headers.get("content-length")) > self.max_bytes:
            return _refusal(413, f"A request may have {self.max_bytes // 1024**2} MB at most.")
        return None

    def _token_in(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if (given := query.pop("token", [""])[0]) and self._is_right(given):
            rest = urlencode(query, doseq=True)
            answer = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303)
            answer.set_cookie(_COOKIE, given, httponly=True, samesite="strict")
            return answer
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if any(map(self._is_right, (bearer, _cookie(headers.get("cookie", ""))))):
            return None
        return _refusal(401, "A token is needed: open the address that `qwenocr app` printed.")

    def _is_right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.token or "").encode())


def _is_own(headers: dict[str, str], host: str) -> bool:
    """Whether a request was made by a page of this host, as browsers say; programs say nothing, and are no browser."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == host


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status_code=status)


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            added = [(n.encode(), v.encode()) for n, v in _HEADERS.items() if n.encode() not in given]
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return sending
