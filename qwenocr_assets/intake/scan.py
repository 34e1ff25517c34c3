"""Find the files of a folder or bucket: all at once, or folder by folder."""

import logging
import os
import stat
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.files import FoundFile, local_uri, path_on_disk, unreadable
from qwenocr_assets.intake.left_out import USUAL, LeftOut
from qwenocr_assets.storage.data_folder import is_local, local_path
from qwenocr_assets.storage.last_written import modified_at

_log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ETAG_KEYS = ("ETag", "etag", "md5Hash", "content_md5")
"""What they call a mark of the content, where they give one."""


class Entry(NamedTuple):
    """A file or folder as its folder lists it. A plain tuple, for a million of them are looked at."""

    leaf: str
    """Its name in the folder: readable, in Unicode's composed form, and like no other there."""
    uri: str
    size_bytes: int
    modified_us: int | None
    """Microseconds since 1970, UTC; None where the storage does not tell."""
    etag: str | None
    is_folder: bool
    unreadable_reason: str | None = None


class Listing(NamedTuple):
    """What lies in a folder."""

    entries: Iterator[Entry]
    left_out: int
    """Files and folders that are never documents, by their names."""


def find_files(root: UPath, left_out: LeftOut = USUAL) -> Iterator[FoundFile]:
    """Every file below `root`, or `root` itself when it is a file, in a fixed order.

    Left out is what `left_out` says, and symbolic links that lead out of `root` or to a folder. A folder that may not
    be listed is yielded with `unreadable_reason`.

    Raises:
        StorageError: there is no such folder, or it cannot be listed.
    """
    if is_local(root):
        yield from _find_local(local_path(root), left_out)
    else:
        yield from _find_remote(root, left_out)


def list_folder(root: UPath, uri: str, after: str = "", left_out: LeftOut = USUAL) -> Listing:
    """What lies in one folder of `root`, sorted by leaf, beginning behind the leaf `after`.

    `root` is resolved, and `uri` is its own address or a listed folder's. What `find_files` leaves out is left out.
    Files are looked at when their turn comes.

    Raises:
        OSError: the folder is gone or cannot be listed.
    """
    if is_local(root):
        return _local_entries(os.fspath(local_path(root)), path_on_disk(uri), after, left_out)
    return _remote_entries(root, uri, after, left_out)


def look_again(root: UPath, leaf: str, uri: str) -> Entry | None:
    """A listed file as it is now; None when it is gone or no file any more.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        if is_local(root):
            status = os.lstat(path_on_disk(uri))
            return _file_entry(leaf, uri, status) if stat.S_ISREG(status.st_mode) else None
        path = root.fs._strip_protocol(uri)
        root.fs.invalidate_cache(root.fs._parent(path))
        info = root.fs.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _remote_entry(root, leaf, info) if info["type"] == "file" else None


def to_time(microseconds: int | None) -> datetime | None:
    """A time of change as UTC."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def to_microseconds(time: datetime | None) -> int | None:
    """A time of change in microseconds since 1970, exactly."""
    return None if time is None else (time - _EPOCH) // timedelta(microseconds=1)


