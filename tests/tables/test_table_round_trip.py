"""Grids of cells written as HTML and read again: whole, cut off anywhere, and beside pandas."""

from dataclasses import dataclass, replace
from html import escape
from io import StringIO

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.html.tables import html_tables

CASES = 2_000


@st.composite
def span_grids(draw: st.DrawFn) -> list[Cell]:
    """A rectangle tiled by cells with spans, read row by row; every row and column has a cell of its own."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    free = [[True] * width for _ in range(height)]
    cells = []
    for row in range(height):
        for column in range(width):
            if not free[row][column]:
                continue
            room = 0
            while column + room < width and free[row][column + room]:
                room += 1
            column_span = draw(st.integers(1, room))
            row_span = draw(st.integers(1, height - row))
            for r in range(row, row + row_span):
                for c in range(column, column + column_span):
                    free[r][c] = False
            text = " ".join(draw(st.text("ab1. <&é中\"'>/-", max_size=6)).split())
            cells.append(Cell(row, column, row_span, column_span, draw(st.booleans()), text))
    return cells


@dataclass(frozen=True)
class Style:
    """How a model may write the same table."""

    fenced: bool
    indented: bool
    closes_cells: bool
    quoted: bool


WHOLE = Style(fenced=False, indented=False, closes_cells=True, quoted=True)
styles = st.builds(Style, st.booleans(), st.booleans(), st.booleans(), st.booleans())


def as_html(cells: list[Cell], style: Style = WHOLE) -> str:
    rows = ["" for _ in range(max(cell.row + cell.row_span for cell in cells))]
    quote = '"' if style.quoted else ""
    for cell in cells:
        tag = "th" if cell.is_header else "td"
        spans = [("rowspan", cell.row_span), ("colspan", cell.column_span)]
        attributes = "".join(f" {name}={quote}{span}{quote}" for name, span in spans if span > 1)
        closing = f"</{tag}>" if style.closes_cells else ""
        rows[cell.row] += f"<{tag}{attributes}>{escape(cell.text)}{closing}"
    space = "\n  " if style.indented else ""
    html = f"<table>{space}" + space.join(f"<tr>{row}</tr>" for row in rows) + f"{space}</table>"
    return f"```html\n{html}\n```" if style.fenced else html


def read(text: str) -> list[list[Cell]]:
    return [table.cells for table in html_tables(text)]


@pytest.mark.slow
@settings(max_examples=CASES)
@given(span_grids(), styles)
def test_cells_are_read_back_and_written_again_without_a_difference(cells: list[Cell], style: Style) -> None:
    (table,) = html_tables(as_html(cells, style))
    assert table.cells == cells
    assert table.is_complete
    # The same HTML again: the same tree, whose similarity by tree edit distance (TEDS) is 1.
    assert as_html(table.cells) == as_html(cells)


@pytest.mark.slow
@settings(max_examples=CASES)
@given(st.lists(span_grids(), min_size=1, max_size=2), styles, st.integers(0, 10**6))
def test_of_html_cut_anywhere_no_cell_is_wrong_and_the_answer_is_partial(
    tables: list[list[Cell]], style: Style, cut: int
) -> None:
    html = "\n".join(as_html(cells, replace(style, fenced=False)) for cells in tables)
    whole = f"```html\n{html}\n```" if style.fenced else html
    text = whole[: cut % len(whole)]
    found = read(text)
    cells = [(number, cell) for number, table in enumerate(found) for cell in table]
    expected = [(number, cell) for number, table in enumerate(tables) for cell in table]
    assert cells == expected[: len(cells)]
    # Bare HTML that ends exactly behind a </table> shows nothing; the fence of the service does.
    is_shown = style.fenced or not text.rstrip().endswith("</table>")
    if text.strip() and is_shown:
        assert incomplete(Task.TABLE_PARSING, Answer(text)) is not None


def rectangle(cells: list[Cell]) -> list[list[str]]:
    """What stands at each grid position."""
    height = max(cell.row + cell.row_span for cell in cells)
    width = max(cell.column + cell.column_span for cell in cells)
    texts = [[""] * width for _ in range(height)]
    for cell in cells:
        for row in range(cell.row, cell.row + cell.row_span):
            texts[row][cell.column : cell.column + cell.column_span] = [cell.text] * cell.column_span
    return texts


def by_pandas(html: str) -> list[list[str]]:
    """As text: pandas makes numbers of what looks like one unless each column has a converter."""
    width = len(pd.read_html(StringIO(html))[0].columns)
    (frame,) = pd.read_html(
        StringIO(html), keep_default_na=False, converters=dict.fromkeys(range(width), str)
    )
    head = [list(frame.columns)] if all(isinstance(name, str) for name in frame.columns) else []
    return [*head, *([str(value) for value in row] for row in frame.to_numpy().tolist())]


@pytest.mark.slow
@settings(max_examples=300)
@given(span_grids())
def test_pandas_sees_the_same_rectangle(cells: list[Cell]) -> None:
    """On tables of data cells, whose first row no cell leaves; the rest is listed below."""
    plain = [cell._replace(is_header=False, text=cell.text or "-") for cell in cells]
    texts = rectangle(read(as_html(plain))[0])
    assert texts == rectangle(plain)
    assert by_pandas(as_html(plain)) == texts


DIFFERENT = {
    "pandas drops rows without any text": ("<table><tr><td>a<tr><td></table>", [["a"], [""]], [["a"]]),
    "pandas lets a row span reach beyond its row group": (
        "<table><tbody><tr><td rowspan=2>a<td>b</tbody><tbody><tr><td>c<td>d</tbody></table>",
        [["a", "b"], ["c", "d"]],
        [["a", "b", ""], ["a", "c", "d"]],
    ),
    "pandas joins the lines of a cell": ("<table><tr><td>a<br>b</table>", [["a\nb"]], [["a b"]]),
    "pandas makes headers distinct": (
        "<table><tr><th>a<th>a<tr><td>b<td>c</table>",
        [["a", "a"], ["b", "c"]],
        [["a", "a.1"], ["b", "c"]],
    ),
}
"""Where pandas says something else, and why ours is what a browser shows: reason → HTML, ours, pandas."""


@pytest.mark.parametrize("reason", DIFFERENT)
def test_where_pandas_differs(reason: str) -> None:
    html, ours, theirs = DIFFERENT[reason]
    assert rectangle(read(html)[0]) == ours
    assert by_pandas(html) == theirs
