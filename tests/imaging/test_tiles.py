"""Sheets and strips are cut into tiles: where, how many, and what comes of them."""

import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import SERVICE_LIMITS, Limits
from qwenocr_assets.imaging.page_image import PageImage, TiledPage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.tiles import is_read_at, tile_boxes, tiling_scale
from qwenocr_assets.intake.media_types import MediaType


@settings(max_examples=60)
@given(breadth=st.integers(11, 400), aspect=st.floats(1, 1400), across=st.booleans())
def test_tiles_cover_the_strip_and_fit_the_service(breadth, aspect, across):
    length = int(breadth * aspect)
    image = Image.new("1", (length, breadth) if across else (breadth, length))
    boxes = tile_boxes(image, SERVICE_LIMITS, by_area=False)
    start, end = (0, 2) if across else (1, 3)
    assert boxes[0][:2] == (0, 0)
    assert boxes[-1][2:] == image.size
    assert len(boxes) <= SERVICE_LIMITS.max_tiles
    assert all(box[end] - box[start] <= 200 * breadth for box in boxes)
    assert all(a[end] - b[start] == 3 * breadth for a, b in pairwise(boxes))
    assert (len(boxes) == 1) == (length <= 200 * breadth)


@pytest.mark.parametrize("size", [(11, 60_000), (200_000, 12)])
def test_a_strip_of_too_many_tiles_is_refused_with_their_number(size):
    with pytest.raises(RejectedInput, match=r"would be read as \d+ tiles.*at most 32"):
        tile_boxes(Image.new("1", size), SERVICE_LIMITS, by_area=False)


@settings(max_examples=25)
@given(width=st.integers(200, 3000), height=st.integers(200, 3000), seed=st.integers(0, 3))
def test_tiles_cover_the_sheet_and_none_is_larger_than_one_look(width, height, seed):
    look = 500 * 500
    image = Image.new("L", (width, height), 255)
    for y in range(seed * 7, height, 20 + 30 * seed):
        ImageDraw.Draw(image).text((5, y), "mm/mm/mm" * 60, fill=0)
    boxes = tile_boxes(image, Limits(useful_px=look, max_tiles=1000), by_area=True)
    seen = Image.new("L", image.size)
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert (right - left) * (bottom - top) <= look
        assert min(right - left, bottom - top) > 10
        seen.paste(255, (left, top, right, bottom))
    assert seen.getextrema() == (255, 255)


@pytest.mark.parametrize(
    ("size", "dpi", "scale"),
    [
        pytest.param((1654, 2339), 200, None, id="A4 at 200 dpi"),
        pytest.param((2480, 3508), 300, None, id="A4 at 300 dpi"),
        pytest.param((4960, 7016), 600, None, id="A4 at 600 dpi: 294 in one look"),
        pytest.param((4960, 7016), None, 1.0, id="the same, the file does not say"),
        pytest.param((4960, 7016), 72, 1.0, id="the same, it says what programs write without knowing"),
        pytest.param((7016, 9933), 600, None, id="A3 at 600 dpi"),
        pytest.param((4961, 7016), 300, 2 / 3, id="A2 at 300 dpi"),
        pytest.param((6622, 9361), 200, 1.0, id="A0 at 200 dpi"),
        pytest.param((1080, 20_000), None, 1.0, id="a long screenshot"),
        pytest.param((1080, 8_000), None, None, id="a shorter one"),
        pytest.param((12_000, 12_000), None, 0.833, id="more than is read"),
    ],
)
def test_what_is_read_in_tiles_and_at_which_scale(size, dpi, scale):
    found = tiling_scale(*size, dpi, 200, SERVICE_LIMITS)
    assert found is None if scale is None else found == pytest.approx(scale, rel=0.01)


