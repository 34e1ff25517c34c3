"""The manifest of an intake batch: which files it holds, by content.

Written before anything else happens to a batch, and all that is needed to run the batch again.
"""

import hashlib
import logging
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import orjson
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.files import FoundFile, fingerprint, unreadable
from qwenocr_assets.storage.bulk import read_whole
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path, write_atomically

_log = logging.getLogger(__name__)

_SLUG_LENGTH = 40
_DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file of a batch."""

    name: str
    uri: str
    size_bytes: int
    sha256: str
    """Of the content. For a file that could not be read: of its name after `unreadable`, a stand-in that keeps the
    batch's id the same while it stays unreadable and makes it another batch once it can be read."""
    modified_at: datetime | None
    unreadable_reason: str | None = None
    version: int = 1
    """How many-th content under this name it is: a higher one supersedes those before it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An intake batch. The same names, contents and versions always make the same `batch_id`."""

    batch_id: str
    created_from: str
    """Folder or bucket that was searched."""
    files: tuple[ManifestFile, ...]


def cut_batches(
    root: UPath,
    files: Iterable[FoundFile],
    max_files: int = 256,
    max_bytes: int = 512 * 2**20,
    known: Mapping[str, ManifestFile] | None = None,
) -> list[Manifest]:
    """Hash the files and cut them into batches of at most `max_files` and `max_bytes`, in the order given.

    A file larger than `max_bytes` makes a batch of its own. A file that cannot be read stays in the list, with
    the reason: it never stops the others. `known` are the newest versions of earlier batches (`newest_versions`).
    """
    folder = resolved(root)
    hashed = (with_version(_hashed(file), (known or {}).get(file.name)) for file in files)
    return [make_manifest(folder, batch) for batch in _cut(hashed, max_files, max_bytes)]


def make_manifest(root: UPath, files: Sequence[ManifestFile]) -> Manifest:
    """The manifest of these files, found in `root` (resolved)."""
    return Manifest(_batch_id(root, files), str(root), tuple(files))


def resolved(root: UPath) -> UPath:
    """A folder as manifests name it: a local one without links and dots in its path."""
    return UPath(local_path(root).resolve()) if is_local(root) else root


def with_version(file: ManifestFile, newest: ManifestFile | None) -> ManifestFile:
    """The file with its version, if `newest` is the newest known under its name."""
    if newest is None:
        return file
    return replace(file, version=newest.version + (newest.sha256 != file.sha256))


def is_newer(file: ManifestFile, other: ManifestFile | None) -> bool:
    """Whether of two files of one name the first came later; by time of change where the versions do not say it."""
    return other is None or _age_key(file) >= _age_key(other)


def _age_key(file: ManifestFile) -> tuple[int, float]:
    return file.version, file.modified_at.timestamp() if file.modified_at else 0.0


def newest_versions(manifests: Iterable[Manifest]) -> dict[str, ManifestFile]:
    """Of each name in one folder's manifests the file that came last."""
    newest: dict[str, ManifestFile] = {}
    for file in (file for manifest in manifests for file in manifest.files):
        if is_newer(file, newest.get(file.name)):
            newest[file.name] = file
    return newest


def batch_ids_of(data: DataFolder, root: UPath) -> list[str]:
    """Batches that may be of the folder `root` (resolved): its name is in their id; sorted."""
    start, length = f"{slug(PurePosixPath(root.path).name)}-", _DIGEST_LENGTH
    return [b for b in data.batch_ids() if b.startswith(start) and len(b) == len(start) + length]


def manifests_of_folder(data: DataFolder, root: UPath) -> Iterator[Manifest]:
    """The manifests of the folder `root` (resolved); one that cannot be read is passed over with a warning."""
    for batch_id in batch_ids_of(data, root):
        try:
            manifest = read_manifest(data, batch_id)
        except StorageError as error:
            _log.warning("%s", error)
            continue
        if manifest.created_from == str(root):
            yield manifest


def write_manifest(data: DataFolder, manifest: Manifest) -> None:
    """Write a manifest as JSON, whole or not at all."""
    write_atomically(data.manifest(manifest.batch_id), orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def read_manifest(data: DataFolder, batch_id: str) -> Manifest:
    """A batch's manifest.

    Raises:
        StorageError: there is none, or it cannot be understood.
    """
    return load_manifest(data.manifest(batch_id))


def load_manifest(path: UPath) -> Manifest:
    """A manifest, wherever it lies.

    Raises:
        StorageError: there is none, or it cannot be understood.
    """
    try:
        value = orjson.loads(read_whole(path))
        return Manifest(value["batch_id"], value["created_from"], tuple(map(_manifest_file, value["files"])))
    except FileNotFoundError as error:
        raise StorageError(
            f"There is no manifest of an intake {path.stem} at {path}.",
            "Start from the files again: the same files make the same intake.",
        ) from error
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StorageError(
            f"The manifest {path} cannot be read ({error}).", "Delete it and start from the files again."
        ) from error


def _manifest_file(value: dict[str, Any]) -> ManifestFile:
    modified = value["modified_at"]
    return ManifestFile(**{**value, "modified_at": datetime.fromisoformat(modified) if modified else None})


def _hashed(file: FoundFile) -> ManifestFile:
    reason = file.unreadable_reason
    if reason is None:
        try:
            content = fingerprint(file.uri)
        except OSError as error:
            reason = unreadable(error)
        else:
            return ManifestFile(file.name, file.uri, content.size_bytes, content.sha256, file.modified_at)
    stand_in = hashlib.sha256(f"unreadable\0{file.name}".encode()).hexdigest()
    return ManifestFile(file.name, file.uri, file.size_bytes, stand_in, file.modified_at, reason)


def _cut(files: Iterable[ManifestFile], max_files: int, max_bytes: int) -> Iterator[list[ManifestFile]]:
    batch: list[ManifestFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) >= max_files or size + file.size_bytes > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size_bytes
    if batch:
        yield batch


def _batch_id(root: UPath, files: Sequence[ManifestFile]) -> str:
    digest = hashlib.sha256()
    for name, sha256, version in sorted((f.name, f.sha256, f.version) for f in files):
        later = f"\0{version}" if version > 1 else ""
        digest.update(f"{name}\0{sha256}{later}\n".encode())
    return f"{slug(PurePosixPath(root.path).name)}-{digest.hexdigest()[:_DIGEST_LENGTH]}"


def is_unaltered(manifest: Manifest) -> bool:
    """Whether a manifest's id is the one that its files make."""
    return manifest.batch_id == _batch_id(UPath(manifest.created_from), manifest.files)


def slug(text: str) -> str:
    """A name that can stand in file names, URLs and Dagster's partition keys.

    Lower case; letters, marks and digits of any script stay, everything else becomes a single hyphen.
    """
    lower = unicodedata.normalize("NFC", text.lower())
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in lower).split()
    return "-".join(words)[:_SLUG_LENGTH].strip("-") or "batch"
