"""When the next call of an account may start: a function of the calls that started just before.

Two rules together. *Smooth*: calls and tokens are spread evenly, so that no second begins with a bunch. *Strict*: in
any one second no more calls and tokens than a sixtieth of the account's minute, because the service enforces its limits
per second too (the product guide, "Rate limits": RPM/60 and TPM/60). Times are seconds on any one clock.
"""

import math
from collections import deque
from dataclasses import dataclass, field

WINDOW_SECONDS = 1.01
"""The second in which calls are counted: longer by what the network may shift two calls against each other."""

_EARLY_SECONDS = 0.02
"""How far a call may run ahead of the even spread. It makes up for timers that wake late; the strict rule holds."""


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What the account may do per minute; None where that is not known."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    def __post_init__(self) -> None:
        for limit in (self.requests_per_minute, self.tokens_per_minute):
            if limit is not None and not 0 < limit < math.inf:
                raise ValueError(f"a limit per minute is a number above 0, or None when unknown; not {limit}")

    @property
    def known(self) -> bool:
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass(slots=True, eq=False)
class Started:
    """One call that started: when, and the tokens it is taken to use until the service says."""

    at: float
    tokens: int


@dataclass(slots=True)
class Pace:
    """The calls of the last second, and when calls and tokens before them are paid off at the even spread."""

    calls_due: float = -math.inf
    tokens_due: float = -math.inf
    recent: deque[Started] = field(default_factory=deque)

    def earliest(self, limits: AccountLimits, tokens: int) -> float:
        """The earliest start of a call of so many tokens; it may lie in the past.

        A call of more tokens than a whole second allows goes alone, and later calls wait until it is paid off.
        A fraction of a call counts as one: at 100 a minute two may fall into one second, 0.6 s apart.
        """
        at = max(self.calls_due, self.tokens_due) - _EARLY_SECONDS
        if limits.requests_per_minute is not None:
            calls_per_second = limits.requests_per_minute / 60
            allowed = math.ceil(calls_per_second)
            if len(self.recent) >= allowed:
                at = max(at, self.recent[-allowed].at + allowed * WINDOW_SECONDS / calls_per_second)
        if limits.tokens_per_minute is not None:
            room = limits.tokens_per_minute / 60 - tokens
            for started in reversed(self.recent):
                room -= started.tokens
                if room < 0:
                    return max(at, started.at + WINDOW_SECONDS)
        return at

    def start(
        self, limits: AccountLimits, now: float, tokens: int, *, share: float, rising: float
    ) -> Started:
        """Note a call that starts now, at this share of the limits, which still rises for so many seconds."""
        if limits.requests_per_minute is not None:
            due = 60 * WINDOW_SECONDS / limits.requests_per_minute
            self.calls_due = max(self.calls_due, now) + min(due / share, due + rising)
        if limits.tokens_per_minute is not None:
            due = 60 * WINDOW_SECONDS * tokens / limits.tokens_per_minute
            self.tokens_due = max(self.tokens_due, now) + min(due / share, due + rising)
        started = Started(now, tokens)
        self.recent.append(started)
        self._forget(limits, now)
        return started

    def correct(self, limits: AccountLimits, started: Started, tokens: int) -> None:
        """Pay for what the service counted instead of the estimate.

        The second of the start stays as full as it was: whether the service counts the one or the other is not known.
        """
        if limits.tokens_per_minute is not None:
            self.tokens_due += 60 * WINDOW_SECONDS * (tokens - started.tokens) / limits.tokens_per_minute
        started.tokens = max(started.tokens, tokens)

    def give_back(self, limits: AccountLimits, started: Started) -> None:
        """Undo a start that was not used."""
        self.correct(limits, started, 0)
        if limits.requests_per_minute is not None:
            self.calls_due -= 60 * WINDOW_SECONDS / limits.requests_per_minute
        if started in self.recent:
            self.recent.remove(started)

    def _forget(self, limits: AccountLimits, now: float) -> None:
        """Drop the calls that no rule looks at any more."""
        kept = remembered_seconds(limits)
        while self.recent and self.recent[0].at <= now - kept:
            self.recent.popleft()


def remembered_seconds(limits: AccountLimits) -> float:
    """How long a start matters: the window, or longer where less than one call a second is allowed."""
    if limits.requests_per_minute is None:
        return WINDOW_SECONDS
    calls_per_second = limits.requests_per_minute / 60
    return math.ceil(calls_per_second) * WINDOW_SECONDS / calls_per_second
