"""Tables without rulings: rows of short pieces of text that stand in columns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import (
    Row,
    columns_of,
    joined,
    line_cut_at,
    row_box,
    rows_of,
    text_height,
)
from qwenocr_assets.engine.page.read_page import Cell, Line, Table
from qwenocr_assets.geometry import Box, around

_BREAK = 1.9
"""Two rows further apart than this many usual gaps do not belong to one table."""
_LEAST_BREAK = 1.2
"""…and at least this many text heights apart."""
_LEAST_GUTTER = 0.6
"""Width of the gap between two columns in text heights."""
_WRAPPED_GAP = 0.6
"""A lone piece this near (in text heights) to the row above or below may be the rest of a wrapped cell."""
_LEAST_ROWS_OF_TWO = 4
"""Two columns make a table only from this many rows on: with fewer they are label and value."""


_LABEL = re.compile(r"[^\W\d]\s?[:：](?!//)")
"""A colon after a word: rows of labels with their values are no table."""


@dataclass(frozen=True, slots=True)
class _Column:
    left: float
    right: float


def find_borderless(lines: Sequence[Line], rules: Sequence[Box]) -> list[Table]:
    """Tables that only the places of the lines show; `rules` are horizontal rulings, which part rows."""
    tables = []
    for block in columns_of(lines):
        height = text_height(block)
        for run in _runs(rows_of(block), height):
            table = _table(run, rules, height)
            if table is not None:
                tables.append(table)
    return tables


def _runs(rows: Sequence[Row], height: float) -> list[list[Row]]:
    """Stretches of rows that may be one table: close together, begun and ended by rows of several pieces."""
    gaps = [row_box(below).top - row_box(above).bottom for above, below in pairwise(rows)]
    usual = [
        gap for gap, (above, below) in zip(gaps, pairwise(rows), strict=True) if len(above) + len(below) > 3
    ]
    limit = max(_LEAST_BREAK * height, _BREAK * (median(usual) if usual else 0.0))
    runs: list[list[Row]] = [[]]
    for index, row in enumerate(rows):
        if index and gaps[index - 1] > limit:
            runs.append([])
        if len(row) == 1 and _is_wide_text(row[0], runs[-1], rows[index + 1 :]):
            runs.append([])
        else:
            runs[-1].append(row)
    return [run for run in (_trimmed(run, height) for run in runs) if sum(len(row) > 1 for row in run) >= 2]


def _is_wide_text(line: Line, above: Sequence[Row], below: Sequence[Row]) -> bool:
    """Whether a lone piece runs across where the nearest row of several pieces has a gap: no part of its table."""
    box = box_of(line)
    for row in [*above[-1:-4:-1], *below[:3]]:
        if len(row) > 1:
            return any(
                box.left < (before.right + after.left) / 2 < box.right
                for before, after in pairwise(sorted(box_of(piece) for piece in row))
            )
    return True


def _trimmed(run: Sequence[Row], height: float) -> list[Row]:
    """A run without the lone pieces at its ends, except the rest of a wrapped cell."""
    several = [index for index, row in enumerate(run) if len(row) > 1]
    if not several:
        return []
    first, last = several[0], several[-1]
    while last + 1 < len(run) and _gap(run[last], run[last + 1]) < _WRAPPED_GAP * height:
        last += 1
    while first > 0 and _gap(run[first - 1], run[first]) < -0.1 * height:
        first -= 1
    return list(run[first : last + 1])


def _gap(above: Row, below: Row) -> float:
    return row_box(below).top - row_box(above).bottom


def _table(run: Sequence[Row], rules: Sequence[Box], height: float) -> Table | None:
    columns = _columns(run, height)
    run = [
        sorted((piece for line in row for piece in _cut(line, columns)), key=lambda n: box_of(n).left)
        for row in run
    ]
    columns = _columns(run, height)
    rows = _with_wrapped(run, columns, rules, height)
    if not _is_table(rows, columns):
        return None
    cells = [cell for index, row in enumerate(rows) for cell in _cells(index, row, columns)]
    return Table(tuple(cells), around(row_box(row) for row in rows))


def _columns(run: Sequence[Row], height: float) -> list[_Column]:
    """Columns as the stretches between gutters: gaps that all rows leave free, or all but a few that span it."""
    boxes = [[box_of(line) for line in row] for row in run]
    whole = around(box for row in boxes for box in row)
    step = max(height / 8, 1.0)
    covered = np.zeros(int(whole.width / step) + 2, np.int64)
    for row in boxes:
        taken = np.zeros(len(covered), np.bool_)
        for box in row:
            taken[int((box.left - whole.left) / step) : int((box.right - whole.left) / step) + 1] = True
        covered += taken
    several = sum(len(row) > 1 for row in run)
    spanning = 0 if several < 4 else max(1, several // 8)
    free = covered <= spanning
    columns: list[_Column] = []
    start = 0
    for begin, end in _stretches(free):
        if (end - begin) * step >= _LEAST_GUTTER * height and begin > start:
            columns.append(_Column(whole.left + start * step, whole.left + begin * step))
            start = end
        elif begin == start:
            start = end
    if start < len(covered) - 1:
        columns.append(_Column(whole.left + start * step, whole.right))
    return columns


def _stretches(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Begin and end of each stretch of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _cut(line: Line, columns: Sequence[_Column]) -> Iterable[Line]:
    """A line that the detector drew across a gutter, cut where the gutter is."""
    rest = line
    for before, after in pairwise(columns):
        *done, rest = line_cut_at(rest, (before.right + after.left) / 2)
        yield from done
    yield rest


def _with_wrapped(
    run: Sequence[Row], columns: Sequence[_Column], rules: Sequence[Box], height: float
) -> list[Row]:
    """Rows of the table: a row of one piece joins its neighbour when it is the rest of a wrapped cell there."""
    anchors = [index for index, row in enumerate(run) if len(row) > 1]
    rows: dict[int, Row] = {index: list(run[index]) for index in anchors}
    pitch = median([_gap(run[a], run[b]) for a, b in pairwise(anchors) if b == a + 1] or [height])
    for index, row in enumerate(run):
        if len(row) > 1:
            continue
        near = {
            anchor: gap
            for anchor in anchors
            if (gap := _wrapped_gap(run, index, anchor, rules, columns)) is not None
            and gap < min(_WRAPPED_GAP * height, 0.75 * pitch if pitch > 0.3 * height else height)
        }
        if near:
            rows[min(near, key=lambda anchor: near[anchor])] += row
        else:
            rows[index] = list(row)
    return [rows[index] for index in sorted(rows)]


def _wrapped_gap(
    run: Sequence[Row], index: int, anchor: int, rules: Sequence[Box], columns: Sequence[_Column]
) -> float | None:
    """Pixels between the lone piece `index` and the text of its column in row `anchor`; None when not next to it."""
    between = run[min(index, anchor) + 1 : max(index, anchor)]
    if any(len(row) > 1 for row in between):
        return None
    piece = box_of(run[index][0])
    home = _places(piece, columns)
    same = [line for row in [run[anchor], *between] for line in row if _places(box_of(line), columns) == home]
    if not same:
        return None
    gap = min(-piece.overlap_y(box_of(line)) for line in same)
    low, high = sorted([piece.middle_y, row_box(run[anchor]).middle_y])
    return None if any(low < rule.middle_y < high for rule in rules) else gap


def _places(box: Box, columns: Sequence[_Column]) -> range:
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


def _is_table(rows: Sequence[Row], columns: Sequence[_Column]) -> bool:
    several = [row for row in rows if len({_places(box_of(line), columns) for line in row}) > 1]
    if len(columns) < 2 or len(several) < 2 or 2 * len(several) < len(rows):
        return False
    filled = sum(len({_places(box_of(line), columns) for line in row}) for row in several)
    if filled < 0.5 * len(several) * len(columns):
        return False
    labelled = sum(any(_LABEL.search(line.text) for line in row) for row in several)
    if len(columns) == 2:
        return len(several) >= _LEAST_ROWS_OF_TWO and 3 * labelled < len(several)
    return 2 * labelled < len(several)


def _cells(index: int, row: Row, columns: Sequence[_Column]) -> list[Cell]:
    """The cells of one row from left to right, empty ones too; every column is covered once."""
    texts: dict[int, tuple[int, list[Line]]] = {}
    for line in row:
        places = _places(box_of(line), columns)
        start = next((s for s, (span, _) in texts.items() if s <= places.start < s + span), places.start)
        span, lines = texts.get(start, (1, []))
        texts[start] = (max(span, places.stop - start), [*lines, line])
    cells = []
    column = 0
    while column < len(columns):
        span, lines = texts.get(column, (1, []))
        later = [s for s in texts if s > column]
        span = min(span, (min(later) if later else len(columns)) - column)
        text = joined(piece.text for line in rows_of(lines) for piece in line)
        cells.append(Cell(index, column, 1, span, text))
        column += span
    return cells
