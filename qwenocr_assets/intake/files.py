"""A file in the inbox: what is known of it from listing, and how it is read."""

import hashlib
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.archives import read_member, split_member_uri
from qwenocr_assets.intake.embedded import ReadEmbedded, split_embedded_uri

MAX_DOCUMENT_BYTES = 512 * 2**20
"""Largest file that is processed; a larger one is rejected without being read into memory."""

_CHUNK_BYTES = 2**20
_UNSAFE_IN_URI = {c: f"%{ord(c):02X}" for c in ("%", "?", "#", *map(chr, range(32)), "\x7f")}
_MAY_NEED_ESCAPE = re.compile(r"[%?#\x00-\x1f\x7f\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as listed, not opened yet."""

    name: str
    """Path below the folder that was searched, with /, in Unicode's composed form (NFC)."""
    uri: str
    """Where it lies: `file:///…` (see `local_uri`) or the address in the bucket."""
    size_bytes: int
    modified_at: datetime | None
    """UTC; None where the storage does not tell."""
    unreadable_reason: str | None = None
    """Set for a folder that cannot be listed: what lies in it is not known, and that must not go unsaid."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Content, as hashed."""

    sha256: str
    size_bytes: int


def local_uri(path: str | Path) -> str:
    """The `file://` URI of an absolute path.

    Only what would change the URI's meaning is escaped (and bytes that are no UTF-8), so that names in any language
    stay readable in tables.
    """
    text = os.fspath(path)
    if _MAY_NEED_ESCAPE.search(text) is None:
        return f"file://{text}"
    return "file://" + "".join(
        f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else _UNSAFE_IN_URI.get(c, c) for c in text
    )


Copies = Mapping[str, str]
"""By URI of a file in a bucket, the path of a copy on this machine."""
_COPIES: dict[str, str] = {}


def use_copies(copies: Copies) -> None:
    """From now on read these copies, in this process, as long as they are there."""
    _COPIES.clear()
    _COPIES.update(copies)


def open_uri(uri: str) -> BinaryIO:
    """Open a file for reading by the URI of a `FoundFile`; use this rather than a path made from the URI.

    Raises:
        OSError: it cannot be opened.
    """
    if uri in _COPIES:
        with suppress(FileNotFoundError):
            return open(_COPIES[uri], "rb")  # noqa: PTH123
    if uri.startswith("file://"):
        return open(path_on_disk(uri), "rb")  # noqa: PTH123  a million times in a row
    return UPath(uri).open("rb")


def path_on_disk(uri: str) -> str:
    """The path behind a `local_uri`; bytes that are no UTF-8 are surrogate escapes, as in Python's own listings."""
    return os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))


def fingerprint(uri: str, seconds: float | None = None) -> Fingerprint:
    """Hash a file's content, in constant memory.

    Raises:
        TimeoutError: it took longer than `seconds`.
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    size = 0
    give_up_at = None if seconds is None else time.monotonic() + seconds
    with open_uri(uri) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            if give_up_at is not None and time.monotonic() > give_up_at:
                raise TimeoutError(None, f"reading it took longer than {seconds:,.0f} s")
    return Fingerprint(digest.hexdigest(), size)


def read_unchanged(
    uri: str,
    sha256: str,
    *,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    read_embedded: ReadEmbedded | None = None,
) -> bytes:
    """A file's bytes, or those of a member of an archive, provided they are the ones that were hashed.

    `read_embedded` takes files out of documents.

    Raises:
        RejectedInput: it cannot be read, is larger than `max_bytes`, or is no longer what it was.
    """
    if (in_archive := split_member_uri(uri)) is not None:
        content = read_member(_read(in_archive[0], MAX_DOCUMENT_BYTES), in_archive[1], max_bytes=max_bytes)
    elif read_embedded is not None and (in_document := split_embedded_uri(uri)) is not None:
        content = read_embedded(_read(in_document[0], MAX_DOCUMENT_BYTES), in_document[1])
    else:
        content = _read(uri, max_bytes)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RejectedInput(
            "The file has changed since it was taken in.",
            "Nothing is lost: as it is now, it comes with the next intake.",
        )
    return content


def _read(uri: str, max_bytes: int) -> bytes:
    try:
        with open_uri(uri) as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise RejectedInput(unreadable(error), "Make it readable and drop it again.") from error
    if len(content) > max_bytes:
        raise RejectedInput(
            f"The file is larger than {max_bytes / 2**20:,.0f} MiB.", "Split it into smaller files."
        )
    return content


def unreadable(error: OSError, what: str = "The file") -> str:
    """Why a file or folder could not be read, as a sentence without the path (the row has it)."""
    if isinstance(error, FileNotFoundError):
        return f"{what} vanished before it could be read."
    return f"{what} cannot be read: {(error.strerror or str(error)).lower()}."
