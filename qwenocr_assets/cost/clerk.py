"""Writing into the ledger for many calls at once: what comes within a few milliseconds is one transaction.

A transaction waits for the disk, and costs more than what it writes; calls to the service take seconds, so that a few
milliseconds more do not matter to them.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from qwenocr_assets.cost.ledger import Ledger

_GATHER_SECONDS = 0.01

T = TypeVar("T")
Work = Callable[[Connection], T]


class Clerk:
    """Takes work on the ledger from the tasks of one event loop, and does it in a thread, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = []
        self._writer: asyncio.Task[None] | None = None

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Have this done in the next transaction; the future is done when it is on disk.

        When a transaction fails, everything in it gets its error.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return done

    async def close(self) -> None:
        """Wait until everything that was submitted is on disk."""
        while self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(_GATHER_SECONDS)
                group, self._waiting = self._waiting, []
                try:
                    results = await asyncio.to_thread(self._transaction, [work for work, _ in group])
                except Exception as error:  # noqa: BLE001  handed to whoever waits for it
                    for _, done in group:
                        _finish(done, error=error)
                else:
                    for (_, done), result in zip(group, results, strict=True):
                        _finish(done, result)
        finally:
            self._writer = None

    def _transaction(self, group: list[Work[Any]]) -> list[Any]:
        with self._ledger.writing() as connection:
            return [work(connection) for work in group]


def _finish(done: asyncio.Future[Any], result: Any = None, *, error: Exception | None = None) -> None:
    if done.done():  # nobody waits any more
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
