"""A mark on the original is found again through `to_original`, whatever was done to the page."""

import io

import pytest
from PIL import Image, ImageChops, ImageDraw

from qwenocr_assets.geometry import Quad
from qwenocr_assets.imaging.coordinates import original_point
from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import HEAD_BYTES, sniff

MARK = (60, 150)


def marked(width: int = 400, height: int = 300) -> Image.Image:
    image = Image.new("L", (width, height), 255)
    x, y = MARK
    ImageDraw.Draw(image).ellipse((x - 12, y - 12, x + 12, y + 12), fill=0)
    return image


def mark_of(page: PageImage) -> tuple[float, float]:
    """Centre of the dark mark, in page pixels."""
    shown = Image.open(io.BytesIO(page.content)).convert("L").point(lambda value: 255 if value < 128 else 0)
    left, top, right, bottom = ImageChops.invert(ImageChops.invert(shown)).getbbox()
    return (left + right) / 2, (top + bottom) / 2


def page_of(content: bytes, recipe: Recipe) -> PageImage:
    (page,) = pages_of_document(content, sniff(content[:HEAD_BYTES]), recipe)
    assert isinstance(page, PageImage)
    return page


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pillow_format", ["JPEG", "TIFF"])
def test_turned_pictures(encoded, pillow_format, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    page = page_of(encoded(marked(), pillow_format, exif=exif), Recipe())
    assert original_point(page.to_original, *mark_of(page)) == pytest.approx(MARK, abs=1.5)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("limit", [30_000, 9_000])
def test_scaled_pictures(encoded, pillow_format, limit):
    content = encoded(marked(), pillow_format, dpi=(1000, 1000))  # so that less is enough
    page = page_of(content, Recipe(limits=Limits(max_px=limit, useful_px=limit)))
    assert page.width_px < 400
    assert original_point(page.to_original, *mark_of(page)) == pytest.approx(MARK, abs=3)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param(b"", (110, 380), id="plain"),
        pytest.param(b"/CropBox[50 50 400 500]", (60, 380), id="crop-box"),
        pytest.param(b"/Rotate 90", (120, 110), id="turned"),
    ],
)
@pytest.mark.parametrize("dpi", [72, 150])
def test_drawn_pages_in_points_as_shown(pdf_page, attributes, expected, dpi):
    page = page_of(pdf_page(b"0 g 100 110 20 20 re f", attributes=attributes), Recipe(dpi=dpi))
    assert original_point(page.to_original, *mark_of(page)) == pytest.approx(expected, abs=1)


def test_extracted_pictures_in_points(pdf_page, encoded):
    data = encoded(marked(800, 1000).convert("RGB"), "JPEG")
    picture = b"/Width 800/Height 1000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/DCTDecode", data
    page = page_of(pdf_page(b"q 400 0 0 500 0 0 cm /I Do Q", picture=picture), Recipe())
    assert page.origin == "extracted"
    assert original_point(page.to_original, *mark_of(page)) == pytest.approx((30, 75), abs=1)


def test_a_quad():
    assert Quad.of([1, 1, 2, 2]).mapped((2, 0, 1, 0, 3, 2)) == (3, 5, 5, 5, 5, 8, 3, 8)
