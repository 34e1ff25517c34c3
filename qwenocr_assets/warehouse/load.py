"""Loading: table files of new and changed batches into `core`, replaced by batch, in one transaction."""
# Names put into SQL come from the declared tables, never from input.
# ruff: noqa: S608

import glob
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TABLES, ColumnType, TableSchema
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import Warehouse, open_writer, transaction
from qwenocr_assets.warehouse.ddl import CORE, LOAD_LOG, create_missing
from qwenocr_assets.warehouse.places.lake import Lake, claims
from qwenocr_assets.warehouse.places.published import cache_folder, published_version
from qwenocr_assets.warehouse.publish import note_seen
from qwenocr_assets.warehouse.table_scan import (
    Key,
    LoadableFile,
    TableFile,
    content_hashes,
    fetch,
    find_table_files,
    inspect,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, and what is in `core` now."""

    batches_loaded: tuple[str, ...]
    """Batches with a new or changed table file, sorted."""
    batches_removed: tuple[str, ...]
    """Batches with a table file that is gone, sorted."""
    rows_by_table: dict[str, int]
    """Rows of every table of `core` after the load."""

    @property
    def changed(self) -> bool:
        return bool(self.batches_loaded or self.batches_removed)


def load_changes(data: DataFolder, working: Warehouse) -> LoadReport:
    """Bring `core` in the working file, or in a lake, to the state of the table files.

    Files are compared with the load log by content: what has the same hash is not loaded again. Rows of a
    batch whose file is gone are removed. All of it is one transaction: after an error or a kill, the working
    file is as it was before. Into a lake it is a transaction a group of batches, and others may load at the same
    time: a batch is loaded by who claims it.

    Raises `WarehouseError` when a file cannot be loaded (it is named) or the working file cannot be opened.
    """
    with tempfile.TemporaryDirectory(prefix="qwenocr-load-") as copies:
        try:
            if isinstance(working, Lake):
                return _load_lake(data, working, Path(copies))
            seen = published_version(data)
            with open_writer(working) as con, transaction(con):
                create_missing(con)
                found = _look(data, working.with_name("hashes.json"), Path(copies))
                loaded, removed = _bring(con, data, found)
                report = _report(con, loaded, removed)
            note_seen(working, seen)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(
                f"Loading {data.root / 'tables'} into {working} failed: {error}.",
                "Nothing was loaded and the published warehouse is unchanged; free disk space if that is "
                "what the message says, and run again.",
            ) from error
    return report


@dataclass(frozen=True, slots=True)
class _Found:
    """The table files as they are now."""

    files: dict[Key, TableFile]
    hashes: dict[Key, str]
    copies: Path
    """Folder for files from object storage."""


def _look(data: DataFolder, cache: Path, copies: Path) -> _Found:
    files = {f.key: f for f in find_table_files(data, TABLES.values())}
    return _Found(files, content_hashes(list(files.values()), cache, copies), copies)


def _load_lake(data: DataFolder, lake: Lake, copies: Path) -> LoadReport:
    found = _look(data, cache_folder(data) / "hashes.json", copies)
    loaded: set[str] = set()
    removed: set[str] = set()
    with open_writer(lake) as con, claims(lake) as claimed:
        _again(con, lambda: create_missing(con))
        groups = list(batched_up(sorted({key.batch_id for key in _differing(con, found)}), GROUP))
        elsewhere: list[str] = []
        for wait, waiting in ((False, groups), (True, [elsewhere])):
            for group in waiting:
                try:
                    mine = claimed.take(group, wait=wait)
                    elsewhere += [] if wait else sorted(set(group) - set(mine))
                    if mine:
                        came, went = _again(con, partial(_bring, con, data, found, frozenset(mine)))
                        loaded |= came
                        removed |= went
                finally:
                    claimed.give_back()
        return _report(con, loaded, removed)


GROUP = 32
"""Batches in one commit of a lake: a commit writes a file a table, however many batches are in it."""
_TRIES = 5


def _again(con: duckdb.DuckDBPyConnection, do: Callable[[], T]) -> T:
    """Do it in a transaction; when somebody else's commit stands in the way, anew."""
    for attempt in range(1, _TRIES + 1):
        try:
            with transaction(con):
                return do()
        except duckdb.TransactionException:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def batched_up(items: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """The items in runs of at most so many."""
    for begin in range(0, len(items), most):
        yield items[begin : begin + most]


def _differing(con: duckdb.DuckDBPyConnection, found: _Found) -> set[Key]:
    """What is not in `core` as it is in the files."""
    logged = _read_log(con)
    return {key for key in logged.keys() | found.hashes.keys() if logged.get(key) != found.hashes.get(key)}


def _bring(
    con: duckdb.DuckDBPyConnection, data: DataFolder, found: _Found, only: frozenset[str] | None = None
) -> tuple[set[str], set[str]]:
    """Bring all batches, or these, to the state of their files; returns those loaded and those removed."""
    logged = _read_log(con)
    differing = sorted(k for k in _differing(con, found) if only is None or k.batch_id in only)
    changed = [
        inspect(found.files[key], fetch(found.files[key], found.copies), found.hashes[key])
        for key in differing
        if key in found.hashes
    ]
    vanished = [key for key in differing if key not in found.hashes]
    stale = [*vanished, *(f.key for f in changed if f.key in logged)]
    for name, schema in TABLES.items():
        _delete(con, name, [key.batch_id for key in stale if key.table == name])
        _insert(con, schema, [f for f in changed if f.key.table == name])
    _forget(con, stale)
    _record(con, changed, data)
    return {f.key.batch_id for f in changed}, {key.batch_id for key in vanished}


def _report(con: duckdb.DuckDBPyConnection, loaded: set[str], removed: set[str]) -> LoadReport:
    return LoadReport(
        batches_loaded=tuple(sorted(loaded)),
        batches_removed=tuple(sorted(removed)),
        rows_by_table={name: _one_int(con, f"SELECT count(*) FROM {CORE}.{name}") for name in TABLES},
    )


def _delete(con: duckdb.DuckDBPyConnection, table: str, batches: Sequence[str]) -> None:
    if batches:
        con.execute(
            f"DELETE FROM {CORE}.{table} WHERE batch_id IN (SELECT unnest(?::VARCHAR[]))", [list(batches)]
        )


def _insert(con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile]) -> None:
    if not files:
        return
    _insert_rows(con, schema, [f for f in files if not f.is_compacted])
    for path in sorted({f.path for f in files if f.is_compacted}):
        _insert_rows(con, schema, [f for f in files if f.path == path])
    _check_batches(con, schema, files)
    _check_primary_key(con, schema, files)


def _insert_rows(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile]
) -> None:
    """Insert the rows of batches with files of their own, or of some batches of one compacted file."""
    if not files:
        return
    names = ", ".join(f'"{c}"' for c in schema.column_names)
    in_files = frozenset().union(*(f.columns for f in files))
    values = ", ".join(
        _value(c.name, c.type) if c.name in in_files else f'NULL AS "{c.name}"' for c in schema.columns
    )
    wanted = "WHERE batch_id IN (SELECT unnest(?::VARCHAR[]))" if files[0].is_compacted else ""
    batches = [[f.key.batch_id for f in files]] if wanted else []
    con.execute(
        f"INSERT INTO {CORE}.{schema.name} ({names}) SELECT {values} "
        f"FROM read_parquet(?, union_by_name => true, hive_partitioning => false) {wanted}",
        [sorted({glob.escape(str(f.path)) for f in files}), *batches],
    )


