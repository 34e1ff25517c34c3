"""Rows and columns that no rule parts, headers of several lines, titles: what other people's tables are like."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, product

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.engine.page.borderless import find_borderless
from qwenocr_assets.engine.page.geometry import Box, box_of
from qwenocr_assets.engine.page.grids import Grid, GridCell
from qwenocr_assets.engine.page.read_page import Line, Table
from qwenocr_assets.engine.page.ruled import ruled_table
from qwenocr_assets.engine.page.table_finder import find_tables
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.ruling import find_rulings
from tests.engine.test_tables import TEXT_HEIGHT, laid_out, line, paper, rows, ruled

XS = [100, 300, 450, 600]
LEFTS = [110, 320, 470]


def spans(table: Table) -> dict[str, tuple[int, int]]:
    """Row and column span of the filled cells that have one."""
    return {
        c.text: (c.row_span, c.column_span)
        for c in table.cells
        if c.text and (c.row_span, c.column_span) != (1, 1)
    }


def found(lines: Sequence[Line], picture: Picture) -> Table:
    (table,) = find_tables(lines, find_rulings(picture, TEXT_HEIGHT))
    return table


HEAD = ["Port", "Ships", "Tons"]
BODY = [["Bergen", "12", "3,400"], ["Cork", "9", "1,250"], ["Riga", "—", "880"], ["Vigo", "31", "9,105"]]


@pytest.mark.parametrize(
    ("ys", "body", "expected"),
    [
        pytest.param([80, 125, 260], BODY, [HEAD, *BODY], id="rules round header and body"),
        pytest.param(
            [80, 125, 190, 260], BODY, [HEAD, *BODY], id="rules round blocks of rows",
        ),
        pytest.param(
            [80, 125, 260],
            [["Office", "12 Main Road", "Mon"], ["", "Bristol", "to Fri"]],
            [HEAD, ["Office", "12 Main Road Bristol", "Mon to Fri"]],
            id="wrapped text is one cell",
        ),
        pytest.param(
            [80, 125, 260],
            [["Office", "555 0101", "Mon"], ["", "555 0102", ""]],
            [HEAD, ["Office", "555 0101 555 0102", "Mon"]],
            id="two numbers of one entry are one cell",
        ),
    ],
)  # fmt: skip
def test_rows_between_two_rules(ys: list[int], body: list[list[str]], expected: list[list[str]]) -> None:
    lines = [*laid_out([HEAD], LEFTS, top=92), *laid_out(body, LEFTS, top=135, pitch=30)]
    assert rows(found(lines, ruled(XS, ys))) == expected


def test_rows_without_rules_between_their_columns_have_those_of_the_header() -> None:
    picture = ruled([100, 600], [80, 125, 165, 205, 245])
    for x in XS[1:3]:
        cv2.line(picture, (x, 80), (x, 125), (0, 0, 0), 2)
    lines = [*laid_out([HEAD], LEFTS, top=92), *laid_out(BODY[:3], LEFTS, top=135, pitch=40)]
    assert rows(found(lines, picture)) == [HEAD, *BODY[:3]]


def test_columns_that_only_their_text_parts_are_cut_and_their_header_spans_them() -> None:
    body = [[f"Shop {i}", f"{i}1", f"{i}2", f"{i}3", f"{i}4"] for i in range(1, 5)]
    lines = [
        line("Place", 110, 90), line("First half", 350, 90), line("Second half", 550, 90),
        *laid_out([["", "Q1", "Q2", "Q3", "Q4"]], [110, 320, 420, 520, 620], top=116),
        *laid_out(body, [110, 320, 420, 520, 620], top=155, pitch=30),
    ]  # fmt: skip
    table = found(lines, ruled([100, 300, 500, 700], [80, 145, 275]))
    assert rows(table)[1:] == [["Q1", "Q2", "Q3", "Q4"], *body]
    assert spans(table) == {"Place": (2, 1), "First half": (1, 2), "Second half": (1, 2)}


def test_numbers_of_two_columns_read_as_one_line_are_cut_between_them() -> None:
    body = laid_out([[f"Port {i}", f"{i},345,678", f"{i},456,789"] for i in range(1, 9)], [100, 300, 410])
    text = "9,345,678 9,456,789"
    across = Line(text, (300, 356, 500, 356, 500, 376, 300, 376), 0.9,
                  tuple((i + 0.5) / len(text) for i in range(len(text))))  # fmt: skip
    (table,) = find_borderless([*body, line("Port 9", 100, 356), across], [])
    assert rows(table)[-1] == ["Port 9", "9,345,678", "9,456,789"]


VALUES = [["Tea", "3.20", "4", "12.80"], ["Rope", "18.50", "2", "37.00"], ["Sail", "210.00", "1", "210.00"]]
COLUMNS = [100, 350, 450, 560]
RULES_OF_HEADER = [Box(100, 96, 620, 98), Box(100, 158, 620, 160)]


@pytest.mark.parametrize(
    ("above", "rules", "expected"),
    [
        pytest.param(
            laid_out([["", "Price of", "", "Sum"], ["Goods", "one", "Pieces", "paid"]], COLUMNS, top=104, pitch=26),
            RULES_OF_HEADER,
            [["Goods", "Price of one", "Pieces", "Sum paid"], *VALUES],
            id="a header of two lines",
        ),
        pytest.param(
            [line("Table 7.", 100, 40), line("What ships of the northern line carried in May", 200, 40),
             line("and in June, by kind of goods", 200, 66),
             *laid_out([["Goods", "Price", "Pieces", "Sum"]], COLUMNS, top=130)],
            RULES_OF_HEADER,
            [["Goods", "Price", "Pieces", "Sum"], *VALUES],
            id="a title over the first rule",
        ),
    ],
)  # fmt: skip
def test_what_stands_over_the_values(above: list[Line], rules: list[Box], expected: list[list[str]]) -> None:
    (table,) = find_borderless([*above, *laid_out(VALUES, COLUMNS, top=170)], rules)
    assert rows(table) == expected


def test_a_rule_under_a_header_says_which_columns_it_stands_over() -> None:
    head = [
        line("Goods", 100, 130),
        line("In May", 440, 104),
        *laid_out([["Price", "Pieces", "Sum"]], COLUMNS[1:], top=130),
    ]
    (table,) = find_borderless([*head, *laid_out(VALUES, COLUMNS, top=170)], [Box(350, 126, 620, 128)])
    assert spans(table) == {"In May": (1, 3)}


def test_headings_within_a_table_do_not_end_it() -> None:
    lines = [
        *laid_out(VALUES, COLUMNS, top=100),
        line("Goods that were on board of the second ship", 100, 196, 260),
        *laid_out(VALUES, COLUMNS, top=228),
    ]
    (table,) = find_borderless(lines, [])
    assert [len([text for text in row if text]) for row in rows(table)] == [4, 4, 4, 1, 4, 4, 4]


def test_the_end_of_a_wrapped_label_joins_it_and_a_heading_does_not() -> None:
    """Rows no further apart than lines: the text alone tells."""
    lines = [
        *laid_out([["Rope and", "18.50", "2", "37.00"], ["pulleys", "", "", ""], ["Sail", "210.00", "1", "210.00"],
                   ["Second ship", "", "", ""], ["Tea", "3.20", "4", "12.80"]], COLUMNS, pitch=22),
    ]  # fmt: skip
    (table,) = find_borderless(lines, [])
    assert [row[0] for row in rows(table)] == ["Rope and pulleys", "Sail", "Second ship", "Tea"]


def test_a_heading_that_begins_left_of_the_labels_below_it_is_a_row() -> None:
    """Rows further apart than lines, but no further than a heading from the row below it."""
    ships = [["Rope", "18.50", "2", "37.00"], ["Sail", "210.00", "1", "210.00"]]
    lines = [
        *laid_out([["Goods", "Price", "Pieces", "Sum"]], COLUMNS, top=70),
        line("(a)", 100, 104), *laid_out(ships, [115, *COLUMNS[1:]], top=126),
        line("(b)", 100, 182), *laid_out(ships, [115, *COLUMNS[1:]], top=204),
    ]  # fmt: skip
    (table,) = find_borderless(lines, [])
    assert [row[0] for row in rows(table)] == ["Goods", "(a)", "Rope", "Sail", "(b)", "Rope", "Sail"]


@given(
    columns=st.integers(2, 4),
    heights=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    pieces=st.lists(
        st.tuples(
            st.integers(0, 780),
            st.integers(0, 430),
            st.sampled_from(["12", "3.50", "Tea", "in May", "1,200 7,450"]),
        ),
        min_size=4,
        max_size=40,
    ),
)
def test_cells_cover_every_place_of_their_table_once(
    columns: int, heights: list[int], pieces: list[tuple[int, int, str]]
) -> None:
    """Whatever stands between the rules, and each piece of text is in one cell."""
    xs = [200 * column for column in range(columns + 1)]
    ys = [0, *accumulate(40 * height for height in heights)]
    cells = [
        GridCell(row, column, 1, 1, Box(xs[column], ys[row], xs[column + 1], ys[row + 1]))
        for row in range(len(heights))
        for column in range(columns)
    ]
    grid = Grid(Box(0, 0, xs[-1], ys[-1]), tuple(cells), tuple(map(float, xs)))
    lines = [line(text, left, top) for left, top, text in pieces]
    table = ruled_table(grid, lines)
    if table is None:
        return
    places = Counter(
        (cell.row + row, cell.column + column)
        for cell in table.cells
        for row in range(cell.row_span)
        for column in range(cell.column_span)
    )
    height, width = (1 + max(place[axis] for place in places) for axis in (0, 1))
    assert places == Counter(product(range(height), range(width)))
    inside = [n.text for n in lines if grid.box.holds((b := box_of(n)).middle_x, b.middle_y)]
    words = Counter(word for text in inside for word in text.split())
    assert Counter(word for cell in table.cells for word in cell.text.split()) == words


def test_names_written_upwards_at_a_chart_are_no_table() -> None:
    names = [Line("Bergen", (x, 100, x + 14, 100, x + 14, 190, x, 190), 0.9) for x in range(100, 500, 60)]
    assert find_borderless([*names, line("20", 60, 100), line("10", 60, 160)], []) == []


def test_strokes_under_words_are_no_table() -> None:
    """A picture whose rules do not part a single row into cells."""
    lines = [line(f"a line of a list, number {i}", 110, 90 + 40 * i) for i in range(6)]
    assert find_tables(lines, find_rulings(ruled([100, 500, 600], range(80, 330, 40)), TEXT_HEIGHT)) == ()


def test_paper_alone_has_no_table() -> None:
    assert find_tables([], find_rulings(paper(), TEXT_HEIGHT)) == ()
