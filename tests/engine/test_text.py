"""Reading order: lines of an upright page as plain text."""

import pytest

from qwenocr_assets.engine.page.layout import joined, line_cut_at, rows_of
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.engine.understanding.text import plain_text


def line(text: str, left: float, top: float, width: float | None = None, height: float = 20) -> Line:
    """A level line of print, 10 pixels a character unless `width` says otherwise."""
    right, bottom = left + (width or 10 * len(text)), top + height
    places = tuple((i + 0.5) / len(text) for i in range(len(text)))
    return Line(text, (left, top, right, top, right, bottom, left, bottom), 0.99, places)


def page(*lines: Line) -> ReadPage:
    return ReadPage(1000, 1400, 0, 0.0, lines, lines)


def prose(left: float, top: float, name: str, count: int) -> list[Line]:
    return [line(f"{name}{i} " + "word " * 7, left, top + 30 * i, 400) for i in range(count)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        pytest.param([], "", id="blank page"),
        pytest.param([line("second", 50, 90), line("first", 50, 50)], "first\nsecond", id="top to bottom"),
        pytest.param(
            [line("12.50", 600, 52), line("Total", 50, 50), line("Thanks", 50, 100)],
            "Total 12.50\nThanks",
            id="label and amount in one row",
        ),
        pytest.param(
            [line("tilted a", 50, 50), line("tilted b", 200, 57), line("next", 50, 76)],
            "tilted a tilted b\nnext",
            id="a row that is not quite level",
        ),
        pytest.param(
            [line("Big", 50, 40, height=60), line("small print", 400, 60), line("below", 400, 105)],
            "Big small print\nbelow",
            id="print of two sizes",
        ),
    ],
)
def test_rows_are_read_from_left_to_right(lines: list[Line], text: str) -> None:
    assert plain_text(page(*lines)) == text


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    title = line("A title over both columns of the page", 50, 20, 850)
    lines = [title, *prose(50, 80, "left", 8), *prose(500, 80, "right", 8)]
    names = [row.split()[0] for row in plain_text(page(*lines)).splitlines()]
    assert names == ["A", *(f"left{i}" for i in range(8)), *(f"right{i}" for i in range(8))]


def test_text_across_the_columns_parts_what_is_above_from_what_is_below() -> None:
    lines = [
        *prose(50, 80, "a", 5),
        *prose(500, 80, "b", 5),
        line("middle heading " * 5, 50, 260, 850),
        *prose(50, 320, "c", 5),
        *prose(500, 320, "d", 5),
    ]
    order = [row[0] for row in plain_text(page(*lines)).splitlines()]
    assert "".join(order) == "aaaaabbbbbmcccccddddd"


def test_cells_of_a_table_are_no_columns_of_prose() -> None:
    lines = [
        line(text, left, 50 + 30 * i)
        for i in range(8)
        for text, left in ((f"item {i}", 50), (f"{i}.00", 500))
    ]
    assert plain_text(page(*lines)).splitlines()[:2] == ["item 0 0.00", "item 1 1.00"]


def test_three_columns() -> None:
    lines = [
        line(f"{name}{i} " + "word " * 4, left, 80 + 30 * i, 260)
        for left, name in ((50, "a"), (360, "b"), (670, "c"))
        for i in range(6)
    ]
    assert "".join(row[0] for row in plain_text(page(*lines)).splitlines()) == "aaaaaabbbbbbcccccc"


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        pytest.param(["one", "two"], "one two", id="latin"),
        pytest.param(["本日は", "晴天"], "本日は晴天", id="japanese without a space"),
        pytest.param(["한국어", "문장"], "한국어 문장", id="korean with a space"),
        pytest.param(["合計", "12"], "合計 12", id="mixed"),
        pytest.param(["", "a", "", "b"], "a b", id="empty pieces"),
    ],
)
def test_pieces_are_joined_as_their_script_does(texts: list[str], whole: str) -> None:
    assert joined(texts) == whole


def test_a_line_is_cut_only_where_a_wide_gap_is() -> None:
    apart = Line("ab cd", (0, 0, 500, 0, 500, 20, 0, 20), 0.9, (0.01, 0.03, 0.05, 0.9, 0.92))
    assert [part.text for part in line_cut_at(apart, 250)] == ["ab", "cd"]
    assert line_cut_at(apart, 250)[1].quad[0] == pytest.approx(232.5)
    close = line("ab cd", 0, 0)
    assert line_cut_at(close, 25) == (close,)


def test_lines_over_each_other_are_two_rows() -> None:
    assert [len(row) for row in rows_of([line("upper", 50, 50), line("lower", 50, 62)])] == [1, 1]
