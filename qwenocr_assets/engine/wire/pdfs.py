"""The pages of a PDF, drawn: what the service does itself with one that goes whole."""

import io
from contextlib import closing
from threading import Lock

from pypdfium2 import PdfDocument, PdfiumError

from qwenocr_assets.engine.errors import UnreadableImage
from qwenocr_assets.engine.wire.values import PageImage
from qwenocr_assets.qwenocr.tokens import MAX_PIXELS, MIN_PIXELS

_DPI = 200
"""At which resolution the service draws is described nowhere; pages that are sent one by one are drawn at this."""
_POINTS_PER_INCH = 72
_PDFIUM = Lock()
"""PDFium is made for one thread at a time, and pages are read in several."""


def pdf_pages(data: bytes, most: int) -> tuple[PageImage, ...]:
    """The pages in order, or one more than `most` of them. Raises UnreadableImage."""
    try:
        with _PDFIUM, closing(PdfDocument(data)) as document:
            return tuple(_page(document, number) for number in range(min(len(document), most + 1)))
    except (PdfiumError, ValueError) as error:
        raise UnreadableImage(f"The file format is illegal and cannot be opened: {error}.") from error


def _page(document: PdfDocument, number: int) -> PageImage:
    with closing(document[number]) as page:
        image = page.render(scale=_DPI / _POINTS_PER_INCH, rev_byteorder=True).to_pil()
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return PageImage(written.getvalue(), image.width, image.height, MIN_PIXELS, MAX_PIXELS)
