"""The rows of `documents`: each file of a batch, accepted or rejected with the reason."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.files import MAX_DOCUMENT_BYTES, read_unchanged
from qwenocr_assets.intake.manifest import Manifest, ManifestFile
from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, name_foreign, sniff
from qwenocr_assets.intake.routes import Route, route_for
from qwenocr_assets.storage.table_files import Row

CountPages = Callable[[bytes, MediaType], int]
"""Number of pages of a document; raises `RejectedInput` when it cannot be opened."""


def document_id(sha256: str, name: str) -> str:
    """16 hexadecimal digits over content and name: the same file keeps its id, changed content gets another."""
    return hashlib.sha256(f"{sha256}\0{name}".encode()).hexdigest()[:16]


def document_rows(
    manifest: Manifest,
    routes: Sequence[Route],
    count_pages: CountPages,
    *,
    max_bytes: int = MAX_DOCUMENT_BYTES,
) -> list[Row]:
    """One row of `documents` per file of the manifest, in its order.

    `count_pages` opens the document, so that a broken one is rejected here (`imaging.pages.count_pages`).
    """
    return [_row(manifest.batch_id, file, routes, count_pages, max_bytes) for file in manifest.files]


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
            "Accepted are PDF, PNG, JPEG, TIFF, WEBP, BMP, GIF, HEIC, HEIF and AVIF.",
        )
    return media_type


def _row(
    batch_id: str, file: ManifestFile, routes: Sequence[Route], count_pages: CountPages, max_bytes: int
) -> Row:
    row: dict[str, Any] = {
        "batch_id": batch_id,
        "document_id": document_id(file.sha256, file.name),
        "name": file.name,
        "uri": file.uri,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "route": route_for(file.name, routes).name,
        "modified_at": file.modified_at,
    }
    try:
        if file.unreadable_reason is not None:
            raise RejectedInput(file.unreadable_reason, "Make it readable and drop it again.")
        content = read_unchanged(file.uri, file.sha256, max_bytes=max_bytes)
        media_type = accepted_type(content)
        row["media_type"] = media_type.value
        row["page_count"] = count_pages(content, media_type)
    except RejectedInput as error:
        return {**row, "status": "rejected", "reason": str(error)}
    return {**row, "status": "accepted"}
