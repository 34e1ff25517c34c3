"""Ending a run without losing what is paid: what is in flight is awaited, and nothing new is asked."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Drain:
    """Whether a run is to end. The first wish ends it when what is in flight is answered, the second at once.

    `seconds` is how long that is waited for; `on_begin` is called when questions end for it.
    """

    def __init__(self, seconds: float, on_begin: Callable[[], object] = lambda: None) -> None:
        self.seconds = seconds
        self.begun = False
        self._on_begin = on_begin
        self._tell: Callable[[], object] | None = None

    def wish(self) -> None:
        """The run shall end; from a signal or from any thread."""
        self.begun = True
        if self._tell is not None:
            self._tell()

    @contextlib.contextmanager
    def told(self, begin: Callable[[], object], end: Callable[[], object]) -> Iterator[None]:
        """In a running event loop: have `begin` called when nothing new may be asked, `end` when time is up."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def told_so() -> None:
            nonlocal timer
            if timer is None:
                timer = loop.call_later(self.seconds, end)
                begin()
                self._on_begin()
            else:
                end()

        def tell() -> None:
            loop.call_soon_threadsafe(told_so)

        self._tell = tell
        if self.begun:
            told_so()
        try:
            yield
        finally:
            self._tell = None
            if timer is not None:
                timer.cancel()


@contextlib.contextmanager
def draining_on_signals(seconds: float, on_begin: Callable[[], object]) -> Iterator[Drain]:
    """A drain that Ctrl-C and SIGTERM begin. At the end the signal is passed on to whoever took it before.

    Outside of the main thread no signals come, and whoever started the thread ends it.
    """
    drain = Drain(seconds, on_begin)
    if threading.current_thread() is not threading.main_thread():
        yield drain
        return
    came: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        came.append(number)
        drain.wish()

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield drain
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
