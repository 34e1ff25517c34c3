"""One Parquet file per table and intake batch, in the declared schema; old ones lie together in compacted files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qwenocr_assets.errors import StorageError
from qwenocr_assets.schemas import R, TableSchema
from qwenocr_assets.storage.compacted_files import read_batches
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.scan import batch_file, scan

Row = Mapping[str, Any]
"""A row of any table, by column name."""


def write_table(data: DataFolder, schema: TableSchema[R], batch_id: str, rows: Iterable[R]) -> int:
    """Write a batch's rows, replacing what was there; returns how many. Columns that are left out are NULL."""
    table = pa.Table.from_pylist(list(rows), schema=schema.arrow)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(data.table_file(schema.name, batch_id), sink.getvalue().to_pybytes())
    return int(table.num_rows)


def read_table(
    data: DataFolder,
    schema: TableSchema[R],
    batch_id: str,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> list[R]:
    """A batch's rows, all of them or those `where` something holds, with these columns; none when the step that writes
    them has not run.

    Raises:
        StorageError: a column holds what it cannot, like a status of a newer version.
    """
    names = None if columns is None else list(columns)
    file = batch_file(data, schema, batch_id)
    if file is None:
        return []
    if file.compacted is None:
        rows = pq.read_table(pa.BufferReader(file.path.read_bytes()), columns=names, filters=where)
    else:
        rows = read_batches(file.path, [batch_id])
        rows = rows if where is None else rows.filter(where)
        rows = rows if names is None else rows.select(names)
    return _typed(schema, rows)


def count_rows(data: DataFolder, schema: TableSchema[Any], batch_id: str) -> int | None:
    """How many rows a batch has, without reading them; None when the step that writes them has not run."""
    file = batch_file(data, schema, batch_id)
    if file is None:
        return None
    if file.compacted is not None:
        return file.compacted.rows
    with file.path.open("rb") as opened:
        return int(pq.read_metadata(opened).num_rows)


def read_all_batches(
    data: DataFolder,
    schema: TableSchema[R],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> list[R]:
    """The rows of every batch, each once, sorted by batch: all of them, or those `where` something holds.

    Raises:
        StorageError: a table file cannot be read, or a column holds what it cannot.
    """
    rows = _typed(schema, scan(data, schema, columns, where))
    return sorted(rows, key=lambda row: str(row["batch_id"]))


def _typed(schema: TableSchema[R], table: pa.Table) -> list[R]:
    """The rows with statuses as what they are, and not as text."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for column in schema.columns:
        if column.values is not None and column.name in table.column_names:
            by_text: dict[str | None, object] = {value.value: value for value in column.values}
            for row in rows:
                text = row[column.name]
                if text not in by_text:
                    raise StorageError(
                        f"{schema.name} of batch {row.get('batch_id', 'unknown')} has {column.name} {text!r}.",
                        f"This version knows {', '.join(column.values)}: use the one that wrote it, or newer.",
                    )
                row[column.name] = by_text[text]
    return cast(list[R], rows)