@pytest.mark.parametrize(
    ("stroke", "scale", "is_read"),
    [
        pytest.param(6, 0.5, True, id="a sheet of paper with 600 dots to the inch"),
        pytest.param(2, 0.5, False, id="a drawing with 150"),
        pytest.param(2, 1.0, True, id="the same in full size"),
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_thickness_of_strokes_says_what_is_read(stroke, scale, is_read, inverted):
    sheet = Image.new("L", (1_000, 1_000), 255)
    for x in range(10, 990, 8 * stroke):
        ImageDraw.Draw(sheet).rectangle((x, 0, x + stroke - 1, 999), fill=0)
    assert is_read_at(ImageOps.invert(sheet) if inverted else sheet, scale) is is_read


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_print_without_a_resolution_is_one_look(encoded, kind):
    lines = [(100, y) for y in range(100, 5_000, 140)]
    large, small = written((3_600, 5_000), lines, 110), written((3_600, 5_000), lines, 24)
    assert [
        len(list(pages_of_document(encoded(sheet, kind), MediaType[kind]))) for sheet in (large, small)
    ] == [1, 4]


def written(size: tuple[int, int], spots: list[tuple[int, int]], height: int = 24) -> Image.Image:
    sheet = Image.new("L", size, 255)
    for x, y in spots:
        ImageDraw.Draw(sheet).text((x, y), f"spot {x} {y}", fill=0, font_size=height)
    return sheet


def test_a_sheet_is_cut_between_its_lines():
    lines = [(300, y) for y in range(40, 9_900, 40)]
    boxes = tile_boxes(written((1_600, 10_000), lines), SERVICE_LIMITS, by_area=True)
    assert len(boxes) == 2
    cuts = [(upper[3] + lower[1]) / 2 for upper, lower in pairwise(boxes)]
    for cut in cuts:
        assert all(not y <= cut <= y + 26 for _, y in lines), cut


def test_what_is_written_everywhere_is_cut_with_an_overlap():
    noise = Image.effect_noise((1_600, 10_000), 120)
    boxes = tile_boxes(noise, SERVICE_LIMITS, by_area=True)
    assert all(upper[3] - lower[1] > 500 for upper, lower in pairwise(boxes))


def test_parts_on_which_nothing_stands_are_not_asked_about(encoded):
    sheet = written((4_000, 6_000), [(100, 100), (2_000, 5_800)])
    page, *tiles = pages_of_document(encoded(sheet, "PNG"), MediaType.PNG)
    assert isinstance(page, TiledPage)
    assert (page.tiles, page.empty_tiles) == (2, 1)
    assert [tile.tile.index for tile in tiles] == [1, 3]


def test_an_empty_sheet_is_asked_about_once_and_said_to_be_blank(encoded):
    page, *tiles = pages_of_document(encoded(Image.new("L", (4_000, 6_000), 255), "PNG"), MediaType.PNG)
    assert isinstance(page, TiledPage)
    assert [tile.is_blank for tile in tiles] == [True]


def test_a_sheet_of_300_dpi_is_read_at_200(encoded):
    sheet = written((5_000, 7_000), [(2_000, 100), (2_000, 6_500)])
    page, *tiles = pages_of_document(encoded(sheet, "PNG", dpi=(300, 300)), MediaType.PNG)
    assert isinstance(page, TiledPage)
    assert (page.width_px, page.height_px) == (3_333, 4_666)
    assert page.dpi == pytest.approx(200, rel=0.01)
    for tile in tiles:
        x, y = tile.to_original[2], tile.to_original[5]
        assert (x, y) == pytest.approx((tile.tile.left_px * 1.5, tile.tile.top_px * 1.5), abs=2)


@pytest.mark.parametrize(("size", "tiles"), [((20, 4001), 5), ((4001, 20), 5), ((11, 2201), 5)])
def test_a_strip_becomes_a_page_and_its_tiles(encoded, gradient, size, tiles):
    strip = gradient("L", *size).point(lambda value: 128 + value // 2)
    mark = (size[0] - 8, size[1] - 8, size[0] - 3, size[1] - 3)
    ImageDraw.Draw(strip).rectangle(mark, fill=0)
    content = encoded(strip, "PNG")
    assert count_pages(content, MediaType.PNG) == 1
    page, *found = pages_of_document(content, MediaType.PNG)
    assert isinstance(page, TiledPage)
    assert (page.width_px, page.height_px, page.tiles, len(found)) == (*size, tiles, tiles)
    last = found[-1]
    assert isinstance(last, PageImage)
    dark = Image.open(io.BytesIO(last.content)).point(lambda value: 255 if value < 100 else 0)
    left, top, *_ = dark.getbbox()
    assert (last.tile.left_px + left, last.tile.top_px + top) == mark[:2]
    assert last.to_original == (1, 0, last.tile.left_px, 0, 1, last.tile.top_px)
    for tile in found:
        SERVICE_LIMITS.require_usable(tile.width_px, tile.height_px)
