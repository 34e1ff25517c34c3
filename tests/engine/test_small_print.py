"""Print that is too small to read is called that: not another script, and not other words."""

import io

import pytest
from PIL import Image, ImageDraw

from qwenocr_assets.engine.errors import UnreadableImage
from qwenocr_assets.engine.reading.reader import Reader

LINES = ["Invoice 2025-0417", "Harbour Supplies", "Marine rope 277.50", "Deck bolts 230.40", "Total 507.90"]


def page(height: int) -> bytes:
    """A page with lines of print of this height."""
    large = Image.new("L", (1600, 1000), 255)
    for row, text in enumerate(LINES):
        ImageDraw.Draw(large).text((80, 80 + 160 * row), text, 0, font_size=80)
    scale = height / 80
    buffer = io.BytesIO()
    large.resize((round(1600 * scale), round(1000 * scale)), Image.Resampling.BOX).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(with_tesseract=False)


@pytest.mark.parametrize("height", [4, 6])
def test_small_print_is_refused_as_that(reader: Reader, height: int) -> None:
    with pytest.raises(UnreadableImage, match="too small to read"):
        reader.read(page(height))


def test_larger_print_is_read(reader: Reader) -> None:
    assert [line.text for line in reader.read(page(24)).lines] == LINES
