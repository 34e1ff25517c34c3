"""PDFs into pages: the embedded picture where a page is nothing else, drawn otherwise.

PDFium comes first; poppler, where it is installed, takes what PDFium cannot open or draw, or draws blank though there
is something on the page. A recipe can force either.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from PIL import Image
from pypdfium2 import PdfDocument, PdfImage, PdfiumError, PdfPage

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.coordinates import scaling
from qwenocr_assets.imaging.limits import POINTS_PER_INCH
from qwenocr_assets.imaging.normalising import is_blank, pages_of_pixels
from qwenocr_assets.imaging.page_image import MadePage, Page, PageImage, RejectedPage
from qwenocr_assets.imaging.pdf import pdfium, poppler
from qwenocr_assets.imaging.pdf.dictionaries import Traits, only_user_unit, traits, user_unit
from qwenocr_assets.imaging.pdf.lone_picture import lone_picture
from qwenocr_assets.imaging.pdf.text_layer import text_layer
from qwenocr_assets.imaging.pictures.files import pages_of_image
from qwenocr_assets.imaging.pictures.headers import decoding
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.imaging.tiles import tiling_scale
from qwenocr_assets.intake.media_types import MediaType

_traits_of = lru_cache(maxsize=1)(traits)


def count_pdf_pages(content: bytes, recipe: Recipe) -> int:
    """Number of pages of a PDF.

    Raises:
        RejectedInput: it cannot be opened.
    """
    try:
        with closing(pdfium.open_pdf(content, recipe.passwords)) as document:
            count = len(document)
            if pdfium.is_shell(document):
                raise RejectedInput(
                    "It is a form that only Adobe's programs show (XFA): the page in the file merely says so.",
                    "Open it in Adobe Acrobat or Reader, print it to a PDF, and drop that.",
                )
    except PdfiumError as error:
        with _second_opinion(content, error, recipe) as file:
            count = poppler.count_pages(file)
    recipe.limits.require_pages(count)
    return count


def pdf_pages(content: bytes, recipe: Recipe, first: int = 1, last: int | None = None) -> Iterator[Page]:
    """Pages `first` to `last` of a PDF, one at a time in memory.

    Raises:
        RejectedInput: it cannot be opened.
    """
    try:
        document = pdfium.open_pdf(content, recipe.passwords)
    except PdfiumError as error:
        yield from _poppler_pages(content, error, recipe, first, last)
        return
    with closing(document):
        recipe.limits.require_pages(len(document))
        pdf = _Pdf(document, content, _traits(document, content), recipe)
        for number in range(first, min(last or len(document), len(document)) + 1):
            try:
                yield from _pages(pdf, number)
            except RejectedInput as reason:
                yield RejectedPage(number, reason)


@dataclass(frozen=True, slots=True)
class _Pdf:
    document: PdfDocument
    content: bytes
    traits: Traits
    recipe: Recipe

    def unit(self, number: int) -> float:
        """The size of a page's units in points."""
        return user_unit(self.document, number) if self.traits.user_units else 1.0


def _traits(document: PdfDocument, content: bytes) -> Traits:
    known = _traits_of(content)
    return traits(pdfium.without_password(document, content)) if known.is_closed else known


def _pages(pdf: _Pdf, number: int) -> Iterator[MadePage]:
    """A page: one image, or its tiles."""
    recipe = pdf.recipe
    try:
        with closing(pdfium.load_page(pdf.document, number)) as page:
            unit = pdf.unit(number)
            if extracted := _extracted(pdf, page, number, unit):
                yield from extracted
                return
            pictures = pdfium.pictures_on(page)
            _require_whole(pdfium.cut_off_among(pictures, page))
            lossy = pdfium.are_mostly_lossy(pictures, page)
            made = list(_drawn(_drawing(pdf, page, pictures, number, unit), number, lossy, recipe))
            if recipe.text_layer and len(made) == 1 and isinstance(made[0], PageImage) and not recipe.enhance:
                layer = text_layer(page, made[0].width_px, made[0].height_px, unit)
                made = [replace(made[0], text_layer=layer)]
    except PdfiumError as error:
        with _second_opinion(pdf.content, error, recipe) as file:
            if not poppler.has_page(file, len(pdf.document)):
                raise RejectedInput("Poppler counts the pages differently.") from error
            unit = only_user_unit(pdf.content)
            made = list(_drawn(_poppler_drawing(file, number, unit, recipe), number, False, recipe))
    yield from made


def _require_whole(cut_off: set[str]) -> None:
    """Raises RejectedInput: a picture of the page breaks off, so that a part of the page would be missing."""
    if cut_off:
        raise RejectedInput(
            f"A picture on the page ({' and '.join(sorted(cut_off))}) breaks off: a part of the page would be missing.",
            "Scan or export it again, or copy the file again.",
        )


@dataclass(frozen=True, slots=True)
class _Drawing:
    image: Image.Image
    dpi: float
    renderer: str


