"""What documents a file is: itself, or the members of an archive; each with its type and its pages counted.

Worker processes import this module: it imports little.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.archives import Member, member_uri, members, read_member
from qwenocr_assets.intake.files import MAX_DOCUMENT_BYTES, read_unchanged
from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, name_foreign, sniff

CountPages = Callable[[bytes, MediaType], int]
"""Number of pages of a document; raises `RejectedInput` when it cannot be opened."""


@dataclass(frozen=True, slots=True)
class Part:
    """A document found in a file: the file itself, or a member of an archive."""

    member: str | None
    """Path in the archive; None for the file itself."""
    uri: str
    sha256: str
    size_bytes: int
    media_type: MediaType | None = None
    page_count: int | None = None
    """None until it has been counted."""
    reason: RejectedInput | None = None


def parts_of(
    uri: str, sha256: str, size_bytes: int, count_pages: CountPages, max_bytes: int = MAX_DOCUMENT_BYTES
) -> Iterator[Part]:
    """The file itself with its pages counted, or an archive's members, not counted yet (`counted` does)."""
    media_type = None
    try:
        content = read_unchanged(uri, sha256, max_bytes=max_bytes)
        media_type = accepted_type(content)
        if media_type is not MediaType.ZIP:
            yield Part(None, uri, sha256, size_bytes, media_type, count_pages(content, media_type))
            return
        found = list(members(content))
    except RejectedInput as reason:
        yield Part(None, uri, sha256, size_bytes, media_type, reason=reason)
        return
    for place, member in enumerate(found):
        yield _member_part(content, sha256, place, member_uri(uri, member.stored_name), member, max_bytes)


def _member_part(
    content: bytes, archive_sha256: str, place: int, uri: str, member: Member, max_bytes: int
) -> Part:
    stand_in = hashlib.sha256(f"{archive_sha256}\0{place}".encode()).hexdigest()
    if member.reason is not None:
        return Part(member.name, uri, stand_in, member.size_bytes, reason=member.reason)
    try:
        unpacked = read_member(content, member.stored_name, max_bytes=max_bytes)
    except RejectedInput as reason:
        return Part(member.name, uri, stand_in, member.size_bytes, reason=reason)
    part = partial(Part, member.name, uri, hashlib.sha256(unpacked).hexdigest(), len(unpacked))
    try:
        media_type = accepted_type(unpacked)
    except RejectedInput as reason:
        return part(reason=reason)
    if media_type is MediaType.ZIP:
        return part(media_type, reason=RejectedInput("It is an archive in an archive.", "Drop it by itself."))
    return part(media_type)


def counted(part: Part, count_pages: CountPages, max_bytes: int = MAX_DOCUMENT_BYTES) -> Part:
    """A member of an archive with its pages counted, or the reason why not."""
    count, reason = None, None
    try:
        content = read_unchanged(part.uri, part.sha256, max_bytes=max_bytes)
        count = count_pages(content, part.media_type or accepted_type(content))
    except RejectedInput as objection:
        reason = objection
    return Part(part.member, part.uri, part.sha256, part.size_bytes, part.media_type, count, reason)


def accepted_type(content: bytes) -> MediaType:
    """The type of a document.

    Raises:
        RejectedInput: it is none of the accepted types; the message names the type found.
    """
    head = content[:HEAD_BYTES]
    media_type = sniff(head)
    if media_type is None:
        raise RejectedInput(
            f"Not an image or PDF: it is {name_foreign(head)}.",
            "Accepted are PDF, PNG, JPEG, TIFF, WEBP, BMP, GIF, HEIC, HEIF and AVIF, and ZIP archives of these.",
        )
    return media_type
