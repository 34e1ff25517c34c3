"""Tables: found on drawn pages and in columns of text, answered as HTML."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from qwenocr_assets.engine.page.borderless import find_borderless
from qwenocr_assets.engine.page.geometry import Box
from qwenocr_assets.engine.page.grids import cut_at_rulings
from qwenocr_assets.engine.page.read_page import Cell, Line, ReadPage, Table
from qwenocr_assets.engine.page.table_finder import find_tables
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.ruling import find_rulings
from qwenocr_assets.engine.understanding.tables import tables_html

TEXT_HEIGHT = 20


def line(text: str, left: float, top: float, width: float | None = None) -> Line:
    right, bottom = left + (width or 10 * len(text)), top + TEXT_HEIGHT
    places = tuple((i + 0.5) / len(text) for i in range(len(text)))
    return Line(text, (left, top, right, top, right, bottom, left, bottom), 0.99, places)


def rows(table: Table) -> list[list[str]]:
    height = max(cell.row for cell in table.cells) + 1
    return [
        [c.text for c in sorted(table.cells, key=lambda c: c.column) if c.row == r] for r in range(height)
    ]


def laid_out(
    texts: Sequence[Sequence[str]], lefts: Sequence[int], top: int = 100, pitch: int = 32
) -> list[Line]:
    return [
        line(text, left, top + pitch * i)
        for i, row in enumerate(texts)
        for text, left in zip(row, lefts, strict=True)
        if text
    ]


def paper(width: int = 800, height: int = 600) -> Picture:
    return np.full((height, width, 3), 255, np.uint8)


def ruled(xs: Sequence[int], ys: Sequence[int], thickness: int = 2) -> Picture:
    picture = paper()
    for x in xs:
        cv2.line(picture, (x, ys[0]), (x, ys[-1]), (0, 0, 0), thickness)
    for y in ys:
        cv2.line(picture, (xs[0], y), (xs[-1], y), (0, 0, 0), thickness)
    return picture


@pytest.mark.parametrize(
    ("cells", "html"),
    [
        pytest.param(
            [Cell(0, 0, 1, 1, "a"), Cell(0, 1, 1, 1, "b")],
            "<table>\n  <tr>\n    <td>a</td>\n    <td>b</td>\n  </tr>\n</table>",
            id="plain",
        ),
        pytest.param(
            [Cell(0, 0, 2, 1, "a"), Cell(0, 1, 1, 2, "b"), Cell(1, 1, 1, 1, "c"), Cell(1, 2, 1, 1, "")],
            '<table>\n  <tr>\n    <td rowspan="2">a</td>\n    <td colspan="2">b</td>\n  </tr>\n'
            "  <tr>\n    <td>c</td>\n    <td></td>\n  </tr>\n</table>",
            id="spans and an empty cell",
        ),
        pytest.param(
            [Cell(0, 0, 1, 1, "<b> & co")],
            "<table>\n  <tr>\n    <td>&lt;b&gt; &amp; co</td>\n  </tr>\n</table>",
            id="escaped",
        ),
    ],
)
def test_html(cells: list[Cell], html: str) -> None:
    page = ReadPage(100, 100, 0, 0.0, (), (), (Table(tuple(cells), (0, 0, 10, 10)),))
    assert tables_html(page) == html


def test_html_of_no_table_and_of_two() -> None:
    table = Table((Cell(0, 0, 1, 1, "a"),), (0, 0, 10, 10))
    assert tables_html(ReadPage(9, 9, 0, 0.0, ())) == ""
    assert tables_html(ReadPage(9, 9, 0, 0.0, (), (), (table, table))).count("</table>\n<table>") == 1


@pytest.mark.parametrize("thickness", [1, 2, 5], ids=lambda t: f"{t} px")
def test_a_ruled_grid_is_found_cell_by_cell(thickness: int) -> None:
    (grid,) = find_rulings(ruled([100, 300, 450, 700], [80, 130, 180, 230], thickness), TEXT_HEIGHT).grids
    assert [(c.row, c.column, c.row_span, c.column_span) for c in grid.cells] == [
        (r, c, 1, 1) for r in range(3) for c in range(3)
    ]
    assert grid.cells[4].box == pytest.approx((300, 130, 450, 180), abs=4)


def test_cells_without_a_ruling_between_them_are_one() -> None:
    picture = ruled([100, 300, 500, 700], [80, 130, 180, 230])
    cv2.line(picture, (300, 86), (300, 124), (255, 255, 255), 9)  # first row: the two left cells
    cv2.line(picture, (506, 180), (694, 180), (255, 255, 255), 9)  # last column: the two lower cells
    (grid,) = find_rulings(picture, TEXT_HEIGHT).grids
    spans = {(c.row, c.column): (c.row_span, c.column_span) for c in grid.cells}
    assert spans.pop((0, 0)) == (1, 2)
    assert spans.pop((1, 2)) == (2, 1)
    assert set(spans.values()) == {(1, 1)}


def test_a_table_open_at_its_sides_has_its_outer_columns() -> None:
    picture = paper()
    for y in (80, 130, 180, 230):
        cv2.line(picture, (100, y), (700, y), (0, 0, 0), 2)
    for x in (300, 500):
        cv2.line(picture, (x, 80), (x, 230), (0, 0, 0), 2)
    (grid,) = find_rulings(picture, TEXT_HEIGHT).grids
    assert {c.column for c in grid.cells} == {0, 1, 2}


@pytest.mark.parametrize(
    ("draw", "rules"),
    [
        pytest.param(lambda p: cv2.rectangle(p, (50, 50), (700, 500), (0, 0, 0), 3), 2, id="a frame"),
        pytest.param(lambda p: cv2.line(p, (50, 50), (700, 50), (0, 0, 0), 2), 1, id="one rule"),
        pytest.param(lambda p: cv2.circle(p, (300, 300), 60, (0, 0, 0), 3), 0, id="a circle"),
        pytest.param(lambda p: None, 0, id="nothing"),
    ],
)
def test_other_drawings_are_no_grid(draw: object, rules: int) -> None:
    picture = paper()
    draw(picture)  # type: ignore[operator]
    found = find_rulings(picture, TEXT_HEIGHT)
    assert found.grids == ()
    assert len(found.rules) == rules


def test_text_goes_to_the_cell_it_stands_in_and_wrapped_lines_are_joined() -> None:
    picture = ruled([100, 300, 500], [80, 150, 220])
    lines = [line("Item", 110, 105), line("Price", 310, 105), line("Carry", 110, 160), line("case", 110, 190)]
    (table,) = find_tables([*lines, line("4.20", 310, 175)], find_rulings(picture, TEXT_HEIGHT))
    assert rows(table) == [["Item", "Price"], ["Carry case", "4.20"]]


@pytest.mark.parametrize(
    ("second", "first"),
    [
        pytest.param(["", "Men", "Women", "Men", "Women"], ["", "Old sites", "New sites"], id="over headers"),
        pytest.param(
            ["Age", "11", "12", "13", "14"], ["", "Old", "sites", "New", "sites"], id="over numbers"
        ),
    ],
)
def test_words_over_columns_that_no_rule_parts(second: list[str], first: list[str]) -> None:
    heads = [line("Old", 320, 95), line("sites", 356, 95), line("New", 520, 95), line("sites", 556, 95)]
    body = [second, *([f"Age {i}", "11", "12", "13", "14"] for i in range(4))]
    below = laid_out(body, [110, 310, 400, 510, 600], 140, 50)
    ys = [80, *range(130, 381, 50)]
    (table,) = find_tables([*heads, *below], find_rulings(ruled([100, 300, 500, 700], ys), TEXT_HEIGHT))
    assert rows(table)[:2] == [first, second]


def test_a_grid_without_text_is_a_drawing() -> None:
    rulings = find_rulings(ruled(range(100, 700, 50), range(80, 500, 50)), TEXT_HEIGHT)
    assert len(rulings.grids) == 1
    assert find_tables([line("Figure 1", 110, 520)], rulings) == ()


def test_boxes_across_a_ruling_are_cut_there() -> None:
    rulings = find_rulings(ruled([100, 300, 500], [80, 130, 180]), TEXT_HEIGHT)
    across = np.array([[[200, 95], [420, 95], [420, 115], [200, 115]]], float)
    cut = cut_at_rulings(across, rulings)
    assert [(round(q[0][0]), round(q[1][0])) for q in cut] == [(200, 298), (302, 420)]
    inside = np.array([[[110, 95], [290, 95], [290, 115], [110, 115]]], float)
    assert cut_at_rulings(inside, rulings).tolist() == inside.tolist()


GOODS = [
    ["Item", "Qty", "Price", "Amount"],
    ["Copper pipe", "12", "3.20", "38.40"],
    ["Gloves", "6", "7.99", "47.94"],
    ["LED lamp", "10", "4.75", "47.50"],
]
LEFTS = [100, 350, 450, 560]
TWO_LINES = [
    (("Books and", "They can be dear, and"), ("paper", "pens can too")),
    (("Fees", "What schools ask for,"), ("of all kinds", "each year")),
    (("Tools", "Hammers, saws,"), ("and parts", "nails of steel")),
    (("Room and", "Where to live and"), ("board", "what to eat")),
]
"""First and second line of rows."""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(laid_out(GOODS, LEFTS), GOODS, id="columns"),
        pytest.param(
            laid_out([*GOODS[:2], ["Gloves", "", "7.99", "47.94"], GOODS[3]], LEFTS),
            [*GOODS[:2], ["Gloves", "", "7.99", "47.94"], GOODS[3]],
            id="an empty cell",
        ),
        pytest.param(
            [*laid_out(GOODS[:3], LEFTS), line("for winter", 100, 184), *laid_out(GOODS[3:], LEFTS, top=225)],
            [*GOODS[:2], ["Gloves for winter", *GOODS[2][1:]], GOODS[3]],
            id="a wrapped cell",
        ),
        pytest.param(
            [line(t, 100 + 120 * c - 10 * len(t) * (c > 0), 100 + 32 * r) for r, row in enumerate(GOODS) for c, t in
             enumerate(row, start=1)],
            GOODS,
            id="aligned to the right",
        ),
        pytest.param(
            [line("First half", 260, 70, 180), line("Second half", 480, 70, 190),
             *laid_out([["", "Q1", "Q2", "Q3", "Q4"], *([f"Shop {i}", "11", "12", "13", "14"] for i in range(4))],
                       [100, 260, 380, 500, 620], top=102)],
            [["", "First half", "Second half"], ["", "Q1", "Q2", "Q3", "Q4"],
             *[[f"Shop {i}", "11", "12", "13", "14"] for i in range(4)]],
            id="a header over two columns",
        ),
        pytest.param(
            [*laid_out([["", "Old", "sites", "New", "sites"]], [0, 310, 352, 550, 592], top=70),
             *laid_out([["", "Men", "Women", "Men", "Women"], *([f"Age {i}", *"1234"] for i in range(4))],
                       [100, 260, 380, 500, 620], top=102)],
            [["", "Old sites", "New sites"], ["", "Men", "Women", "Men", "Women"],
             *[[f"Age {i}", *"1234"] for i in range(4)]],
            id="headers of two words, each over a column",
        ),
        pytest.param(
            [n for i, (first, second) in enumerate(TWO_LINES) for top in [100 + 66 * i]
             for n in laid_out([first, second], [100, 300], top=top, pitch=24)],
            [[" ".join(texts) for texts in zip(*two, strict=True)] for two in TWO_LINES],
            id="rows of two lines each",
        ),
        pytest.param(
            [n for i in range(3) for n in laid_out([["Ann", "Sales"], ["Bob", "Stock"]], [100, 300], top=100 + 66 * i,
                                                   pitch=24)],
            [["Ann", "Sales"], ["Bob", "Stock"]] * 3,
            id="rows that stand in pairs",
        ),
        pytest.param(
            [*laid_out([["Ropes", "11"], ["Nails", "12"]], [100, 560]),
             line("Bolts, nuts and washers of all", 100, 164, 290),
             *laid_out([["(steel)", "13"], ["A label that is nearly as wide as that", "14"]], [100, 560], top=190)],
            [["Ropes", "11"], ["Nails", "12"], ["Bolts, nuts and washers of all (steel)", "13"],
             ["A label that is nearly as wide as that", "14"]],
            id="a wide label of two lines",
        ),
    ],
)  # fmt: skip
def test_tables_without_rulings(lines: list[Line], expected: list[list[str]]) -> None:
    (table,) = find_borderless(lines, [])
    assert rows(table) == expected


def test_a_piece_drawn_across_two_columns_is_cut() -> None:
    lines = laid_out(GOODS, LEFTS)
    merged = Line(
        "Gloves 6",
        (100, 164, 360, 164, 360, 184, 100, 184),
        0.9,
        (0.02, 0.06, 0.1, 0.14, 0.18, 0.22, 0.5, 0.98),
    )
    lines = [merged, *(n for n in lines if n.text not in ("Gloves", "6"))]
    (table,) = find_borderless(lines, [])
    assert rows(table)[2] == ["Gloves", "6", "7.99", "47.94"]


LETTER = [
    line("Northwind Traders", 60, 40),
    line("1 Main Road, Bristol", 60, 70),
    line("14 March 2025", 700, 70),
    line("Dear Ms Doe,", 60, 160),
    *[
        line("this is a line of a letter that runs over the page " * 2, 60, 200 + 30 * i, 860)
        for i in range(6)
    ],
    line("Yours sincerely,", 60, 420),
    line("Anna Smith", 60, 500),
    line("Sales", 700, 500),
]
PROSE = [
    line(f"{side} a line of prose in a column", left, 100 + 30 * i, 400)
    for i in range(12)
    for side, left in (("left", 50), ("right", 500))
]
PAIRS = [
    line(text, left, 100 + 34 * i)
    for i, row in enumerate(
        [("Invoice number:", "INV-7"), ("Date:", "1 May 2025"), ("Customer:", "Jane"), ("Due:", "2 May")]
    )
    for text, left in zip(row, (60, 300), strict=True)
]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="blank"),
        pytest.param(LETTER, id="a letter"),
        pytest.param(PROSE, id="two columns of prose"),
        pytest.param(PAIRS, id="labels and values"),
    ],
)
def test_other_layouts_are_no_tables(lines: list[Line]) -> None:
    assert find_borderless(lines, []) == []


def test_rules_part_rows_that_stand_close() -> None:
    lines = [*laid_out(GOODS[:3], LEFTS), line("spare part", 100, 184), *laid_out(GOODS[3:], LEFTS, top=225)]
    (table,) = find_borderless(lines, [Box(90, 183, 700, 185)])
    assert ["spare part", "", "", ""] in rows(table)
