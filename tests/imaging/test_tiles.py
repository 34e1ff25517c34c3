import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from qwenocr_assets.imaging.limits import SERVICE_LIMITS
from qwenocr_assets.imaging.page_image import PageImage, TiledPage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.tiles import join_tiles, tile_boxes
from qwenocr_assets.intake.media_types import MediaType


@given(breadth=st.integers(11, 400), length=st.integers(11, 60_000), across=st.booleans())
def test_tiles_cover_the_strip_and_fit_the_service(breadth, length, across):
    size = (
        (max(breadth, length), min(breadth, length))
        if across
        else (min(breadth, length), max(breadth, length))
    )
    boxes = tile_boxes(*size, 200)
    start, end = (0, 2) if size[0] > size[1] else (1, 3)
    assert boxes[0][:2] == (0, 0)
    assert boxes[-1][2:] == size
    assert all(box[end] - box[start] <= 200 * min(size) for box in boxes)
    assert all(a[end] - b[start] == 3 * min(size) for a, b in pairwise(boxes))
    assert (len(boxes) == 1) == (max(size) <= 200 * min(size))


@pytest.mark.parametrize(("size", "tiles"), [((20, 4001), 5), ((4001, 20), 5), ((11, 2201), 5)])
def test_a_strip_becomes_a_page_and_its_tiles(encoded, size, tiles):
    strip = Image.new("L", size, 255)
    mark = (size[0] - 8, size[1] - 8, size[0] - 3, size[1] - 3)
    ImageDraw.Draw(strip).rectangle(mark, fill=0)
    content = encoded(strip, "PNG")
    assert count_pages(content, MediaType.PNG) == 1
    page, *found = pages_of_document(content, MediaType.PNG)
    assert isinstance(page, TiledPage)
    assert (page.width_px, page.height_px, page.tiles, len(found)) == (*size, tiles, tiles)
    last = found[-1]
    assert isinstance(last, PageImage)
    left, top, *_ = Image.eval(Image.open(io.BytesIO(last.content)), lambda value: 255 - value).getbbox()
    assert (last.tile.left_px + left, last.tile.top_px + top) == mark[:2]
    assert last.to_original == (1, 0, last.tile.left_px, 0, 1, last.tile.top_px)
    for tile in found:
        SERVICE_LIMITS.require_usable(tile.width_px, tile.height_px)


def tile(index: int, top: int) -> dict:
    return {"page_id": f"d-0001-t{index:02d}", "tile_of": "d-0001", "tile_left_px": 0, "tile_top_px": top,
            "width_px": 20, "height_px": 100}  # fmt: skip


PAGES = [{"page_id": "d-0001"}, tile(1, 0), tile(2, 80), {"page_id": "e-0001"}]


def line(page: str, index: int, top: float | None, text: str) -> dict:
    box = {} if top is None else {
        "left_px": 1.0, "right_px": 9.0, "top_px": top, "bottom_px": top + 4,
        "quad_px": [1.0, top, 9.0, top, 9.0, top + 4, 1.0, top + 4], "rotate_rect": [5.0, top + 2, 8.0, 4.0, 0.0],
    }  # fmt: skip
    return {"page_id": page, "task": "advanced_recognition", "line_index": index, "text": text, **box}


def test_rows_of_tiles_become_rows_of_their_page():
    tables = {
        "text_lines": [
            line("d-0001-t01", 0, 10.0, "a"),
            line("d-0001-t01", 1, 83.0, "b"),  # both tiles see b and c: b is the first tile's, c the second's
            line("d-0001-t01", 2, 93.0, "c, cut"),
            line("d-0001-t02", 0, 3.0, "b, cut"),
            line("d-0001-t02", 1, 13.0, "c"),
            line("d-0001-t02", 2, None, "no box"),
            line("e-0001", 0, 5.0, "elsewhere"),
        ]
    }
    rows = join_tiles(tables, PAGES)["text_lines"]
    assert [(r["page_id"], r["line_index"], r["text"], r.get("top_px")) for r in rows] == [
        ("d-0001", 0, "a", 10.0),
        ("d-0001", 1, "b", 83.0),
        ("d-0001", 2, "c", 93.0),
        ("d-0001", 3, "no box", None),
        ("e-0001", 0, "elsewhere", 5.0),
    ]
    assert rows[2]["quad_px"] == [1.0, 93.0, 9.0, 93.0, 9.0, 97.0, 1.0, 97.0]
    assert rows[2]["rotate_rect"] == [5.0, 95.0, 8.0, 4.0, 0.0]


def test_paths_and_tables_stay_distinct():
    tables = {
        "key_values": [
            {"page_id": f"d-0001-t0{n}", "task": "kie", "path": path} for n in (1, 2) for path in ("a", "b")
        ],
        "table_cells": [
            {"page_id": f"d-0001-t0{n}", "task": "table", "table_index": 0, "row_index": row}
            for n in (1, 2)
            for row in (0, 1)
        ],
    }
    joined = join_tiles(tables, PAGES)
    assert [row["path"] for row in joined["key_values"]] == ["a", "b", "a#2", "b#2"]
    assert [(row["table_index"], row["row_index"]) for row in joined["table_cells"]] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
