"""One Parquet file per table and intake batch, in the declared schema; old ones lie together in compacted files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qwenocr_assets.errors import StorageError
from qwenocr_assets.schemas import R, TableSchema
from qwenocr_assets.storage.bulk import read_whole
from qwenocr_assets.storage.compacted_files import read_batches
from qwenocr_assets.storage.conditional import write_while
from qwenocr_assets.storage.data_folder import DataFolder, is_local, write_atomically
from qwenocr_assets.storage.scan import compacted_batch, scan

Row = Mapping[str, Any]
"""A row of any table, by column name."""


def write_table(
    data: DataFolder,
    schema: TableSchema[R],
    batch_id: str,
    rows: Iterable[R],
    check: Callable[[], None] | None = None,
) -> int:
    """Write a batch's rows, replacing what was there; returns how many. Columns that are left out are NULL.

    Who writes while having the batch gives `check`, which raises when it is lost (`BatchHold.check`): what another run
    has written since is not replaced.
    """
    table = pa.Table.from_pylist(list(rows), schema=schema.arrow)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    path, content = data.table_file(schema.name, batch_id), sink.getvalue().to_pybytes()
    if check is None:
        write_atomically(path, content)
    else:
        write_while(path, content, check)
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
    try:
        content = read_whole(data.table_file(schema.name, batch_id))
    except FileNotFoundError:
        held = compacted_batch(data, schema, batch_id)
        if held is None:
            return []
        rows = read_batches(held.path, [batch_id])
        rows = rows if where is None else rows.filter(where)
        rows = rows if names is None else rows.select(names)
    else:
        if names is None:  # a batch is one row group: there is nothing to leave out before it is decoded
            rows = pq.ParquetFile(pa.BufferReader(content)).read()
            rows = rows if where is None else rows.filter(where)
        else:
            rows = pq.read_table(pa.BufferReader(content), columns=names, filters=where)
    return _typed(schema, rows)


def count_rows(data: DataFolder, schema: TableSchema[Any], batch_id: str) -> int | None:
    """How many rows a batch has, without reading them; None when the step that writes them has not run."""
    path = data.table_file(schema.name, batch_id)
    try:
        if is_local(path):
            with path.open("rb") as opened:
                return int(pq.read_metadata(opened).num_rows)
        return int(
            pq.read_metadata(pa.BufferReader(read_whole(path))).num_rows
        )  # one request, for it is small
    except FileNotFoundError:
        held = compacted_batch(data, schema, batch_id)
        return None if held is None else held.rows


def read_all_batches(
    data: DataFolder,
    schema: TableSchema[R],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    *,
    keep: bool = False,
) -> list[R]:
    """The rows of every batch, each once, sorted by batch: all of them, or those `where` something holds.

    With `keep`, small files stay in memory for the next time.

    Raises:
        StorageError: a table file cannot be read, or a column holds what it cannot.
    """
    rows = _typed(schema, scan(data, schema, columns, where, keep=keep))
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
                        f"{schema.name} of intake {row.get('batch_id', 'unknown')} has {column.name} {text!r}.",
                        f"This version knows {', '.join(column.values)}: use the one that wrote it, or newer.",
                    )
                row[column.name] = by_text[text]
    return cast(list[R], rows)
