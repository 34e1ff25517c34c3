"""Who is at which document."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

PRESENT_SECONDS = 15.0
"""So long after their last sign somebody is said to be at a document."""


class Presence:
    """Who is at which document; a sign of life counts for `PRESENT_SECONDS`. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, float]] = defaultdict(dict)

    def others(self, document_id: str, person: str) -> list[str]:
        """Note that a person is at a document; returns who else is, by name."""
        now = self._clock()
        with self._lock:
            here = {name: at for name, at in self._seen[document_id].items() if now - at < PRESENT_SECONDS}
            here[person] = now
            self._seen[document_id] = here
        return sorted(name for name in here if name != person)
