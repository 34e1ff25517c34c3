"""Every rendered sample: its path below `data/samples/` and the function that draws it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from . import invoices, languages, receipts, tables, tickets
from .canvas import Sheet


@dataclass(frozen=True, slots=True)
class Rendered:
    path: str
    content: bytes
    truth: dict[str, Any] | None


Maker = Callable[[str], Rendered]


def png(image: Image.Image, dpi: int = 150) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, dpi=(dpi, dpi))
    return buffer.getvalue()


def language(name: str) -> Maker:
    def make(path: str) -> Rendered:
        sheet = languages.language_page(name)
        return Rendered(path, png(sheet.image), {"language": name, "lines": sheet.lines})

    return make


def picture(draw: Callable[[], Sheet]) -> Maker:
    def make(path: str) -> Rendered:
        sheet = draw()
        return Rendered(path, png(sheet.image), {"pages": [sheet.page_truth()]})

    return make


def coloured(draw: Callable[[], Sheet]) -> Maker:
    def make(path: str) -> Rendered:
        sheet = draw()
        return Rendered(path, png(tickets.few_colours(sheet.image)), {"pages": [sheet.page_truth()]})

    return make


def photo(draw: Callable[[], Sheet]) -> Maker:
    def make(path: str) -> Rendered:
        sheet = draw()
        buffer = io.BytesIO()
        sheet.image.save(buffer, "JPEG", quality=80, optimize=True)
        return Rendered(path, buffer.getvalue(), {"pages": [sheet.page_truth()]})

    return make


DOCUMENTS: dict[str, Maker] = {
    **{f"languages/{name}.png": language(name) for name in languages.FACE},
    "invoices/invoice-acme.png": picture(invoices.acme),
    "invoices/請求書-2025-11.png": picture(invoices.japanese),
    "forms/فاتورة.png": picture(invoices.arabic),
    "tickets/train-ticket.png": coloured(tickets.train_ticket),
    "receipts/taxi-receipt.jpg": photo(receipts.photographed_taxi_receipt),
    "tables/bordered.png": picture(tables.bordered),
    "tables/borderless.png": picture(tables.borderless),
    "tables/merged-cells.png": picture(tables.merged_cells),
    "tables/load-table-30-rows.png": picture(tables.load_table),
}
