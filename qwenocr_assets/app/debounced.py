"""What many small changes need in the end: done once, after the last of them."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass
class Debounced:
    """Does something once it has not been asked for a while: what many small changes need in the end, and never twice
    at a time. Close it to have the last of it done.
    """

    do: Callable[[frozenset[str]], None]
    """Gets the batches that it was asked for."""
    pause_seconds: float

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._batches: set[str] = set()
        self._asked_at = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="debounced", daemon=True)
        self._thread.start()

    def ask(self, batch_id: str) -> None:
        """Ask for it."""
        with self._changed:
            self._batches.add(batch_id)
            self._asked_at = time.monotonic()
            self._changed.notify()

    def close(self) -> None:
        """Do what is left, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        undone: frozenset[str] = frozenset()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._batches or self._closed)
                while (
                    not self._closed and (left := self._asked_at + self.pause_seconds - time.monotonic()) > 0
                ):
                    self._changed.wait(left)
                batches, self._batches = frozenset(self._batches), set()
                if not batches:
                    return
            undone |= batches
            try:
                self.do(undone)
            except Exception:  # noqa: BLE001  whatever it is, later changes are still to be done
                _log.exception("What people changed could not be published; the next change tries again")
            else:
                undone = frozenset()
