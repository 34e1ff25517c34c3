"""What lies in `data/tables`: which files there are, what they hold, and whether they can be loaded."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TableSchema
from qwenocr_assets.storage.bulk import read_whole, side_by_side
from qwenocr_assets.storage.compacted_files import CompactedBatch
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path, write_atomically
from qwenocr_assets.storage.scan import BatchFile, batch_files


class Key(NamedTuple):
    """What identifies a table file."""

    table: str
    batch_id: str


@dataclass(frozen=True, slots=True)
class TableFile:
    """One table's rows of one batch, as found in the data folder."""

    table: TableSchema[Any]
    batch_id: str
    path: UPath
    fingerprint: str
    """Size, times and place in one text, or in a compacted file the hash of the batch's own: it changes when the
    batch is written again, and costs no read."""
    compacted: CompactedBatch | None = None
    """Set when the batch lies in a compacted file."""

    @property
    def key(self) -> Key:
        return Key(self.table.name, self.batch_id)


@dataclass(frozen=True, slots=True)
class LoadableFile:
    """A table file on a local disk whose columns fit the declared ones."""

    key: Key
    origin: UPath
    path: Path
    sha256: str
    rows: int
    columns: frozenset[str]
    is_compacted: bool
    """Whether the file holds other batches too."""


def find_table_files(data: DataFolder, tables: Iterable[TableSchema[Any]]) -> list[TableFile]:
    """Every batch's file of the given tables, sorted by table and batch; its own, or the compacted one it lies in."""
    return [
        TableFile(table, batch, file.path, _fingerprint(file), file.compacted)
        for table in tables
        for batch, file in batch_files(data, table).items()
    ]


def _fingerprint(file: BatchFile) -> str:
    return file.compacted.sha256 if file.compacted else str(file.path.fs.ukey(file.path.path))


def content_hashes(files: Sequence[TableFile], cache: Path, copies: Path) -> dict[Key, str]:
    """SHA-256 of every file's bytes, reading only files whose fingerprint is not in the cache.

    `cache` is a JSON file that may be lost at no harm; `copies` a folder for files from object storage.
    Raises `WarehouseError` when a file cannot be read.
    """
    known = _read_cache(cache)
    side_by_side(
        lambda f: fetch(f, copies), [f for f in files if not f.compacted and f.fingerprint not in known]
    )
    hashes = {
        f.key: f.compacted.sha256
        if f.compacted
        else known.get(f.fingerprint) or _content_hash(fetch(f, copies))
        for f in files
    }
    now_known = {f.fingerprint: hashes[f.key] for f in files if not f.compacted}
    if now_known != known:
        write_atomically(UPath(cache), orjson.dumps(now_known))
    return hashes


def fetch(file: TableFile, copies: Path) -> Path:
    """The file on a local disk: where it lies or, from object storage, its copy.

    Raises `WarehouseError` when it cannot be read.
    """
    if is_local(file.path):
        return local_path(file.path)
    copy = copies / f"{file.table.name}-{file.path.name}"
    if not copy.exists():
        try:
            copy.write_bytes(read_whole(file.path))
        except OSError as error:
            raise _unloadable(file, f"cannot be read ({error.strerror or error})") from error
    return copy


def inspect(file: TableFile, path: Path, sha256: str) -> LoadableFile:
    """Read a file's footer, and compare its columns with the declared ones.

    A column that may be NULL may be missing: the file was written before it was declared.
    Raises `WarehouseError` naming the file when it is not Parquet, or its columns do not fit.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            rows, present = parquet.metadata.num_rows, parquet.schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise _unloadable(file, f"is not a readable Parquet file ({error})") from error
    for column in file.table.columns:
        if column.name not in present.names:
            if not column.nullable:
                raise _unloadable(file, f"lacks the column {column.name}")
        elif present.field(column.name).type != column.type.arrow:
            found = present.field(column.name).type
            raise _unloadable(file, f"has {column.name} as {found}, declared is {column.type.arrow}")
    if file.compacted:
        rows = file.compacted.rows
    return LoadableFile(
        file.key, file.path, path, sha256, rows, frozenset(present.names), file.compacted is not None
    )


def _content_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WarehouseError(
            f"The table file {path} cannot be read ({error.strerror or error}).",
            "Make it readable, or run again if a run was just replacing it; nothing was loaded.",
        ) from error


def _read_cache(cache: Path) -> dict[str, str]:
    try:
        known = orjson.loads(cache.read_bytes())
    except (OSError, orjson.JSONDecodeError):  # none yet, or damaged: read the files
        return {}
    return known if isinstance(known, dict) else {}


def _unloadable(file: TableFile, problem: str) -> WarehouseError:
    return WarehouseError(
        f"The table file {file.path} {problem}.",
        f"Materialize {file.table.name} for intake {file.batch_id} again; nothing was loaded.",
    )
