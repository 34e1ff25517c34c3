"""The rows of table files in `core`, and the load log that says which file each batch's rows came from."""
# Names put into SQL come from the declared tables, never from input.
# ruff: noqa: S608

import glob
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow.parquet as pq

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TABLES, ColumnType, TableSchema
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.ddl import CORE, LOAD_LOG
from qwenocr_assets.warehouse.table_scan import Key, LoadableFile


class WrittenMeanwhile(WarehouseError):
    """A table file is another than the one that was looked at: what is there now can be loaded."""


def delete_rows(con: duckdb.DuckDBPyConnection, table: str, batches: Sequence[str]) -> None:
    """Remove the rows of these batches from a core table."""
    if batches:
        con.execute(
            f"DELETE FROM {CORE}.{table} WHERE batch_id IN (SELECT unnest(?::VARCHAR[]))", [list(batches)]
        )


def insert_rows(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile], into: str
) -> None:
    """Insert the rows of these files into a table with the declared columns.

    Raises:
        WarehouseError: a file holds rows of another batch, or two of the rows share the primary key.
        WrittenMeanwhile: a file has other rows by now.
    """
    if not files:
        return
    _insert_from(con, schema, into, [f for f in files if not f.is_compacted])
    for path in sorted({f.path for f in files if f.is_compacted}):
        _insert_from(con, schema, into, [f for f in files if f.path == path])
    _check_batches(con, schema, files, into)
    _check_primary_key(con, schema, files, into)


def _insert_from(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], into: str, files: Sequence[LoadableFile]
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
        f"INSERT INTO {into} ({names}) SELECT {values} "
        f"FROM read_parquet(?, union_by_name => true, hive_partitioning => false) {wanted}",
        [sorted({glob.escape(str(f.path)) for f in files}), *batches],
    )


def _value(name: str, kind: ColumnType) -> str:
    """A column of the file as the table wants it; text that is not JSON is kept as a JSON string."""
    if kind is ColumnType.JSON:
        return f'coalesce(try_cast("{name}" AS JSON), to_json("{name}"))'
    return f'"{name}"'


def _check_batches(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile], inside: str
) -> None:
    """A file must hold rows of its own batch only: rows are replaced and removed by batch."""
    counts = dict(
        con.execute(
            f"SELECT batch_id, count(*) FROM {inside} "
            "WHERE batch_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY batch_id",
            [[f.key.batch_id for f in files]],
        ).fetchall()
    )
    for file in files:
        if counts.get(file.key.batch_id, 0) != file.rows:
            if not file.is_compacted and pq.read_metadata(file.path).num_rows != file.rows:
                raise WrittenMeanwhile(
                    f"The table file {file.origin} was written while it was loaded.", "Run again."
                )
            raise WarehouseError(
                f"The table file {file.origin} or another file of {schema.name} holds rows of an "
                "intake that is not its own.",
                f"Materialize {schema.name} for intake {file.key.batch_id} again; nothing was loaded.",
            )


def _check_primary_key(
    con: duckdb.DuckDBPyConnection, schema: TableSchema[Any], files: Sequence[LoadableFile], inside: str
) -> None:
    """No two rows of the loaded batches may share the primary key."""
    key = ", ".join(schema.primary_key)
    rows = (
        f"FROM {inside} WHERE batch_id IN (SELECT unnest(?::VARCHAR[])) "
        f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"
    )
    twice = con.execute(f"SELECT {key} {rows}", [[f.key.batch_id for f in files]]).fetchone()
    if twice:
        row = ", ".join(f"{n} {v!r}" for n, v in zip(schema.primary_key, twice, strict=True))
        raise WarehouseError(
            f"{schema.name} has two rows with the same key ({row}).",
            f"Materialize {schema.name} for intake {twice[schema.primary_key.index('batch_id')]} again; "
            "nothing was loaded.",
        )


def read_log(con: duckdb.DuckDBPyConnection) -> dict[Key, str]:
    """The content hash of every loaded file; of one that was loaded twice, which a lake would not notice, none."""
    log = con.execute(
        f"SELECT table_name, batch_id, CASE WHEN count(*) = 1 THEN min(sha256) ELSE '' END "
        f"FROM {LOAD_LOG} GROUP BY ALL"
    ).fetchall()
    return {Key(table, batch): sha256 for table, batch, sha256 in log}


def forget(con: duckdb.DuckDBPyConnection, keys: Sequence[Key]) -> None:
    """Take files out of the load log."""
    if keys:
        con.execute(
            f"DELETE FROM {LOAD_LOG} WHERE (table_name, batch_id) IN "
            "(SELECT (unnest(?::VARCHAR[]), unnest(?::VARCHAR[])))",
            [[key.table for key in keys], [key.batch_id for key in keys]],
        )


def record(con: duckdb.DuckDBPyConnection, files: Sequence[LoadableFile], data: DataFolder) -> None:
    """Put files into the load log."""
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


def counted(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The rows of every core table."""
    counts = {}
    for table in TABLES:
        (count,) = con.execute(f"SELECT count(*) FROM {CORE}.{table}").fetchone() or (0,)
        counts[table] = int(count)
    return counts
