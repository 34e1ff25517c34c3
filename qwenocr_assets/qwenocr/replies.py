"""What came of one request, call by call and in the end."""

from dataclasses import dataclass
from datetime import UTC, datetime

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.errors import Retryable, ServiceError, Throttled
from qwenocr_assets.qwenocr.images import SentAs
from qwenocr_assets.qwenocr.wire.endpoint import Outcome


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request."""

    answer: Answer | None
    error: ServiceError | None
    raw: str | None
    """The body of the last HTTP answer, secrets hidden; None when there was none."""
    attempts: int
    """Calls that count: those the account's limit turned away do not."""
    latency_ms: float
    """Time of the last call."""
    answered_at: datetime
    throttled: int = 0
    """Calls that the account's limit turned away."""
    waited_ms: float = 0.0
    """Time spent waiting for limits, pauses between calls included."""
    sent_as: SentAs | None = None
    """How the image travelled; None when nothing was sent."""


@dataclass(slots=True)
class Tally:
    """What has happened to one request so far."""

    sent_as: SentAs | None = None
    calls: int = 0
    throttled: int = 0
    waited_seconds: float = 0.0
    asked_seconds: float = 0.0
    """Of these, what the service asked for."""
    timed_out: bool = False
    partial: Answer | None = None
    partial_raw: str | None = None
    last: Outcome | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one call and keep what came of it."""
        self.calls += 1
        self.throttled += isinstance(outcome.result, Throttled)
        self.timed_out |= outcome.timed_out
        self.last = outcome
        if outcome.partial is not None:
            self.partial, self.partial_raw = outcome.partial, outcome.raw

    @property
    def attempts(self) -> int:
        """Calls that count: the account's limit is no fault of the page."""
        return self.calls - self.throttled

    def reply(self, result: Answer | ServiceError) -> Reply:
        """The reply, if `result` ends it; what an earlier call had brought before it broke off is no failure."""
        raw = self.last.raw if self.last else None
        if isinstance(result, Retryable) and self.partial is not None:
            result, raw = self.partial, self.partial_raw
        return Reply(
            answer=result if isinstance(result, Answer) else None,
            error=result if isinstance(result, ServiceError) else None,
            raw=raw,
            attempts=self.attempts,
            latency_ms=self.last.latency_ms if self.last else 0.0,
            answered_at=datetime.now(UTC),
            throttled=self.throttled,
            waited_ms=self.waited_seconds * 1000,
            sent_as=self.sent_as if self.last else None,
        )
