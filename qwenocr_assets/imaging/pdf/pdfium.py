"""PDFium, through pypdfium2: opens PDFs, draws pages.

PDFium is not thread-safe: all of this belongs on one thread per process.
"""

import io
from collections.abc import Iterable, Sequence
from contextlib import closing
from math import inf, sqrt

import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image
from pypdfium2.version import PDFIUM_INFO, PYPDFIUM_INFO

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import POINTS_PER_INCH, Limits
from qwenocr_assets.imaging.normalising import is_grey
from qwenocr_assets.imaging.pictures.fax import lacks_lines
from qwenocr_assets.imaging.pictures.jpeg import breaks_off_inside

RENDERER = f"PDFium {PDFIUM_INFO.tag} (pypdfium2 {PYPDFIUM_INFO.tag})"

_PROBE_DPI = 50
"""A page drawn this small in colour shows, for a millisecond, whether it has any."""
_MOST_PROBE_PX = 2_000_000
_KINDS = {
    "DCTDecode": "JPEG",
    "JPXDecode": "JPEG 2000",
    "JBIG2Decode": "JBIG2",
    "CCITTFaxDecode": "CCITT fax",
}
LOSSY_FILTERS = {"DCTDecode", "JPXDecode"}


def open_pdf(content: bytes, passwords: Sequence[str] = ()) -> pypdfium2.PdfDocument:
    """Open a PDF; close it after use. One that only its owner may change opens without a password.

    Raises:
        RejectedInput: it needs a password, and none of `passwords` fits.
        pypdfium2.PdfiumError: PDFium cannot open it.
    """
    for password in (None, *passwords):
        try:
            document = pypdfium2.PdfDocument(content, password=password)
        except pypdfium2.PdfiumError as error:
            if error.err_code != pdfium_c.FPDF_ERR_PASSWORD:
                raise
            continue
        document.init_forms()  # without it, what was filled into forms is not drawn
        return document
    tried = f"; none of the {len(passwords)} in QWENOCR_PDF_PASSWORDS fits" if passwords else ""
    raise RejectedInput(
        f"The PDF is encrypted and needs a password to open{tried}.",
        "Save it without a password, or add the password to QWENOCR_PDF_PASSWORDS.",
    )


def load_page(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    """Page `number`, from 1; close it after use.

    One whose crop box lies beside its media box, so that nothing would be left of it, is shown whole, as pdf.js does.

    Raises:
        pypdfium2.PdfiumError: PDFium cannot load it.
    """
    page = document[number - 1]
    if not all(page.get_size()):
        page.set_cropbox(*page.get_mediabox())
    return page


def is_shell(document: pypdfium2.PdfDocument) -> bool:
    """Whether it is a dynamic XFA form, whose pages are made when it is opened: its own page says "Please wait...".

    Programs say so by NeedsRendering, or leave that out; then the page has no fields and names the viewer to have.
    """
    match document.get_formtype():
        case pdfium_c.FORMTYPE_XFA_FULL:
            return True
        case pdfium_c.FORMTYPE_XFA_FOREGROUND if len(document) == 1:
            with closing(document[0]) as page, closing(page.get_textpage()) as text:
                has_fields = any(kind == pdfium_c.FPDF_ANNOT_WIDGET for kind, _ in annotations_on(page))
                return not has_fields and "Adobe" in text.get_text_range()
    return False


def without_password(document: pypdfium2.PdfDocument, content: bytes) -> bytes:
    """An opened PDF's bytes, readable without its password: so that it need not be told to another program."""
    if b"/Encrypt" not in content:
        return content
    buffer = io.BytesIO()
    document.save(buffer, flags=pdfium_c.FPDF_REMOVE_SECURITY)
    return buffer.getvalue()


def has_content(page: pypdfium2.PdfPage) -> bool:
    """Whether there is anything on the page that one might expect to see."""
    for index in range(pdfium_c.FPDFPage_CountObjects(page)):
        raw = pdfium_c.FPDFPage_GetObject(page, index)
        kind = pdfium_c.FPDFPageObj_GetType(raw)
        if kind != pdfium_c.FPDF_PAGEOBJ_TEXT or (
            pdfium_c.FPDFTextObj_GetTextRenderMode(raw) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
        ):
            return True
    return False


def draw_page(
    page: pypdfium2.PdfPage, dpi: float, limits: Limits, unit: float = 1.0
) -> tuple[Image.Image, float]:
    """The page drawn, grey if it has no colour, with the resolution used: `dpi`, or less for a very large page.

    `unit` is the size of the page's units in points.

    Raises:
        RejectedInput: the page has no size, or the service takes no picture of its proportions.
    """
    width, height = page.get_size()
    pixels_a_point = limits.drawing_scale(width * unit, height * unit, dpi)
    scale = pixels_a_point * unit
    bitmap = page.render(
        scale=scale, grayscale=is_grey(draw_small(page, unit, most=scale)), rev_byteorder=True
    )
    return bitmap.to_pil(), pixels_a_point * POINTS_PER_INCH


def draw_small(
    page: pypdfium2.PdfPage, unit: float = 1.0, *, most: float = inf, dpi: float = _PROBE_DPI
) -> Image.Image:
    """The page in RGB, `dpi` pixels to the inch, or less for a very large one; `most` bounds the pixels a unit."""
    width, height = page.get_size()
    scale = min(dpi / POINTS_PER_INCH * unit, most, sqrt(_MOST_PROBE_PX / (width * height)))
    drawn: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil()
    return drawn


def annotations_on(page: pypdfium2.PdfPage) -> list[tuple[int, int]]:
    """Kind and flags of each of the page's annotations, as PDFium numbers them."""
    found = []
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        found.append((pdfium_c.FPDFAnnot_GetSubtype(annotation), pdfium_c.FPDFAnnot_GetFlags(annotation)))
        pdfium_c.FPDFPage_CloseAnnot(annotation)
    return found


def pictures_on(page: pypdfium2.PdfPage) -> list[pypdfium2.PdfImage]:
    """The page's pictures, those in forms on it as well."""
    return list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=2))


