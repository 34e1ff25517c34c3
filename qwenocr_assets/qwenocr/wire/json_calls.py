"""Small questions to the service, JSON in and out, and its files: beside those about pictures, one after the other.

Whoever asks them is not asynchronous; the exchange is, so that one limit is over the whole of it.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx
from pydantic import SecretStr

from qwenocr_assets.qwenocr.errors import Retryable, ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.keys import require_fit
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.wire.bodies import fault_in, parsed
from qwenocr_assets.qwenocr.wire.exchange import MOST_BYTES, Received, broken_by, exchange, pieces, too_large
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.transport import http_over

_MOST_CALLS = 4
_FIRST_PAUSE_SECONDS = 0.5
_EXCERPT_CHARACTERS = 200

_T = TypeVar("_T")


class JsonCalls:
    """One account's connection to a region, while it is open. Raises a `ServiceError` for whatever is no answer.

    `seconds` is the longest that a call may take. `transport` takes the network's place.
    """

    def __init__(
        self,
        region: Region,
        base_url: str,
        key: SecretStr | None,
        *,
        seconds: float,
        most_calls: int = _MOST_CALLS,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        require_fit(key, region.host)
        secret = key.get_secret_value() if key is not None else ""
        headers = {**region.headers, **({"Authorization": f"Bearer {secret}"} if secret else {})}
        self._redact = Redactor([secret])
        self._seconds = seconds
        self._most_calls = most_calls
        self._pause = pause
        self._loop = asyncio.Runner()
        self._http = http_over(
            transport,
            timeout_seconds=seconds,
            base_url=base_url,
            headers={**headers, "Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._loop.run(self._http.aclose())
        self._loop.close()

    def asked(self, path: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """A question that changes nothing, so it may be asked again."""
        for number in range(1, self._most_calls + 1):
            try:
                return self.call("GET", path, params=query)
            except Retryable:
                if number == self._most_calls:
                    raise
                self._pause(_FIRST_PAUSE_SECONDS * 2 ** (number - 1))
        raise AssertionError("unreachable")

    def call(
        self, method: str, path: str, *, seconds: float | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """One call, never repeated: the JSON object that came back. `seconds` where it may take longer than others."""
        request = self._http.build_request(method, path, **arguments)
        received = self._loop.run(
            exchange(self._http, request, self._redact, seconds=seconds or self._seconds)
        )
        body = self._body_of(received.whole())
        if not isinstance(body, dict):
            raise Unreadable(ServiceFault(received.status, "", "the answer is no JSON object"))
        return body

    @contextlib.contextmanager
    def lines(self, path: str, *, seconds: float, accept: str) -> Iterator[Iterator[bytes]]:
        """The lines of a file as they come; it is never held as a whole.

        `seconds` is the longest that it may take to come, whatever is done with the lines in between; a piece has the
        time of a call. The lines raise a `ServiceError` when the file does not come to its end.
        """
        left = seconds
        status = 0

        def within(work: Awaitable[_T]) -> _T:
            nonlocal left
            started = time.monotonic()
            try:
                return self._loop.run(asyncio.wait_for(work, min(left, self._seconds)))
            except Exception as error:  # noqa: BLE001  of whichever family, as in an exchange
                raise broken_by(error, self._redact, seconds=seconds, status=status) from None
            finally:
                left -= time.monotonic() - started

        request = self._http.build_request("GET", path, headers={"Accept": accept})
        response = within(self._http.send(request, stream=True))
        try:
            if response.status_code != 200:
                content = within(_first(response))
                self._body_of(Received(response.status_code, response.headers, content))
            status = response.status_code
            coming = pieces(response)
            lines = _lines(iter(lambda: within(anext(coming, None)), None))
            yield map(self._without_secrets, lines)
        finally:
            self._loop.run(response.aclose())

    def _without_secrets(self, line: bytes) -> bytes:
        return self._redact.answer(line.decode(errors="surrogateescape")).encode(errors="surrogateescape")

    def _body_of(self, received: Received) -> Any:
        """The body of a 200. Raises the error of any other status."""
        body = parsed(self._redact.answer(received.text))
        if received.status == 200:
            return body
        excerpt = " ".join(received.text[:_EXCERPT_CHARACTERS].split()) or "no message"
        raise classify(fault_in(received.status, body, self._redact, excerpt))


async def _first(response: httpx.Response) -> bytes:
    """The content of an answer that refuses, as far as it is needed."""
    content = b""
    async for piece in pieces(response):
        content += piece
        if len(content) > MOST_BYTES:
            raise too_large("answer")
    return content


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their ends; pieces of a line are joined once. Raises `Unreadable` for one that has no end."""
    begun: list[bytes] = []
    size = 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            begun.append(line)
            if joined := b"".join(begun).strip():
                yield joined
            begun.clear()
            size = 0
        begun.append(rest)
        size += len(rest)
        if size > MOST_BYTES:
            raise too_large("line")
    if joined := b"".join(begun).strip():
        yield joined
