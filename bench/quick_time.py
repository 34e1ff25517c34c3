"""An event loop whose time passes faster than the clock's: for callers in threads, which virtual time does not suit."""

import asyncio
import selectors


class QuickTimeLoop(asyncio.SelectorEventLoop):
    """A loop on which a second takes one `speed`th of one. Sockets and threads work as ever."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        super().__init__(_ShorterWaits(speed))

    def time(self) -> float:
        return super().time() * self._speed


class _ShorterWaits(selectors.DefaultSelector):
    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / self._speed)
