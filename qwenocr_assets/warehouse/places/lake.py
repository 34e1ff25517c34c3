"""The warehouse as a DuckLake: rows in Parquet files beside the data, and which of them count in a database of its own.

Many machines load at the same time, and analysts attach it while they do. DuckLake knows no keys: two transactions that
load a batch for the first time would both commit, and its rows be there twice. So whoever loads a batch has claimed it,
in the same Postgres that holds the catalogue; a claim ends with the connection, however that ends.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from qwenocr_assets.errors import ConfigurationError, WarehouseError

NAME = "warehouse"
"""As what it is attached: the database of every query that names none."""
PREFIX = "ducklake:"
_POSTGRES = "postgres:"
_EXTRA = "pip install 'qwenocr-assets[ducklake]' in an environment of its own: it needs DuckDB 1.5."


@dataclass(frozen=True, slots=True)
class Lake:
    """Where a DuckLake is."""

    catalogue: str = field(repr=False)
    """Behind `ducklake:`: `postgres:` with a libpq connection string, or the path of a DuckDB file for one process at
    a time. It may hold a password."""
    files: str
    """Folder or bucket of its Parquet files."""

    @property
    def takes_many_writers(self) -> bool:
        return self.catalogue.startswith(_POSTGRES)

    def __str__(self) -> str:
        return f"the DuckLake with files in {self.files}"


class Claims:
    """Batches that this process alone loads. Open one with `claims`."""

    def __init__(self, dsn: str | None) -> None:
        self._connection = None if dsn is None else _connect(dsn)

    def take(self, batches: Sequence[str], *, wait: bool = False) -> list[str]:
        """Claim batches; returns those that nobody else is loading, or all, once nobody does any more."""
        if self._connection is None:
            return list(batches)
        how = "pg_advisory_lock(key) IS NOT NULL" if wait else "pg_try_advisory_lock(key)"
        with self._connection.cursor() as cursor:
            taken = []
            for batch in sorted(batches):  # in one order: nobody waits in a circle
                cursor.execute(
                    f"SELECT {how} FROM (SELECT hashtextextended('qwenocr loads ' || %s, 0) AS key) AS k",  # noqa: S608
                    [batch],
                )
                if cursor.fetchone()[0]:
                    taken.append(batch)
        return taken

    def give_back(self) -> None:
        """Let others load them."""
        if self._connection is not None:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


@contextmanager
def claims(lake: Lake) -> Iterator[Claims]:
    """Claims on a lake's batches, given back at the end."""
    opened = Claims(lake.catalogue.removeprefix(_POSTGRES) if lake.takes_many_writers else None)
    try:
        yield opened
    finally:
        opened.close()


def lake_at(address: str, files: str) -> Lake:
    """The lake of a setting, like `ducklake:postgres:dbname=lake host=db`.

    Raises:
        ConfigurationError: it is no such address.
    """
    catalogue = address.removeprefix(PREFIX)
    if catalogue == address or not catalogue:
        raise ConfigurationError(
            "The setting warehouse is no address of a DuckLake.",
            "Write it like ducklake:postgres:dbname=lake host=db, or leave it out: then it is a file.",
        )
    return Lake(catalogue, files)


def attached(lake: Lake, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection in which the lake is the current database.

    Raises:
        ConfigurationError: what it needs is not installed.
        WarehouseError: it cannot be attached; the message holds no password.
    """
    con = duckdb.connect()
    try:
        _load_extension(con, "ducklake")
        if lake.takes_many_writers:
            _load_extension(con, "postgres_scanner")
        if lake.files.startswith(("s3://", "s3a://")):
            _load_extension(con, "httpfs")
            _tell_s3(con, lake.files)
        options = f"DATA_PATH {_literal(lake.files)}" + (", READ_ONLY" if read_only else "")
        con.execute(f"ATTACH {_literal(PREFIX + lake.catalogue)} AS {NAME} ({options})")
        con.execute(f"USE {NAME}")
    except duckdb.Error as error:
        con.close()
        why = str(error).replace(lake.catalogue, "…").replace(lake.catalogue.removeprefix(_POSTGRES), "…")
        raise WarehouseError(
            f"{lake} cannot be attached: {why}.",
            "Check that its database is reached; if it is new, run `qwenocr run PATH` first.",
        ) from None
    except BaseException:
        con.close()
        raise
    return con


def is_made(lake: Lake) -> bool:
    """Whether something was loaded into the lake."""
    try:
        with attached(lake, read_only=True) as con:
            found = con.execute(
                "SELECT 1 FROM duckdb_tables() WHERE database_name = ? LIMIT 1", [NAME]
            ).fetchone()
    except WarehouseError:
        return False
    return found is not None


def _load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load a signed extension out of its wheel: nothing is fetched from the network."""
    found = importlib.util.find_spec(f"duckdb_extension_{name}")
    files = (
        [] if found is None or found.origin is None else Path(found.origin).parent.rglob("*.duckdb_extension")
    )
    file = next((file for file in files if file.parent.name == f"v{duckdb.__version__}"), None)
    if file is None:
        raise ConfigurationError(
            f"The extension {name} for DuckDB {duckdb.__version__} is not installed, and the warehouse is a DuckLake.",
            _EXTRA,
        )
    con.execute(f"LOAD {_literal(str(file))}")


def _tell_s3(con: duckdb.DuckDBPyConnection, files: str) -> None:
    """Give DuckDB what botocore finds of keys, region and address, as s3fs uses them."""
    from botocore.session import Session

    session = Session()
    client = session.create_client("s3", region_name=session.get_config_variable("region") or "us-east-1")
    credentials = session.get_credentials()
    address = urlsplit(client.meta.endpoint_url)
    options = {"REGION": client.meta.region_name, "SCOPE": f"s3://{urlsplit(files).netloc}"}
    if credentials is not None:
        keys = credentials.get_frozen_credentials()
        options |= {"KEY_ID": keys.access_key, "SECRET": keys.secret_key, "SESSION_TOKEN": keys.token or ""}
    if not (address.hostname or "").endswith("amazonaws.com"):
        options |= {
            "ENDPOINT": address.netloc,
            "URL_STYLE": "path",
            "USE_SSL": str(address.scheme == "https"),
        }
    told = ", ".join(f"{name} {_literal(value)}" for name, value in options.items() if value)
    con.execute(f"CREATE SECRET (TYPE s3, {told})")


def _connect(dsn: str):  # type: ignore[no-untyped-def]  # psycopg2 has no types
    try:
        import psycopg2
    except ModuleNotFoundError as error:
        raise ConfigurationError("The driver for Postgres is not installed.", _EXTRA) from error
    try:
        connection = psycopg2.connect(dsn)
    except psycopg2.Error as error:
        raise WarehouseError(
            f"The database of the DuckLake's catalogue cannot be reached ({type(error).__name__}).",
            "Check the setting warehouse and that the database runs.",
        ) from None
    connection.autocommit = True
    return connection


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
