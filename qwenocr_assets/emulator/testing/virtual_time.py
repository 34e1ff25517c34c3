"""An event loop in which waiting takes no time: ten simulated minutes of sleeping run in the CPU time of their work.

Whenever nothing is ready, its clock jumps to the next timer. So only code that waits by the loop (`asyncio.sleep`,
`call_later`, time limits) and tells the time by `asyncio.get_running_loop().time()` is simulated. While
`asyncio.to_thread` works the clock stands still. It does not suit sockets: the clock would jump while they work.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
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
        self.threads_at_work = 0
        super().__init__(_NoWaiting(self))

    def time(self) -> float:
        return self._simulated_seconds

    def jump(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._simulated_seconds += seconds

    def run_in_executor(  # type: ignore[override]  # as typed there, it cannot be overridden
        self, executor: Executor | None, func: Callable[..., Any], *arguments: Any
    ) -> asyncio.Future[Any]:
        def ended(_: object) -> None:
            self.threads_at_work -= 1

        self.threads_at_work += 1
        future = super().run_in_executor(executor, func, *arguments)
        future.add_done_callback(ended)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002
        """Threads end in their own time: from Python 3.12 on a limit is given, which would be over at once."""
        await super().shutdown_default_executor()


class _NoWaiting(selectors.DefaultSelector):
    """Waits for real only for threads, which wake the loop when they have ended."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (timeout > 0 and self._loop.threads_at_work):
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self._loop.jump(timeout)
        return ready