def filter_names(picture: pypdfium2.PdfImage, *, skip_simple: bool = False) -> list[str]:
    """The names of a picture's filters, without those that only pack if `skip_simple`."""
    try:
        return list(picture.get_filters(skip_simple=skip_simple))
    except UnicodeDecodeError:  # a damaged name, which pypdfium2 takes for text
        return ["unknown"]


def broken_among(pictures: Iterable[pypdfium2.PdfImage], *, any_kind: bool) -> set[str]:
    """Kinds of pictures that PDFium cannot decode, and so leaves out without a word.

    Without `any_kind`, only those are tried that often cannot: JPEG 2000 has parts that no free decoder reads.
    """
    broken = set()
    for picture in pictures:
        filters = filter_names(picture, skip_simple=True)
        if any_kind or "JPXDecode" in filters:
            try:
                picture.get_bitmap()
            except pypdfium2.PdfiumError:
                broken.add(_KINDS.get(filters[-1], filters[-1]) if filters else "unpacked")
    return broken


_LEAST_AREA = 0.05
"""Share of the page that a picture has to take for its loss to be the page's."""
_LEAST_AREA_UNPACKED = 0.5
"""The same for pictures that have to be unpacked to know."""
_NEAR_END = 32
_BITS = (1, 2, 4, 8, 16, 32)
"""Bits a pixel of pictures that PDFium says to have more, as it makes them have."""


_NAMES = {"DCTDecode": "JPEG", "CCITTFaxDecode": "fax"}
_TOLD = ([], *([name] for name in _NAMES))


def cut_off_among(pictures: Iterable[pypdfium2.PdfImage], page: pypdfium2.PdfPage) -> set[str]:
    """Kinds of larger pictures whose data breaks off: PDFium draws them as far as they go, without a word."""
    size = page.get_width() * page.get_height()
    return {
        _NAMES[filters[0]] if filters else "pixels"
        for picture in pictures
        if (filters := filter_names(picture, skip_simple=True)) in _TOLD
        and _area(picture)
        >= size * (_LEAST_AREA if filters or not filter_names(picture) else _LEAST_AREA_UNPACKED)
        and is_cut_off(picture)
    }


def _area(picture: pypdfium2.PdfImage) -> float:
    left, bottom, right, top = picture.get_bounds()
    return float(abs((right - left) * (top - bottom)))


def is_cut_off(picture: pypdfium2.PdfImage) -> bool:
    """Whether a JPEG or a fax breaks off, or pixels that are packed without loss are fewer than the picture has."""
    data = bytes(picture.get_data(decode_simple=True))
    filters = filter_names(picture, skip_simple=True)
    if filters == ["CCITTFaxDecode"]:
        return _lacks_lines(data, picture)
    if filters == ["DCTDecode"]:
        return _ends_flat(data) if b"\xff\xd9" not in data[-_NEAR_END:] else _breaks_off(data)
    said = picture.get_metadata()
    if not said.bits_per_pixel or len(data) >= _bytes(said, said.bits_per_pixel):
        return False
    return not any(0 <= len(data) - _bytes(said, bits) <= 2 for bits in _BITS)


def _bytes(said: pdfium_c.FPDF_IMAGEOBJ_METADATA, bits: int) -> int:
    return int(said.height * -(-said.width * bits // 8))


def _breaks_off(jpeg: bytes) -> bool:
    try:
        return breaks_off_inside(jpeg)
    except Exception:  # noqa: BLE001  # as below
        return False


def ends_in_black(pixels: Image.Image) -> bool:
    """Whether the last row is as PDFium fills it where the data breaks off."""
    last = pixels.crop((0, pixels.height - 1, pixels.width, pixels.height))
    return not last.convert("L").getbbox()


def _lacks_lines(fax: bytes, picture: pypdfium2.PdfImage) -> bool:
    """Whether a fax does, by its data and by what PDFium shows: whether it is of Group 4 is not told."""
    try:
        return lacks_lines([fax], *picture.get_px_size()) and ends_in_black(picture.get_bitmap().to_pil())
    except Exception:  # noqa: BLE001  # as below
        return False


def _ends_flat(jpeg: bytes) -> bool:
    """Whether a JPEG without its end lacks more than that: decoders go on in one colour where the data stops."""
    try:
        image = Image.open(io.BytesIO(jpeg + b"\xff\xd9"), formats=["JPEG"])
        last = image.crop((0, image.height - 8, image.width, image.height))
        return all(low == high for low, high in (band.getextrema() for band in last.split()))
    except Exception:  # noqa: BLE001  # on damaged bytes decoders raise nearly anything
        return True


def are_mostly_lossy(pictures: Iterable[pypdfium2.PdfImage], page: pypdfium2.PdfPage) -> bool:
    """Whether JPEG or JPEG 2000 pictures cover more than half of the page, so that PNG would only be large."""
    width, height = page.get_size()
    covered = 0.0
    for picture in pictures:
        if LOSSY_FILTERS & set(filter_names(picture)):
            left, bottom, right, top = picture.get_bounds()
            covered += (right - left) * (top - bottom)
    return bool(covered > 0.5 * width * height)
