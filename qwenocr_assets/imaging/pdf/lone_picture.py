"""Pictures that are all one sees of a page: they are taken out of the PDF instead of drawn again.

What a picture's bytes show and what a viewer shows of it may be two things: it may be on a layer that is turned off,
masked, inverted, or in a colour space of its own. Where nothing in the file hints at that, its bytes are the page;
where something does, it is held against PDFium's own drawing of the page.
"""

import ctypes
import io
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageChops, ImageFilter

from qwenocr_assets.imaging.limits import POINTS_PER_INCH
from qwenocr_assets.imaging.normalising import is_blank, is_grey
from qwenocr_assets.imaging.pdf.dictionaries import Traits
from qwenocr_assets.imaging.pdf.pdfium import (
    LOSSY_FILTERS,
    annotations_on,
    draw_small,
    ends_in_black,
    filter_names,
    is_cut_off,
)
from qwenocr_assets.imaging.pictures.grounds import has_transparency

_TOLERANCE = 0.02
"""How far, as a share of the page, a picture may miss the page's edges and still be the page."""
_COMPARED_DPI = 100
"""A picture that differs from what is drawn by one digit differs enough at this resolution."""
_MOST_DIFFERENCE = 16
"""Of 255: how far the drawing and the picture may differ anywhere, both made small and blurred. The two scale a
little differently, which hard edges show."""

_PLAIN_COLOURS = {"L": "DeviceGray", "RGB": "DeviceRGB"}
"""By the mode of a JPEG, the PDF's colour space in which it looks as it does by itself."""
_UNSEEN = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW


@dataclass(frozen=True, slots=True)
class LonePicture:
    """A picture that is all one sees of a page."""

    source: bytes | Image.Image
    """Its JPEG as embedded, byte for byte, or its pixels."""
    lossy: bool
    dpi: float


def lone_picture(page: pypdfium2.PdfPage, of: Traits, unit: float = 1.0) -> LonePicture | None:
    """The picture that fills the page, upright and whole, with nothing visible over it; else None.

    `unit` is the size of the page's units in points.
    """
    if page.get_rotation() != 0 or _has_visible_annotations(page):
        return None
    picture = _topmost_picture(page)
    if picture is None or not _fills_page(picture, page):
        return None
    width, height = picture.get_px_size()
    matrix = picture.get_matrix()
    dpi = width / (matrix.a * unit) * POINTS_PER_INCH
    if abs(height / (matrix.d * unit) * POINTS_PER_INCH / dpi - 1) > _TOLERANCE:
        return None  # pixels that are not square, as fax machines make them
    as_stored = of.pictures_as_stored and not _is_on_layer(picture)
    complex_filters = filter_names(picture, skip_simple=True)
    lossy = bool(LOSSY_FILTERS & set(complex_filters))
    if complex_filters == ["DCTDecode"]:
        jpeg = bytes(picture.get_data(decode_simple=True))
        image = _plain_jpeg(jpeg)
        if image is None:
            return None
        plain = of.colour_spaces == {_PLAIN_COLOURS[image.mode]} and image.size == (width, height)
        as_stored = as_stored and plain
        seen = as_stored or _is_what_is_drawn(image, page, unit)
        return LonePicture(jpeg, lossy, dpi) if seen else None
    pixels = picture.get_bitmap().to_pil()
    if "JBIG2Decode" in complex_filters and is_blank(pixels):
        return None  # what PDFium cannot decode it leaves empty
    if complex_filters in ([], ["CCITTFaxDecode"]) and ends_in_black(pixels) and is_cut_off(picture):
        return None
    if has_transparency(pixels) or not (as_stored or _is_what_is_drawn(pixels, page, unit)):
        return None
    if pixels.mode == "RGB" and is_grey(pixels, tolerance=0):
        pixels = pixels.convert("L")
    return LonePicture(pixels, lossy, dpi)


def _is_what_is_drawn(picture: Image.Image, page: pypdfium2.PdfPage, unit: float) -> bool:
    """Whether the page as drawn shows just this picture."""
    drawn = draw_small(page, unit, most=picture.width / page.get_width(), dpi=_COMPARED_DPI)
    picture.draft("RGB", (2 * drawn.width, 2 * drawn.height))
    reduced = picture.convert("RGB").resize(drawn.size, Image.Resampling.HAMMING)
    a, b = (image.filter(ImageFilter.GaussianBlur(1)) for image in (drawn, reduced))
    # the outermost pixels show the hair of margin that a picture may leave
    edge = max(4, round(_TOLERANCE * max(drawn.size)))
    inner = (edge, edge, drawn.width - edge, drawn.height - edge)
    difference = ImageChops.difference(a, b)
    if inner[0] < inner[2] and inner[1] < inner[3]:
        difference = difference.crop(inner)
    return not any(sum(band.histogram()[_MOST_DIFFERENCE + 1 :]) for band in difference.split())


def _is_on_layer(picture: pypdfium2.PdfImage) -> bool:
    """Whether the picture is marked as optional content (ISO 32000-1, 8.11.3.2)."""
    for index in range(pdfium_c.FPDFPageObj_CountMarks(picture)):
        name = (ctypes.c_ushort * 8)()
        length = ctypes.c_ulong()
        mark = pdfium_c.FPDFPageObj_GetMark(picture, index)
        if not pdfium_c.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), length):
            return True
        if length.value == 6 and bytes(name)[:4] == "OC".encode("utf-16-le"):
            return True
    return False


def _has_visible_annotations(page: pypdfium2.PdfPage) -> bool:
    """Whether there is any annotation but links, which are not drawn, and hidden ones."""
    return any(
        kind != pdfium_c.FPDF_ANNOT_LINK and not flags & _UNSEEN for kind, flags in annotations_on(page)
    )


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


def _plain_jpeg(jpeg: bytes) -> Image.Image | None:
    """The JPEG, its pixels not decoded; None if it does not look alone as in the PDF: in CMYK, or turned by EXIF."""
    try:
        image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        return image if image.mode in _PLAIN_COLOURS and image.getexif().get(274, 1) == 1 else None
    except (OSError, ValueError, SyntaxError):
        return None
