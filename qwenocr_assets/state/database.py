"""Opening the database that processes share: SQLite on a local disk, or Postgres by URL.

On SQLite a transaction that writes takes its turn when it begins (`BEGIN IMMEDIATE`), so what it has read is still
true when it commits. On Postgres whoever needs that takes a lock at the beginning.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, OperationalError

from qwenocr_assets.errors import ConfigurationError, StorageError

_BUSY_SECONDS = 60
"""How long a writer waits for its turn before it gives up: another may have been suspended in the middle of its own."""

_BUSY_PAUSE_SECONDS = 0.01

READ_ONLY = "qwenocr_read_only"
"""Execution option of a connection whose transactions only read: on SQLite they wait for nobody."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def open_database(url: str, *, durable: bool = True) -> Engine:
    """A pool of connections to the database.

    What is not `durable` is not waited for until it is on disk: the last transactions are lost if the power fails.

    Raises:
        ConfigurationError: no such kind of database, or its driver is not installed.
        StorageError: the database cannot be reached or opened. The message never holds the URL's password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "The database URL cannot be read.", "Write it like postgresql://user@host/database."
        ) from None
    kind = parsed.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"A {kind} database is not supported.", "Use SQLite or Postgres.")
    try:
        if kind == "sqlite":
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(
                parsed, connect_args={"timeout": _BUSY_SECONDS}, pool_size=5, max_overflow=20
            )
            event.listen(engine, "connect", _prepare_durable_sqlite if durable else _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            engine = create_engine(
                parsed.set(drivername="postgresql+psycopg2"),
                connect_args={
                    "connect_timeout": 10,
                    "options": f"-c synchronous_commit={'on' if durable else 'off'} "
                    f"-c lock_timeout={_BUSY_SECONDS}s",
                },
                pool_size=5,
                max_overflow=20,
                pool_pre_ping=True,
            )
        with engine.connect():
            return engine
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The driver for Postgres is not installed ({error.name}).",
            "pip install 'qwenocr-assets[postgres]'",
        ) from error
    except (OperationalError, OSError) as error:
        cause = error.orig if isinstance(error, OperationalError) else error
        raise StorageError(
            f"The database {parsed.render_as_string(hide_password=True)} cannot be opened "
            f"({str(cause).strip().splitlines()[0]}).",
            "Check that it is there and may be written.",
        ) from error


def database_time(connection: Connection) -> float:
    """Seconds since 1970: by this machine's clock with SQLite, by the server's with Postgres."""
    if connection.dialect.name == "postgresql":
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return time.time()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    _keep_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _keep_wal(connection: sqlite3.Connection) -> None:
    """Let a database keep a write-ahead log. Who meets another writer in a new database is refused without a wait."""
    give_up_at = time.monotonic() + _BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)


def _prepare_durable_sqlite(connection: Any, _: Any) -> None:
    _prepare_sqlite(connection, _)
    # money that was set aside is on disk before the call is sent, even if the power fails
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
