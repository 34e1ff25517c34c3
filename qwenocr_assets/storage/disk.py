"""A disk that is full: recognised wherever it shows, and explained in one way."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from qwenocr_assets.errors import DiskFull, QwenocrError

NEXT_STEP = "Free space there, then run the same command: it goes on where it stopped."

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SAID = ("no space left on device", "database or disk is full", "disk quota exceeded")
"""How the system, SQLite, Postgres and DuckDB put it."""
_SQLITE_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
"""The second is called "disk I/O error", and means that the index of the write-ahead log cannot grow."""


def is_full(error: BaseException | None) -> bool:
    """Whether a full disk is behind this error, or behind one that it came from."""
    while error is not None:
        if isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in _FULL):
            return True
        if getattr(error, "sqlite_errorname", "") in _SQLITE_FULL:
            return True
        if says_full(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def says_full(message: str) -> bool:
    """Whether an error's text says that the disk is full."""
    return any(text in message.lower() for text in _SAID)


@contextlib.contextmanager
def writing_to(place: object) -> Iterator[None]:
    """Write to a place, by whatever library; when there is no space left, say so.

    Raises:
        DiskFull: instead of the library's or the system's own error.
    """
    try:
        yield
    except QwenocrError:
        raise
    except Exception as error:
        if is_full(error):
            raise DiskFull(f"There is no space left on the disk of {place}.", NEXT_STEP) from error
        raise


def append_durably(path: Path, data: bytes) -> None:
    """Append to a file, whole or not at all; when this returns, it is on disk."""
    is_new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        end = os.lseek(file, 0, os.SEEK_END)
        try:
            write_all(file, data)
            os.fsync(file)
        except BaseException:
            os.ftruncate(file, end)  # what is torn would hide all that is appended later
            raise
    finally:
        os.close(file)
    if is_new:
        sync_folder(path.parent)


def truncate_durably(path: Path, size: int) -> None:
    """Cut a file off at a size in bytes; when this returns, it is on disk."""
    file = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(file, size)
        os.fsync(file)
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """Write everything to an open file."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def sync_folder(folder: Path) -> None:
    """Have it on disk that a file is in the folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
