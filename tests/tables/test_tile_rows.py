"""Rows of tiles as rows of their page."""

import pytest

from qwenocr_assets.tables.places.tile_lines import joined_text
from qwenocr_assets.tables.places.tile_rows import join_tiles


def tile(index: int, left: float, top: float, width: int = 20, height: int = 100) -> dict:
    return {"page_id": f"d-0001-t{index:02d}", "tile_of": "d-0001", "tile_left_px": left, "tile_top_px": top,
            "width_px": width, "height_px": height}  # fmt: skip


PAGES = [{"page_id": "d-0001"}, tile(1, 0, 0), tile(2, 0, 80), {"page_id": "e-0001"}]


def line(page: str, index: int, box: tuple[float, float, float, float] | None, text: str) -> dict:
    row = {"page_id": page, "task": "advanced_recognition", "line_index": index, "text": text}
    if box is None:
        return {**row, "quad_px": None}
    left, top, right, bottom = box
    return {
        **row, "left_px": left, "top_px": top, "right_px": right, "bottom_px": bottom,
        "quad_px": [left, top, right, top, right, bottom, left, bottom],
        "rotate_rect": [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 0.0],
    }  # fmt: skip


def flat(page: str, index: int, top: float, text: str, bottom: float | None = None) -> dict:
    return line(page, index, (1.0, top, 19.0, top + 8 if bottom is None else bottom), text)


def lines_of(*rows: dict, pages: list[dict] = PAGES) -> list[dict]:
    return join_tiles({"text_lines": rows}, pages)["text_lines"]


ONCE = {
    "each tile has its own": ([flat("d-0001-t01", 0, 10, "a"), flat("d-0001-t02", 0, 50, "b")], ["a", "b"]),
    "both have it whole": ([flat("d-0001-t01", 0, 84, "a"), flat("d-0001-t02", 0, 4, "a")], ["a"]),
    "a pixel off, at the middle of the overlap": (
        [flat("d-0001-t01", 0, 85.2, "a"), flat("d-0001-t02", 0, 6.9, "a")],
        ["a"],
    ),
    "the upper one cuts it": (
        [flat("d-0001-t01", 0, 95, "..", bottom=100), flat("d-0001-t02", 0, 14, "a")],
        ["a"],
    ),
    "the lower one cuts it": (
        [flat("d-0001-t01", 0, 76, "a"), flat("d-0001-t02", 0, 0, "..", bottom=4)],
        ["a"],
    ),
    "one tile alone saw it, cut": ([flat("d-0001-t01", 0, 95, "a", bottom=100)], ["a"]),
    "two lines near each other": (
        [flat("d-0001-t01", 0, 81, "a"), flat("d-0001-t02", 0, 10, "b")],
        ["a", "b"],
    ),
    "the same text lower down": (
        [flat("d-0001-t01", 0, 50, "a"), flat("d-0001-t02", 0, 50, "a")],
        ["a", "a"],
    ),
}


@pytest.mark.parametrize(("rows", "texts"), ONCE.values(), ids=ONCE)
def test_a_line_that_two_tiles_see_comes_once(rows, texts):
    found = lines_of(*rows)
    assert [row["text"] for row in found] == texts
    assert [row["line_index"] for row in found] == list(range(len(texts)))


def test_rows_come_in_pixels_of_the_page():
    found = lines_of(
        flat("d-0001-t02", 0, 13.0, "c"),
        line("d-0001-t02", 1, None, "no box"),
        flat("e-0001", 0, 5.0, "elsewhere"),
    )
    assert [(r["page_id"], r["line_index"], r["text"], r.get("top_px")) for r in found] == [
        ("d-0001", 0, "c", 93.0),
        ("d-0001", 1, "no box", None),
        ("e-0001", 0, "elsewhere", 5.0),
    ]
    assert found[0]["quad_px"] == [1.0, 93.0, 19.0, 93.0, 19.0, 101.0, 1.0, 101.0]
    assert found[0]["rotate_rect"] == [10.0, 97.0, 18.0, 8.0, 0.0]


