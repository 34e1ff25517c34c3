"""What documents a file is: itself and the files in it, or the members of an archive; each with its type and its
pages counted.

Worker processes import this module: it imports little.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.archives import Member, member_uri, members, read_member
from qwenocr_assets.intake.embedded import FindEmbedded, ReadEmbedded, embedded_uri, none_embedded
from qwenocr_assets.intake.files import MAX_DOCUMENT_BYTES, read_unchanged
from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, name_foreign, sniff

CountPages = Callable[[bytes, MediaType], int]
"""Number of pages of a document; raises `RejectedInput` when it cannot be opened."""


@dataclass(frozen=True, slots=True)
class Part:
    """A document found in a file: the file itself, or a member of an archive."""

    member: str | None
    """Path in the archive, or name in the document around it; None for the file itself."""
    uri: str
    sha256: str
    size_bytes: int
    media_type: MediaType | None = None
    page_count: int | None = None
    """None until it has been counted."""
    reason: RejectedInput | None = None


def parts_of(
    uri: str,
    sha256: str,
    size_bytes: int,
    count_pages: CountPages,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    find_embedded: FindEmbedded = none_embedded,
) -> Iterator[Part]:
    """The file itself with its pages counted, then the files in it; or an archive's members.

    Files in it and members are not counted yet (`counted` does).
    """
    media_type = None
    try:
        content = read_unchanged(uri, sha256, max_bytes=max_bytes)
        media_type = accepted_type(content)
        if media_type is not MediaType.ZIP:
            yield _counted(Part(None, uri, sha256, size_bytes, media_type), content, count_pages)
            yield from _embedded_parts(uri, sha256, content, media_type, find_embedded)
            return
        found = list(members(content))
    except RejectedInput as reason:
        yield Part(None, uri, sha256, size_bytes, media_type, reason=reason)
        return
    for place, member in enumerate(found):
        yield _member_part(content, sha256, place, member_uri(uri, member.stored_name), member, max_bytes)


def _embedded_parts(
    uri: str, sha256: str, content: bytes, media_type: MediaType, find_embedded: FindEmbedded
) -> Iterator[Part]:
    if media_type is not MediaType.PDF:
        return
    try:
        for embedded in find_embedded(content):
            address = embedded_uri(uri, embedded.place, embedded.name)
            if isinstance(embedded.content, RejectedInput):
                stand_in = _stand_in_sha256(sha256, embedded.place)
                yield Part(embedded.name, address, stand_in, 0, reason=embedded.content)
            else:
                yield _part_inside(embedded.name, address, embedded.content)
    except RejectedInput:
        return  # a password is missing, which the document itself says


def _refused_within(part: Part, content: bytes, find_embedded: FindEmbedded) -> Iterator[Part]:
    """The files in a document that itself came out of another: they are named and not opened."""
    if part.media_type is not MediaType.PDF:
        return
    try:
        for embedded in find_embedded(content):
            yield Part(
                f"{part.member}/{embedded.name}",
                embedded_uri(part.uri, embedded.place, embedded.name),
                _stand_in_sha256(part.sha256, embedded.place),
                0 if isinstance(embedded.content, RejectedInput) else len(embedded.content),
                reason=RejectedInput(
                    "It lies in a PDF that itself lies in an archive or PDF.", "Drop that PDF by itself."
                ),
            )
    except RejectedInput:
        return


def _member_part(
    content: bytes, archive_sha256: str, place: int, uri: str, member: Member, max_bytes: int
) -> Part:
    stand_in = _stand_in_sha256(archive_sha256, place)
    if member.reason is not None:
        return Part(member.name, uri, stand_in, member.size_bytes, reason=member.reason)
    try:
        unpacked = read_member(content, member.stored_name, max_bytes=max_bytes)
    except RejectedInput as reason:
        return Part(member.name, uri, stand_in, member.size_bytes, reason=reason)
    return _part_inside(member.name, uri, unpacked)


def _part_inside(name: str, uri: str, content: bytes) -> Part:
    """A file that came out of another, its type found."""
    part = partial(Part, name, uri, hashlib.sha256(content).hexdigest(), len(content))
    try:
        media_type = accepted_type(content)
    except RejectedInput as reason:
        return part(reason=reason)
    if media_type is MediaType.ZIP:
        nested = RejectedInput("It is an archive in an archive or PDF.", "Drop it by itself.")
        return part(media_type, reason=nested)
    return part(media_type)


def _stand_in_sha256(sha256: str, place: int) -> str:
    """What stands for the content of a file that is not opened."""
    return hashlib.sha256(f"{sha256}\0{place}".encode()).hexdigest()


def counted(
    part: Part,
    count_pages: CountPages,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    find_embedded: FindEmbedded = none_embedded,
    read_embedded: ReadEmbedded | None = None,
) -> Iterator[Part]:
    """A file that came out of another, with its pages counted or the reason why not; then the files in it, refused."""
    try:
        content = read_unchanged(part.uri, part.sha256, max_bytes=max_bytes, read_embedded=read_embedded)
    except RejectedInput as reason:
        yield replace(part, reason=reason)
        return
    yield _counted(part, content, count_pages)
    yield from _refused_within(part, content, find_embedded)


def _counted(part: Part, content: bytes, count_pages: CountPages) -> Part:
    try:
        count = count_pages(content, part.media_type or accepted_type(content))
    except RejectedInput as reason:
        return replace(part, reason=reason)
    return replace(part, page_count=count)


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
