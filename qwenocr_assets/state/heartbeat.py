"""Saying regularly that a process lives, as long as a context is open."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

from qwenocr_assets.errors import StorageError

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def beating(beat: Callable[[], object], every_seconds: float, name: str) -> Iterator[None]:
    """Call `beat`, which tells a database, in a thread of this name; where the database fails, it is tried again."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_seconds):
            try:
                beat()
            except StorageError as error:
                _log.warning("%s could not be renewed, trying again: %s", name, error)

    heart = threading.Thread(target=run, name=name, daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
