"""Where a file of the inbox stands."""

from enum import StrEnum


class FileState(StrEnum):
    """Where a file of the inbox stands."""

    WAITING = "waiting"
    """Not still long enough, or not hashed yet."""
    READY = "ready"
    """Hashed; waits for its batch to fill."""
    BATCHED = "batched"
    """What lies there is in a batch under this name."""
    COPY = "copy"
    """Its content is a document already, under another name that is still there."""
    MOVED = "moved"
    """Its content was read under another name that is no longer there."""
    UNREADABLE = "unreadable"
    """It does not open."""
    VANISHED = "vanished"
    """It was there, and is not any more."""
