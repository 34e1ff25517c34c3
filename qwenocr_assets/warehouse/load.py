"""Loading: table files of new and changed batches into `core`, replaced by batch, in one transaction."""
# Names put into SQL come from the declared tables, never from input.
# ruff: noqa: S608

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TABLES, ColumnType, TableSchema
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import open_writer, transaction
from qwenocr_assets.warehouse.ddl import CORE, LOAD_LOG, create_missing
from qwenocr_assets.warehouse.table_scan import (
    LocalFile,
    TableFile,
    content_hash,
    fetch,
    find_table_files,
    inspect,
)

_Key = tuple[str, str]
"""Table and batch."""


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


@dataclass(frozen=True, slots=True)
class _Logged:
    fingerprint: str
    sha256: str


def load_changes(data: DataFolder, working: Path) -> LoadReport:
    """Bring `core` in the working file to the state of the table files.

    Files are compared with the load log: same fingerprint or same content is not loaded again. Rows of a
    batch whose file is gone are removed. All of it is one transaction: after an error or a kill, the working
    file is as it was before.

    Raises `WarehouseError` when a file cannot be loaded (it is named) or the working file cannot be opened.
    """
    with open_writer(working) as con, tempfile.TemporaryDirectory(prefix="qwenocr-load-") as folder:
        try:
            with transaction(con):
                return _load(con, data, Path(folder))
        except duckdb.Error as error:
            raise WarehouseError(
                f"Loading {data.root / 'tables'} into {working} failed: {error}",
                "Nothing was loaded and the published warehouse is unchanged; free disk space if that is "
                "what the message says, and run again.",
            ) from error


def _load(con: duckdb.DuckDBPyConnection, data: DataFolder, folder: Path) -> LoadReport:
    create_missing(con)
    logged = _read_log(con)
    found = find_table_files(data, TABLES.values())
    vanished = sorted(logged.keys() - {f.key for f in found})
    touched, changed = _compare(found, logged, folder)
    stale = [*vanished, *(f.table_file.key for f in changed if f.table_file.key in logged)]
    for name, schema in TABLES.items():
        _delete(con, name, [batch for table, batch in stale if table == name])
        _insert(con, schema, [f for f in changed if f.table_file.table.name == name])
    _forget(con, stale)
    _record(con, changed)
    _refresh_fingerprints(con, touched)
    return LoadReport(
        batches_loaded=tuple(sorted({f.table_file.batch_id for f in changed})),
        batches_removed=tuple(sorted({batch for _, batch in vanished})),
        rows_by_table={name: _one_int(con, f"SELECT count(*) FROM {CORE}.{name}") for name in TABLES},
    )


def _compare(
    found: Iterable[TableFile], logged: Mapping[_Key, _Logged], folder: Path
) -> tuple[list[TableFile], list[LocalFile]]:
    """The files that were written again with the same content, and those with new content."""
    touched, changed = [], []
    for file in found:
        before = logged.get(file.key)
        if before and before.fingerprint == file.fingerprint:
            continue
        try:
            local = fetch(file, folder)
            sha256 = content_hash(local)
        except OSError as error:
            raise WarehouseError(
                f"The table file {file.path} cannot be read ({error.strerror or error}).",
                "Make it readable, or run again if a run was just replacing it; nothing was loaded.",
            ) from error
        if before and before.sha256 == sha256:
            touched.append(file)
        else:
            changed.append(inspect(file, local, sha256))
    return touched, changed


def _delete(con: duckdb.DuckDBPyConnection, table: str, batches: Sequence[str]) -> None:
    if batches:
        con.execute(
            f"DELETE FROM {CORE}.{table} WHERE batch_id IN (SELECT unnest(?::VARCHAR[]))", [list(batches)]
        )


