"""Zip archives of documents: their members, never unpacked to disk.

A member is addressed as `zip://MEMBER::ARCHIVE`, the chained form that fsspec knows too. Names are only labels: nothing
is ever written under them.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.archive_names import meant_names
from qwenocr_assets.intake.left_out import USUAL

MAX_MEMBERS = 1_000
"""Most files in one archive."""
MAX_UNPACKED_BYTES = 2 * 2**30
"""Most bytes that all members of one archive may unpack to."""
MAX_RATIO = 200
"""How many times larger than packed a member may be, once it is larger than `_HARMLESS_BYTES`; a scanned page in
black and white packs about 50 times smaller."""
_HARMLESS_BYTES = 16 * 2**20

_SCHEME = "zip://"
_ENCRYPTED = 0x1
_OFFICE_MEMBERS = ("[Content_Types].xml", "mimetype", "META-INF/", "_rels/", "AndroidManifest.xml")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive."""

    name: str
    """Its path in the archive, with /, in Unicode's composed form."""
    stored_name: str
    size_bytes: int
    reason: RejectedInput | None = None
    """Why it is not opened, if so."""


def member_uri(archive_uri: str, stored_name: str) -> str:
    """The address of a member."""
    return f"{_SCHEME}{quote(stored_name, safe='/ ')}::{archive_uri}"


def split_member_uri(uri: str) -> tuple[str, str] | None:
    """The archive's URI and the member's stored name; None for the URI of a plain file."""
    if not uri.startswith(_SCHEME) or "::" not in uri:
        return None
    member, archive = uri.removeprefix(_SCHEME).split("::", 1)
    return archive, unquote(member)


def is_office_file(head: bytes) -> bool:
    """Whether a zip file that begins with `head` is an Office, OpenDocument, EPUB or Java file."""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return name.decode("utf-8", "replace").startswith(_OFFICE_MEMBERS)


def members(content: bytes) -> Iterator[Member]:
    """The files in a zip archive, in its order; folders and what `intake.scan` passes over are left out.

    Raises:
        RejectedInput: it cannot be opened, holds no files, too many, or too many bytes.
    """
    with _opened(content) as archive:
        there = [info for info in archive.infolist() if not info.is_dir()]
        named = zip(there, meant_names(there), strict=True)
        infos = [(info, name) for info, name in named if not USUAL.fits_path(name)]
        if not infos:
            raise RejectedInput("The archive holds no files.", "Pack the documents again.")
        if len(infos) > MAX_MEMBERS:
            raise RejectedInput(
                f"The archive holds {len(infos):,} files, more than {MAX_MEMBERS:,}.",
                "Pack them into several archives, or drop the files themselves.",
            )
        total = sum(info.file_size for info, _ in infos)
        if total > MAX_UNPACKED_BYTES:
            raise RejectedInput(
                f"The archive unpacks to {total / 2**20:,.0f} MiB, more than {MAX_UNPACKED_BYTES / 2**20:,.0f}.",
                "Pack its files into several archives, or drop the files themselves.",
            )
        seen: set[str] = set()
        for info, name in infos:
            yield Member(_label(name), info.filename, info.file_size, _objection(info, name, seen))
            seen.add(name)


def read_member(content: bytes, stored_name: str, *, max_bytes: int) -> bytes:
    """The bytes of a member.

    Raises:
        RejectedInput: it is not there, is damaged, or is larger than `max_bytes`.
    """
    with _opened(content) as archive:
        try:
            with archive.open(stored_name) as file:
                unpacked = file.read(max_bytes + 1)
        except KeyError as error:
            raise RejectedInput("The archive has no such file any more.", "Drop it again.") from error
        except _DAMAGED as error:
            raise RejectedInput(
                f"The archive is damaged at this file: {_said(error)}.", "Pack it again."
            ) from error
    if len(unpacked) > max_bytes:
        raise RejectedInput(
            f"The file is larger than {max_bytes / 2**20:,.0f} MiB.", "Split it into smaller files."
        )
    return unpacked


def _opened(content: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _DAMAGED as error:
        raise RejectedInput(
            f"The ZIP archive cannot be opened: {_said(error)}.", "Copy or pack it again."
        ) from error


def _objection(info: zipfile.ZipInfo, name: str, seen: set[str]) -> RejectedInput | None:
    """What speaks against opening a member."""
    if name.startswith("/") or ":" in name.split("/")[0] or ".." in name.split("/"):
        return RejectedInput("Its name leads out of the archive.", "Pack it under a plain relative name.")
    if stat.S_ISLNK(info.external_attr >> 16):
        return RejectedInput("It is a symbolic link, which is not followed.", "Pack the file itself.")
    if info.flag_bits & _ENCRYPTED:
        return RejectedInput("It is encrypted in the archive.", "Pack it without a password.")
    if name in seen:
        return RejectedInput("The archive holds two files of this name.", "Give them different names.")
    if info.file_size > _HARMLESS_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
        return RejectedInput(
            f"It unpacks to {info.file_size / max(1, info.compress_size):,.0f} times its size, which only bombs do.",
            "If it is a document, drop it without the archive.",
        )
    return None


def _label(name: str) -> str:
    """A name that can stand in tables and be joined to the archive's."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "unnamed"


def _said(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
