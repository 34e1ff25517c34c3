"""Which way up a page lies, and where its lines are on the image as given."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from qwenocr_assets.engine.page.geometry import Turn, from_top_left
from qwenocr_assets.engine.page.read_page import Quad
from qwenocr_assets.engine.reading.pictures import turned
from qwenocr_assets.engine.reading.reader import Reader

LINES = (
    "The quick brown fox jumps over the lazy dog",
    "Invoice number 20251 of 14 March",
    "Please pay within thirty days",
    "Copper pipe, 15 mm, twelve pieces",
    "Thank you for your business",
)
ROTATE = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def printed() -> Image.Image:
    """A page in Pillow's own font: 900 × 500 pixels, five lines, 80 pixels apart, starting at (60, 50)."""
    page = Image.new("RGB", (900, 500), "white")
    draw = ImageDraw.Draw(page)
    for index, text in enumerate(LINES):
        draw.text((60, 50 + 80 * index), text, fill="black", font=ImageFont.load_default(30))
    return page


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(with_tesseract=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("counter_clockwise", "skew"),
    [(0, 0), (90, 0), (180, 0), (270, 0), (0, -7), (90, 4), (180, 15), (270, -7), (0, 15)],
)
def test_a_page_is_read_whichever_way_it_lies(reader: Reader, counter_clockwise: int, skew: int) -> None:
    image = printed()
    if skew:
        image = image.rotate(-skew, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    if counter_clockwise:
        image = image.transpose(ROTATE[counter_clockwise])
    page = reader.read(png(image))
    assert page.rotation == counter_clockwise  # turned counter-clockwise, it needs as much clockwise
    assert page.skew == pytest.approx(skew, abs=0.4)
    assert [line.text for line in page.upright_lines] == list(LINES)
    assert (page.width, page.height) == image.size


@pytest.mark.parametrize(
    ("counter_clockwise", "start", "end"),
    [
        pytest.param(0, (60, 50), (700, 50), id="upright"),
        pytest.param(90, (50, 840), (50, 200), id="on its left side"),
        pytest.param(180, (840, 450), (200, 450), id="upside down"),
        pytest.param(270, (450, 60), (450, 700), id="on its right side"),
    ],
)
def test_quads_are_in_pixels_of_the_image_as_given(
    reader: Reader, counter_clockwise: int, start: tuple[int, int], end: tuple[int, int]
) -> None:
    image = printed()
    if counter_clockwise:
        image = image.transpose(ROTATE[counter_clockwise])
    first = reader.read(png(image)).lines[0]
    assert first.text == LINES[0]
    x1, y1, x2, y2 = first.quad[:4]  # from the text's top left to its top right
    assert (x1, y1) == pytest.approx(start, abs=15)
    towards = np.array(end) - np.array(start)
    along = np.array([x2 - x1, y2 - y1])
    assert along / np.linalg.norm(along) == pytest.approx(towards / np.linalg.norm(towards), abs=0.03)
    assert min(first.quad) >= 0
    assert all(x <= page_side for x, page_side in zip(first.quad, (*image.size,) * 4, strict=True))


_TURNS = st.builds(
    Turn,
    st.integers(20, 3000),
    st.integers(20, 3000),
    st.sampled_from([0, 90, 180, 270]),
    st.floats(-44, 44, allow_nan=False),
)


@given(_TURNS, st.tuples(*[st.floats(0, 3000)] * 8))
def test_there_and_back_again(turn: Turn, corners: Quad) -> None:
    quads = np.array(corners).reshape(1, 4, 2)
    back = turn.to_given(turn.to_upright(quads))
    assert np.roll(back, -(turn.rotation // 90), axis=1) == pytest.approx(quads, abs=1e-6)


@given(st.floats(-44, 44), st.floats(20, 900), st.floats(20, 900), st.integers(0, 3))
def test_corners_begin_at_the_top_left(tilt: float, width: float, height: float, shift: int) -> None:
    angle = np.radians(tilt)
    across, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    quad = np.array([[(0, 0), across * width, across * width + down * height, down * height]])
    assert from_top_left(np.roll(quad, shift, axis=1)) == pytest.approx(quad)


@given(_TURNS)
def test_the_upright_page_holds_the_whole_image(turn: Turn) -> None:
    w, h = turn.width - 1, turn.height - 1
    corners = turn.to_upright(np.array([[[0, 0], [w, 0], [w, h], [0, h]]], float))
    width, height = turn.size
    assert corners.min() >= -0.51
    assert corners[..., 0].max() <= width - 0.49
    assert corners[..., 1].max() <= height - 0.49


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pixels_and_quads_turn_alike(rotation: int) -> None:
    picture = np.zeros((30, 50, 3), np.uint8)
    picture[4, 7] = 255
    turn = Turn(50, 30, rotation)
    (x, y) = turn.to_upright(np.full((1, 4, 2), (7.0, 4.0)))[0][0]
    assert turned(picture, turn)[round(y), round(x), 0] == 255