def _drawing(pdf: _Pdf, page: PdfPage, pictures: Sequence[PdfImage], number: int, unit: float) -> _Drawing:
    """The page drawn by PDFium, or by poppler where PDFium leaves out what should be seen.

    Raises:
        RejectedInput: a picture of the page is in neither drawing.
    """
    recipe = pdf.recipe
    if recipe.rasteriser == "poppler":
        return _drawn_by_poppler(pdf, number, unit)
    drawing = _Drawing(*pdfium.draw_page(page, recipe.dpi, recipe.limits, unit), pdfium.RENDERER)
    blank = is_blank(drawing.image)
    broken = pdfium.broken_among(pictures, any_kind=blank)
    if not (broken or (blank and pdfium.has_content(page))):
        return drawing
    if recipe.rasteriser == "auto" and poppler.is_installed():
        try:
            other = _drawn_by_poppler(pdf, number, unit)
        except RejectedInput:
            other = drawing
        if not is_blank(other.image):
            return other
    if broken:
        kinds = " and ".join(sorted(broken))
        raise RejectedInput(
            f"A picture on the page ({kinds}) cannot be decoded: the page would be shown without it.",
            "Export the PDF again with its pictures as JPEG.",
        )
    return drawing


def _drawn(drawing: _Drawing, number: int, lossy: bool, recipe: Recipe) -> Iterator[MadePage]:
    to_points = POINTS_PER_INCH / drawing.dpi
    return pages_of_pixels(
        drawing.image,
        number,
        origin="rendered",
        lossy=lossy,
        recipe=recipe,
        dpi=drawing.dpi,
        renderer=drawing.renderer,
        to_original=scaling(to_points, to_points),
        at_scale=tiling_scale(*drawing.image.size, drawing.dpi, recipe.dpi, recipe.limits),
    )


def _extracted(pdf: _Pdf, page: PdfPage, number: int, unit: float) -> list[MadePage]:
    """The picture that fills the page, if there is one and it can be used; else the page has to be drawn."""
    try:
        with decoding(MediaType.JPEG):  # to compare it with what is drawn
            picture = lone_picture(page, pdf.traits, unit)
        if picture is None:
            return []
        to_points = scaling(POINTS_PER_INCH / picture.dpi, POINTS_PER_INCH / picture.dpi)
        if isinstance(picture.source, bytes):
            return list(
                pages_of_image(
                    picture.source,
                    MediaType.JPEG,
                    number,
                    pdf.recipe,
                    as_is="extracted",
                    changed="extracted",
                    dpi=picture.dpi,
                    to_original=to_points,
                )
            )
        return list(
            pages_of_pixels(
                picture.source,
                number,
                origin="extracted",
                lossy=picture.lossy,
                recipe=pdf.recipe,
                dpi=picture.dpi,
                to_original=to_points,
                at_scale=tiling_scale(*picture.source.size, picture.dpi, pdf.recipe.dpi, pdf.recipe.limits),
            )
        )
    except (PdfiumError, RejectedInput):
        return []


def _drawn_by_poppler(pdf: _Pdf, number: int, unit: float) -> _Drawing:
    """A page of a PDF that PDFium opened, drawn by poppler.

    Raises:
        RejectedInput: poppler cannot draw it.
    """
    readable = pdfium.without_password(pdf.document, pdf.content) if pdf.recipe.passwords else pdf.content
    with _as_file(readable) as file:
        return _poppler_drawing(file, number, unit, pdf.recipe)


def _poppler_drawing(file: Path, number: int, unit: float, recipe: Recipe) -> _Drawing:
    image, dpi = poppler.draw_page(file, number, recipe.dpi, recipe.limits, unit)
    return _Drawing(image, dpi, poppler.renderer())


def _poppler_pages(
    content: bytes, error: PdfiumError, recipe: Recipe, first: int, last: int | None
) -> Iterator[Page]:
    with _second_opinion(content, error, recipe) as file:
        count = poppler.count_pages(file)
        recipe.limits.require_pages(count)
        unit = only_user_unit(content)
        for number in range(first, min(last or count, count) + 1):
            try:
                yield from _drawn(_poppler_drawing(file, number, unit, recipe), number, False, recipe)
            except RejectedInput as reason:
                yield RejectedPage(number, reason)


@contextmanager
def _second_opinion(content: bytes, error: PdfiumError, recipe: Recipe) -> Iterator[Path]:
    """The PDF as a file for poppler, after PDFium gave up with `error`.

    Raises:
        RejectedInput: poppler is not installed, not wanted, or gives up too.
    """
    said = str(error).rstrip(".")
    if recipe.rasteriser == "pdfium" or not poppler.is_installed():
        raise RejectedInput(
            f"The PDF cannot be read: {said}.",
            "Export or copy it again; or install poppler-utils, which reads some PDFs that PDFium does not.",
        ) from error
    with _as_file(content) as file:
        try:
            yield file
        except RejectedInput as second:
            raise RejectedInput(
                f"The PDF cannot be read: {said}. {second.message}", "Export or copy it again."
            ) from error


@contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="qwenocr-") as folder:
        file = Path(folder) / "document.pdf"
        file.write_bytes(content)
        yield file