def _find_local(given: Path, left_out: LeftOut) -> Iterator[FoundFile]:
    try:
        root = given.resolve(strict=True)
        if root.is_file():
            name = unicodedata.normalize("NFC", _readable(given.name))
            yield _found(name, _file_entry(name, local_uri(root), root.stat()))
            return
        entries = _local_entries(os.fspath(root), os.fspath(root), "", left_out).entries
    except OSError as error:
        what = (
            "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
        raise StorageError(
            f"{given} {what}.", "Give a folder or file that exists and may be read."
        ) from error
    yield from _walk(os.fspath(root), entries, left_out)


def _walk(root: str, entries: Iterator[Entry], left_out: LeftOut) -> Iterator[FoundFile]:
    """The files below `root`, which holds `entries`, depth first."""
    waiting = [("", entries)]
    while waiting:
        prefix, here = waiting[-1]
        entry = next(here, None)
        if entry is None:
            waiting.pop()
            continue
        name = prefix + entry.leaf
        if not entry.is_folder:
            yield _found(name, entry)
            continue
        try:
            here = _local_entries(root, path_on_disk(entry.uri), "", left_out).entries
            waiting.append((f"{name}/", here))
        except FileNotFoundError:
            continue  # gone between listing and looking
        except OSError as error:
            yield FoundFile(name, entry.uri, 0, None, unreadable(error, "This folder"))


def _found(name: str, entry: Entry) -> FoundFile:
    return FoundFile(name, entry.uri, entry.size_bytes, to_time(entry.modified_us), entry.unreadable_reason)


def _local_entries(root: str, folder: str, after: str, left_out: LeftOut) -> Listing:
    """List a folder now, and look at what is in it one by one."""
    there = os.listdir(folder)  # noqa: PTH208  plain strings
    names = [name for name in there if not left_out.fits(name)]
    return Listing(_looked_at(root, folder, _sorted_names(names), after), len(there) - len(names))


def _looked_at(root: str, folder: str, names: list[tuple[str, str]], after: str) -> Iterator[Entry]:
    first = bisect_right(names, after, key=lambda pair: pair[0]) if after else 0
    base = folder if folder.endswith("/") else f"{folder}/"
    for leaf, raw in names[first:] if first else names:
        path = base + raw
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                path = _followed(path, root)
                status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                yield Entry(leaf, local_uri(path), 0, None, None, True)
            elif stat.S_ISREG(status.st_mode):
                yield _file_entry(leaf, local_uri(path), status)
        except (FileNotFoundError, _NotFollowed):
            continue  # gone between listing and looking, or a link that is none of ours
        except OSError as error:
            yield Entry(leaf, local_uri(path), 0, None, None, False, unreadable(error))


def _file_entry(leaf: str, uri: str, status: os.stat_result) -> Entry:
    return Entry(leaf, uri, status.st_size, status.st_mtime_ns // 1000, None, False)


class _NotFollowed(Exception):
    """A symbolic link that leads to nothing, to a folder, or out of the folder that is searched."""


def _followed(link: str, root: str) -> str:
    """The file inside `root` that a symbolic link leads to."""
    try:
        target = Path(link).resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        raise _NotFollowed from error
    if not (target.is_file() and target.is_relative_to(root)):
        _log.warning("%s leads out of %s or to a folder: not followed", link, root)
        raise _NotFollowed
    return os.fspath(target)


def _sorted_names(names: Iterable[str]) -> list[tuple[str, str]]:
    """A folder's entries as (name, name on disk), sorted; the names are readable, NFC and distinct."""
    raw_names = sorted(names)
    if all(map(str.isascii, raw_names)):
        return [(raw, raw) for raw in raw_names]
    taken = {raw for raw in raw_names if _clean(raw) == raw}
    pairs: list[tuple[str, str]] = []
    for raw in raw_names:
        name = _clean(raw)
        if name != raw:
            if name in taken:  # the same name twice, composed and decomposed: keep them apart
                name = _readable(raw)
            taken.add(name)
        pairs.append((name, raw))
    return sorted(pairs)


def _clean(raw: str) -> str:
    return unicodedata.normalize("NFC", _readable(raw))


def _readable(raw: str) -> str:
    r"""A name without the bytes that are no UTF-8: they are written as `\xe9`."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _find_remote(root: UPath, left_out: LeftOut) -> Iterator[FoundFile]:
    base = str(root.path).rstrip("/")
    root.fs.invalidate_cache()
    try:
        found: dict[str, dict[str, Any]] = root.fs.find(base, detail=True)
    except OSError as error:
        raise StorageError(
            f"{root} cannot be listed ({error}).", "Check the address and your rights."
        ) from error
    if not found and not root.exists():
        raise StorageError(f"{root} does not exist.", "Give a folder or bucket that exists.")
    for path, info in sorted(found.items()):
        name = path.removeprefix(base).strip("/") or PurePosixPath(path).name
        if path != base and left_out.fits_path(name):
            continue
        clean = unicodedata.normalize("NFC", name)
        yield _found(clean, _remote_entry(root, clean, {**info, "name": path}))


def _remote_entries(root: UPath, uri: str, after: str, left_out: LeftOut) -> Listing:
    """List a folder of a bucket now. Two names that differ only in composition stay apart, like on disk."""
    folder = root.fs._strip_protocol(uri).rstrip("/")
    root.fs.invalidate_cache(folder)
    found: dict[str, dict[str, Any]] = {}
    passed_over = 0
    for info in sorted(root.fs.ls(folder, detail=True), key=lambda info: str(info["name"])):
        raw = info["name"].rstrip("/").rsplit("/", 1)[-1]
        if info["name"].rstrip("/") == folder:
            continue  # some file systems list the folder itself as an empty object
        if left_out.fits(raw):
            passed_over += 1
            continue
        clean = unicodedata.normalize("NFC", raw)
        found[raw if clean in found else clean] = info
    entries = (_remote_entry(root, leaf, info) for leaf, info in sorted(found.items()) if leaf > after)
    return Listing(entries, passed_over)


def _remote_entry(root: UPath, leaf: str, info: Mapping[str, Any]) -> Entry:
    etag = next((str(info[key]) for key in _ETAG_KEYS if info.get(key)), None)
    return Entry(
        leaf,
        str(root.fs.unstrip_protocol(info["name"])),
        int(info.get("size") or 0),
        to_microseconds(modified_at(info)),
        etag,
        info.get("type") == "directory",
    )
