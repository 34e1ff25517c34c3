"""What lies in `data/tables`: which files there are, whether they changed, and whether they can be loaded."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.schemas import TableSchema
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path


@dataclass(frozen=True, slots=True)
class TableFile:
    """One table's rows of one batch, as found in the data folder."""

    table: TableSchema
    batch_id: str
    path: UPath
    fingerprint: str
    """Changes whenever the file is written again; costs no read of the file."""

    @property
    def key(self) -> tuple[str, str]:
        return self.table.name, self.batch_id


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A table file's content on a local disk, checked against the declared columns."""

    table_file: TableFile
    path: Path
    sha256: str
    rows: int
    columns: frozenset[str]


def find_table_files(data: DataFolder, tables: Iterable[TableSchema]) -> list[TableFile]:
    """Every batch's file of the given tables, sorted by table and batch."""
    found = []
    for table in tables:
        folder = data.table_file(table.name, "any").parent
        folder.fs.invalidate_cache()
        for path in sorted(folder.glob("*.parquet")) if folder.exists() else []:
            found.append(TableFile(table, path.stem, path, str(path.fs.ukey(path.path))))
    return found


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(table_file: TableFile, folder: Path) -> Path:
    """The file on a local disk: where it lies, or copied into `folder` from object storage."""
    if is_local(table_file.path):
        return local_path(table_file.path)
    target = folder / f"{table_file.table.name}-{len(list(folder.iterdir()))}.parquet"
    target.write_bytes(table_file.path.read_bytes())
    return target


def inspect(table_file: TableFile, path: Path, sha256: str) -> LocalFile:
    """Read a file's footer, and compare its columns with the declared ones.

    A column that may be NULL may be missing: the file was written before it was declared.

    Raises `WarehouseError` naming the file when it is not Parquet, or its columns do not fit.
    """
    try:
        with pq.ParquetFile(path) as file:
            rows, present = file.metadata.num_rows, file.schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise _unloadable(table_file, f"is not a readable Parquet file ({error})") from error
    for column in table_file.table.columns:
        if column.name not in present.names:
            if not column.nullable:
                raise _unloadable(table_file, f"lacks the column {column.name}")
        elif present.field(column.name).type != column.type.arrow:
            found = present.field(column.name).type
            raise _unloadable(table_file, f"has {column.name} as {found}, declared is {column.type.arrow}")
    return LocalFile(table_file, path, sha256, rows, frozenset(present.names))


def _unloadable(table_file: TableFile, problem: str) -> WarehouseError:
    return WarehouseError(
        f"The table file {table_file.path} {problem}.",
        f"Materialize {table_file.table.name} for batch {table_file.batch_id} again; nothing was loaded.",
    )
