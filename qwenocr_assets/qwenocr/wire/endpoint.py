"""One call to the service: a body out, an outcome back. Nothing is repeated here."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer
from qwenocr_assets.qwenocr.errors import (
    RunRefused,
    ServiceError,
    ServiceFault,
    Throttled,
    Unreadable,
    classify,
)
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.bodies import fault_in, names_an_error, parsed, written
from qwenocr_assets.qwenocr.wire.exchange import READ_TIME_LIMIT, Received, exchange
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.streams import StreamedAnswer

_EXCERPT_CHARACTERS = 200
_TIME_LIMIT_CODE = "RequestTimeOut"


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
    """What the service asked to wait; a wrong date may make it days, or infinite."""


@dataclass(frozen=True, slots=True)
class Call:
    """One body and how it is sent."""

    body: bytes
    stream: bool = False
    resolve_upload: bool = False
    """Whether the image is an `oss://` address."""
    image_size: tuple[int, int] | None = None


class Endpoint:
    """The address of one region's service in one dialect; `seconds` is the longest that a call may take."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        protocol: Protocol,
        headers: dict[str, str],
        redact: Redactor,
        *,
        seconds: float,
    ) -> None:
        self._http = http
        self._url = httpx.URL(url)  # parsed once, not for every call
        self._protocol = protocol
        self._headers = {**headers, "Content-Type": "application/json; charset=utf-8"}
        self._redact = redact
        self._seconds = seconds
        self._has_answered = False

    async def call(self, call: Call) -> Outcome:
        """Send one body. Never raises for what the service or the network does."""
        clock = asyncio.get_running_loop().time
        started = clock()
        request = self._http.build_request(
            "POST", self._url, content=call.body, headers=self._headers_for(call)
        )
        received = await exchange(self._http, request, self._redact, seconds=self._seconds)
        try:
            outcome = self._outcome(received, call)
        except MalformedAnswer as error:
            outcome = _unreadable(ServiceFault(200, "", str(error)), self._redact.answer(received.text))
        return replace(outcome, latency_ms=(clock() - started) * 1000)

    def _headers_for(self, call: Call) -> dict[str, str]:
        headers = dict(self._headers)
        headers["Accept"] = "text/event-stream" if call.stream else "application/json"
        if call.stream and self._protocol is Protocol.NATIVE:
            headers["X-DashScope-SSE"] = "enable"
        if call.resolve_upload:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        return headers

    def _outcome(self, received: Received, call: Call) -> Outcome:
        """Raises MalformedAnswer for a 200 that holds no answer."""
        is_stream = received.headers.get("content-type", "").startswith("text/event-stream")
        if call.stream and is_stream and received.is_success:
            return self._of_stream(received, call)
        if received.broken is not None:
            # a limit of the account is told by the status alone, and is not billed
            return Outcome(
                received.broken,
                may_be_billed=received.was_sent and not isinstance(received.broken, Throttled),
                timed_out=received.timed_out,
                retry_after_seconds=_retry_after(received.headers),
            )
        return self._of_body(received, call)

    def _of_body(self, received: Received, call: Call) -> Outcome:
        raw = self._redact.answer(received.text)
        body = parsed(raw)
        if body is None:
            what = " ".join(raw[:_EXCERPT_CHARACTERS].split())
            fault = ServiceFault(received.status, "", f"not JSON: {what!r}" if what else "an empty answer")
            if received.is_success:
                return _unreadable(fault, raw)
            # a gateway's page says nothing of what the service behind it did, or billed
            outcome = replace(
                self._of_fault(fault, raw, received.headers), may_be_billed=received.status >= 500
            )
            if isinstance(outcome.result, RunRefused) and self._has_answered:
                # at this address the service has answered: one page of something else must not end the run
                return replace(outcome, result=Unreadable(outcome.result.fault, outcome.result.next_step))
            return outcome
        if received.is_success and not names_an_error(body):
            answer = parse_answer(body, call.image_size)
            self._has_answered = True
            return Outcome(answer, raw)
        return self._of_fault(fault_in(received.status, body, self._redact), raw, received.headers)

    def _of_fault(self, fault: ServiceFault, raw: str, headers: httpx.Headers) -> Outcome:
        error, timed_out = classify(fault), _is_time_limit(fault)
        return Outcome(
            error,
            self._redact.message(raw),
            may_be_billed=timed_out or isinstance(error, Unreadable),
            timed_out=timed_out,
            retry_after_seconds=_retry_after(headers),
        )

    def _of_stream(self, received: Received, call: Call) -> Outcome:
        streamed = StreamedAnswer.of(received.content, self._protocol)
        if streamed.fault is not None:
            status, body = streamed.fault
            fault = fault_in(status, body, self._redact)
            return self._of_stopped(
                classify(fault), self._redact.message(written(body)), streamed, call, _is_time_limit(fault)
            )
        if streamed.ended:  # then the answer is whole, whatever happens to the connection afterwards
            raw = self._raw_of(streamed)
            answer = parse_answer(parsed(raw), call.image_size)
            self._has_answered = True
            return Outcome(answer, raw)
        error = received.broken or classify(ServiceFault(0, "", "the stream ended before the answer did"))
        return self._of_stopped(error, None, streamed, call, received.timed_out)

    def _of_stopped(
        self, error: ServiceError, raw: str | None, streamed: StreamedAnswer, call: Call, timed_out: bool
    ) -> Outcome:
        """A stream that ended in an error: what had come is kept, for it is paid for."""
        if not streamed.has_text:
            may_be_billed = timed_out or streamed.fault is None
            return Outcome(error, raw, may_be_billed=may_be_billed, timed_out=timed_out)
        kept = self._raw_of(streamed)
        partial = parse_answer(parsed(kept), call.image_size, broken_off=str(error))
        if timed_out:  # asking again would meet the same limit
            return Outcome(partial, kept, may_be_billed=True, timed_out=True)
        return Outcome(error, kept, may_be_billed=True, partial=partial)

    def _raw_of(self, streamed: StreamedAnswer) -> str:
        return self._redact.answer(written(streamed.body()))


def _unreadable(fault: ServiceFault, raw: str) -> Outcome:
    error = Unreadable(fault, "It was asked for twice; run again later to try once more.")
    return Outcome(error, raw, may_be_billed=True)


def _is_time_limit(fault: ServiceFault) -> bool:
    return fault.code in (_TIME_LIMIT_CODE, READ_TIME_LIMIT)


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
    return max(seconds, 0.0)


def _date(text: str) -> datetime | None:
    """A date of HTTP, in any of its three forms; None for anything else."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
