"""The limits of an account, enforced as the service does: for each model, over all that call it.

Requests and tokens count over the last 60 seconds and, at a sixtieth of that, over the last second (the product's
page on rate limits). What counts when, where the service does not say:

* a call counts from the moment it is let in; a refused call counts nowhere;
* its tokens, input and output as its answer's usage will say, count from the moment that this usage is known,
  which for an app that answers at once is the moment of the call. A call refused for its tokens has by then
  counted as a request;
* a call with more tokens than a second or a minute allows is let in when no other counts there;
* an entry is forgotten a millisecond early, so that a caller at exactly the limit's pace is not refused.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from qwenocr_assets.engine.wire.errors import ErrorCode, WireError

_GRACE_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class BurstRamp:
    """How fast calls may rise: the service refuses a rise that is too quick, and does not say which is.

    After `idle_seconds` without a call, `start_share` of the limit is allowed in the first second, and evenly more
    until `ramp_seconds` later it is the whole. Who starts at a quarter of the limit and reaches it in 10 seconds
    stays below it throughout.
    """

    idle_seconds: float = 10.0
    start_share: float = 0.5
    ramp_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What each model of an account allows. None is no limit; the ramp holds only where requests are limited."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    burst_ramp: BurstRamp | None = field(default_factory=BurstRamp)


class SlidingWindow:
    """The sum of what was added in the last `seconds`. Times must not run backwards."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._entries: deque[tuple[float, int]] = deque()
        self._total = 0

    def total(self, now: float) -> int:
        forgotten = now - self._seconds + _GRACE_SECONDS
        while self._entries and self._entries[0][0] <= forgotten:
            self._total -= self._entries.popleft()[1]
        return self._total

    def add(self, now: float, amount: int) -> int:
        """The sum with this amount."""
        self._entries.append((now, amount))
        self._total += amount
        return self.total(now)


class Account:
    """All models of one account."""

    def __init__(self, limits: AccountLimits) -> None:
        self._limits = limits
        self._models: dict[str, _ModelAccount] = {}

    def admit(self, model: str, now: float) -> None:
        """Count one call. Raises WireError when a limit is met."""
        self._of(model).admit(now)

    def spend(self, model: str, tokens: int, now: float) -> None:
        """Count the tokens of a call that was admitted. Raises WireError when the limit is met."""
        self._of(model).spend(tokens, now)

    def _of(self, model: str) -> "_ModelAccount":
        if model not in self._models:
            self._models[model] = _ModelAccount(self._limits)
        return self._models[model]


class _ModelAccount:
    def __init__(self, limits: AccountLimits) -> None:
        self._limits = limits
        self._requests_of_minute, self._requests_of_second = SlidingWindow(60), SlidingWindow(1)
        self._tokens_of_minute, self._tokens_of_second = SlidingWindow(60), SlidingWindow(1)
        self._rising_since = self._last_call = -math.inf

    def admit(self, now: float) -> None:
        if self._is_full_of_tokens(now):
            raise _allocation_quota()
        per_minute = self._limits.requests_per_minute
        if per_minute is not None:
            in_second = self._requests_of_second.total(now)
            per_second = math.ceil(per_minute / 60)
            if self._requests_of_minute.total(now) >= per_minute or in_second >= per_second:
                raise WireError(ErrorCode.RATE_QUOTA, "Requests rate limit exceeded, please try again later.")
            if in_second >= math.ceil(per_second * self._ramp_share(now)):
                raise WireError(
                    ErrorCode.BURST_RATE,
                    "Request rate increased too quickly. To ensure system stability, please adjust your client "
                    "logic to scale requests more smoothly over time.",
                )
        self._requests_of_minute.add(now, 1)
        self._requests_of_second.add(now, 1)
        if (ramp := self._limits.burst_ramp) and now - self._last_call >= ramp.idle_seconds:
            self._rising_since = now
        self._last_call = now

    def _ramp_share(self, now: float) -> float:
        ramp = self._limits.burst_ramp
        if ramp is None:
            return 1.0
        idle = now - self._last_call >= ramp.idle_seconds
        risen = 0.0 if idle else (now - self._rising_since) / ramp.ramp_seconds
        return min(1.0, ramp.start_share + (1 - ramp.start_share) * risen)

    def _is_full_of_tokens(self, now: float) -> bool:
        per_minute = self._limits.tokens_per_minute
        return per_minute is not None and (
            self._tokens_of_minute.total(now) >= per_minute
            or self._tokens_of_second.total(now) >= per_minute / 60
        )

    def spend(self, tokens: int, now: float) -> None:
        per_minute = self._limits.tokens_per_minute
        if per_minute is None:
            return
        for window, allowed in (
            (self._tokens_of_minute, per_minute),
            (self._tokens_of_second, per_minute / 60),
        ):
            if 0 < window.total(now) > allowed - tokens:
                raise _allocation_quota()
        self._tokens_of_minute.add(now, tokens)
        self._tokens_of_second.add(now, tokens)


def _allocation_quota() -> WireError:
    return WireError(
        ErrorCode.ALLOCATION_QUOTA, "Allocated quota exceeded, please increase your quota limit."
    )
