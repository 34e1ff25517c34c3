"""One Parquet file per table and intake batch, in the declared schema; old ones lie together in compacted files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qwenocr_assets.schemas import TableSchema
from qwenocr_assets.storage.compacted_files import read_batches
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.scan import batch_file, scan

Row = Mapping[str, Any]
"""One row by column name, as written to a table; missing columns are NULL."""


def write_table(data: DataFolder, schema: TableSchema, batch_id: str, rows: Iterable[Row]) -> int:
    """Write a batch's rows, replacing what was there; returns how many."""
    table = pa.Table.from_pylist(list(rows), schema=schema.arrow)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomically(data.table_file(schema.name, batch_id), sink.getvalue().to_pybytes())
    return int(table.num_rows)


def read_table(
    data: DataFolder, schema: TableSchema, batch_id: str, columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """A batch's rows, all of them or these columns; none when the step that writes them has not run."""
    names = None if columns is None else list(columns)
    file = batch_file(data, schema, batch_id)
    if file is None:
        return []
    if file.compacted is None:
        rows = pq.read_table(pa.BufferReader(file.path.read_bytes()), columns=names)
    else:
        rows = read_batches(file.path, [batch_id])
        rows = rows if names is None else rows.select(names)
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def count_rows(data: DataFolder, schema: TableSchema, batch_id: str) -> int | None:
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
    schema: TableSchema,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> list[dict[str, Any]]:
    """The rows of every batch, each once, sorted by batch: all of them, or those `where` something holds."""
    rows: list[dict[str, Any]] = scan(data, schema, columns, where).to_pylist()
    return sorted(rows, key=lambda row: str(row["batch_id"]))
