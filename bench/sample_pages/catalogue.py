"""Every rendered sample: its path below `data/samples/` and the function that draws it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import Image

from . import formulas, invoices, languages, letters, office, papers, receipts, tables, tickets
from .canvas import Sheet
from .office_texts import OFFICE


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


def paper(path: str) -> Rendered:
    content, pages = papers.paper()
    return Rendered(path, content, {"pages": pages})


def scan(path: str) -> Rendered:
    content, pages = papers.picture_pdf(letters.scan_pages(), quality=55)
    return Rendered(path, content, {"pages": pages})


def formula(path: str) -> Rendered:
    sheet, found = formulas.quadratic()
    return Rendered(path, png(sheet.image), {"pages": [{**sheet.page_truth(), "formulas": found}]})


def cut_short(path: str) -> Rendered:
    """The first tenth of the paper: no page of it can be found any more."""
    content, _ = papers.paper()
    return Rendered(path, content[: len(content) // 10], None)


def not_an_image(path: str) -> Rendered:
    return Rendered(path, b"This is a line of plain text in a file that calls itself a PNG picture.\n", None)


DOCUMENTS: dict[str, Maker] = {
    **{f"languages/{name}.png": language(name) for name in languages.FACE},
    "invoices/invoice-acme.png": picture(invoices.acme),
    "invoices/請求書-2025-11.png": picture(invoices.japanese),
    "forms/فاتورة.png": picture(invoices.arabic),
    "tickets/train-ticket.png": coloured(tickets.train_ticket),
    "receipts/taxi-receipt.jpg": photo(receipts.photographed_taxi_receipt),
    **{path: picture(partial(office.drawn, document)) for path, document in OFFICE.items()},
    "tables/bordered.png": picture(tables.bordered),
    "tables/borderless.png": picture(tables.borderless),
    "tables/merged-cells.png": picture(tables.merged_cells),
    "tables/load-table-30-rows.png": picture(tables.load_table),
    "letters/skewed-5deg.png": picture(letters.skewed),
    "letters/rotated-90.png": picture(letters.on_its_side),
    "scans/scanned-letter.pdf": scan,
    "papers/three-page-text.pdf": paper,
    "formulas/quadratic.png": formula,
    "broken/broken.pdf": cut_short,
    "broken/not-an-image.png": not_an_image,
}
