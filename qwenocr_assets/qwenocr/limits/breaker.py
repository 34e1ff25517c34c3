"""When every call fails, stop calling and try with one call from time to time; when it goes on for long, give up."""

import asyncio
from collections.abc import Callable

from qwenocr_assets.qwenocr.errors import ServiceDown, ServiceFault

_FIRST_COOL_DOWN_SECONDS = 2.0
_LONGEST_COOL_DOWN_SECONDS = 60.0
_RECHECK_SECONDS = 1.0
_TOLD_SECONDS = 60.0
"""Of nothing but throttling, from which people are told."""


class Breaker:
    """Opens after so many failures in a row; one probe at a time is let through until a call is answered."""

    def __init__(
        self,
        *,
        failures: int,
        patience_seconds: float,
        throttled_seconds: float,
        tell: Callable[[str], object],
    ) -> None:
        self._failures = failures
        self._patience_seconds = patience_seconds
        self._throttled_seconds = throttled_seconds
        self._tell = tell
        self._throttled_since: float | None = None
        self._told = False
        self._in_a_row = 0
        self._opened_at: float | None = None
        self._cool_down_seconds = 0.0
        self._probe_at = 0.0
        self._probing = False
        self._probe_ended = asyncio.Event()
        self._down: ServiceFault | None = None
        self.closings = 0
        """How often it closed: a failure of a call that was sent before says nothing about the time after."""

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    async def passage(self) -> None:
        """Wait until a call may go. Raises ServiceDown when probes have failed for too long."""
        loop = asyncio.get_running_loop()
        while self._opened_at is not None:
            if self._down is not None:
                raise ServiceDown(
                    self._down, "Wait until the service works again, then run again: it resumes."
                )
            if self._probing:
                self._probe_ended.clear()
                await self._probe_ended.wait()
            elif (wait := self._probe_at - loop.time()) > 0:
                await asyncio.sleep(min(wait, _RECHECK_SECONDS))
            else:
                return

    def started(self) -> bool:
        """A call went. Is it the probe?"""
        self._probing = self._opened_at is not None
        return self._probing

    def answered(self) -> bool:
        """The service answered. Was it taken to be down until now?"""
        self._throttled_since, self._told = None, False
        return self._alive()

    def throttled(self, now: float) -> bool:
        """The service refused a call for its rate: it is there. Was it taken to be down until now?

        An account that nothing but this comes to is given up as well: its limit may be that of a day or a month.
        """
        if self._throttled_since is None:
            self._throttled_since = now
        seconds = now - self._throttled_since
        if seconds >= self._throttled_seconds:
            text = f"the account's limit has turned every call away for {seconds / 60:.0f} minutes"
            self._down = ServiceFault(429, "Throttled", text)
            self._opened_at = self._opened_at or now
            self._end_probe()
            return False
        if seconds >= _TOLD_SECONDS and not self._told:
            self._told = True
            self._tell(
                f"The account's limit turns every call away (HTTP 429). Calls go on slowly, for at most "
                f"{self._throttled_seconds / 60:.0f} minutes without an answer."
            )
        return self.is_open and self._alive()

    def _alive(self) -> bool:
        self._in_a_row = 0
        if self._opened_at is None:
            return False
        self._opened_at = self._down = None
        self.closings += 1
        self._end_probe()
        return True

    def failed(self, now: float, *, probe: bool, closings: int, reason: str) -> None:
        """A call failed that was sent when the breaker had closed so many times."""
        if self._opened_at is None:
            if closings != self.closings:
                return
            self._in_a_row += 1
            if self._in_a_row < self._failures:
                return
            self._opened_at = now
            self._tell(
                f"The last {self._failures} calls failed ({reason}). One is tried from time to time, for at most "
                f"{self._patience_seconds / 60:.0f} minutes without an answer."
            )
            self._cool_down_seconds = _FIRST_COOL_DOWN_SECONDS
        elif probe:
            self._cool_down_seconds = min(_LONGEST_COOL_DOWN_SECONDS, 2 * self._cool_down_seconds)
            down_seconds = now - self._opened_at
            if down_seconds >= self._patience_seconds:
                text = f"no call was answered for {down_seconds / 60:.0f} minutes; the last error: {reason}"
                self._down = ServiceFault(0, "ServiceDown", text)
            self._end_probe()
        else:
            return
        self._probe_at = now + self._cool_down_seconds

    def no_sign(self, *, probe: bool) -> None:
        """A call ended without saying anything about the service; after a probe, another one may go."""
        if probe:
            self._end_probe()

    def _end_probe(self) -> None:
        self._probing = False
        self._probe_ended.set()
