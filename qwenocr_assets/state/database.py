"""Opening the database that processes share: SQLite on a local disk, or Postgres by URL.

On SQLite a transaction that writes takes its turn when it begins (`BEGIN IMMEDIATE`), so what it has read is still
true when it commits. On Postgres whoever needs that takes a lock at the beginning.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import URL, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError

from qwenocr_assets.errors import ConfigurationError, DamagedDatabase, StorageError
from qwenocr_assets.state.migrations import migrate
from qwenocr_assets.state.sqlite import BUSY_SECONDS, begin, prepare, prepare_durable


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
    except (DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        where = f"The database {parsed.render_as_string(hide_password=True)}"
        why = str(cause).strip().splitlines()[0]
        if type(cause) is sqlite3.DatabaseError:
            raise DamagedDatabase(
                f"{where} is damaged ({why}).",
                "Put a copy of it in its place. If there is none, move it away: a new one knows of no spending.",
            ) from error
        raise StorageError(
            f"{where} cannot be opened ({why}).", "Check that it is there and may be written."
        ) from error
    return engine


def _pool(url: URL, *, durable: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=5, max_overflow=20)
        event.listen(engine, "connect", prepare_durable if durable else prepare)
        event.listen(engine, "begin", begin)
        return engine
    return create_engine(
        url.set(drivername="postgresql+psycopg2"),
        connect_args={
            "connect_timeout": 10,
            "options": f"-c synchronous_commit={'on' if durable else 'off'} -c lock_timeout={BUSY_SECONDS}s",
        },
        pool_size=5,
        max_overflow=20,
        pool_pre_ping=True,
    )


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what happens when the row is there."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def database_time(connection: Connection) -> float:
    """Seconds since 1970: by this machine's clock with SQLite, by the server's with Postgres."""
    if connection.dialect.name == "postgresql":
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return time.time()