def _value(name: str, kind: ColumnType) -> str:
    """A column of the file as the table wants it; text that is not JSON is kept as a JSON string."""
    if kind is ColumnType.JSON:
        return f'coalesce(try_cast("{name}" AS JSON), to_json("{name}"))'
    return f'"{name}"'


def _check_batches(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile]
) -> None:
    """A file must hold rows of its own batch only: rows are replaced and removed by batch."""
    counts = dict(
        con.execute(
            f"SELECT batch_id, count(*) FROM {CORE}.{schema.name} "
            "WHERE batch_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY batch_id",
            [[f.key.batch_id for f in files]],
        ).fetchall()
    )
    for file in files:
        if counts.get(file.key.batch_id, 0) != file.rows:
            raise WarehouseError(
                f"The table file {file.origin} or another file of {schema.name} holds rows of a "
                "batch that is not its own.",
                f"Materialize {schema.name} for batch {file.key.batch_id} again; nothing was loaded.",
            )


def _check_primary_key(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile]
) -> None:
    """No two rows of the loaded batches may share the primary key."""
    key = ", ".join(schema.primary_key)
    rows = (
        f"FROM {CORE}.{schema.name} WHERE batch_id IN (SELECT unnest(?::VARCHAR[])) "
        f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"
    )
    twice = con.execute(f"SELECT {key} {rows}", [[f.key.batch_id for f in files]]).fetchone()
    if twice:
        row = ", ".join(f"{n} {v!r}" for n, v in zip(schema.primary_key, twice, strict=True))
        raise WarehouseError(
            f"{schema.name} has two rows with the same key ({row}).",
            f"Materialize {schema.name} for batch {twice[schema.primary_key.index('batch_id')]} again; "
            "nothing was loaded.",
        )


def _read_log(con: duckdb.DuckDBPyConnection) -> dict[Key, str]:
    """The content hash of every loaded file."""
    rows = con.execute(f"SELECT table_name, batch_id, sha256 FROM {LOAD_LOG}").fetchall()
    return {Key(table, batch): sha256 for table, batch, sha256 in rows}


def _forget(con: duckdb.DuckDBPyConnection, keys: Sequence[Key]) -> None:
    if keys:
        con.execute(
            f"DELETE FROM {LOAD_LOG} WHERE (table_name, batch_id) IN "
            "(SELECT (unnest(?::VARCHAR[]), unnest(?::VARCHAR[])))",
            [[key.table for key in keys], [key.batch_id for key in keys]],
        )


def _record(con: duckdb.DuckDBPyConnection, files: Sequence[LoadableFile], data: DataFolder) -> None:
    if files:
        con.execute(
            f"INSERT INTO {LOAD_LOG} SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
            "unnest(?::VARCHAR[]), unnest(?::BIGINT[]), ?::TIMESTAMP",
            [
                [f.key.table for f in files],
                [f.key.batch_id for f in files],
                [f.origin.path.removeprefix(f"{data.root.path}/") for f in files],
                [f.sha256 for f in files],
                [f.rows for f in files],
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )


def _one_int(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0
