"""Asking many requests at once, and keeping every reply as it comes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from qwenocr_assets.qwenocr.errors import RunRefused, ServiceError
from qwenocr_assets.qwenocr.records import AnswerRecord
from qwenocr_assets.qwenocr.replies import Reply

_FLUSH_SECONDS = 0.25

Question = TypeVar("Question")


async def answer_all(
    questions: Iterable[Question],
    ask: Callable[[Question], Awaitable[tuple[Reply, AnswerRecord]]],
    save: Callable[[list[AnswerRecord]], None],
    *,
    concurrency: int,
) -> ServiceError | None:
    """Ask every question, at most `concurrency` at a time, and save the records durably in small groups.

    Returns the error that refuses the whole run, if one came: then no further question was asked, and what was in
    flight has been waited for and saved. `save` runs in a thread, with at least one record; when it fails, asking
    stops and its error is raised. On cancellation what has come is still saved.
    """
    waiting = iter(questions)
    unsaved: list[AnswerRecord] = []
    refused: ServiceError | None = None
    done = asyncio.Event()

    async def work() -> None:
        nonlocal refused
        for question in waiting:
            reply, record = await ask(question)
            unsaved.append(record)
            if isinstance(reply.error, RunRefused):
                refused = reply.error
            if refused is not None:
                return

    async def work_all() -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(work())
        done.set()

    async def save_regularly() -> None:
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), _FLUSH_SECONDS)
            if unsaved:
                # taken out first: a cancelled wait does not stop the thread, so they are being saved either way
                group, unsaved[:] = unsaved[:], []
                await asyncio.to_thread(save, group)

    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(save_regularly())
            both.create_task(work_all())
    except* Exception as errors:  # noqa: BLE001  raised again, without the group
        raise _first(errors) from None
    finally:
        if unsaved:
            save(unsaved)
    return refused


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error behind a group of them: the one that a person can do something about."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
