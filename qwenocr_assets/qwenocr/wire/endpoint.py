"""One call to the service: a body out, an outcome back. Nothing is repeated here."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer
from qwenocr_assets.qwenocr.errors import ServiceError, ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.streams import EventReader, StreamedAnswer
from qwenocr_assets.qwenocr.wire.transport import describe, was_sent

_EXCERPT_CHARACTERS = 200
_LONGEST_RETRY_AFTER_SECONDS = 900.0
"""After so long it is asked again whatever was said: a wrong date must not stop a run for days."""

_TIME_LIMIT_CODE = "RequestTimeOut"
_READ_TIME_LIMIT = "ReadTimeout"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call."""

    result: Answer | ServiceError
    raw: str | None = None
    """The body as it came, secrets hidden; of a stream, the body it would have been in one piece."""
    latency_ms: float = 0.0
    may_be_billed: bool = False
    """Of an error: whether the call may be billed all the same."""
    timed_out: bool = False
    """Whether a time limit ended it, the service's or ours."""
    partial: Answer | None = None
    """Of an error inside a stream: what had come by then."""
    retry_after_seconds: float | None = None
    """What the service asked to wait, at most a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Call:
    """One body and how it is sent."""

    body: bytes
    stream: bool = False
    resolve_upload: bool = False
    """Whether the image is an `oss://` address."""
    image_size: tuple[int, int] | None = None


class Endpoint:
    """The address of one region's service in one dialect."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        protocol: Protocol,
        headers: dict[str, str],
        redact: Redactor,
    ) -> None:
        self._http = http
        self._url = httpx.URL(url)  # parsed once, not for every call
        self._protocol = protocol
        self._headers = {**headers, "Content-Type": "application/json; charset=utf-8"}
        self._redact = redact

    async def call(self, call: Call) -> Outcome:
        """Send one body. Never raises for what the service or the network does."""
        clock = asyncio.get_running_loop().time
        started = clock()
        streamed = StreamedAnswer(self._protocol)
        try:
            async with self._http.stream(
                "POST", self._url, content=call.body, headers=self._headers_for(call)
            ) as response:
                is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
                if call.stream and is_stream and response.status_code == 200:
                    reader = EventReader()
                    async for chunk in response.aiter_bytes():
                        for event in reader.feed(chunk):
                            streamed.add(event)
                    for event in reader.close():
                        streamed.add(event)
                    outcome = self._of_stream(streamed, call)
                else:
                    await response.aread()
                    outcome = self._of_body(response, call)
        except httpx.TransportError as error:
            outcome = self._of_broken(error, streamed, call)
        latency_ms = (clock() - started) * 1000
        return replace(outcome, latency_ms=latency_ms)

    def _headers_for(self, call: Call) -> dict[str, str]:
        headers = dict(self._headers)
        headers["Accept"] = "text/event-stream" if call.stream else "application/json"
        if call.stream and self._protocol is Protocol.NATIVE:
            headers["X-DashScope-SSE"] = "enable"
        if call.resolve_upload:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        return headers

    def _of_body(self, response: httpx.Response, call: Call) -> Outcome:
        raw = self._redact.answer(response.text)
        status = response.status_code
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError:
            what = " ".join(raw[:_EXCERPT_CHARACTERS].split())
            fault = ServiceFault(status, "", f"not JSON: {what!r}" if what else "an empty answer")
            if status == 200:
                return _unreadable(fault, raw)
            # a gateway's page says nothing of what the service behind it did, or billed
            return replace(self._of_fault(fault, raw, response), may_be_billed=status >= 500)
        if status == 200 and not _names_an_error(parsed):
            try:
                return Outcome(parse_answer(parsed, call.image_size), raw)
            except MalformedAnswer as error:
                return _unreadable(ServiceFault(200, "", str(error)), raw)
        return self._of_fault(_fault(status, parsed), raw, response)

    def _of_fault(self, fault: ServiceFault, raw: str, response: httpx.Response) -> Outcome:
        timed_out = _is_time_limit(fault)
        fault = replace(fault, message=self._redact.message(fault.message))
        return Outcome(
            classify(fault),
            self._redact.message(raw),
            may_be_billed=timed_out,
            timed_out=timed_out,
            retry_after_seconds=_retry_after(response.headers),
        )

    def _of_stream(self, streamed: StreamedAnswer, call: Call) -> Outcome:
        if streamed.fault is not None:
            status, body = streamed.fault
            raw = self._redact.message(orjson.dumps(body).decode())
            return self._of_stopped(_fault(status, orjson.loads(raw)), raw, streamed, call)
        if not streamed.ended:
            fault = ServiceFault(0, "", "the stream ended before the answer did")
            return self._of_stopped(fault, None, streamed, call)
        raw = self._raw_of(streamed)
        try:
            return Outcome(parse_answer(orjson.loads(raw), call.image_size), raw)
        except MalformedAnswer as error:
            return _unreadable(ServiceFault(200, "", str(error)), raw)

    def _of_stopped(
        self, fault: ServiceFault, raw: str | None, streamed: StreamedAnswer, call: Call
    ) -> Outcome:
        """A stream that ended in an error: what had come is kept, for it is paid for."""
        error, timed_out = classify(fault), _is_time_limit(fault)
        if not streamed.has_text:
            return Outcome(error, raw, may_be_billed=timed_out or fault.status == 0, timed_out=timed_out)
        kept = self._raw_of(streamed)
        partial = parse_answer(orjson.loads(kept), call.image_size, broken_off=str(error))
        if timed_out:  # asking again would meet the same limit
            return Outcome(partial, kept, may_be_billed=True, timed_out=True)
        return Outcome(error, kept, may_be_billed=True, partial=partial)

    def _of_broken(self, error: httpx.TransportError, streamed: StreamedAnswer, call: Call) -> Outcome:
        described = self._redact.message(describe(error))
        timed_out = isinstance(error, httpx.ReadTimeout)
        code = _READ_TIME_LIMIT if timed_out else ""
        outcome = self._of_stopped(
            ServiceFault(0, code, f"no answer came ({described})"), None, streamed, call
        )
        return replace(outcome, may_be_billed=was_sent(error))

    def _raw_of(self, streamed: StreamedAnswer) -> str:
        return self._redact.answer(orjson.dumps(streamed.body()).decode())


