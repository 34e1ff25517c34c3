"""The manifest of an intake batch: which files it holds, by content.

Written before anything else happens to a batch, and all that is needed to run the batch again.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import orjson
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.files import FoundFile, fingerprint, unreadable
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path, write_atomically

_SLUG_LENGTH = 40


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


@dataclass(frozen=True, slots=True)
class Manifest:
    """An intake batch. The same names and contents always make the same `batch_id`."""

    batch_id: str
    created_from: str
    """Folder or bucket that was searched."""
    files: tuple[ManifestFile, ...]


def cut_batches(
    root: UPath, files: Iterable[FoundFile], max_files: int = 256, max_bytes: int = 512 * 2**20
) -> list[Manifest]:
    """Hash the files and cut them into batches of at most `max_files` and `max_bytes`, in the order given.

    A file larger than `max_bytes` makes a batch of its own. A file that cannot be read stays in the list, with
    the reason: it never stops the others.
    """
    resolved = UPath(local_path(root).resolve()) if is_local(root) else root
    hashed = (_hashed(file) for file in files)
    return [
        Manifest(_batch_id(resolved, batch), str(resolved), tuple(batch))
        for batch in _cut(hashed, max_files, max_bytes)
    ]


def write_manifest(data: DataFolder, manifest: Manifest) -> None:
    """Write a manifest as JSON, whole or not at all."""
    write_atomically(data.manifest(manifest.batch_id), orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def read_manifest(data: DataFolder, batch_id: str) -> Manifest:
    """A batch's manifest.

    Raises:
        StorageError: there is none, or it cannot be understood.
    """
    path = data.manifest(batch_id)
    try:
        value = orjson.loads(path.read_bytes())
        return Manifest(value["batch_id"], value["created_from"], tuple(map(_manifest_file, value["files"])))
    except FileNotFoundError as error:
        raise StorageError(
            f"There is no manifest of a batch {batch_id} at {path}.",
            "Start from the files again: the same files make the same batch.",
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


def _batch_id(root: UPath, files: list[ManifestFile]) -> str:
    digest = hashlib.sha256()
    for name, sha256 in sorted((f.name, f.sha256) for f in files):
        digest.update(f"{name}\0{sha256}\n".encode())
    return f"{slug(PurePosixPath(root.path).name)}-{digest.hexdigest()[:12]}"


def slug(text: str) -> str:
    """A name that can stand in file names, URLs and Dagster's partition keys.

    Lower case; letters, marks and digits of any script stay, everything else becomes a single hyphen.
    """
    lower = unicodedata.normalize("NFC", text.lower())
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in lower).split()
    return "-".join(words)[:_SLUG_LENGTH].strip("-") or "batch"
