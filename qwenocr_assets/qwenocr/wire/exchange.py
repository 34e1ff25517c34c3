"""One exchange over HTTP: a request out, and what came back as a value, however the far end behaves.

It is bounded in time, from connecting to the last byte, and in size. Whatever goes wrong on the way is a typed error
beside what had come by then: the libraries below raise errors of many families for it (httpx 0.28 and aiohttp 3.14:
`httpx.DecodingError`, `httpx.InvalidURL`, `aiohttp.ClientResponseError` for a broken status line, chunk or header).
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Self

import httpx

from qwenocr_assets.qwenocr.errors import ServiceError, ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.transport import describe, was_sent

MOST_BYTES = 64 * 10**6
"""Of one answer, unpacked: a hundred times what the longest answer of a model takes."""

READ_TIME_LIMIT = "ReadTimeout"
"""The code of a fault that is our own time limit."""

UNPACKED_HERE = frozenset({"", "identity", "gzip", "deflate"})
"""Content encodings that are unpacked as they come: a piece grows a thousandfold at most. Of zstd and Brotli, and of
one inside another, a piece of some kilobytes may become gigabytes before anybody can count them."""

_MOST_DESCRIBED = 300
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Received:
    """What came back."""

    status: int = 0
    """Of HTTP; 0 when no answer began."""
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    content: bytes = b""
    """As far as it came, unpacked; nothing of an answer that was too large."""
    broken: ServiceError | None = None
    """Why the answer did not come whole."""
    was_sent: bool = True
    """Whether the far end may have acted on the request."""
    timed_out: bool = False
    """Whether the time limit ended it."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """As UTF-8, which JSON is whatever the header says (RFC 8259, 8.1); strange bytes become U+FFFD."""
        return self.content.decode("utf-8-sig", "replace")

    def whole(self) -> Self:
        """Itself. Raises the `ServiceError` of an answer that did not come whole."""
        if self.broken is not None:
            raise self.broken
        return self


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, redact: Redactor, *, seconds: float
) -> Received:
    """Send a request and receive the answer, within `seconds` and `MOST_BYTES`. Raises for nothing on the wire."""
    status, headers, content = 0, httpx.Headers(), bytearray()
    try:
        async with asyncio.timeout(seconds):
            response = await http.send(request, stream=True)
            try:
                status, headers = response.status_code, response.headers
                async for piece in pieces(response):
                    content += piece
                    if len(content) > MOST_BYTES:
                        content.clear()
                        raise too_large("answer")
            finally:
                await response.aclose()
    except Exception as error:  # noqa: BLE001  of whichever family: see above
        broken = broken_by(error, redact, seconds=seconds, status=status)
        return Received(
            status,
            headers,
            bytes(content),
            broken,
            was_sent=was_sent(error),
            timed_out=broken.fault.code == READ_TIME_LIMIT,
        )
    return Received(status, headers, bytes(content))


async def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The content as it comes, unpacked. Raises httpx.DecodingError also for what cannot be unpacked in bounds."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in UNPACKED_HERE:
        raise httpx.DecodingError(f"packed as {encoding[:50]!r}, unasked")
    async for piece in response.aiter_bytes():
        yield piece


def too_large(what: str) -> Unreadable:
    """The error of something that passed the bound in size."""
    return Unreadable(ServiceFault(200, "", f"the {what} is larger than {MOST_BYTES:,} bytes"))


def broken_by(error: Exception, redact: Redactor, *, seconds: float, status: int = 0) -> ServiceError:
    """The typed error of an exchange that went wrong; `status` is that of an answer that had begun.

    A status whose body never came is not believed, for it would refuse a page or a whole run; but for 429, which needs
    no body.
    """
    if isinstance(error, ServiceError):
        return error
    described = redact.message(describe(error))[:_MOST_DESCRIBED]
    if isinstance(error, httpx.DecodingError):
        return Unreadable(ServiceFault(status, "", f"the answer cannot be unpacked ({described})"))
    if status == _TOO_MANY:
        return classify(ServiceFault(status, "", f"throttled; the answer broke off ({described})"))
    if isinstance(error, TimeoutError | httpx.ReadTimeout):
        said = "no whole answer" if status else "no answer"
        return classify(ServiceFault(0, READ_TIME_LIMIT, f"{said} came within {seconds:g} seconds"))
    return classify(ServiceFault(0, "", f"no answer came ({described})"))
