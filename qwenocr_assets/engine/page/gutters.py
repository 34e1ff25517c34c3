"""Columns of a table as the gutters between its pieces of text show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import Row, joined, line_cut_at, line_cut_at_space, rows_of
from qwenocr_assets.engine.page.numbers import is_several_numbers
from qwenocr_assets.engine.page.read_page import Cell, Line
from qwenocr_assets.geometry import Box, around

_LEAST_GUTTER = 0.6
"""Width of the gap between two columns in text heights."""
_LEAST_GUTTER_OF_MANY = 0.25
"""The same where many rows leave it free: the detector's boxes are larger than the print."""
_MANY = 8
"""Rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where the text of a column begins and ends, in pixels."""

    left: float
    right: float


def columns_between_gutters(run: Sequence[Row], height: float) -> list[Column]:
    """Columns as the stretches between gutters: gaps that all rows leave free, or all but a few that span it.

    Rows of one piece may be headings that run across; several numbers in one piece may be of several columns.
    """
    several = [row for row in run if len(row) > 1]
    whole = around(box_of(line) for row in run for line in row)
    step = max(height / 32, 1.0)
    covered = np.zeros(int(whole.width / step) + 2, np.int64)
    for row in several if len(several) > 2 else run:
        taken = np.zeros(len(covered), np.bool_)
        for box in (box_of(line) for line in row if not is_several_numbers(line.text)):
            taken[int((box.left - whole.left) / step) : int((box.right - whole.left) / step) + 1] = True
        covered += taken
    least = (_LEAST_GUTTER if len(several) < _MANY else _LEAST_GUTTER_OF_MANY) * height
    spanning = 0 if len(several) < 4 else max(1, len(several) // 8)
    columns: list[Column] = []
    start = 0
    for begin, end in _stretches(covered <= spanning):
        if (end - begin) * step >= least and begin > start:
            columns.append(Column(whole.left + start * step, whole.left + begin * step))
            start = end
        elif begin == start:
            start = end
    if start < len(covered) - 1:
        columns.append(Column(whole.left + start * step, whole.right))
    return columns


def _stretches(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Begin and end of each stretch of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def cut_at_gutters(row: Row, columns: Sequence[Column]) -> Row:
    """The lines of a row, from left to right; those that the detector drew across gutters are cut there.

    Numbers of two columns may be a space apart.
    """
    gutters = [(before.right + after.left) / 2 for before, after in pairwise(columns)]
    return sorted((part for line in row for part in _parts(line, gutters)), key=lambda n: box_of(n).left)


def _parts(line: Line, gutters: Sequence[float]) -> list[Line]:
    box = box_of(line)
    cut = line_cut_at_space if is_several_numbers(line.text) else line_cut_at
    parts: list[Line] = []
    rest = line
    for x in (x for x in gutters if box.left < x < box.right):
        *done, rest = cut(rest, x)
        parts += done
    return [*parts, rest]


def places(box: Box, columns: Sequence[Column]) -> range:
    """The columns that a box covers: those it reaches into, at least the nearest."""
    reach = [
        index
        for index, column in enumerate(columns)
        if min(box.right, column.right) - max(box.left, column.left)
        > 0.25 * min(box.width, column.right - column.left)
    ]
    if not reach:
        nearest = min(
            range(len(columns)), key=lambda i: abs(box.middle_x - (columns[i].left + columns[i].right) / 2)
        )
        reach = [nearest]
    return range(reach[0], reach[-1] + 1)


def row_cells(index: int, row: Row, columns: Sequence[Column]) -> list[Cell]:
    """The cells of one row from left to right, empty ones too; every column is covered once."""
    texts: dict[int, tuple[int, list[Line]]] = {}
    for line in row:
        covered = places(box_of(line), columns)
        start = next((s for s, (span, _) in texts.items() if s <= covered.start < s + span), covered.start)
        span, lines = texts.get(start, (1, []))
        texts[start] = (max(span, covered.stop - start), [*lines, line])
    cells = []
    column = 0
    while column < len(columns):
        span, lines = texts.get(column, (1, []))
        later = [s for s in texts if s > column]
        span = min(span, (min(later) if later else len(columns)) - column)
        cells.append(Cell(index, column, 1, span, text_of(lines)))
        column += span
    return cells


def text_of(lines: Iterable[Line]) -> str:
    """The text of a cell from the pieces that stand in it."""
    return joined(piece.text for row in rows_of(lines) for piece in row)
