"""Opening DuckDB files: one writer on the working file, any number of readers on the published one."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.places.lake import Lake, attached

Warehouse = Path | Lake
"""Where a warehouse is: a DuckDB file, or a lake."""
Readable = Warehouse | duckdb.DuckDBPyConnection
"""What can be read: a warehouse, or one that somebody keeps open."""

STORAGE_VERSION = "v1.0.0"
"""Files are written so that every DuckDB since 1.0 opens them: an analyst's tool may be older than ours."""

_POLL_SECONDS = 0.2
_PERMISSION = "Give the data folder write permission, or set QWENOCR_DATA to a folder that has it."
_REBUILD = (
    "If it is damaged or from a newer DuckDB, delete it: the next run rebuilds it "
    "from the table files at no cost."
)


def open_writer(working: Warehouse, wait_seconds: float = 30.0) -> duckdb.DuckDBPyConnection:
    """Open the working file for writing, waiting while another process holds it.

    DuckDB's lock keeps other processes out until the connection is closed; use it in a `with`. Within one
    process, open one writer at a time.

    A lake keeps nobody out: what is written there has to be claimed (`places.lake`).

    Raises `WarehouseError` when the file is still held after `wait_seconds`, or cannot be opened.
    """
    if isinstance(working, Lake):
        return attached(working, read_only=False)
    try:
        working.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"The folder {working.parent} cannot be made ({error.strerror or error}).",
            _PERMISSION,
        ) from error
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(str(working), config={"storage_compatibility_version": STORAGE_VERSION})
        except duckdb.Error as error:
            if not _held_elsewhere(error):
                raise WarehouseError(
                    f"The working file {working} cannot be opened: {error}.",
                    _PERMISSION if "permission denied" in str(error).lower() else _REBUILD,
                ) from error
            if time.monotonic() >= deadline:
                raise WarehouseError(
                    f"The working file {working} has been held by another process for {wait_seconds:g} s: "
                    f"{error}.",
                    "Let that run finish or stop it, then run again. To query, open the published "
                    "warehouse.duckdb instead of the working file.",
                ) from error
        time.sleep(_POLL_SECONDS)


def open_reader(warehouse: Readable) -> duckdb.DuckDBPyConnection:
    """Open a published file for reading, as it is now; it stays at this snapshot however often it is published again.

    DuckDB reads a file's header and its content through two openings. A file that was published between them is not
    what the header says, so it is opened again. And it joins whoever in this process has the path open, although the
    file there is another by now, so each reader opens it under a path of its own.

    Raises `WarehouseError` when there is none yet, or it cannot be opened.
    """
    if isinstance(warehouse, duckdb.DuckDBPyConnection):
        return warehouse.cursor()
    if isinstance(warehouse, Lake):
        return attached(warehouse, read_only=True)
    if not warehouse.exists():
        raise WarehouseError(f"There is no warehouse at {warehouse} yet.", "Run `qwenocr run PATH` first.")
    while True:
        published = which_version(warehouse)
        try:
            with _own_path(warehouse) as path:
                con = duckdb.connect(str(path), read_only=True, config={"temp_directory": f"{warehouse}.tmp"})
        except duckdb.Error as error:
            if which_version(warehouse) != published:
                continue
            raise WarehouseError(
                f"The warehouse {warehouse} cannot be opened: {error}.",
                "If another program has it open for writing, open it read-only there; if it is from a newer "
                "DuckDB, upgrade this one; otherwise delete it, and the next run publishes it again.",
            ) from error
        if which_version(warehouse) == published:
            return con
        con.close()


@contextmanager
def _own_path(file: Path) -> Iterator[Path]:
    """A file under a second path that nobody else has, while it is opened; its own where there can be none.

    The name is the same, since it is that of the database in SQL.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=".reading-", dir=file.parent))
    except OSError:  # nothing may be written there
        yield file
        return
    try:
        linked = folder / file.name
        try:
            os.link(file, linked)
        except OSError:  # a file system without second names
            linked = file
        yield linked
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def which_version(path: Path) -> tuple[int, int]:
    """Which file is published now: each publishing brings another one."""
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block or nothing."""
    con.begin()
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # the error on its way out may already have ended the transaction
            con.rollback()
        raise
    con.commit()


def _held_elsewhere(error: duckdb.Error) -> bool:
    """Whether someone else has the file: another process's lock, or this process in another mode."""
    signs = ("could not set lock", "used by another process")  # Linux and macOS; Windows
    return isinstance(error, duckdb.ConnectionException) or any(s in str(error).lower() for s in signs)
