"""PDFs into pages: the embedded picture where a page is nothing else, drawn otherwise.

PDFium comes first; poppler, where it is installed, takes what PDFium cannot open or draw.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError, PdfPage

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging import pdfium, poppler
from qwenocr_assets.imaging.images import page_of_image
from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.normalising import page_of_pixels
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage
from qwenocr_assets.intake.media_types import MediaType


def count_pdf_pages(content: bytes, limits: Limits) -> int:
    """Number of pages of a PDF.

    Raises:
        RejectedInput: it cannot be opened.
    """
    try:
        with closing(pdfium.open_pdf(content)) as document:
            count = len(document)
    except PdfiumError as error:
        with _second_opinion(content, error) as file:
            count = poppler.count_pages(file)
    limits.require_pages(count)
    return count


def pdf_pages(content: bytes, dpi: float, limits: Limits) -> Iterator[PageImage | RejectedPage]:
    """The pages of a PDF, one at a time in memory.

    Raises:
        RejectedInput: it cannot be opened.
    """
    try:
        document = pdfium.open_pdf(content)
    except PdfiumError as error:
        yield from _poppler_pages(content, error, dpi, limits)
        return
    with closing(document):
        limits.require_pages(len(document))
        traits = pdfium.traits(content)
        for number in range(1, len(document) + 1):
            try:
                yield _page(document, content, traits, number, dpi, limits)
            except RejectedInput as reason:
                yield RejectedPage(number, reason)


def _page(
    document: PdfDocument, content: bytes, traits: pdfium.Traits, number: int, dpi: float, limits: Limits
) -> PageImage:
    try:
        with closing(document[number - 1]) as page:
            if (extracted := _extracted_page(page, traits, number, limits)) is not None:
                return extracted
            image, used_dpi = pdfium.draw_page(page, dpi, limits)
            lossy = pdfium.is_mostly_lossy_pictures(page)
    except PdfiumError as error:
        with _second_opinion(content, error) as file:
            if not poppler.has_page(file, len(document)):
                raise RejectedInput("Poppler counts the pages differently.") from error
            return _poppler_page(file, number, dpi, limits)
    return page_of_pixels(
        image, number, origin="rendered", lossy=lossy, limits=limits, dpi=used_dpi, renderer=pdfium.RENDERER
    )


def _extracted_page(page: PdfPage, traits: pdfium.Traits, number: int, limits: Limits) -> PageImage | None:
    """The picture that fills the page, if there is one and it can be used; else the page has to be drawn."""
    try:
        picture = pdfium.lone_picture(page, traits)
        if picture is None:
            return None
        if isinstance(picture.source, bytes):
            return page_of_image(
                picture.source,
                MediaType.JPEG,
                number,
                limits,
                as_is="extracted",
                changed="extracted",
                dpi=picture.dpi,
            )
        return page_of_pixels(
            picture.source, number, origin="extracted", lossy=picture.lossy, limits=limits, dpi=picture.dpi
        )
    except (PdfiumError, RejectedInput):
        return None


def _poppler_pages(
    content: bytes, error: PdfiumError, dpi: float, limits: Limits
) -> Iterator[PageImage | RejectedPage]:
    with _second_opinion(content, error) as file:
        count = poppler.count_pages(file)
        limits.require_pages(count)
        for number in range(1, count + 1):
            try:
                yield _poppler_page(file, number, dpi, limits)
            except RejectedInput as reason:
                yield RejectedPage(number, reason)


def _poppler_page(file: Path, number: int, dpi: float, limits: Limits) -> PageImage:
    image, used_dpi = poppler.draw_page(file, number, dpi, limits)
    return page_of_pixels(
        image,
        number,
        origin="rendered",
        lossy=False,
        limits=limits,
        dpi=used_dpi,
        renderer=poppler.renderer(),
    )


@contextmanager
def _second_opinion(content: bytes, error: PdfiumError) -> Iterator[Path]:
    """The PDF as a file for poppler, after PDFium gave up with `error`.

    Raises:
        RejectedInput: poppler is not installed, or gives up too.
    """
    said = str(error).rstrip(".")
    if not poppler.is_installed():
        raise RejectedInput(
            f"The PDF cannot be read: {said}.",
            "Export or copy it again; or install poppler-utils, which reads some PDFs that PDFium does not.",
        ) from error
    with tempfile.TemporaryDirectory(prefix="qwenocr-") as folder:
        file = Path(folder) / "document.pdf"
        file.write_bytes(content)
        try:
            yield file
        except RejectedInput as second:
            raise RejectedInput(
                f"The PDF cannot be read: {said}. {second.message}", "Export or copy it again."
            ) from error
