"""PDFium, through pypdfium2: opens PDFs, takes out pictures that fill a page, draws the other pages.

PDFium is not thread-safe: all of this belongs on one thread per process.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image
from pypdfium2.version import PDFIUM_INFO, PYPDFIUM_INFO

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import POINTS_PER_INCH, Limits
from qwenocr_assets.imaging.normalising import is_grey

RENDERER = f"PDFium {PDFIUM_INFO.tag} (pypdfium2 {PYPDFIUM_INFO.tag})"

_PROBE_DPI = 50
"""A page drawn this small in colour shows, for a millisecond, whether it has any."""
_TOLERANCE = 0.02
"""How far, as a share of the page, a picture may miss the page's edges and still be the page."""

_MASK = re.compile(rb"/(?:SMask(?!\s*/None)|SMaskInData|Mask|ImageMask)(?![A-Za-z])")
_DECODE = re.compile(rb"/Decode(?![A-Za-z])")
_LOSSY_FILTERS = {"DCTDecode", "JPXDecode"}


@dataclass(frozen=True, slots=True)
class Traits:
    """What a PDF's bytes tell about its pictures that PDFium has no question for.

    A picture's dictionary is never compressed, so that its keys can be found in the file. A mask means that the
    picture's data is not all of the picture, a decode array that its values may be inverted.
    """

    masks: bool
    decode_arrays: bool


@dataclass(frozen=True, slots=True)
class LonePicture:
    """A picture that is all one sees of a page."""

    source: bytes | Image.Image
    """Its JPEG as embedded, byte for byte, or its pixels."""
    lossy: bool
    dpi: float


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


def traits(content: bytes) -> Traits:
    """Look for masks and decode arrays in a PDF's bytes."""
    return Traits(bool(_MASK.search(content)), bool(_DECODE.search(content)))


def lone_picture(page: pypdfium2.PdfPage, of: Traits) -> LonePicture | None:
    """The picture that fills the page, upright and whole, with nothing visible over it; else None."""
    if of.masks or page.get_rotation() != 0 or _has_visible_annotations(page):
        return None
    picture = _topmost_picture(page)
    if picture is None or not _fills_page(picture, page):
        return None
    width, height = picture.get_px_size()
    matrix = picture.get_matrix()
    dpi = width / matrix.a * POINTS_PER_INCH
    if abs(height / matrix.d * POINTS_PER_INCH / dpi - 1) > _TOLERANCE:
        return None  # pixels that are not square, as fax machines make them
    complex_filters = picture.get_filters(skip_simple=True)
    lossy = bool(_LOSSY_FILTERS & set(complex_filters))
    if complex_filters == ["DCTDecode"]:
        jpeg = bytes(picture.get_data(decode_simple=True))
        return LonePicture(jpeg, lossy, dpi) if not of.decode_arrays and _is_plain_jpeg(jpeg) else None
    pixels = picture.get_bitmap().to_pil()
    if pixels.mode == "RGB" and is_grey(pixels, tolerance=0):
        pixels = pixels.convert("L")
    return LonePicture(pixels, lossy, dpi)


def draw_page(page: pypdfium2.PdfPage, dpi: float, limits: Limits) -> tuple[Image.Image, float]:
    """The page drawn, grey if it has no colour, with the resolution used: `dpi`, or less for a very large page.

    Raises:
        RejectedInput: the page has no size, or the service takes no picture of its proportions.
    """
    width, height = page.get_size()
    scale = limits.drawing_scale(width, height, dpi)
    probe = page.render(scale=min(scale, _PROBE_DPI / POINTS_PER_INCH), rev_byteorder=True).to_pil()
    bitmap = page.render(scale=scale, grayscale=is_grey(probe), rev_byteorder=True)
    return bitmap.to_pil(), scale * POINTS_PER_INCH


def is_mostly_lossy_pictures(page: pypdfium2.PdfPage) -> bool:
    """Whether JPEG or JPEG 2000 pictures cover more than half of the page, so that PNG would only be large."""
    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        if _LOSSY_FILTERS & set(picture.get_filters()):
            left, bottom, right, top = picture.get_bounds()
            covered += (right - left) * (top - bottom)
    return bool(covered > 0.5 * width * height)


def _has_visible_annotations(page: pypdfium2.PdfPage) -> bool:
    """Whether there is any annotation but links, which are not drawn."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        subtype = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if subtype != pdfium_c.FPDF_ANNOT_LINK:
            return True
    return False


def _topmost_picture(page: pypdfium2.PdfPage) -> pypdfium2.PdfImage | None:
    """The last object drawn, if it is an opaque, unclipped picture; invisible text (an OCR layer) does not count."""
    for index in reversed(range(pdfium_c.FPDFPage_CountObjects(page))):
        raw = pdfium_c.FPDFPage_GetObject(page, index)
        kind = pdfium_c.FPDFPageObj_GetType(raw)
        if kind == pdfium_c.FPDF_PAGEOBJ_TEXT and (
            pdfium_c.FPDFTextObj_GetTextRenderMode(raw) == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
        ):
            continue
        if kind != pdfium_c.FPDF_PAGEOBJ_IMAGE or pdfium_c.FPDFPageObj_HasTransparency(raw):
            return None
        clip = pdfium_c.FPDFPageObj_GetClipPath(raw)  # PDFium drops clips that cut nothing off
        if clip and pdfium_c.FPDFClipPath_CountPaths(clip) > 0:
            return None
        return pypdfium2.PdfImage(raw, page=page, pdf=page.pdf)
    return None


def _fills_page(picture: pypdfium2.PdfImage, page: pypdfium2.PdfPage) -> bool:
    """Whether the picture lies upright, unmirrored and edge to edge on the page."""
    matrix = picture.get_matrix()
    left, bottom, right, top = page.get_bbox()
    width, height = right - left, top - bottom
    skewed = abs(matrix.b) > _TOLERANCE * height / 10 or abs(matrix.c) > _TOLERANCE * width / 10
    if skewed or matrix.a <= 0 or matrix.d <= 0:
        return False
    edges = zip(picture.get_bounds(), (left, bottom, right, top), (width, height, width, height), strict=True)
    return all(abs(edge - of_page) <= _TOLERANCE * side for edge, of_page, side in edges)


def _is_plain_jpeg(jpeg: bytes) -> bool:
    """Whether the JPEG alone looks as it does in the PDF: grey or RGB, and not to be turned."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            return image.mode in ("L", "RGB") and image.getexif().get(274, 1) == 1
    except (OSError, ValueError, SyntaxError):
        return False
