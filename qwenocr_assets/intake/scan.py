"""Find the files of a folder or bucket, and decide which have settled."""

import logging
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.files import FoundFile, local_uri, unreadable
from qwenocr_assets.storage.data_folder import is_local, local_path

_log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNFINISHED_SUFFIXES = (".part", ".tmp", ".crdownload")
_LITTER = {"thumbs.db", "desktop.ini", "readme.md"}
_MODIFIED_KEYS = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""What fsspec's file systems call the time of last change, best first."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a file looked when it was last seen, and since when it has looked so."""

    size_bytes: int
    modified_at: datetime | None
    since: datetime


def find_files(root: UPath) -> Iterator[FoundFile]:
    """Every file below `root`, or `root` itself when it is a file, in a fixed order.

    Left out: dotfiles and dot folders, unfinished downloads (`.part`, `.tmp`, `.crdownload`), lock files (`~$…`),
    `Thumbs.db`, a folder's `README.md`, and symbolic links that lead out of `root` or to a folder. A folder that may
    not be listed is yielded with `unreadable_reason`.

    Raises:
        StorageError: there is no such folder, or it cannot be listed.
    """
    if is_local(root):
        yield from _find_local(local_path(root))
    else:
        yield from _find_remote(root)


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is never a document."""
    lower = name.lower()
    return lower.startswith((".", "~$")) or lower.endswith(_UNFINISHED_SUFFIXES) or lower in _LITTER


def settled(
    files: Iterable[FoundFile], previous: Mapping[str, Sighting], quiet_seconds: float, now: datetime
) -> tuple[list[FoundFile], dict[str, Sighting]]:
    """The files whose size and time of change have not moved for `quiet_seconds`, and the sightings to remember.

    `previous` are the sightings the last call returned, by name. Only our own clock counts: a file on a share
    may carry any time. With `quiet_seconds` 0 a file has settled at first sight.
    """
    ready: list[FoundFile] = []
    sightings: dict[str, Sighting] = {}
    for file in files:
        before = previous.get(file.name)
        still = before is not None and (before.size_bytes, before.modified_at) == (
            file.size_bytes,
            file.modified_at,
        )
        since = before.since if before is not None and still else now
        sightings[file.name] = Sighting(file.size_bytes, file.modified_at, since)
        if now - since >= timedelta(seconds=quiet_seconds):
            ready.append(file)
    return ready, sightings


def _find_local(given: Path) -> Iterator[FoundFile]:
    try:
        root = given.resolve(strict=True)
        if root.is_file():
            yield _local_file(unicodedata.normalize("NFC", _readable(given.name)), root, root.stat())
            return
        names = _sorted_names(root)
    except OSError as error:
        what = (
            "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
        raise StorageError(
            f"{given} {what}.", "Give a folder or file that exists and may be read."
        ) from error
    yield from _walk(root, names)


def _walk(root: Path, names: list[tuple[str, str]]) -> Iterator[FoundFile]:
    """The files below `root`, whose entries are `names`, depth first."""
    waiting = [("", root, iter(names))]
    while waiting:
        prefix, folder, entries = waiting[-1]
        entry = next(entries, None)
        if entry is None:
            waiting.pop()
            continue
        name, path = prefix + entry[0], folder / entry[1]
        try:
            path = _followed(path, root) if path.is_symlink() else path
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                waiting.append((f"{name}/", path, iter(_sorted_names(path))))
            elif stat.S_ISREG(status.st_mode):
                yield _local_file(name, path, status)
        except (FileNotFoundError, _NotFollowed):
            continue  # gone between listing and looking, or a link that is none of ours
        except OSError as error:
            yield FoundFile(name, local_uri(path), 0, None, unreadable(error, "This file or folder"))


class _NotFollowed(Exception):
    """A symbolic link that leads to nothing, to a folder, or out of the folder that is searched."""


def _followed(link: Path, root: Path) -> Path:
    """The file inside `root` that a symbolic link leads to."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        raise _NotFollowed from error
    if not (target.is_file() and target.is_relative_to(root)):
        _log.warning("%s leads out of %s or to a folder: not followed", link, root)
        raise _NotFollowed
    return target


def _sorted_names(folder: Path) -> list[tuple[str, str]]:
    """A folder's entries as (name, name on disk), sorted; the names are readable, NFC and distinct."""
    raw_names = sorted(name for name in os.listdir(folder) if not is_ignored(name))  # noqa: PTH208  plain strings
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


def _local_file(name: str, path: Path, status: os.stat_result) -> FoundFile:
    modified = _EPOCH + timedelta(microseconds=status.st_mtime_ns // 1000)
    return FoundFile(name, local_uri(path), status.st_size, modified)


def _find_remote(root: UPath) -> Iterator[FoundFile]:
    base = str(root.path).rstrip("/")
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
        if path != base and any(is_ignored(part) for part in name.split("/")):
            continue
        yield FoundFile(
            unicodedata.normalize("NFC", name),
            str(root.fs.unstrip_protocol(path)),
            int(info.get("size") or 0),
            _modified_at(info),
        )


def _modified_at(info: Mapping[str, Any]) -> datetime | None:
    value = next((info[key] for key in _MODIFIED_KEYS if info.get(key)), None)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None
