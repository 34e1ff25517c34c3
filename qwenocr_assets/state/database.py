"""Opening the database that processes share: SQLite on a local disk, or Postgres by URL.

On SQLite a transaction that writes takes its turn when it begins (`BEGIN IMMEDIATE`), so what it has read is still
true when it commits. On Postgres whoever needs that takes a lock at the beginning.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import URL, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import ArgumentError, IntegrityError

from qwenocr_assets.errors import ConfigurationError, DamagedDatabase, UnusableDatabase
from qwenocr_assets.state.migrations import migrate
from qwenocr_assets.state.sqlite import (
    BUSY_SECONDS,
    SILENT_SECONDS,
    begin,
    is_busy,
    only_this_file,
    prepare,
    prepare_durable,
)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def open_database(url: str, *, durable: bool = True) -> Engine:
    """A pool of connections to the database, which is brought to the form of this build.

    What is not `durable` is not waited for until it is on disk: the last transactions are lost if the power fails.

    Raises:
        ConfigurationError: no such kind of database, or its driver is not installed.
        DamagedDatabase: the file is damaged, or no SQLite database.
        StorageError: the database cannot be reached or opened, or is of a newer build. No message holds the URL's
            password.

    Whatever is done with it later raises `UnusableDatabase` where the database fails.
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
        engine = _pool(parsed, durable=durable)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The driver for Postgres is not installed ({error.name}).",
            "pip install 'qwenocr-assets[postgres]'",
        ) from error
    except OSError as error:
        raise _failure(parsed, error) from error
    return engine


def _pool(url: URL, *, durable: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": SILENT_SECONDS}, pool_size=5, max_overflow=20)
        event.listen(engine, "connect", prepare_durable if durable else prepare)
        event.listen(engine, "begin", only_this_file(path.absolute()))
        event.listen(engine, "begin", begin)
    else:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg2"),
            connect_args={
                "connect_timeout": 10,
                "options": f"-c synchronous_commit={'on' if durable else 'off'} -c lock_timeout={BUSY_SECONDS}s",
            },
            pool_size=5,
            max_overflow=20,
            pool_pre_ping=True,
        )
    event.listen(engine, "handle_error", _told_as_ours, retval=True)
    return engine


def _told_as_ours(context: ExceptionContext) -> BaseException | None:
    """What the database cannot do is an error of ours, wherever it shows. What it forbids is for its callers."""
    if (
        context.is_pre_ping
        or context.engine is None
        or isinstance(context.sqlalchemy_exception, IntegrityError)
    ):
        return None
    return _failure(context.engine.url, context.original_exception)


def _failure(url: URL, cause: BaseException) -> UnusableDatabase:
    where = f"The database {url.render_as_string(hide_password=True)}"
    why = " ".join(str(cause).split()) or type(cause).__name__
    if type(cause) is sqlite3.DatabaseError:
        return DamagedDatabase(
            f"{where} is damaged ({why}).",
            "Put a copy of it in its place, or move it away: what it lacks is caught up from the journals.",
        )
    if is_busy(cause):
        return UnusableDatabase(
            f"{where} has been locked by another program for {BUSY_SECONDS} s ({why}).",
            "Let that program go on or end it (`fuser` names it), then run the same command.",
        )
    return UnusableDatabase(
        f"{where} cannot be opened, read or written ({why}).",
        "Check that it is there, may be written and has space, then run the same command.",
    )


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what happens when the row is there."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def database_time(connection: Connection) -> float:
    """Seconds since 1970: by this machine's clock with SQLite, by the server's with Postgres."""
    if connection.dialect.name == "postgresql":
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return time.time()
