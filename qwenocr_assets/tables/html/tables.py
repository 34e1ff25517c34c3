"""HTML tables of an answer, their spans resolved as browsers do."""

from collections.abc import Sequence

from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.cell_grid import ParsedTable, Place
from qwenocr_assets.tables.grid import Cell, Grid
from qwenocr_assets.tables.html.dom import dom_tables
from qwenocr_assets.tables.html.end import html_end
from qwenocr_assets.tables.html.plain import plain_tables
from qwenocr_assets.tables.raw_tables import RawTable, RowGroup

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
    if "<t" not in html and "<T" not in html:
        return []
    raw = plain_tables(html)
    if raw is None:
        raw = dom_tables(html)
    last = max((at for at, table in enumerate(raw) if table.cell_around is None), default=0)
    nests = any(table.cell_around is not None for table in raw)
    tables: list[ParsedTable] = []
    places: dict[int, Place] = {}  # by the node of the cell
    for at, table in enumerate(raw):
        is_open = end.in_table and at == last
        cells, row_count = _placed(_in_order(table), is_open)
        if not cells:
            continue
        if nests:
            nodes = (cell[4] for group in _in_order(table) for row in group.rows for cell in row)
            places |= {n: Place(len(tables), c.row, c.column) for n, c in zip(nodes, cells, strict=True)}
        parent = None if table.cell_around is None else places.get(table.cell_around)
        tables.append(ParsedTable(cells, row_count, not is_open, table.caption, parent))
    return tables


def _in_order(table: RawTable) -> list[RowGroup]:
    """The row groups as they are shown: `tfoot` comes last wherever it stands."""
    groups = table.groups
    if all(group.kind != "tfoot" for group in groups):
        return groups
    return sorted(groups, key=lambda group: group.kind == "tfoot")


_new = tuple.__new__  # half of what Cell(...) costs, and there are very many


def _placed(groups: Sequence[RowGroup], is_open: bool) -> tuple[Grid, int]:
    """Place the cells of one table (HTML Standard, section Forming a table); the cells, and how many rows it has.

    `rowspan` ends with the cell's row group, as browsers draw it; 0 means up to there.
    """
    grid: Grid = []
    row = 0
    for number, (kind, rows) in enumerate(groups, start=1):
        is_head = kind == "thead"
        end = row + len(rows)
        rows_are_cut_off = is_open and number == len(groups)
        free_at: list[int] = []  # per column, the first row that no cell from above covers
        free_from = 0  # the first row that no cell from above reaches into
        for cells in rows:
            if row >= free_from:
                single = [
                    _new(Cell, (row, column, 1, 1, is_head or is_header, text))
                    for column, (is_header, row_span, column_span, text, _) in enumerate(cells)
                    if row_span == 1 and column_span == 1
                ]
                if len(single) == len(cells):
                    grid += single
                    row += 1
                    continue
            column = 0
            for is_header, row_span, column_span, text, _ in cells:
                while column < len(free_at) and free_at[column] > row:
                    column += 1
                if row_span != 1:
                    row_span = min(row_span or end - row, _MOST_ROWS if rows_are_cut_off else end - row)
                if column_span != 1:
                    column_span = min(column_span, _MOST_COLUMNS) or 1
                grid.append(_new(Cell, (row, column, row_span, column_span, is_head or is_header, text)))
                below = row + row_span
                if row_span != 1 and below > free_from:
                    free_from = below
                if column + column_span > len(free_at):
                    free_at.extend([0] * (column + column_span - len(free_at)))
                for covered in range(column, column + column_span):
                    if free_at[covered] < below:
                        free_at[covered] = below
                column += column_span
            row = row + 1
    return grid, row
