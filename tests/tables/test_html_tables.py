"""HTML → cells on a grid, as browsers place them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.cell_grid import table_rows
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.html.end import html_end
from qwenocr_assets.tables.html.tables import html_tables
from qwenocr_assets.tables.trace import Trace

TraceOf = Callable[[Task], Trace]


def grids(text: str) -> list[list[Cell]]:
    return [table.cells for table in html_tables(text)]


def placed(text: str) -> list[list[tuple[int, int, int, int, str]]]:
    """Per table, cells as row, column, row span, column span, text."""
    return [[(c.row, c.column, c.row_span, c.column_span, c.text) for c in grid] for grid in grids(text)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>",
            [[(0, 0, 1, 1, "a"), (0, 1, 1, 1, "b"), (1, 0, 1, 1, "c"), (1, 1, 1, 1, "d")]],
            id="plain",
        ),
        pytest.param(
            "<table><tr><td rowspan=2>a<td>b<tr><td>c</table>",
            [[(0, 0, 2, 1, "a"), (0, 1, 1, 1, "b"), (1, 1, 1, 1, "c")]],
            id="row span moves the next row on",
        ),
        pytest.param(
            "<table><tr><td colspan=2>a<td>b<tr><td>c<td>d<td>e</table>",
            [[(0, 0, 1, 2, "a"), (0, 2, 1, 1, "b"), (1, 0, 1, 1, "c"), (1, 1, 1, 1, "d"), (1, 2, 1, 1, "e")]],
            id="column span",
        ),
        pytest.param(
            '<table><tr><td rowspan="0">a<td>b<tr><td>c<tr><td>d</table>',
            [[(0, 0, 3, 1, "a"), (0, 1, 1, 1, "b"), (1, 1, 1, 1, "c"), (2, 1, 1, 1, "d")]],
            id="row span 0 reaches to the end",
        ),
        pytest.param(
            "<table><tr><td rowspan=9>a<td>b<tr><td>c</table>",
            [[(0, 0, 2, 1, "a"), (0, 1, 1, 1, "b"), (1, 1, 1, 1, "c")]],
            id="row span ends with the table",
        ),
        pytest.param(
            "<table><thead><tr><td rowspan=3>a<td>b</thead><tbody><tr><td>c<td>d</table>",
            [[(0, 0, 1, 1, "a"), (0, 1, 1, 1, "b"), (1, 0, 1, 1, "c"), (1, 1, 1, 1, "d")]],
            id="row span ends with the row group",
        ),
        pytest.param(
            "<table><tr><td>a<td rowspan=2>b<tr><td colspan=2>c</table>",
            [[(0, 0, 1, 1, "a"), (0, 1, 2, 1, "b"), (1, 0, 1, 2, "c")]],
            id="overlap",
        ),
        pytest.param(
            "<table><tr><td>a<tr><tr><td>b</table>",
            [[(0, 0, 1, 1, "a"), (2, 0, 1, 1, "b")]],
            id="empty row keeps its place",
        ),
        pytest.param(
            "<table><tr><td colspan='x'>a<td colspan=0>b<td colspan=-2>c<td colspan='2px'>d<td colspan=5000>e</table>",
            [
                [
                    (0, 0, 1, 1, "a"),
                    (0, 1, 1, 1, "b"),
                    (0, 2, 1, 1, "c"),
                    (0, 3, 1, 2, "d"),
                    (0, 5, 1, 1000, "e"),
                ]
            ],
            id="odd span values",
        ),
        pytest.param(
            "<table><tfoot><tr><td>f</tfoot><tbody><tr><td>b</tbody></table>",
            [[(0, 0, 1, 1, "b"), (1, 0, 1, 1, "f")]],
            id="foot comes last",
        ),
        pytest.param(
            "<table><tr><td>a</td></tr></table> between <table><tr><td>b</td></tr></table>",
            [[(0, 0, 1, 1, "a")], [(0, 0, 1, 1, "b")]],
            id="two tables",
        ),
        pytest.param(
            "<table><tr><td>a<table><tr><td>in</td></tr></table>z</td><td>b</td></tr></table>",
            [[(0, 0, 1, 1, "az"), (0, 1, 1, 1, "b")], [(0, 0, 1, 1, "in")]],
            id="table in a cell",
        ),
        pytest.param(
            "<tr><td>a</td></tr>\n<tr><td>b</td></tr>",
            [[(0, 0, 1, 1, "a"), (1, 0, 1, 1, "b")]],
            id="bare rows",
        ),
        pytest.param("<td>a</td><td>b</td>", [[(0, 0, 1, 1, "a"), (0, 1, 1, 1, "b")]], id="bare cells"),
        pytest.param(
            "<table><tr><td>a</td></tr></table>\n<tr><td>b</td></tr>",
            [[(0, 0, 1, 1, "a")], [(0, 0, 1, 1, "b")]],
            id="bare rows behind a table",
        ),
        pytest.param("<TABLE><TR><TD ROWSPAN='2'>A</TD></TR></TABLE>", [[(0, 0, 1, 1, "A")]], id="capitals"),
        pytest.param("```html\n<table><tr><td>a</td></tr></table>\n```", [[(0, 0, 1, 1, "a")]], id="fenced"),
        pytest.param(
            "```html\n<table><tr><td>a</td></tr></table>\n``", [[(0, 0, 1, 1, "a")]], id="fence half closed"
        ),
        pytest.param("<table></table>", [], id="no cell"),
        pytest.param("No table here, 3 < 4.", [], id="prose"),
        pytest.param("", [], id="empty"),
    ],
)
def test_cells_are_placed_as_browsers_do(html: str, expected: Any) -> None:
    assert placed(html) == expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a", "a"),
        ("  a \n  b ", "a b"),
        ("a<br>b", "a\nb"),
        ("a <br/> b<br>", "a\nb"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("<b>a</b> <i>b</i>", "a b"),
        ("x<sup>2</sup>", "x²"),
        ("a &amp; b &lt;c&gt; &yen;5", "a & b <c> ¥5"),
        ("1&nbsp;234", "1\u00a0234"),
        ("&nbsp;", ""),
        ("", ""),
        ("a<!-- no -->b", "ab"),
        ("3 < 4", "3 < 4"),
        ("a<script>b</script>", "a"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
    ],
)
def test_text_of_a_cell(html: str, text: str) -> None:
    assert [grid[0].text for grid in grids(f"<table><tr><td>{html}</td></tr></table>")] == [text]


@pytest.mark.parametrize(
    ("html", "texts", "reason"),
    [
        ("<table><tr><td>a</td><td>AB 1575</", ["a"], "inside a tag"),
        ("<table><tr><td>a</td><td>AB 15", ["a"], "inside a cell"),
        ("<table><tr><td>a</td><td rowspan=", ["a"], "inside a tag"),
        ("<table><tr><td>a</td><td>b<b>c", ["a"], "inside a cell"),
        ("<table><tr><td>a</td><td><table><tr><td>in</td></tr>", ["a"], "inside a cell"),
        ("<table><tr><td>a</td>\n  </", ["a"], "inside a tag"),
        ("<table><tr><td>a</td>", ["a"], "without </table>"),
        ("<table><tr><td>a</td></tr>", ["a"], "without </table>"),
        ("<table><tr><td>a</td></tr><", ["a"], "inside a tag"),
        ("<table><tr><td>İ</td><td>İİ</td><td>c", ["İ", "İİ"], "inside a cell"),
        ("<tr><td>a</td></tr><tr><td>b</td>", ["a", "b"], "without </tr>"),
        ("<tr><td>a</td></tr><tr><td>b", ["a"], "inside a cell"),
        ("<table><tr><td>a</td></tr></table><table><tr><td>b</td></tr>", ["a", "b"], "without </table>"),
        ("<table", [], "inside a tag"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", ["a", "b", "c"], None),
        ("<tr><td>a</td></tr>", ["a"], None),
        ("<table><tr><td>a</td></tr></table>\nNote: 3 < 4", ["a"], None),
        ("prose, a <b", [], None),
    ],
)
def test_truncated_html_keeps_what_is_complete(html: str, texts: list[str], reason: str | None) -> None:
    assert [cell.text for grid in grids(html) for cell in grid] == texts
    found = html_end(html).reason
    assert found == reason or (reason is not None and found is not None and found.endswith(reason))


HEADED = "<table><tr><td>Item</td><td>Price</td></tr><tr><td>Bolt</td><td>1.50</td></tr></table>"


@pytest.mark.parametrize(
    ("html", "headers"),
    [
        pytest.param("<table><tr><th>a<th>b<tr><td>c<td>d</table>", ["a", "b"], id="th"),
        pytest.param("<table><tr><th>a<td>1<tr><th>b<td>2</table>", ["a", "b"], id="th heading rows"),
        pytest.param("<table><thead><tr><td>a</thead><tr><td>1</table>", ["a"], id="thead"),
        pytest.param(HEADED, ["Item", "Price"], id="names over a column of numbers"),
        pytest.param(HEADED.replace("Price", "2.50"), [], id="a number in the first row"),
        pytest.param(HEADED.replace("Price", "2024"), ["Item", "2024"], id="a year over numbers"),
        pytest.param(HEADED.replace("Price", "๒๕๖๗"), ["Item", "๒๕๖๗"], id="a Buddhist year over numbers"),
        pytest.param(
            HEADED.replace("Price", "2024").replace("1.50", "2025"), [], id="a year over years is one of them"
        ),
        pytest.param(HEADED.replace("Price", ""), [], id="an empty cell in the first row"),
        pytest.param(HEADED.replace("1.50", "cheap"), [], id="no column of numbers"),
        pytest.param(HEADED.replace("<tr><td>Bolt</td><td>1.50</td></tr>", ""), [], id="one row only"),
        pytest.param(
            HEADED.replace("<td>Item</td><td>", "<td colspan=2>"), [], id="first row not one cell a column"
        ),
    ],
)
def test_header_cells(trace: TraceOf, html: str, headers: list[str]) -> None:
    rows = table_rows(html_tables(html), trace(Task.TABLE_PARSING)).cells
    assert [row["text"] for row in rows if row["is_header"]] == headers


def test_numbers_of_cells(trace: TraceOf) -> None:
    html = "<table><tr><td>¥1,200<td>12.5%<td>x<td></table>"
    rows = table_rows(html_tables(html), trace(Task.TABLE_PARSING)).cells
    assert [row["number"] for row in rows] == [Decimal(1200), None, None, None]


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "<table>",
                "<tr>",
                "<td>",
                "<th>",
                "</td>",
                "</tr>",
                "</table>",
                "<td",
                "<br>",
                "a",
                "<",
                "rowspan=0>",
                "```",
            ]
        )
    ).map("".join)
)
def test_any_text_is_read_without_error(text: str) -> None:
    for grid in grids(text):
        anchors = [(cell.row, cell.column) for cell in grid]
        assert len(set(anchors)) == len(anchors), "a grid position belongs to one cell"


@pytest.mark.parametrize(
    "html", ["<table><tr><td>" * 5000, "<td rowspan=65534 colspan=1000>" * 300, "<a" * 20000]
)
def test_hostile_html_is_read_in_reasonable_time(html: str) -> None:
    grids(html)


MERGED = (
    "<table><tr><td rowspan=2>Site</td><td colspan=2>Heat</td></tr>"
    "<tr><td>2024</td><td>2025</td></tr><tr><td>North</td><td>1.5</td><td>2.5</td></tr></table>"
)
MARKED = "<table><thead><tr><th>Item<th>Price</thead><tr><th>Bolt<td>1.50<tr><th rowspan=2>Nut<td>2<tr><td>3</table>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(
            HEADED,
            [("Item", None, None), ("Price", None, None), ("Bolt", "Item", None), ("1.50", "Price", None)],
            id="recognised",
        ),
        pytest.param(
            MERGED,
            [
                ("Site", None, None),
                ("Heat", None, None),
                ("2024", "Heat", None),
                ("2025", "Heat", None),
                ("North", "Site", None),
                ("1.5", "Heat > 2024", None),
                ("2.5", "Heat > 2025", None),
            ],
            id="two rows, years below a spanning cell",
        ),
        pytest.param(
            MARKED,
            [
                ("Item", None, None),
                ("Price", None, None),
                ("Bolt", "Item", None),
                ("1.50", "Price", "Bolt"),
                ("Nut", "Item", None),
                ("2", "Price", "Nut"),
                ("3", "Price", "Nut"),
            ],
            id="marked, with heads of rows",
        ),
    ],
)
def test_what_heads_a_cell(trace: TraceOf, html: str, expected: Any) -> None:
    rows = table_rows(html_tables(html), trace(Task.TABLE_PARSING)).cells
    assert [(row["text"], row["column_header"], row["row_header"]) for row in rows] == expected


NESTED = "<table><tr><td>a</td><td>b<table><tr><td>in</td></tr></table></td></tr></table>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(MERGED, [(3, 3, 2, 7, True, None, None)], id="one"),
        pytest.param(
            NESTED,
            [(1, 2, 0, 2, True, None, None), (1, 1, 0, 1, True, None, (0, 0, 1))],
            id="nested",
        ),
        pytest.param(
            "<table><caption>Prices</caption><tr><td>a</table><table><tr><td>b</td><td>c",
            [(1, 1, 0, 1, True, "Prices", None), (1, 1, 0, 1, False, None, None)],
            id="the second is cut off",
        ),
        pytest.param("<table><tr><td>a</table><", [(1, 1, 0, 1, True, None, None)], id="cut off behind it"),
        pytest.param("<tr><td>a</td></tr><", [(1, 1, 0, 1, False, None, None)], id="bare rows cut off"),
        pytest.param("<table><tr><td rowspan=3>a</td>", [(1, 1, 0, 1, False, None, None)], id="cut in a row"),
    ],
)
def test_tables(trace: TraceOf, html: str, expected: Any) -> None:
    rows = table_rows(html_tables(html), trace(Task.TABLE_PARSING)).tables
    names = ("row_count", "column_count", "header_row_count", "cell_count", "is_complete", "caption")
    parents = [tuple(row[f"parent_{of}_index"] for of in ("table", "row", "column")) for row in rows]
    found = [tuple(row[name] for name in names) for row in rows]
    assert [
        (*row, None if parent[0] is None else parent) for row, parent in zip(found, parents, strict=True)
    ] == expected


def test_row_spans_of_a_table_cut_off_stay_as_written() -> None:
    assert placed("<table><tr><td rowspan=3>a</td><td>b</td></tr><tr><td>c</td>") == [
        [(0, 0, 3, 1, "a"), (0, 1, 1, 1, "b"), (1, 1, 1, 1, "c")]
    ]
