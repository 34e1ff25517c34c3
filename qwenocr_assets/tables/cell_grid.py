"""Cells on a grid, and rows of `table_cells` from them; the same for HTML and LaTeX tables."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.typed_values import typed_number


class Cell(NamedTuple):
    """A cell with its spans resolved: `row` and `column` are the grid position of its top left corner, from 0."""

    row: int
    column: int
    row_span: int
    column_span: int
    is_header: bool
    text: str


Grid = list[Cell]
"""The cells of one table, row by row."""


def grid_rows(grids: Iterable[Grid], trace: Trace) -> list[Row]:
    """Rows of `table_cells`, without boxes; tables are numbered in the order given."""
    base = trace.columns()
    rows: list[Row] = []
    for table_index, grid in enumerate(grids):
        numbers = [typed_number(cell.text) if cell.text else None for cell in grid]
        headed = _first_row_heads(grid, numbers)
        for cell, number in zip(grid, numbers, strict=True):
            row, column, row_span, column_span, is_header, text = cell
            rows.append(
                {
                    **base,
                    "table_index": table_index,
                    "row_index": row,
                    "column_index": column,
                    "row_span": row_span,
                    "column_span": column_span,
                    "is_header": is_header or (headed and row == 0),
                    "text": text,
                    "number": number,
                }
            )
    return rows


def _first_row_heads(grid: Grid, numbers: Sequence[Decimal | None]) -> bool:
    """Whether the first row of a table that marks no header is its header all the same.

    It is when it names every column (as wide as the table, one column a cell, no cell empty), holds no number, and
    there is a column that holds only numbers (at least one) below it. Without such a column nothing tells a
    header from data.
    """
    if any(cell.is_header for cell in grid):
        return False
    width = max((cell.column + cell.column_span for cell in grid), default=0)
    first = [(cell, number) for cell, number in zip(grid, numbers, strict=True) if cell.row == 0]
    if len(first) != width:
        return False
    if any(number is not None or not cell.text or cell.column_span > 1 for cell, number in first):
        return False
    numeric: set[int] = set()
    other: set[int] = set()
    for cell, number in zip(grid, numbers, strict=True):
        if cell.row > 0 and cell.text:
            (other if number is None else numeric).add(cell.column)
    return bool(numeric - other)
