"""What has changed among the table files since the warehouse was loaded, and what a load did about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.table_scan import (
    Key,
    LoadableFile,
    TableFile,
    content_hashes,
    fetch,
    find_table_files,
    inspect,
)


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, and what is in `core` now."""

    batches_loaded: tuple[str, ...]
    """Batches with a new or changed table file, sorted."""
    batches_removed: tuple[str, ...]
    """Batches with a table file that is gone, sorted."""
    rows_by_table: dict[str, int]
    """Rows of every table of `core` after the load."""

    @property
    def changed(self) -> bool:
        return bool(self.batches_loaded or self.batches_removed)

    def and_then(self, later: "LoadReport") -> "LoadReport":
        """Both loads, told as one."""
        return LoadReport(
            tuple(sorted({*self.batches_loaded, *later.batches_loaded})),
            tuple(sorted({*self.batches_removed, *later.batches_removed})),
            later.rows_by_table,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The table files as they are now."""

    files: dict[Key, TableFile]
    hashes: dict[Key, str]
    copies: Path
    """Folder for files from object storage."""


def look(data: DataFolder, cache: Path, copies: Path) -> Found:
    """Find all table files and their hashes; `cache` and `copies` as `content_hashes` takes them."""
    files = {f.key: f for f in find_table_files(data, TABLES.values())}
    return Found(files, content_hashes(list(files.values()), cache, copies), copies)


def differing_keys(logged: Mapping[Key, str], found: Found) -> set[Key]:
    """What is not in `core`, as its log says, as it is in the files."""
    return {key for key in logged.keys() | found.hashes.keys() if logged.get(key) != found.hashes.get(key)}


def changed_files(found: Found, keys: Iterable[Key]) -> list[LoadableFile]:
    """Those of the keys that have a file, looked into.

    Raises:
        WarehouseError: one cannot be loaded.
    """
    there = [key for key in keys if key in found.hashes]
    return [
        inspect(found.files[key], fetch(found.files[key], found.copies), found.hashes[key]) for key in there
    ]
