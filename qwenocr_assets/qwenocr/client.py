"""The client: one request in, one reply out, whatever the service does.

It never raises for a page: a fault becomes a reply with an error. Only `RunRefused` is meant to stop the caller.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer, parse_answer
from qwenocr_assets.qwenocr.catalogue import Region
from qwenocr_assets.qwenocr.errors import Retryable, ServiceError, ServiceFault, Throttled, classify
from qwenocr_assets.qwenocr.requests import GENERATION_PATH

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request."""

    answer: Answer | None
    error: ServiceError | None
    raw: str | None
    """The body of the last HTTP answer as it came; None when there was none."""
    attempts: int
    latency_ms: float
    answered_at: datetime


class OcrClient:
    """Sends prepared bodies to one region. Use `open_client` to get one with its connections."""

    def __init__(self, http: httpx.AsyncClient, *, max_attempts: int) -> None:
        self._http = http
        self._max_attempts = max_attempts

    async def ask(self, body: bytes) -> Reply:
        """Send one request body, again while that may help, and return what came of it."""
        attempts = pauses = 0
        while True:
            attempts += 1
            started = time.perf_counter()
            raw, result = await self._call(body)
            reply = Reply(
                answer=result if isinstance(result, Answer) else None,
                error=result if isinstance(result, ServiceError) else None,
                raw=raw,
                attempts=attempts,
                latency_ms=(time.perf_counter() - started) * 1000,
                answered_at=datetime.now(UTC),
            )
            if not isinstance(result, Retryable):
                return reply
            if isinstance(result, Throttled):
                attempts -= 1  # the account's limit is no fault of this page
            elif attempts >= self._max_attempts:
                return reply
            await asyncio.sleep(_pause(pauses))
            pauses += 1

    async def _call(self, body: bytes) -> tuple[str | None, Answer | ServiceError]:
        try:
            response = await self._http.post(GENERATION_PATH, content=body)
        except httpx.TransportError as error:
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            return None, classify(ServiceFault(0, "", f"no answer came ({text})"))
        raw = response.text
        try:
            parsed = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            excerpt = " ".join(raw[:200].split())
            return raw, classify(ServiceFault(response.status_code or 0, "", f"not JSON: {excerpt!r}"))
        if response.status_code == 200 and not (isinstance(parsed, dict) and parsed.get("code")):
            try:
                return raw, parse_answer(parsed)
            except MalformedAnswer as error:
                return raw, Retryable(ServiceFault(200, "", str(error)), "Run again later.")
        return raw, classify(_fault(response.status_code, parsed))


@asynccontextmanager
async def open_client(
    region: Region,
    key: SecretStr | None,
    *,
    concurrency: int,
    max_attempts: int,
    timeout_seconds: float,
    engine: Any = None,
) -> AsyncIterator[OcrClient]:
    """A client for a region; for the local one, `engine` is the embedded engine's ASGI app.

    The aiohttp transport holds hundreds of slow requests in flight, where httpx's own pool scan collapses.
    """
    headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    limits = httpx.Limits(
        max_connections=concurrency,
        max_keepalive_connections=concurrency,
        keepalive_expiry=timeout_seconds,
    )
    transport: httpx.AsyncBaseTransport = (
        httpx.ASGITransport(engine) if engine is not None else AiohttpTransport(limits=limits)
    )
    timeout = httpx.Timeout(timeout_seconds, connect=10.0)
    async with httpx.AsyncClient(
        base_url=region.host, headers=headers, transport=transport, timeout=timeout
    ) as http:
        yield OcrClient(http, max_attempts=max_attempts)


def _fault(status: int, body: Any) -> ServiceFault:
    """The fault in an error body; the OpenAI-compatible dialect nests it under `error`."""
    source = body.get("error") if isinstance(body, dict) and isinstance(body.get("error"), dict) else body
    if not isinstance(source, dict):
        return ServiceFault(status, "", "the answer is no JSON object")
    request_id = body.get("request_id") if isinstance(body, dict) else None
    return ServiceFault(
        status,
        str(source.get("code") or source.get("type") or ""),
        str(source.get("message") or ""),
        request_id if isinstance(request_id, str) else None,
    )


def _pause(pauses: int) -> float:
    """Seconds to wait before the next call: doubling, half of it random so that callers spread out."""
    longest: float = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**pauses)
    return longest * (0.5 + random.random() / 2)  # noqa: S311  spreads load, protects nothing
