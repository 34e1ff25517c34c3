"""SQLite as several processes and threads use it at once: who waits for whom, and for how long."""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from qwenocr_assets.errors import UnusableDatabase

BUSY_SECONDS = 60
"""How long a writer waits for its turn before it gives up: another may have been suspended in the middle of its own."""

SILENT_SECONDS = 5
"""How long of that nobody is told: a writer needs milliseconds."""

REPLACED_STEP = (
    "Put back the right one if you have it, then run the same command: the money that it lacks is caught up from the "
    "journals."
)
"""What to do about a database that took the place of another."""

_PAUSE_SECONDS = 0.01

_LOCKED: set[str] = set()
"""Databases that this process has waited for in vain."""

_log = logging.getLogger(__name__)

READ_ONLY = "qwenocr_read_only"
"""Execution option of a connection whose transactions only read: on SQLite they wait for nobody."""


IMPATIENT = "qwenocr_impatient"
"""Execution option of a connection that waits for its turn for `SILENT_SECONDS` only."""


def prepare(connection: Any, _: Any) -> None:
    """Set up a connection whose last transactions may be lost if the power fails."""
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    _keep_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _keep_wal(connection: sqlite3.Connection) -> None:
    """Let a database keep a write-ahead log. Who meets another writer in a new database is refused without a wait."""
    give_up_at = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(_PAUSE_SECONDS)


def prepare_durable(connection: Any, _: Any) -> None:
    """Set up a connection that waits for the disk: money is set aside there before a call is sent."""
    prepare(connection, _)
    connection.execute("PRAGMA synchronous = FULL")


def begin(connection: Connection) -> None:
    """Begin a transaction; one that may write takes its turn now.

    Who has waited for it in vain once does not wait for so long again, as long as it stays locked: a run that ends has
    several things to write.
    """
    options = connection.get_execution_options()
    if options.get(READ_ONLY):
        connection.exec_driver_sql("BEGIN")
        return
    database = connection.engine.url.database or ""
    began = time.monotonic()
    told = database in _LOCKED
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except UnusableDatabase as error:
            if not is_busy(error.__cause__) or options.get(IMPATIENT) or database in _LOCKED:
                raise
            if time.monotonic() > began + BUSY_SECONDS:
                _LOCKED.add(database)
                raise
        else:
            _LOCKED.discard(database)
            return
        if not told:
            _log.warning(
                "%s is locked by another program. Waiting for it, at most %d s.", database, BUSY_SECONDS
            )
            told = True


def is_busy(error: BaseException | None) -> bool:
    """Whether somebody else has the database locked."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def only_this_file(path: Path) -> Callable[[Connection], None]:
    """What refuses transactions once the file that the first of them saw is not the one at this path any more.

    SQLite goes on with a file that was removed, and everything written there is lost with the last process.
    """
    first: list[tuple[int, int]] = []

    def check(_: Connection) -> None:
        try:
            stat = path.stat()
            found = stat.st_dev, stat.st_ino
        except OSError:
            found = None
        if not first and found is not None:
            first.append(found)
        if not first or found != first[0]:
            became = "removed" if found is None else "replaced by another file"
            raise UnusableDatabase(f"The database {path} was {became} while it was used.", REPLACED_STEP)

    return check
