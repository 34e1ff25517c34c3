"""Where the published warehouse is, and the file to read it from: on whatever storage, for every reader.

Data on a local disk has one file, `warehouse.duckdb`, replaced whole by a rename: who has it open keeps what he opened.
In a bucket an object that is replaced breaks whoever reads it (httpfs then answers 416), so each version has a name of
its own, `warehouse/<sha256>.duckdb`, and `warehouse.json` says which is published. Readers download a version once.
"""

import contextlib
import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from upath import UPath

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.storage.conditional import version_of, write_if
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path, shown
from qwenocr_assets.storage.disk import writing_to
from qwenocr_assets.storage.last_written import modified_at
from qwenocr_assets.warehouse.places.lake import Lake, is_made, lake_at

KEPT = timedelta(days=1)
"""A version that was replaced stays so long, for those who are reading it."""
_KEPT_HERE_SECONDS = 3600
"""A downloaded version that nobody has opened for so long makes room for the next."""
_LOOKS = 5
"""A version may be published, and the one before removed, between looking which it is and fetching it."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which version of the warehouse is published."""

    name: str
    """Below the data folder."""
    size_bytes: int
    sha256: str
    rows: int
    """Rows of all core tables."""
    content: str
    """Hash of what was loaded and built: who has the same need not publish it again."""
    published_at: datetime


_POINTER = TypeAdapter(Pointer)


def cache_folder(data: DataFolder) -> Path:
    """Where this machine keeps what it has of a data folder elsewhere."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "qwenocr" / hashlib.sha256(str(data.root).encode()).hexdigest()[:16]


def lake_of(data: DataFolder) -> Lake | None:
    """The lake that is set as warehouse, if one is."""
    return None if data.lake is None else lake_at(data.lake, shown(data.root / "lake") + "/")


def published(data: DataFolder) -> Path | Lake:
    """The published warehouse, to open for reading (`connect.open_reader`), wherever it is.

    Raises:
        WarehouseError: nothing is published yet, or it cannot be read.
        DiskFull: there is no space for the copy.
        ConfigurationError: it is a lake, and no address of one.
    """
    return lake_of(data) or published_file(data)


def published_file(data: DataFolder) -> Path:
    """The published warehouse as a local file to open for reading; from a bucket it is downloaded, once a version.

    Raises:
        WarehouseError: nothing is published yet, or it cannot be read.
        DiskFull: there is no space for the copy.
    """
    if is_local(data.root):
        if not data.warehouse.exists():
            raise _nothing_yet(data)
        return local_path(data.warehouse)
    for look in range(1, _LOOKS + 1):
        pointer = read_pointer(data)
        if pointer is None:
            raise _nothing_yet(data)
        try:
            return _downloaded(data, pointer)
        except FileNotFoundError as error:
            if look == _LOOKS:
                raise _unreadable(data, f"{pointer.name} is not there") from error
    raise AssertionError("unreachable")


def is_published(data: DataFolder) -> bool:
    """Whether there is a warehouse to read."""
    if (lake := lake_of(data)) is not None:
        return is_made(lake)
    return published_version(data) is not None


def published_version(data: DataFolder) -> str | None:
    """What tells what is published now from any other state; None when nothing is."""
    return version_of(data.warehouse if is_local(data.root) else data.warehouse_pointer)


def address(data: DataFolder) -> str:
    """Where the published warehouse is, in full, to show to people."""
    if (lake := lake_of(data)) is not None:
        return str(lake)
    if is_local(data.root):
        return shown(data.warehouse)
    pointer = read_pointer(data)
    return shown(data.warehouse_pointer if pointer is None else data.root / pointer.name)


def read_pointer(data: DataFolder) -> Pointer | None:
    """Which version is published; None when none is.

    Raises:
        WarehouseError: the pointer is no such thing.
    """
    path = data.warehouse_pointer
    path.fs.invalidate_cache()
    try:
        return _POINTER.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise _unreadable(data, f"{path} cannot be understood") from error


def put_version(data: DataFolder, file: Path, rows: int, content: str, replaces: str | None) -> None:
    """Publish a file in a bucket, if what is published is still in the version `replaces`.

    Raises:
        Overtaken: something else was published meanwhile; it stays.
    """
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    target = data.warehouse_version(sha256)
    target.fs.makedirs(target.parent.path, exist_ok=True)
    target.fs.put_file(str(file), target.path)
    name = f"{target.parent.name}/{target.name}"
    pointer = Pointer(name, file.stat().st_size, sha256, rows, content, datetime.now(UTC))
    write_if(data.warehouse_pointer, _POINTER.dump_json(pointer, indent=1), replaces)


def remove_old_versions(data: DataFolder, now: datetime | None = None) -> int:
    """Remove versions that were replaced longer than `KEPT` ago; returns how many."""
    published = read_pointer(data)
    folder = data.warehouse_version("").parent
    folder.fs.invalidate_cache()
    if published is None or not folder.exists():
        return 0
    before = (now or datetime.now(UTC)) - KEPT
    listed = folder.fs.find(folder.path, detail=True).items()
    # times have whole seconds: what is published is the newest, whatever they say
    written = sorted(
        ((at, path) for path, info in listed if (at := modified_at(info)) is not None),
        key=lambda version: (version[1].endswith(published.name), *version),
    )
    # a version was read until the next one was there
    old = [path for (_, path), (replaced_at, _) in pairwise(written) if replaced_at < before]
    old = [path for path in old if not path.endswith(published.name)]
    if old:
        folder.fs.rm(old)
    return len(old)


def _downloaded(data: DataFolder, pointer: Pointer) -> Path:
    folder = cache_folder(data) / "published"
    place = folder / f"{pointer.sha256}.duckdb"
    with contextlib.suppress(FileNotFoundError):
        os.utime(place)
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with writing_to(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".") as part:
        copy = Path(part) / place.name
        source: UPath = data.root / pointer.name
        try:
            source.fs.get_file(source.path, str(copy))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _unreadable(data, f"{source}: {error.strerror or error}") from error
        with copy.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != pointer.sha256:
                raise _unreadable(data, f"{source} is not what was published")
        copy.chmod(0o444)
        copy.replace(place)
    _make_room(folder, place)
    return place


def _make_room(folder: Path, keep: Path) -> None:
    before = time.time() - _KEPT_HERE_SECONDS
    for path in folder.glob("*.duckdb"):
        with contextlib.suppress(OSError):  # another process removes it too, or has it open on Windows
            if path != keep and path.stat().st_mtime < before:
                path.unlink()


def _nothing_yet(data: DataFolder) -> WarehouseError:
    return WarehouseError(f"There is no warehouse at {address(data)} yet.", "Run `qwenocr run PATH` first.")


def _unreadable(data: DataFolder, why: str) -> WarehouseError:
    return WarehouseError(
        f"The warehouse of {data.root} cannot be read ({why}).",
        "Run `qwenocr warehouse rebuild`: it is made anew from the table files at no cost.",
    )
