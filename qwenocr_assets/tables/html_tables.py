"""Answers into rows of `table_cells`: HTML tables, read by an HTML5 parser, their spans resolved as browsers do."""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.cell_grid import Cell, Grid, grid_rows
from qwenocr_assets.tables.html_end import html_end
from qwenocr_assets.tables.trace import Trace

_MOST_COLUMNS = 1000
"""HTML's limit on `colspan`."""


def table_cells(answer: Answer, trace: Trace) -> list[Row]:
    """One row per cell of the answer's HTML tables, without boxes.

    Of HTML that is cut off, the cell it breaks off in is dropped and all before it kept. Header cells are `th` and
    whatever stands in a `thead`; where a table has neither, see `cell_grid`.
    """
    return grid_rows(grids(answer.text), trace)


def grids(text: str) -> list[Grid]:
    """The tables of an answer in document order; tables without a cell are left out.

    A table inside a cell is a table of its own, its text is no part of the outer cell's. Line breaks in cells
    (`<br>`, paragraphs) become newlines, other white space one space.
    """
    html = unfenced(text)
    html = html[: html_end(html).sound_end]
    lowered = html.lower()
    if "<t" not in lowered:
        return []
    has_spans = "span" in lowered
    tree = LexborHTMLParser(_with_tables(html))
    found = (_grid(table, has_spans) for table in tree.css("table"))
    return [grid for grid in found if grid]


_BARE_ROW = re.compile(r"<t[rdh](?![a-z0-9-])", re.IGNORECASE)
_TABLE_EDGES = re.compile(r"(<table(?![a-z0-9-])|</table\s*>)", re.IGNORECASE)


def _with_tables(html: str) -> str:
    """The HTML with a table around rows that stand outside any: the parser would drop their tags."""
    parts: list[str] = []
    depth = 0
    for part in _TABLE_EDGES.split(html):
        edge = part[:7].lower()
        if edge == "<table":
            depth += 1
        elif edge == "</table":
            depth = max(depth - 1, 0)
        elif depth == 0 and _BARE_ROW.search(part):
            parts.append(f"<table>{part}</table>")
            continue
        parts.append(part)
    return "".join(parts)


def _grid(table: LexborNode, has_spans: bool) -> Grid:
    """Place the cells of one table (HTML Standard, section Forming a table).

    `rowspan` ends with the cell's row group, as browsers draw it; 0 means up to there.
    """
    grid: Grid = []
    row = 0
    for is_head, rows in _row_groups(table):
        last = row + len(rows)
        free_at: list[int] = []  # per column, the first row that no cell from above covers
        for tr in rows:
            column = 0
            for td in tr.iter():
                tag = td.tag
                if tag != "td" and tag != "th":
                    continue
                while column < len(free_at) and free_at[column] > row:
                    column += 1
                is_header = is_head or tag == "th"
                if not has_spans:
                    grid.append(Cell(row, column, 1, 1, is_header, _text(td)))
                    column += 1
                    continue
                row_span, column_span = _spans(td.attributes, last - row)
                grid.append(Cell(row, column, row_span, column_span, is_header, _text(td)))
                below = row + row_span
                for covered in range(column, column + column_span):
                    if covered < len(free_at):
                        free_at[covered] = max(free_at[covered], below)
                    else:
                        free_at.append(below)
                column += column_span
            row += 1
    return grid


def _row_groups(table: LexborNode) -> list[tuple[bool, list[LexborNode]]]:
    """The rows of each row group, whether it is a `thead`; `tfoot` comes last wherever it stands."""
    groups: list[tuple[bool, list[LexborNode]]] = []
    feet: list[tuple[bool, list[LexborNode]]] = []
    for section in table.iter():
        tag = section.tag
        if tag in ("thead", "tbody", "tfoot"):
            rows = [node for node in section.iter() if node.tag == "tr"]
            (feet if tag == "tfoot" else groups).append((tag == "thead", rows))
    return groups + feet


_LEADING_NUMBER = re.compile(r"[ \t\n\f\r]*\+?([0-9]+)")


def _spans(attributes: Any, rows_left: int) -> tuple[int, int]:
    """Row span and column span of a cell, within the limits of HTML and of its row group."""
    column_span = _span(attributes.get("colspan"))
    row_span = _span(attributes.get("rowspan"))
    if row_span == 0 or row_span > rows_left:
        row_span = rows_left
    return row_span, column_span if 1 <= column_span <= _MOST_COLUMNS else (
        _MOST_COLUMNS if column_span else 1
    )


def _span(value: str | None) -> int:
    if value is None:
        return 1
    match = _LEADING_NUMBER.match(value)
    # Nine digits say "more than any limit" as well as ninety do.
    return int(match[1][:9]) if match else 1


_SPACE = re.compile(r"[ \t\n\f\r]+")
_BROKEN_LINE = re.compile(r"[ \t\f\r]*\n\s*")
_LINE_BREAKING = frozenset(
    "address article blockquote dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section ul".split()  # noqa: SIM905
)
_SILENT = frozenset(("script", "style", "table", "template"))


def _text(cell: LexborNode) -> str:
    """A cell's text as a browser shows it."""
    only = cell.first_child
    if only is None:
        return ""
    if only.next is None and only.is_text_node:
        text: str = only.text_content or ""
    else:
        text = _structured_text(cell)
        if "\n" in text:
            return _BROKEN_LINE.sub("\n", text).strip()
    if "\n" in text or "  " in text or "\t" in text:
        text = _SPACE.sub(" ", text)
    return text.strip()


def _structured_text(cell: LexborNode) -> str:
    parts: list[str] = []
    stack: list[LexborNode | str] = [cell]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.is_text_node:
            parts.append(_SPACE.sub(" ", node.text_content or ""))
        elif node.tag == "br":
            parts.append("\n")
        elif node.tag not in _SILENT:
            edge = "\n" if node.tag in _LINE_BREAKING else ""
            stack.append(edge)
            stack.extend(list(node.iter(include_text=True))[::-1])
            stack.append(edge)
    return "".join(parts)
