"""Many small table files into few, and table files of batches that are not wanted any more."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from qwenocr_assets.schemas import TableSchema
from qwenocr_assets.storage.bulk import read_whole
from qwenocr_assets.storage.compacted_files import (
    Part,
    batches_in,
    compacted_batches,
    compacted_files,
    own_files,
    read_batches,
    split,
    take_out,
    write_compacted,
)
from qwenocr_assets.storage.conditional import remove_if, version_of
from qwenocr_assets.storage.data_folder import DataFolder, is_local

SETTLED = timedelta(days=1)
"""A batch whose file was not written for so long is done with."""
_LEAST_FILES = 16
"""Fewer are not worth it."""
_FULL_ROWS = 1_000_000
"""A compacted file of so many rows is left alone."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What compacting did to the files of one table."""

    table: str
    files_before: int
    files_after: int


def compact(
    data: DataFolder,
    tables: Iterable[TableSchema[Any]],
    *,
    settled: timedelta = SETTLED,
    now: datetime | None = None,
) -> list[Compaction]:
    """Put the files of settled batches together, table by table; returns what was done.

    One process at a time: who calls this has a lease (`steps.publish.tidy`). The rows are the same before and after,
    and so is what the warehouse has loaded. A file that is written again meanwhile stays as it is, and so does one
    whose columns are no longer the declared ones.
    """
    before = (now or datetime.now(UTC)) - settled
    return [done for table in tables if (done := _compact(data.table_folder(table.name), table, before))]


def remove_batch(data: DataFolder, tables: Iterable[TableSchema[Any]], batch_id: str) -> None:
    """Remove a batch's rows from the table files; its manifest and raw answers stay, so a run makes them again."""
    for table in tables:
        data.table_file(table.name, batch_id).unlink(missing_ok=True)
        take_out(data.table_folder(table.name), batch_id)


def _compact(folder: UPath, table: TableSchema[Any], before: datetime) -> Compaction | None:
    small = [path for path in sorted(own_files(folder)) if _written_at(path) < before]
    half_full = [
        p for p in compacted_files(folder) if sum(b.rows for b in batches_in(p).values()) < _FULL_ROWS / 2
    ]
    if len(small) + len(half_full) < _LEAST_FILES:
        return None
    files_before = _count(folder)
    own = {path.stem for path in own_files(folder)}
    newest = compacted_batches(folder)
    taken: dict[str, str] = {}
    waiting: list[Part] = []

    def write() -> None:
        write_compacted(folder, table.arrow, sorted(waiting, key=lambda part: part.batch_id))
        waiting.clear()

    for path in half_full:
        # what has a file of its own or stands in a newer compacted file is out of date here
        hashes = {
            b: held.sha256 for b, held in batches_in(path).items() if b not in own and newest[b].path == path
        }
        waiting += split(read_batches(path, hashes), hashes)
    for path in small:
        content = read_whole(path)
        rows = _as_declared(pq.read_table(pa.BufferReader(content)), table)
        if rows is None:
            continue
        taken[path.stem] = hashlib.sha256(content).hexdigest()
        waiting.append(Part(path.stem, taken[path.stem], rows))
        if sum(part.rows.num_rows for part in waiting) >= _FULL_ROWS:
            write()
    if waiting:
        write()
    for path in small:
        if path.stem in taken:
            _remove_unless_written(path, taken[path.stem])
    for path in half_full:
        path.unlink()
    return Compaction(table.name, files_before, _count(folder))


def _count(folder: UPath) -> int:
    return len(own_files(folder)) + len(compacted_files(folder))


def _written_at(path: UPath) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _as_declared(rows: pa.Table, table: TableSchema[Any]) -> pa.Table | None:
    """The rows with the declared columns, NULL where the file is from before one; None when they do not fit."""
    columns = []
    for column in table.columns:
        if column.name in rows.column_names and rows.schema.field(column.name).type == column.type.arrow:
            columns.append(rows[column.name])
        elif column.name not in rows.column_names and column.nullable:
            columns.append(pa.nulls(rows.num_rows, column.type.arrow))
        else:
            return None
    return pa.Table.from_arrays(columns, schema=table.arrow)


def _remove_unless_written(path: UPath, sha256: str) -> None:
    """Remove a file that was compacted; a run may have replaced it since, so look at what is removed."""
    if not is_local(path):
        version = version_of(path)
        if hashlib.sha256(read_whole(path)).hexdigest() == sha256:
            remove_if(path, version)
        return
    aside = path.with_name(f".{path.name}.compacted")
    path.rename(aside)
    if hashlib.sha256(aside.read_bytes()).hexdigest() != sha256 and not path.exists():
        aside.rename(path)
    else:
        aside.unlink()
