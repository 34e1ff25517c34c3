"""Cells on a grid."""

from typing import NamedTuple


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
