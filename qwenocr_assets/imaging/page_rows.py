"""The rows of `pages`: images stored by their content, pages that could not be made with the reason."""

import hashlib
from collections.abc import Callable

import orjson
from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import RECOMMENDED_PX
from qwenocr_assets.imaging.page_image import Page, PageImage, RejectedPage, TiledPage
from qwenocr_assets.own_text import to_json
from qwenocr_assets.rows import AcceptedDocumentRow, PageRow
from qwenocr_assets.statuses import PageStatus
from qwenocr_assets.storage.bulk import make_file
from qwenocr_assets.storage.data_folder import DataFolder


def page_id(document_id: str, number: int) -> str:
    """The page's identity: the document's, and the page number with leading zeros."""
    return f"{document_id}-{number:04d}"


def tile_id(whole_id: str, index: int) -> str:
    """A tile's identity: its page's, and its own number."""
    return f"{whole_id}-t{index:02d}"


Make = Callable[[UPath, bytes], None]
"""Writes a file that is named after its content, now or soon, unless it is there."""


def page_row(data: DataFolder, document: AcceptedDocumentRow, page: Page, make: Make = make_file) -> PageRow:
    """Store a page's image, and return its row; `document` is its document's row."""
    match page:
        case RejectedPage():
            return rejected_row(document, page.number, page.reason)
        case TiledPage():
            return {
                **_row(document, page.number, PageStatus.TILED),
                "reason": _tiled(page),
                "width_px": page.width_px,
                "height_px": page.height_px,
                "dpi": page.dpi,
                "file_dpi": _pair(page.file_dpi),
                "to_original": list(page.to_original),
            }
        case PageImage():
            return _image(data, _row(document, page.number, PageStatus.READY), page, make)


def _image(data: DataFolder, row: PageRow, page: PageImage, make: Make) -> PageRow:
    sha256 = hashlib.sha256(page.content).hexdigest()
    file = data.page_image(sha256, page.suffix)
    make(file, page.content)
    layer = page.text_layer
    tile = page.tile
    return {
        **row,
        "page_id": row["page_id"] if tile is None else tile_id(row["page_id"], tile.index),
        "sha256": sha256,
        "pixels_sha256": page.pixels_sha256,
        "uri": str(file.relative_to(data.root)),
        "media_type": page.media_type.value,
        "size_bytes": len(page.content),
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "file_dpi": _pair(page.file_dpi),
        "is_blank": page.is_blank,
        "origin": page.origin,
        "renderer": page.renderer,
        "changes": orjson.dumps(page.changes).decode(),
        "warning": _warning(page),
        "to_original": list(page.to_original),
        "text_layer": None if layer is None else to_json(layer.lines),
        "text_layer_doubt": None if layer is None else layer.doubt,
        "tile_of": None if tile is None else row["page_id"],
        "tile_left_px": None if tile is None else tile.left_px,
        "tile_top_px": None if tile is None else tile.top_px,
    }


def _pair(file_dpi: tuple[float, float] | None) -> list[float] | None:
    return None if file_dpi is None else list(file_dpi)


def _tiled(page: TiledPage) -> str:
    empty = f", without {page.empty_tiles} parts on which nothing stands" if page.empty_tiles else ""
    return f"Larger than one look of the service: read as {page.tiles} tiles{empty}. Each is a request."


def _warning(page: PageImage) -> str | None:
    pixels = page.width_px * page.height_px
    if pixels <= RECOMMENDED_PX:
        return None
    return f"{pixels / 1e6:.1f} megapixels; the product guide recommends {RECOMMENDED_PX / 1e6:.2f} at most."


def rejected_row(document: AcceptedDocumentRow, number: int, reason: RejectedInput) -> PageRow:
    """The row of a page that could not be made."""
    return {**_row(document, number, PageStatus.REJECTED), "reason": str(reason)}


def _row(document: AcceptedDocumentRow, number: int, status: PageStatus) -> PageRow:
    return {
        "batch_id": document["batch_id"],
        "document_id": document["document_id"],
        "page_id": page_id(document["document_id"], number),
        "page_number": number,
        "status": status,
    }