def _insert(con: duckdb.DuckDBPyConnection, schema: TableSchema, files: Sequence[LocalFile]) -> None:
    if not files:
        return
    names = ", ".join(f'"{c}"' for c in schema.column_names)
    in_files = frozenset().union(*(f.columns for f in files))
    values = ", ".join(
        _value(c.name, c.type) if c.name in in_files else f'NULL AS "{c.name}"' for c in schema.columns
    )
    con.execute(
        f"INSERT INTO {CORE}.{schema.name} ({names}) SELECT {values} "
        "FROM read_parquet(?, union_by_name => true, hive_partitioning => false)",
        [[str(f.path) for f in files]],
    )
    _check_batches(con, schema, files)
    _check_primary_key(con, schema, files)


def _value(name: str, kind: ColumnType) -> str:
    """A column of the file as the table wants it; text that is not JSON is kept as a JSON string."""
    if kind is ColumnType.JSON:
        return f'coalesce(try_cast("{name}" AS JSON), to_json("{name}"))'
    return f'"{name}"'


def _check_batches(con: duckdb.DuckDBPyConnection, schema: TableSchema, files: Sequence[LocalFile]) -> None:
    """A file must hold rows of its own batch only: rows are replaced and removed by batch."""
    counts = dict(
        con.execute(
            f"SELECT batch_id, count(*) FROM {CORE}.{schema.name} "
            "WHERE batch_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY batch_id",
            [[f.table_file.batch_id for f in files]],
        ).fetchall()
    )
    for file in files:
        if counts.get(file.table_file.batch_id, 0) != file.rows:
            raise WarehouseError(
                f"The table file {file.table_file.path} or another file of {schema.name} holds rows of a "
                "batch that is not its own.",
                f"Materialize {schema.name} for batch {file.table_file.batch_id} again; nothing was loaded.",
            )


def _check_primary_key(
    con: duckdb.DuckDBPyConnection, schema: TableSchema, files: Sequence[LocalFile]
) -> None:
    """No two rows of the loaded batches may share the primary key."""
    key = ", ".join(schema.primary_key)
    rows = (
        f"FROM {CORE}.{schema.name} WHERE batch_id IN (SELECT unnest(?::VARCHAR[])) "
        f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"
    )
    twice = con.execute(f"SELECT {key} {rows}", [[f.table_file.batch_id for f in files]]).fetchone()
    if twice:
        row = ", ".join(f"{n} {v!r}" for n, v in zip(schema.primary_key, twice, strict=True))
        raise WarehouseError(
            f"{schema.name} has two rows with the same key ({row}).",
            f"Materialize {schema.name} for batch {twice[schema.primary_key.index('batch_id')]} again; "
            "nothing was loaded.",
        )


def _read_log(con: duckdb.DuckDBPyConnection) -> dict[_Key, _Logged]:
    rows = con.execute(f"SELECT table_name, batch_id, fingerprint, sha256 FROM {LOAD_LOG}").fetchall()
    return {(table, batch): _Logged(fingerprint, sha256) for table, batch, fingerprint, sha256 in rows}


def _forget(con: duckdb.DuckDBPyConnection, keys: Sequence[_Key]) -> None:
    if keys:
        con.execute(
            f"DELETE FROM {LOAD_LOG} WHERE (table_name, batch_id) IN "
            "(SELECT (unnest(?::VARCHAR[]), unnest(?::VARCHAR[])))",
            [[table for table, _ in keys], [batch for _, batch in keys]],
        )


def _record(con: duckdb.DuckDBPyConnection, files: Sequence[LocalFile]) -> None:
    if files:
        con.execute(
            f"INSERT INTO {LOAD_LOG} SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
            "unnest(?::VARCHAR[]), unnest(?::BIGINT[]), ?::TIMESTAMP",
            [
                [f.table_file.table.name for f in files],
                [f.table_file.batch_id for f in files],
                [f.table_file.fingerprint for f in files],
                [f.sha256 for f in files],
                [f.rows for f in files],
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )


def _refresh_fingerprints(con: duckdb.DuckDBPyConnection, files: Iterable[TableFile]) -> None:
    """Remember that a file was written again with the same content, so that it is not read next time."""
    for file in files:
        con.execute(
            f"UPDATE {LOAD_LOG} SET fingerprint = ? WHERE table_name = ? AND batch_id = ?",
            [file.fingerprint, *file.key],
        )


def _one_int(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0
