"""Which file holds a batch's rows, and the rows of many batches at once: nobody else lists table files.

A batch's own file counts before a compacted one, and of several compacted ones the one with the highest number. What
does not count is out of date: the batch was written again since.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.schemas import TableSchema
from qwenocr_assets.storage.compacted_files import CompactedBatch, compacted_batches, own_files
from qwenocr_assets.storage.data_folder import DataFolder, is_local
from qwenocr_assets.storage.kept_tables import kept_table

_LOOKS = 3
"""A compaction removes a table's files once: who is overtaken by one finds them at the next look."""


@dataclass(frozen=True, slots=True)
class BatchFile:
    """The file that counts for one batch of a table."""

    batch_id: str
    path: UPath
    compacted: CompactedBatch | None = None
    """Set when other batches lie in the file too."""


def batch_files(data: DataFolder, schema: TableSchema[Any]) -> dict[str, BatchFile]:
    """Every batch of a table with the file that counts, sorted by batch."""
    folder = data.table_folder(schema.name)
    # own files are listed first: what a compaction moves meanwhile is then seen twice, and never missed
    own = {path.stem: BatchFile(path.stem, path) for path in own_files(folder)}
    compacted = {
        batch: BatchFile(batch, held.path, held) for batch, held in compacted_batches(folder).items()
    }
    return dict(sorted((compacted | own).items()))


def compacted_batch(data: DataFolder, schema: TableSchema[Any], batch_id: str) -> CompactedBatch | None:
    """Where a batch lies that has no file of its own; None when the step that writes it has not run."""
    return compacted_batches(data.table_folder(schema.name)).get(batch_id)


def scan(
    data: DataFolder,
    schema: TableSchema[Any],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    *,
    batch_ids: Collection[str] | None = None,
    keep: bool = False,
) -> pa.Table:
    """The rows of every batch, or of these, each batch once: all of them, or those `where` something holds.

    They come in no order. Columns that are younger than a file are NULL. With `keep`, small files stay in memory for
    the next time.

    Raises:
        StorageError: a table file cannot be read.
    """
    for look in range(1, _LOOKS + 1):
        try:
            files = batch_files(data, schema)
            chosen = [f for b, f in files.items() if batch_ids is None or b in batch_ids]
            return _read(data, schema, list(columns or schema.column_names), where, chosen, keep)
        except FileNotFoundError as error:
            if look == _LOOKS:
                raise _unreadable(schema, error) from error
        except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
            raise _unreadable(schema, error) from error
    raise AssertionError("unreachable")


def _read(
    data: DataFolder,
    schema: TableSchema[Any],
    columns: list[str],
    where: pc.Expression | None,
    files: Sequence[BatchFile],
    keep: bool,
) -> pa.Table:
    filesystem = data.table_folder(schema.name).fs

    def read(paths: Sequence[UPath], wanted: pc.Expression | None) -> pa.Table:
        if keep and all(map(is_local, paths)):
            rows = pa.concat_tables([kept_table(schema, Path(path.path)) for path in paths])
            return (rows if wanted is None else rows.filter(wanted)).select(columns)
        names = [str(path.path) for path in paths]
        dataset = ds.dataset(names, schema=schema.arrow, filesystem=filesystem, format="parquet")
        return dataset.to_table(columns=columns, filter=wanted)

    own = [file.path for file in files if file.compacted is None]
    inside: dict[UPath, list[str]] = defaultdict(list)
    for file in files:
        if file.compacted is not None:
            inside[file.path].append(file.batch_id)
    found = [read(own, where)] if own else [schema.arrow.empty_table().select(columns)]
    for path, batch_ids in inside.items():
        of_these = pc.field("batch_id").isin(pa.array(batch_ids, pa.string()))
        found.append(read([path], of_these if where is None else of_these & where))
    return pa.concat_tables(found)


def _unreadable(schema: TableSchema[Any], error: Exception) -> StorageError:
    return StorageError(
        f"The table files of {schema.name} cannot be read ({error}).",
        "If one is damaged, delete it and run its intake again: what is answered costs nothing.",
    )