def test_a_tile_that_was_scaled_down_gives_pixels_of_the_page():
    whole = {"page_id": "d-0001", "to_original": [0.36, 0, 0, 0, 0.36, 0]}
    half = {**tile(1, 0, 0), "to_original": [0.72, 0, 0, 0, 0.72, 0]}
    pages = [whole, half, {**tile(2, 0, 180), "to_original": [0.36, 0, 0, 0, 0.36, 0]}]
    (found,) = lines_of(flat("d-0001-t01", 0, 30, "a"), pages=pages)
    assert (found["left_px"], found["top_px"], found["right_px"], found["bottom_px"]) == (2, 60, 38, 76)


def test_a_line_cut_from_top_to_bottom_is_joined():
    pages = [{"page_id": "d-0001"}, tile(1, 0, 0, width=100), tile(2, 80, 0, width=100)]
    (found,) = lines_of(
        line("d-0001-t01", 0, (10, 10, 100, 20), "Total amount du"),
        line("d-0001-t02", 0, (0, 11, 60, 21), "t due 1,234.00"),
        pages=pages,
    )
    assert found["text"] == "Total amount due 1,234.00"
    assert (found["left_px"], found["top_px"], found["right_px"], found["bottom_px"]) == (10, 10, 140, 21)
    assert found["quad_px"] == [10, 10, 140, 11, 140, 21, 10, 20]


@pytest.mark.parametrize(
    ("a", "b", "whole"),
    [
        ("Total amount du", "nt due 1,234", "Total amount due 1,234"),
        ("Rope and bol|", "d bolts 7", "Rope and bolts 7"),
        ("Rope and bolt", "(nd bolts 7", "Rope and bolts 7"),
        ("合計金額１", "金額１２３", "合計金額１２３"),
        ("abcdefgh", "xyz", "abcdefgyz"),
    ],
)
def test_texts_of_a_cut_line(a, b, whole):
    assert joined_text(a, b, (0, 100), (80, 120)) == whole


def plain_texts(page: str, *texts: str) -> list[dict]:
    return [
        {"page_id": page, "task": "text_recognition", "line_index": index, "text": text}
        for index, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("upper", "lower", "height", "texts"),
    [
        (("a", "b", "c"), ("b", "c", "d"), 150, ["a", "b", "c", "d"]),
        (("a", "b", "c", "~"), ("~", "b", "c", "d"), 150, ["a", "b", "c", "d"]),
        (("a", "b"), ("c", "d"), 150, ["a", "b", "c", "d"]),
        (("a", "b"), ("b", "d"), 100, ["a", "b", "b", "d"]),  # hardly an overlap: there are two of them
    ],
)
def test_lines_without_boxes_are_compared_by_their_text(upper, lower, height, texts):
    pages = [{"page_id": "d-0001"}, tile(1, 0, 0, 100, height), tile(2, 0, 80, 100, height)]
    rows = [*plain_texts("d-0001-t01", *upper), *plain_texts("d-0001-t02", *lower)]
    assert [row["text"] for row in lines_of(*rows, pages=pages)] == texts


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


def test_what_stands_on_another_tile_stands_on_the_page():
    value = {"page_id": "d-0001-t01", "task": "kie", "path": "a", "ground": "other_page",
             "ground_page_id": "d-0001-t02",
             "left_px": 1.0, "right_px": 2.0, "top_px": 3.0, "bottom_px": 4.0}  # fmt: skip
    (row,) = join_tiles({"key_values": [value]}, [PAGES[0], tile(1, 0, 0, height=5000), tile(2, 0, 4900)])[
        "key_values"
    ]
    assert (row["ground"], row["ground_page_id"], row["top_px"]) == ("line", None, 4903.0)
