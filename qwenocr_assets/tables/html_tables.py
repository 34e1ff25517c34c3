"""HTML tables of an answer, read by an HTML5 parser, their spans resolved as browsers do."""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.cell_grid import Cell, Grid, ParsedTable, Place
from qwenocr_assets.tables.html_end import html_end

_MOST_COLUMNS = 1000
_MOST_ROWS = 65534
"""HTML's limits on `colspan` and `rowspan`."""


def html_tables(text: str) -> list[ParsedTable]:
    """The tables of an answer in document order; tables without a cell are left out.

    A table inside a cell is a table of its own, its text is no part of the outer cell's. Line breaks in cells
    (`<br>`, paragraphs) become newlines, other white space one space. Header cells are `th` and whatever stands in a
    `thead`; where a table has neither, see `headers`. Of HTML that is cut off, the cell it breaks off in is dropped
    and all before it kept; row spans of that table stay as written, since the rows they cover may be cut off.
    """
    html = unfenced(text)
    end = html_end(html)
    html = html[: end.sound_end]
    lowered = html.lower()
    if "<t" not in lowered:
        return []
    has_spans = "span" in lowered
    nodes = LexborHTMLParser(_with_tables(html)).css("table")
    last = max((at for at, node in enumerate(nodes) if _cell_around(node) is None), default=0)
    tables: list[ParsedTable] = []
    numbers: dict[int, int] = {}  # of the nodes that have cells
    places: dict[int, tuple[int, Cell]] = {}  # nested tables' cells, by the memory id of their td
    for at, node in enumerate(nodes):
        is_open = end.in_table and at == last
        cells, row_count = _grid(node, has_spans, is_open, places if len(nodes) > 1 else None)
        if not cells:
            continue
        parent = None
        around = _cell_around(node) if len(nodes) > 1 else None
        if around is not None and around.mem_id in places:
            outer, cell = places[around.mem_id]
            parent = Place(numbers[outer], cell.row, cell.column) if outer in numbers else None
        numbers[node.mem_id] = len(tables)
        tables.append(ParsedTable(cells, row_count, not is_open, _caption(node), parent))
    return tables


def _cell_around(node: LexborNode) -> LexborNode | None:
    """The cell that a nested table stands in."""
    above = node.parent
    while above is not None and above.tag not in ("td", "th"):
        above = above.parent
    return above


def _caption(table: LexborNode) -> str | None:
    first = table.first_child
    while first is not None and first.is_text_node:
        first = first.next
    return (_text(first) or None) if first is not None and first.tag == "caption" else None


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


def _grid(
    table: LexborNode, has_spans: bool, is_open: bool, places: dict[int, tuple[int, Cell]] | None
) -> tuple[Grid, int]:
    """Place the cells of one table (HTML Standard, section Forming a table); the cells, and how many rows it has.

    `rowspan` ends with the cell's row group, as browsers draw it; 0 means up to there. In `places`, when given, each
    cell is noted under its node, with the table's.
    """
    grid: Grid = []
    row = 0
    groups = _row_groups(table)
    for number, (is_head, rows) in enumerate(groups, start=1):
        last = row + len(rows)
        rows_left = _MOST_ROWS if is_open and number == len(groups) else 0
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
                    if places is not None:
                        places[td.mem_id] = (table.mem_id, grid[-1])
                    continue
                row_span, column_span = _spans(td.attributes, rows_left or last - row, last - row)
                grid.append(Cell(row, column, row_span, column_span, is_header, _text(td)))
                if places is not None:
                    places[td.mem_id] = (table.mem_id, grid[-1])
                below = row + row_span
                for covered in range(column, column + column_span):
                    if covered < len(free_at):
                        free_at[covered] = max(free_at[covered], below)
                    else:
                        free_at.append(below)
                column += column_span
            row += 1
    return grid, row


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


def _spans(attributes: Any, most_rows: int, rows_left: int) -> tuple[int, int]:
    """Row span and column span of a cell, within the limits of HTML and of its row group."""
    column_span = _span(attributes.get("colspan"))
    row_span = min(_span(attributes.get("rowspan")) or rows_left, most_rows)
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
