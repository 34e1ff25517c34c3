"""Ruled grids into tables; rows and columns that rules do not part are cut at the text that neighbours share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from qwenocr_assets.engine.page.apart import is_one_header
from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.grids import Grid, GridCell
from qwenocr_assets.engine.page.gutters import (
    Column,
    columns_between_gutters,
    cut_at_gutters,
    places,
    row_cells,
    text_of,
)
from qwenocr_assets.engine.page.layout import Row, is_upright, rows_of, text_height
from qwenocr_assets.engine.page.numbers import is_value
from qwenocr_assets.engine.page.read_page import Cell, Line, Table
from qwenocr_assets.engine.page.wrapped import with_wrapped

_LEAST_FILLED = 0.2
"""A grid with fewer of its cells filled with text is a drawing or graph paper."""
_LEAST_SIDE_BY_SIDE = 0.2
"""Share of a table's rows that have two cells or more with text; with fewer its rules are strokes of print."""
_SHARED = 0.6
"""Rows of values are parted where this share of a block's cells has text in each, on average."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What stands between two neighbouring horizontal rules."""

    rows: Sequence[Row]
    is_of_values: bool
    """Whether each row is one of the table: all cells are cut there."""


_NO_BLOCK = _Block((), False)
_Inside = Mapping[GridCell, Sequence[Line]]


def ruled_table(grid: Grid, lines: Iterable[Line]) -> Table | None:
    """The table that a grid draws around lines; None when it is another drawing."""
    inside: dict[GridCell, list[Line]] = {cell: [] for cell in grid.cells}
    for line in lines:
        box = box_of(line)
        cell = next((c for c in grid.cells if c.box.holds(box.middle_x, box.middle_y)), None)
        if cell is not None:
            inside[cell].append(line)
    filled = [cell for cell, text in inside.items() if not all(map(is_upright, text))]
    if len(filled) < 2 or len(filled) < _LEAST_FILLED * len(grid.cells):
        return None
    cells = _refined(grid, inside)
    return Table(tuple(cells), grid.box) if _has_rows(cells) else None


def _has_rows(cells: Sequence[Cell]) -> bool:
    filled = [cell for cell in cells if cell.text]
    rows = {cell.row for cell in filled}
    several = sum(sum(cell.row == row for cell in filled) > 1 for row in rows)
    return several >= max(1.0, _LEAST_SIDE_BY_SIDE * len(rows))


def _refined(grid: Grid, inside: _Inside) -> list[Cell]:
    """The cells of a grid, its rows and columns cut where several stand between two rules."""
    height = text_height([line for lines in inside.values() for line in lines])
    inside_column = [_rows_within(inside, column) for column in range(len(grid.columns_at) - 1)]
    fine = [_columns_within(grid, rows, column, height) for column, rows in enumerate(inside_column)]
    first = [0, *accumulate(len(columns) for columns in fine)]
    flat = [column for columns in fine for column in columns]
    blocks = [
        _block([cell for cell in grid.cells if (cell.row, cell.row_span) == (row, 1)], inside, fine, height)
        for row in range(max(cell.row + cell.row_span for cell in grid.cells))
    ]
    top = [0, *accumulate(len(block.rows) for block in blocks)]
    cells: list[Cell] = []
    for cell in grid.cells:
        start, end = first[cell.column], first[cell.column + cell.column_span]
        block = blocks[cell.row] if cell.row_span == 1 else _NO_BLOCK
        is_cut = len(fine[cell.column]) > 1
        parts = _parts(inside[cell], block, flat[start:end], is_cut)
        if parts is None:
            rows = top[cell.row + cell.row_span] - top[cell.row]
            cells.append(Cell(top[cell.row], start, rows, end - start, text_of(inside[cell])))
            continue
        for index, row in enumerate(parts, start=top[cell.row]):
            header = _over_all(row, inside_column[cell.column], height) if is_cut else None
            if header is not None:
                cells.append(Cell(index, start, 1, end - start, header))
                continue
            cells += (
                Cell(c.row, start + c.column, 1, c.column_span, c.text)
                for c in row_cells(index, row, flat[start:end])
            )
    return sorted(cells, key=lambda c: (c.row, c.column))


def _over_all(row: Row, rows: Sequence[Row], height: float) -> str | None:
    """The header that a row within a cell is over all of the columns there; None for other rows."""
    if len(row) == 1:
        return None if is_value(row[0].text) else row[0].text
    return text_of(row) if is_one_header(row, rows, height) else None


def _rows_within(inside: _Inside, column: int) -> list[Row]:
    """The rows of text between two neighbouring vertical rules."""
    return [
        row
        for cell, lines in inside.items()
        if (cell.column, cell.column_span) == (column, 1)
        for row in rows_of(lines)
    ]


def _columns_within(grid: Grid, rows: Sequence[Row], column: int, height: float) -> list[Column]:
    """The columns between two neighbouring vertical rules: one, or those that most of the rows there show."""
    whole = Column(*grid.columns_at[column : column + 2])
    several = [row for row in rows if len(row) > 1]
    if len(several) < 2 or 2 * len(several) < len(rows):
        return [whole]
    columns = columns_between_gutters(rows, height)
    edges = [
        whole.left,
        *((before.right + after.left) / 2 for before, after in pairwise(columns)),
        whole.right,
    ]
    return [Column(left, right) for left, right in pairwise(edges)]


def _block(
    cells: Sequence[GridCell], inside: _Inside, fine: Sequence[Sequence[Column]], height: float
) -> _Block:
    """The rows of text between two neighbouring horizontal rules: one, or those that neighbouring cells share."""
    filled = [cell for cell in cells if inside[cell]]
    lines = [line for cell in filled for line in inside[cell]]
    rows = rows_of(lines)
    if len(rows) < 2:
        return _Block([lines], False)
    tall = sum(len(rows_of(inside[cell])) > 1 for cell in filled)
    stacks = sum(sum(is_value(line.text) for line in inside[cell]) > 1 for cell in filled)
    valued = [row for row in rows if any(is_value(line.text) for line in row)]
    shared = sum(len(row) for row in valued) / max(len(valued) * len(filled), 1)
    if not stacks or tall < 2 or 2 * stacks < len(filled) - 1 or shared < _SHARED:
        parted = any(len(fine[cell.column]) > 1 and len(rows_of(inside[cell])) > 1 for cell in filled)
        return _Block(rows, False) if parted else _Block([lines], False)
    columns = [Column(cell.box.left, cell.box.right) for cell in sorted(cells, key=lambda c: c.column)]
    return _Block(with_wrapped(rows, columns, (), height), True)


def _parts(lines: Sequence[Line], block: _Block, columns: Sequence[Column], is_cut: bool) -> list[Row] | None:
    """The text of a cell that is several, by the rows of its block; None for a cell that is one."""
    pieces = [[line for line in row if line in lines] for row in block.rows]
    filled = [row for row in pieces if row]
    if len(columns) > 1:
        cut = [cut_at_gutters(row, columns) for row in pieces]
        beside = any(len({places(box_of(line), columns) for line in row}) > 1 for row in cut)
        values = sum(is_value(line.text) for row in cut for line in row)
        if beside and (is_cut or values > 1):
            return cut
    return pieces if block.is_of_values and len(filled) > 1 else None
