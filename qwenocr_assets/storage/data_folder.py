"""The layout of the data folder, a local folder or any fsspec URL, and atomic writes into it."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import fsspec
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.storage.disk import write_all, writing_to


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Every path the pipeline reads or writes, below one root (`QWENOCR_DATA`)."""

    root: UPath
    lake: str | None = field(default=None, repr=False)
    """Address of the DuckLake that is the warehouse, in place of a file; it may hold a password."""

    @property
    def inbox(self) -> UPath:
        return self.root / "inbox"

    @property
    def reviews(self) -> UPath:
        """Where people drop files with corrections."""
        return self.root / "reviews"

    @property
    def warehouse(self) -> UPath:
        """The published snapshot that analysts open, of data on a local disk."""
        return self.root / "warehouse.duckdb"

    @property
    def warehouse_pointer(self) -> UPath:
        """Which version is published, of data that is not on a local disk."""
        return self.root / "warehouse.json"

    def warehouse_version(self, sha256: str) -> UPath:
        """A published version, content-addressed: never overwritten, so that who reads it reads one state."""
        return self.root / "warehouse" / f"{sha256}.duckdb"

    def manifest(self, batch_id: str) -> UPath:
        return self.root / "batches" / f"{batch_id}.json"

    def finished_mark(self, batch_id: str) -> UPath:
        """What a batch was made from when nothing of it was left to do."""
        return self.root / "batches" / "finished" / batch_id

    def page_image(self, sha256: str, suffix: str) -> UPath:
        return self.root / "pages" / sha256[:2] / f"{sha256}{suffix}"

    def original(self, sha256: str) -> UPath:
        """A file that came from the disk of one machine, content-addressed."""
        return self.root / "originals" / sha256[:2] / sha256

    def fetched(self, sha256: str) -> UPath:
        """A document that a list of URLs named, content-addressed."""
        return self.root / "fetched" / sha256[:2] / sha256

    def fetched_list(self, document_id: str) -> UPath:
        """What was fetched for a list of URLs."""
        return self.root / "fetched" / "lists" / f"{document_id}.json"

    def live_catalogue(self, region: str) -> UPath:
        """What the service listed of a region's models when it was last asked."""
        return self.root / "catalogue" / f"{region}.json"

    def boxes_picture(self, batch_id: str, page_id: str) -> UPath:
        """The picture of a page with its boxes drawn."""
        return self.root / "pictures" / batch_id / f"{page_id}.jpg"

    def table_folder(self, table: str) -> UPath:
        return self.root / "tables" / table

    def table_file(self, table: str, batch_id: str) -> UPath:
        return self.table_folder(table) / f"{batch_id}.parquet"

    @property
    def journals(self) -> UPath:
        """The journals of all tasks."""
        return self.root / "responses"

    def journal(self, task: str, batch_id: str) -> UPath:
        return self.journals / task / f"{batch_id}.jsonl.zst"

    def batch_ids(self) -> list[str]:
        """Batches with a manifest, sorted."""
        folder = self.root / "batches"
        return sorted(p.stem for p in folder.glob("*.json")) if folder.exists() else []

    def require_writable(self) -> None:
        """Raise `StorageError` unless a file can be written below the root."""
        probe = self.root / f".writable-{uuid4().hex}"  # others may look at the same time
        try:
            write_atomically(probe, b"")
            probe.unlink()
        except OSError as error:
            raise StorageError(
                f"The data folder {self.root} cannot be written ({error.strerror or error}).",
                "Give it write permission, or set QWENOCR_DATA to a folder or bucket that has it.",
            ) from error


def write_atomically(path: UPath, data: bytes) -> None:
    """Write a file whole or not at all.

    Locally: a temporary file beside it, synced, then renamed over it. On object storage a put is atomic.

    Raises:
        DiskFull: there is no space left.
    """
    with writing_to(path):
        make_folder(path.parent)
        if is_local(path):
            _replace(local_path(path), data)
        elif path.protocol in BUCKETS:
            path.fs.pipe_file(path.path, data)
        else:
            path.write_bytes(data)


def make_folder(folder: UPath) -> None:
    """Make a folder with those above it, unless it is there; buckets have none, and asking costs round trips."""
    if folder.protocol not in BUCKETS:
        folder.mkdir(parents=True, exist_ok=True)


def _replace(path: Path, data: bytes) -> None:
    file, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        try:
            write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory")

_EXTRAS: Mapping[str, str] = {"s3": "s3", "s3a": "s3"}
"""What is installed for a protocol's file system, where this project has an extra for it."""


def require_file_system(root: UPath) -> None:
    """Find out whether what reads and writes this kind of address is installed.

    Raises:
        StorageError: it is not, with what to install.
    """
    if is_local(root):
        return
    try:
        fsspec.get_filesystem_class(root.protocol)
    except (ImportError, ValueError) as error:
        extra = _EXTRAS.get(root.protocol)
        raise StorageError(
            f"What reads {root.protocol}:// is not installed ({error}).",
            f"pip install 'qwenocr-assets[{extra}]'" if extra else "Install fsspec's file system for it.",
        ) from error


def is_local(path: UPath) -> bool:
    """Whether the path lies on a local disk, where rename and append exist."""
    return path.protocol in ("", "file")


def shown(path: UPath) -> str:
    """The path as people open it: a path of this machine, or a whole URL."""
    return str(local_path(path)) if is_local(path) else str(path)


def local_path(path: UPath) -> Path:
    """The same path as a plain `pathlib.Path`; only for paths where `is_local` holds."""
    return Path(path.path)
