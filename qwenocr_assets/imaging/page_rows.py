"""The rows of `pages`: images stored by their content, pages that could not be made with the reason."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import SERVICE_LIMITS, Limits
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage
from qwenocr_assets.imaging.pages import RENDER_DPI, pages_of_document
from qwenocr_assets.intake.files import read_unchanged
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.table_files import Row


def page_id(document_id: str, number: int) -> str:
    """The page's identity: the document's, and the page number with leading zeros."""
    return f"{document_id}-{number:04d}"


def page_rows(
    data: DataFolder,
    document: Mapping[str, Any],
    *,
    dpi: float = RENDER_DPI,
    limits: Limits = SERVICE_LIMITS,
) -> list[Row]:
    """Make the pages of an accepted document: store their images, and return one row of `pages` for each.

    `document` is its row of `documents`. A document that can no longer be read, or breaks off, ends in one more
    row that says why; its pages up to there are kept.
    """
    rows: list[Row] = []
    try:
        content = read_unchanged(document["uri"], document["sha256"])
        for page in pages_of_document(content, MediaType(document["media_type"]), dpi=dpi, limits=limits):
            rows.append(_row(document, page.number) | _outcome(data, page))
    except RejectedInput as reason:
        number = len(rows) + 1
        rows.append(_row(document, number) | _rejected(reason))
    return rows


def _row(document: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "batch_id": document["batch_id"],
        "document_id": document["document_id"],
        "page_id": page_id(document["document_id"], number),
        "page_number": number,
    }


def _outcome(data: DataFolder, page: PageImage | RejectedPage) -> dict[str, Any]:
    if isinstance(page, RejectedPage):
        return _rejected(page.reason)
    sha256 = hashlib.sha256(page.content).hexdigest()
    file = data.page_image(sha256, page.suffix)
    if not file.exists():
        write_atomically(file, page.content)
    return {
        "status": "ready",
        "sha256": sha256,
        "uri": str(file.relative_to(data.root)),
        "media_type": page.media_type.value,
        "size_bytes": len(page.content),
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "origin": page.origin,
        "renderer": page.renderer,
        "changes": orjson.dumps(page.changes).decode(),
    }


def _rejected(reason: RejectedInput) -> dict[str, Any]:
    return {"status": "rejected", "reason": str(reason)}
