"""Tables of a page: found by their rulings or by their columns, answered as HTML."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

import numpy as np

from qwenocr_assets.engine.borderless import find_borderless
from qwenocr_assets.engine.geometry import Box, Quads, box_of
from qwenocr_assets.engine.layout import joined, rows_of
from qwenocr_assets.engine.page import Cell, Line, ReadPage, Table
from qwenocr_assets.engine.ruling import Grid, GridCell, Rulings

_LEAST_FILLED = 0.2
"""A grid with fewer of its cells filled with text is a drawing or graph paper."""


def tables_html(page: ReadPage) -> str:
    """The page's tables from top to bottom as HTML, one after the other; "" when there is none."""
    return "\n".join(_html(table) for table in page.tables)


def _html(table: Table) -> str:
    rows = groupby(sorted(table.cells, key=lambda c: (c.row, c.column)), key=lambda c: c.row)
    body = "".join(f"  <tr>\n{''.join(_td(cell) for cell in cells)}  </tr>\n" for _, cells in rows)
    return f"<table>\n{body}</table>"


def _td(cell: Cell) -> str:
    spans = "".join(
        f' {name}="{span}"'
        for name, span in (("rowspan", cell.row_span), ("colspan", cell.column_span))
        if span > 1
    )
    return f"    <td{spans}>{escape(cell.text, quote=False)}</td>\n"


def find_tables(lines: Sequence[Line], rulings: Rulings) -> tuple[Table, ...]:
    """The tables on an upright page from top to bottom, from its lines and what is drawn on it."""
    ruled = [table for grid in rulings.grids if (table := _ruled(grid, lines)) is not None]
    taken = [Box(*table.bbox) for table in ruled]
    free = [n for n in lines if not any(box.holds(box_of(n).middle_x, box_of(n).middle_y) for box in taken)]
    return tuple(sorted([*ruled, *find_borderless(free, rulings.rules)], key=lambda table: table.bbox[1]))


def _ruled(grid: Grid, lines: Iterable[Line]) -> Table | None:
    inside: dict[GridCell, list[Line]] = {cell: [] for cell in grid.cells}
    for line in lines:
        box = box_of(line)
        cell = next((c for c in grid.cells if c.box.holds(box.middle_x, box.middle_y)), None)
        if cell is not None:
            inside[cell].append(line)
    filled = sum(bool(text) for text in inside.values())
    if filled < 2 or filled < _LEAST_FILLED * len(grid.cells):
        return None
    cells = (
        Cell(c.row, c.column, c.row_span, c.column_span, joined(n.text for row in rows_of(text) for n in row))
        for c, text in inside.items()
    )
    return Table(tuple(cells), grid.box)


def cut_at_rulings(quads: Quads, rulings: Rulings) -> Quads:
    """Boxes of an upright page; those that were drawn across a vertical ruling of a grid are cut there."""
    parts = [part for corners in quads for part in _cut(corners, rulings)]
    return np.array(parts) if parts else quads


def _cut(corners: np.ndarray[tuple[int, int], np.dtype[np.float64]], rulings: Rulings) -> list[Quads]:
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    box = Box(left, top, right, bottom)
    cells = [
        cell.box
        for grid in rulings.grids
        for cell in grid.cells
        if cell.box.top <= box.middle_y <= cell.box.bottom and cell.box.overlap_x(box) > 0.5 * box.height
    ]
    if len(cells) < 2:
        return [corners]
    parts = []
    for cell in cells:
        a, b = max(box.left, cell.left + 2), min(box.right, cell.right - 2)
        parts.append(np.array([[a, top], [b, top], [b, bottom], [a, bottom]]))
    return parts
