"""One queue for all calls of a process to one account: it lets a call go when the account's limits allow it.

Calls go in the order in which they asked. Only the head of the queue waits for anything: for the service to be up, for
a place in flight, and for the pace. It looks again after each wait, so a change of any of them works at once, and what
is cancelled while waiting has taken nothing.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from qwenocr_assets.qwenocr.limits.account import Rules
from qwenocr_assets.qwenocr.limits.breaker import Breaker
from qwenocr_assets.qwenocr.limits.calls import Calls, OwnCalls
from qwenocr_assets.qwenocr.limits.in_flight import InFlight
from qwenocr_assets.qwenocr.limits.pace import AccountLimits, Started

_LONGEST_SLEEP_SECONDS = 1.0
"""Tokens are corrected and pauses agreed elsewhere while the head of the queue sleeps."""


class Limiter:
    """Paces the calls of one account. Make it where it is used: inside the running event loop.

    `calls` says where the account's state lives: with None in this process alone. `ramp_seconds` is the time from a
    quarter of the allowed rate to the whole. After `failures` failures in a row only probes go, and when they have
    failed for `patience_seconds`, waiting raises `ServiceDown`; so it does when the account's limit has turned every
    call away for `throttled_seconds`. `tell` hears of both when they begin.
    """

    def __init__(
        self,
        limits: AccountLimits,
        *,
        max_in_flight: int,
        calls: Calls | None = None,
        ramp_seconds: float = 10.0,
        failures: int = 10,
        patience_seconds: float = 900.0,
        throttled_seconds: float = 86_400.0,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._rules = Rules(limits, ramp_seconds)
        self._calls = calls if calls is not None else OwnCalls()
        self._in_flight = InFlight(max_in_flight)
        self._breaker = Breaker(
            failures=failures,
            patience_seconds=patience_seconds,
            throttled_seconds=throttled_seconds,
            tell=tell,
        )
        self._turnstile = asyncio.Lock()
        self._clock = asyncio.get_running_loop().time

    @property
    def in_flight(self) -> int:
        """Calls on their way."""
        return self._in_flight.running

    @property
    def most_in_flight(self) -> int:
        """Calls that may be on their way at once, as the service bears it now."""
        return int(self._in_flight.limit)

    def slot(self, estimated_tokens: int) -> "Slot":
        """A place for one HTTP call of about so many tokens, as an async context manager."""
        return Slot(self, estimated_tokens)

    async def _enter(self, slot: "Slot") -> None:
        asked_at = self._clock()
        async with self._turnstile:
            started: Started | float = 0.0
            while not isinstance(started, Started):
                if started > 0:
                    await asyncio.sleep(min(started, _LONGEST_SLEEP_SECONDS))
                await self._breaker.passage()
                while self._in_flight.full:
                    await self._in_flight.place()
                    await self._breaker.passage()
                started = await self._calls.reserve(self._rules, slot.estimated_tokens)
            self._in_flight.running += 1
            slot.started = started
            slot.probe = self._breaker.started()
            slot.closings = self._breaker.closings
            slot.sent_at = self._clock()
            slot.waited_ms = (slot.sent_at - asked_at) * 1000

    async def _leave(self, slot: "Slot") -> None:
        now = self._clock()
        self._in_flight.leave()
        started = slot.started
        assert started is not None
        match slot.outcome:
            case "answered":
                self._in_flight.answered(now - slot.sent_at)
                came_back = self._breaker.answered()
                await self._calls.answered(self._rules, started, slot.total_tokens)
            case "throttled" | "throttled burst":
                came_back = self._breaker.throttled(now)
                news = await self._calls.throttled(
                    self._rules, started, burst=slot.outcome == "throttled burst"
                )
                if news and not self._rules.limits.known:
                    self._in_flight.shrink(now)
            case "failed":
                came_back = False
                self._in_flight.failed(now)
                self._breaker.failed(now, probe=slot.probe, closings=slot.closings, reason=slot.reason)
            case None:
                came_back = False
                self._breaker.no_sign(probe=slot.probe)
        if came_back:
            await self._calls.restart(self._rules)


class Slot:
    """One HTTP call: say what came of it, or nothing when that is no sign of how the service is."""

    __slots__ = (
        "_limiter",
        "closings",
        "estimated_tokens",
        "outcome",
        "probe",
        "reason",
        "sent_at",
        "started",
        "total_tokens",
        "waited_ms",
    )

    def __init__(self, limiter: Limiter, estimated_tokens: int) -> None:
        self._limiter = limiter
        self.estimated_tokens = estimated_tokens
        self.waited_ms = 0.0
        """Time from asking until the call could go."""
        self.started: Started | None = None
        self.sent_at = 0.0
        self.probe = False
        self.closings = 0
        self.outcome: Literal["answered", "throttled", "throttled burst", "failed"] | None = None
        self.total_tokens = 0
        self.reason = ""

    def answered(self, total_tokens: int) -> None:
        """The service answered; by its own count the call used so many tokens."""
        self.outcome, self.total_tokens = "answered", total_tokens

    def throttled(self, *, burst: bool = False) -> None:
        """The service refused the call for the account's rate, or because the rate rose too fast."""
        self.outcome = "throttled burst" if burst else "throttled"

    def failed(self, reason: str = "") -> None:
        """A server error, a time limit or a dropped connection; `reason` is named if the service stays down."""
        self.outcome, self.reason = "failed", reason

    async def __aenter__(self) -> Self:
        await self._limiter._enter(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limiter._leave(self)