def _unreadable(fault: ServiceFault, raw: str) -> Outcome:
    error = Unreadable(fault, "It was asked for twice; run again later to try once more.")
    return Outcome(error, raw, may_be_billed=True)


def _is_time_limit(fault: ServiceFault) -> bool:
    return fault.code in (_TIME_LIMIT_CODE, _READ_TIME_LIMIT)


def _names_an_error(body: Any) -> bool:
    """A 200 may hold an error all the same."""
    return isinstance(body, dict) and bool(body.get("code") or isinstance(body.get("error"), dict))


def _fault(status: int, body: Any) -> ServiceFault:
    """The fault in an error body; the OpenAI-compatible dialect nests it under `error`."""
    top = body if isinstance(body, dict) else {}
    nested = top.get("error")
    source = nested if isinstance(nested, dict) else top
    message = source.get("message") or (nested if isinstance(nested, str) else "no message")
    request_id = top.get("request_id")
    return ServiceFault(
        status,
        str(source.get("code") or source.get("type") or ""),
        str(message),
        request_id if isinstance(request_id, str) else None,
    )


def _retry_after(headers: httpx.Headers) -> float | None:
    """`Retry-After` in seconds, whether it says seconds or a date (RFC 9110, 10.2.3); None when it says neither.

    A date is measured from the answer's own `Date` where it has one, for clocks differ.
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        seconds = float(said)
    elif until := _date(said):
        seconds = (until - (_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds()
    else:
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS)


def _date(text: str) -> datetime | None:
    """A date of HTTP, in any of its three forms; None for anything else."""
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
