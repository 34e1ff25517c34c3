"""Records on their way to the journal: saved in groups, and kept in memory while that fails."""

import asyncio
import logging
from collections.abc import Callable

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.errors import BatchTaken, StorageError

_log = logging.getLogger(__name__)

Save = Callable[[list[AnswerRecord]], None]
"""Keeps records durably, all or none: when it returns, they are on disk."""


class Keeper:
    """Saves what comes, in a running event loop. After a failure it tries again for `patience_seconds`; whoever uses it
    should ask no more."""

    def __init__(self, save: Save, patience_seconds: float) -> None:
        self._save = save
        self._patience_seconds = patience_seconds
        self._unsaved: list[AnswerRecord] = []
        self._error: OSError | StorageError | None = None
        self._clock = asyncio.get_running_loop().time
        self._gives_up_at = float("inf")

    @property
    def has_failed(self) -> bool:
        """Whether saving failed, even if it worked again later."""
        return self._error is not None

    @property
    def is_through(self) -> bool:
        """Whether there is nothing to save, or no hope to."""
        return not self._unsaved or self._clock() >= self._gives_up_at

    def add(self, record: AnswerRecord) -> None:
        """A record came."""
        self._unsaved.append(record)

    def give_up(self) -> None:
        """Try no longer what has failed."""
        self._gives_up_at = 0.0

    async def save(self) -> None:
        """Save what has come so far, in a thread; a failure is remembered."""
        if not self._unsaved or isinstance(self._error, BatchTaken):
            return
        group, self._unsaved = self._unsaved, []
        saving = asyncio.ensure_future(asyncio.to_thread(self._save, group))
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            await asyncio.wait([saving])  # a thread cannot be stopped
            raise
        except (OSError, StorageError) as error:
            self._failed(error)
        finally:
            if saving.done() and saving.exception() is not None:
                self._unsaved[:0] = group

    def finish(self) -> None:
        """Save what is left, and say what came of it all.

        Raises:
            StorageError: saving failed at some time. The message says how many answers are lost, if any are.
        """
        if self._unsaved and not isinstance(self._error, BatchTaken):
            try:
                self._save(self._unsaved)
                self._unsaved = []
            except (OSError, StorageError) as error:
                self._failed(error)
        if isinstance(self._error, OSError):
            raise StorageError(
                f"{self._outcome()} {self._error}.", "Correct that, then run the same command."
            ) from self._error
        if self._error is not None:
            raise type(self._error)(
                f"{self._outcome()} {self._error.message}", self._error.next_step
            ) from self._error

    def _failed(self, error: OSError | StorageError) -> None:
        if self._error is None:
            _log.warning("Answers cannot be saved, asking stops: %s", error)
            self._gives_up_at = min(self._gives_up_at, self._clock() + self._patience_seconds)
        if isinstance(error, BatchTaken):
            self.give_up()
        self._error = error

    def _outcome(self) -> str:
        if lost := sum(record.status.is_final for record in self._unsaved):
            return f"{lost} answers could not be saved, and will be asked and paid again."
        return "Asking has stopped; all answers that came are saved."
