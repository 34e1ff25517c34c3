"""Table files of many batches in one file: what is in them, reading a batch, taking one out.

A compacted file is named `compacted-000012.parquet` and lies beside the batches' own files. Its footer says which
batches it holds, each with the hash of the file that it had. What counts when a batch lies in several files is said in
`scan`; so a batch is written again as ever, and compacting may be killed at any point.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

from qwenocr_assets.storage.bulk import list_names
from qwenocr_assets.storage.conditional import version_of, write_if

_NAME = re.compile(r"compacted-(\d{6})\.parquet")
"""A batch of a folder called `compacted` is not taken for one: its id ends in more digits."""

_FOOTER = b"qwenocr.batches"
_GROUP_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class CompactedBatch:
    """A batch inside a compacted file."""

    path: UPath
    sha256: str
    """Of the file that the batch had."""
    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """A batch's rows on their way into a compacted file."""

    batch_id: str
    sha256: str
    rows: pa.Table


def compacted_files(folder: UPath) -> list[UPath]:
    """A table's compacted files, the oldest first."""
    return [folder / name for name in sorted(_names(folder)) if _NAME.fullmatch(name)]


def own_files(folder: UPath) -> list[UPath]:
    """A table's files that hold one batch each, in no order."""
    return [folder / name for name in _names(folder) if not _NAME.fullmatch(name)]


def _names(folder: UPath) -> list[str]:
    return [name for name in list_names(folder) if name.endswith(".parquet") and not name.startswith(".")]


def compacted_batches(folder: UPath) -> dict[str, CompactedBatch]:
    """Every batch in a table's compacted files, sorted by batch."""
    found: dict[str, CompactedBatch] = {}
    for path in compacted_files(folder):
        found |= batches_in(path)
    return dict(sorted(found.items()))


def batches_in(path: UPath) -> dict[str, CompactedBatch]:
    """The batches of one compacted file."""
    with path.open("rb") as file:
        footer = pq.read_metadata(file).metadata or {}
    entries: Mapping[str, list[str | int]] = orjson.loads(footer.get(_FOOTER, b"{}"))
    return {batch: CompactedBatch(path, str(sha), int(rows)) for batch, (sha, rows) in entries.items()}


def read_batches(path: UPath, batch_ids: Iterable[str]) -> pa.Table:
    """The rows of some batches of a compacted file; only the row groups that hold them are read."""
    with path.open("rb") as file:
        return pq.read_table(file, filters=pc.field("batch_id").isin(pa.array(list(batch_ids), pa.string())))


def write_compacted(folder: UPath, schema: pa.Schema, parts: Iterable[Part]) -> UPath:
    """Write parts, sorted by batch, as the newest compacted file of a table.

    Raises:
        Overtaken: somebody else has just written it.
    """
    known = [int(match[1]) for path in compacted_files(folder) if (match := _NAME.fullmatch(path.name))]
    path = folder / f"compacted-{max(known, default=0) + 1:06}.parquet"
    write_if(path, _encoded(schema, parts), None)
    return path


def take_out(folder: UPath, batch_id: str) -> None:
    """Remove a batch from every compacted file that holds it."""
    for path in compacted_files(folder):
        version = version_of(path)
        held = batches_in(path)
        if batch_id not in held:
            continue
        others = [batch for batch in held if batch != batch_id]
        rows = read_batches(path, others)
        if others:
            write_if(path, _encoded(rows.schema, split(rows, {b: held[b].sha256 for b in others})), version)
        else:
            path.unlink()


def split(rows: pa.Table, hashes: Mapping[str, str]) -> Iterator[Part]:
    """A part for each of the batches, with its rows in their order."""
    for batch, sha256 in hashes.items():
        yield Part(batch, sha256, rows.filter(pc.equal(rows["batch_id"], batch)))


def _encoded(schema: pa.Schema, parts: Iterable[Part]) -> bytes:
    sink, entries = pa.BufferOutputStream(), {}
    waiting: list[pa.Table] = []
    schema = schema.remove_metadata()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:

        def flush() -> None:
            if waiting:
                writer.write_table(pa.concat_tables(waiting), row_group_size=_GROUP_ROWS)
                waiting.clear()

        for part in parts:
            entries[part.batch_id] = (part.sha256, part.rows.num_rows)
            waiting.append(part.rows.replace_schema_metadata(None))
            if sum(table.num_rows for table in waiting) >= _GROUP_ROWS:
                flush()
        flush()
        writer.add_key_value_metadata({_FOOTER: orjson.dumps(entries)})
    return bytes(sink.getvalue().to_pybytes())
