"""One Parquet file per table and intake batch, in the declared schema; old ones lie together in compacted files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from upath import UPath

from qwenocr_assets.schemas import TableSchema
from qwenocr_assets.storage.compacted_files import PREFIX, compacted_batches, read_batches
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically

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
    path = data.table_file(schema.name, batch_id)
    if path.exists():
        rows = pq.read_table(pa.BufferReader(path.read_bytes()), columns=names)
    else:
        compacted = compacted_batches(data.table_folder(schema.name)).get(batch_id)
        if compacted is None:
            return []
        rows = read_batches(compacted.path, [batch_id])
        rows = rows if names is None else rows.select(names)
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def count_rows(data: DataFolder, schema: TableSchema, batch_id: str) -> int | None:
    """How many rows a batch has, without reading them; None when the step that writes them has not run."""
    path = data.table_file(schema.name, batch_id)
    if path.exists():
        with path.open("rb") as file:
            return int(pq.read_metadata(file).num_rows)
    compacted = compacted_batches(data.table_folder(schema.name)).get(batch_id)
    return None if compacted is None else compacted.rows


def read_all_batches(
    data: DataFolder,
    schema: TableSchema,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> list[dict[str, Any]]:
    """The rows of every batch, each once, sorted by batch: all of them, or those `where` something holds."""
    folder = data.table_folder(schema.name)
    if not folder.exists():
        return []
    names = list(columns or schema.column_names)
    own = {p.stem: str(p.path) for p in folder.glob("*.parquet") if not p.name.startswith(PREFIX)}
    inside: dict[UPath, list[str]] = defaultdict(list)
    for batch_id, part in compacted_batches(folder).items():
        if batch_id not in own:
            inside[part.path].append(batch_id)

    def read(files: Sequence[str], chosen: pc.Expression | None) -> list[dict[str, Any]]:
        if not files:
            return []
        dataset = ds.dataset(list(files), schema=schema.arrow, filesystem=folder.fs, format="parquet")
        rows: list[dict[str, Any]] = dataset.to_table(columns=names, filter=chosen).to_pylist()
        return rows

    found = read(sorted(own.values()), where)
    for path, batch_ids in inside.items():
        of_these = pc.field("batch_id").isin(pa.array(batch_ids, pa.string()))
        found += read([str(path.path)], of_these if where is None else of_these & where)
    return sorted(found, key=lambda row: str(row["batch_id"]))
