"""An event loop in which waiting takes no time: ten simulated minutes of sleeping run in the CPU time of their work.

Whenever nothing is ready, its clock jumps to the next timer. So only code that waits by the loop (`asyncio.sleep`,
`call_later`, time limits) and tells the time by `asyncio.get_running_loop().time()` is simulated. It suits neither
sockets nor threads: the clock would jump while they work.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run_in_virtual_time(main: Coroutine[Any, Any, _T]) -> _T:
    """Like `asyncio.run`, in virtual time that starts at 0."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose `time()` is in simulated seconds and moves only when every task waits."""

    def __init__(self) -> None:
        self._simulated_seconds = 0.0
        super().__init__(_NoWaiting(self))

    def time(self) -> float:
        return self._simulated_seconds

    def jump(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._simulated_seconds += seconds


class _NoWaiting(selectors.DefaultSelector):
    """Waits for real only when no timer is set, since then only another thread can wake the loop."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self._loop.jump(timeout)
        return ready
