"""What the calls of an account know about its limits: the pace, the share of it that is used, and pauses.

The share of the allowed rate rises slowly after a start, falls when the service throttles and rises again. Throttling
pauses everyone, longer and longer while it goes on; when to give up is not decided here.
Values and rules only: times come in as seconds on any one clock.
"""

import math
from dataclasses import dataclass, field

from qwenocr_assets.qwenocr.limits.pace import AccountLimits, Pace, Started

_FIRST_SHARE = 0.25
_LEAST_SHARE = 0.05
_SHARE_AFTER_THROTTLING = 0.8
_RECOVERY_SECONDS = 120.0
"""From no share to the whole after the rate was too high. Where the true limit is half of the known one, calls refused
and rate left unused: 3.5 % and 22 % with 60 s, 1.8 % and 17 % with 120 s."""

_IDLE_SECONDS = 5.0
"""After so long without calls a sudden rush may be taken for a burst again. How long it takes is not documented."""

_TICK_SECONDS = 1e-6
"""Waiting less is no waiting: clocks are no finer."""

_FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
"""The product guide: a throttled account usually recovers within a minute."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What does not change during a run."""

    limits: AccountLimits
    ramp_seconds: float = 10.0
    """From a quarter of the rate to the whole; 0 starts with the whole."""

    @property
    def first_share(self) -> float:
        return _FIRST_SHARE if self.ramp_seconds > 0 else 1.0

    @property
    def rise(self) -> float:
        """Share gained per second after a start."""
        return (1 - _FIRST_SHARE) / self.ramp_seconds if self.ramp_seconds > 0 else 1 / _RECOVERY_SECONDS


@dataclass(slots=True)
class Account:
    """The state of one account, as every process that uses it should see it."""

    pace: Pace = field(default_factory=Pace)
    share: float = 1.0
    """The share at `rises_from`; from then on it rises by `rise` a second up to 1."""
    rises_from: float = -math.inf
    rise: float = 0.0
    held_until: float = -math.inf
    pause_seconds: float = 0.0
    """The last pause; 0 once a call that was sent after it has been answered."""
    throttled_at: float = -math.inf
    busy_until: float = -math.inf
    """The last start or the end of the last pause."""

    def share_at(self, now: float) -> float:
        return min(1.0, self.share + self.rise * max(0.0, now - self.rises_from))

    def reserve(self, rules: Rules, now: float, tokens: int) -> Started | float:
        """Start a call now, or the seconds until it is worth asking again."""
        if now - max(self.busy_until, self.pace.calls_due, self.pace.tokens_due) > _IDLE_SECONDS:
            self.restart(rules, now)
        wait = max(self.held_until, self.pace.earliest(rules.limits, tokens)) - now
        if wait > _TICK_SECONDS:
            return wait
        share = self.share_at(now)
        rising = (1 - share) / self.rise if share < 1 else 0.0
        started = self.pace.start(rules.limits, now, tokens, share=share, rising=rising)
        self.busy_until = now
        return started

    def answered(self, rules: Rules, started: Started, tokens: int) -> None:
        """The service answered and counted so many tokens."""
        self.pace.correct(rules.limits, started, tokens)
        if started.at > self.throttled_at:
            self.pause_seconds = 0.0

    def give_back(self, rules: Rules, started: Started) -> None:
        """The call did not go after all."""
        self.pace.give_back(rules.limits, started)

    def throttled(self, rules: Rules, now: float, started: Started, *, burst: bool) -> bool:
        """The service refused the call for its rate. Was that news?

        What was sent before the last pause tells nothing new: it was already on its way.
        """
        if started.at <= self.throttled_at:
            return False
        share = self.share_at(now)
        self.share = (
            min(share, rules.first_share) if burst else max(_LEAST_SHARE, share * _SHARE_AFTER_THROTTLING)
        )
        self.rise = rules.rise if burst else 1 / _RECOVERY_SECONDS
        self.pause_seconds = min(LONGEST_PAUSE_SECONDS, 2 * self.pause_seconds or _FIRST_PAUSE_SECONDS)
        self.throttled_at = now
        self.held_until = self.rises_from = self.busy_until = now + self.pause_seconds
        return True

    def restart(self, rules: Rules, now: float) -> None:
        """Begin slowly again: after a start, a long idle time, or when a service that was down is back."""
        self.share = min(self.share_at(now), rules.first_share)
        self.rise = rules.rise
        self.rises_from = max(now, self.held_until)
