"""The warehouse as a DuckLake: rows in Parquet files beside the data, and which of them count in a database of its own.

Many machines load at the same time (`places.claims`), and analysts attach it while they do.
"""

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from qwenocr_assets.errors import ConfigurationError, WarehouseError

NAME = "warehouse"
"""As what it is attached: the database of every query that names none."""
PREFIX = "ducklake:"
POSTGRES = "postgres:"
EXTRA = "pip install 'qwenocr-assets[ducklake]' in an environment of its own: it needs DuckDB 1.5."


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
        return self.catalogue.startswith(POSTGRES)

    def __str__(self) -> str:
        return f"the DuckLake with files in {self.files}"


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
        why = str(error).replace(lake.catalogue, "…").replace(lake.catalogue.removeprefix(POSTGRES), "…")
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
            EXTRA,
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


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
