"""SQLite as several processes and threads use it at once: who waits for whom, and for how long."""

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection

BUSY_SECONDS = 60
"""How long a writer waits for its turn before it gives up: another may have been suspended in the middle of its own."""

_PAUSE_SECONDS = 0.01

READ_ONLY = "qwenocr_read_only"
"""Execution option of a connection whose transactions only read: on SQLite they wait for nobody."""


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
    """Begin a transaction; one that may write takes its turn now."""
    reading = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
