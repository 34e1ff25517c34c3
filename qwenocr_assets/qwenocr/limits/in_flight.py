"""How many calls are on their way at once: fewer when the service is overloaded, more again when it answers."""

import asyncio

_SHRINK = 0.7
_OVERLOADED_SHARE = 0.2
"""Failures among recent calls from which they are taken for overload. Single failures are the service's noise, and
shrinking at each of them would starve the rate long before one call in fifty fails."""
_MEMORY = 0.1
"""Weight of the newest call in the averages."""


class InFlight:
    """Counts calls on their way. One caller at a time waits for a place: the head of the limiter's queue."""

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError(f"at least one call must be allowed in flight, not {most}")
        self.running = 0
        self.limit = float(most)
        self._most = most
        self._freed = asyncio.Event()
        self._failing = 0.0
        self._typical_seconds = 1.0
        self._shrunk_at = float("-inf")

    @property
    def full(self) -> bool:
        return self.running >= int(self.limit)

    async def place(self) -> None:
        """Wait until fewer calls are on their way than may be."""
        while self.full:
            self._freed.clear()
            await self._freed.wait()

    def leave(self) -> None:
        self.running -= 1
        self._freed.set()

    def answered(self, seconds: float) -> None:
        """A call was answered after so many seconds: one place more for each round of answers."""
        self._failing *= 1 - _MEMORY
        self._typical_seconds += (seconds - self._typical_seconds) * _MEMORY
        self.limit = min(self._most, self.limit + 1 / self.limit)

    def failed(self, now: float) -> None:
        """A call failed in a way that overload would explain: a server error, a time limit, a dropped connection."""
        self._failing += (1 - self._failing) * _MEMORY
        if self._failing > _OVERLOADED_SHARE:
            self.shrink(now)

    def shrink(self, now: float) -> None:
        """Fewer calls at once; no more than once in the time that a call takes, since others are still under way."""
        if now - self._shrunk_at < self._typical_seconds:
            return
        self._shrunk_at = now
        self._failing = 0.0
        self.limit = max(1.0, min(self.limit, self.running + 1) * _SHRINK)
