"""Asking many requests at once, and keeping every reply as it comes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.keeping import Keeper, Save
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.errors import AboveReserve, StorageError
from qwenocr_assets.qwenocr.errors import RunRefused, ServiceError
from qwenocr_assets.qwenocr.replies import Reply

_FLUSH_SECONDS = 0.25

Question = TypeVar("Question")


class AskedElsewhere(Exception):
    """Another batch asks the same just now: nothing was sent, and its answer can be taken over."""


async def answer_all(
    questions: Iterable[Question],
    ask: Callable[[Question], Awaitable[tuple[Reply, AnswerRecord] | None]],
    save: Save,
    *,
    concurrency: int,
    drain: Drain,
    stop_waiting: Callable[[], object] = lambda: None,
) -> ServiceError | None:
    """Ask every question, at most `concurrency` at a time, and save the records durably in small groups.

    `ask` gives nothing back for what it has put off.

    Returns the error that refuses the whole run, if one came: then no further question was asked, and what was in
    flight has been waited for and saved. So it is when the drain begins; `stop_waiting` is called then, so that
    questions whose call is not under way yet end as cancelled. On cancellation what has come is still saved.

    `save` runs in a thread, with at least one record. When it fails, asking stops; what has come is kept in memory,
    and saving is tried again for as long as a drain may take.

    Raises:
        StorageError: saving failed, and the message says how many answers are lost, if any are; or asking failed
            before anything was sent, and asking stopped in the same way.
        AboveReserve: the same, since an answer cost more than was set aside for it.
    """
    waiting = iter(questions)
    keeper = Keeper(save, drain.seconds)
    workers: list[asyncio.Task[None]] = []
    refused: ServiceError | None = None
    broken: list[StorageError | AboveReserve] = []
    stopped = False
    done = asyncio.Event()

    def stop() -> None:
        nonlocal stopped
        stopped = True
        stop_waiting()

    def end() -> None:
        for worker in workers:
            worker.cancel()
        keeper.give_up()

    async def work() -> None:
        nonlocal refused
        for question in waiting:
            if stopped or refused is not None:
                return
            try:
                answered = await ask(question)
            except (
                StorageError,
                AboveReserve,
            ) as error:  # nothing was sent for this one; what others wait for is paid
                broken.append(error)
                stop()
                return
            if answered is None:
                continue
            reply, record = answered
            keeper.add(record)
            if isinstance(reply.error, RunRefused):
                refused = reply.error

    async def work_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                workers.extend(group.create_task(work()) for _ in range(concurrency))
        finally:
            done.set()

    async def save_regularly() -> None:
        while not (done.is_set() and keeper.is_through):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), _FLUSH_SECONDS)
            if keeper.has_failed:
                await asyncio.sleep(_FLUSH_SECONDS)
            await keeper.save()
            if keeper.has_failed and not stopped:
                stop()

    try:
        with drain.told(stop, end):
            async with asyncio.TaskGroup() as both:
                both.create_task(save_regularly())
                both.create_task(work_all())
    except* Exception as errors:  # noqa: BLE001  raised again, without the group
        raise _first(errors) from None
    finally:
        keeper.finish()
    if broken:
        raise broken[0]
    return refused


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error behind a group of them: the one that a person can do something about."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
