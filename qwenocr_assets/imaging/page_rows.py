"""The rows of `pages`: images stored by their content, pages that could not be made with the reason."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import RECOMMENDED_PX
from qwenocr_assets.imaging.page_image import Page, PageImage, RejectedPage, Tile, TiledPage
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.table_files import Row


def page_id(document_id: str, number: int) -> str:
    """The page's identity: the document's, and the page number with leading zeros."""
    return f"{document_id}-{number:04d}"


def tile_id(whole_id: str, index: int) -> str:
    """A tile's identity: its page's, and its own number."""
    return f"{whole_id}-t{index:02d}"


def page_row(data: DataFolder, document: Mapping[str, Any], page: Page) -> Row:
    """Store a page's image, and return its row; `document` is its document's row."""
    row = _identity(document, page.number)
    match page:
        case RejectedPage():
            return rejected_row(document, page.number, page.reason)
        case TiledPage():
            return {
                **row,
                "status": "tiled",
                "reason": _tiled(page),
                "width_px": page.width_px,
                "height_px": page.height_px,
                "dpi": page.dpi,
                "file_dpi": _pair(page.file_dpi),
                "to_original": list(page.to_original),
            }
        case PageImage():
            return row | _image(data, page) | _tile(row["page_id"], page.tile)


def _image(data: DataFolder, page: PageImage) -> dict[str, Any]:
    sha256 = hashlib.sha256(page.content).hexdigest()
    file = data.page_image(sha256, page.suffix)
    if not file.exists():
        write_atomically(file, page.content)
    layer = page.text_layer
    lines = None if layer is None else [(line.text, line.quad) for line in layer.lines]
    return {
        "status": "ready",
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
        "text_layer": None if lines is None else orjson.dumps(lines).decode(),
        "text_layer_doubt": None if layer is None else layer.doubt,
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


def _tile(whole_id: str, tile: Tile | None) -> dict[str, Any]:
    if tile is None:
        return {}
    return {
        "page_id": tile_id(whole_id, tile.index),
        "tile_of": whole_id,
        "tile_left_px": tile.left_px,
        "tile_top_px": tile.top_px,
    }


def rejected_row(document: Mapping[str, Any], number: int, reason: RejectedInput) -> Row:
    """The row of a page that could not be made."""
    return {**_identity(document, number), "status": "rejected", "reason": str(reason)}


def _identity(document: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "batch_id": document["batch_id"],
        "document_id": document["document_id"],
        "page_id": page_id(document["document_id"], number),
        "page_number": number,
    }
