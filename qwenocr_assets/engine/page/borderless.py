"""Tables without rulings: rows of short pieces of text that stand in columns."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.gutters import (
    Column,
    columns_between_gutters,
    cut_at_gutters,
    places,
    row_cells,
)
from qwenocr_assets.engine.page.headers import stands_over_columns, with_header, without_title
from qwenocr_assets.engine.page.layout import Row, columns_of, is_upright, row_box, rows_of, text_height
from qwenocr_assets.engine.page.read_page import Line, Table
from qwenocr_assets.engine.page.wrapped import WRAPPED_GAP, gap_between, with_wrapped
from qwenocr_assets.geometry import Box, around

_BREAK = 1.9
"""Two rows further apart than this many usual gaps do not belong to one table."""
_LEAST_BREAK = 1.2
"""…and at least this many text heights apart."""
_LEAST_BREAK_OF_ALIKE = 2.5
"""The same for rows that stand in the same columns."""
_LEAST_ALIKE = 3
"""Rows of so many pieces can be in the same columns; two happen to be."""
_ALIKE = 0.75
"""Share of their pieces that stand over each other in rows of the same columns."""
_LEAST_ROWS_OF_TWO = 4
"""Two columns make a table only from this many rows on: with fewer they are label and value."""

_LABEL = re.compile(r"[^\W\d]\s?[:：](?!//)")
"""A colon after a word: rows of labels with their values are no table."""


def find_borderless(lines: Sequence[Line], rules: Sequence[Box]) -> list[Table]:
    """Tables that only the places of the lines show; `rules` are horizontal rulings, which part rows."""
    tables = []
    for block in columns_of([line for line in lines if not is_upright(line)]):
        height = text_height(block)
        for run in _runs(rows_of(block), rules, height):
            table = _table(without_title(run, rules), rules, height)
            if table is not None:
                tables.append(table)
    return tables


def _runs(rows: Sequence[Row], rules: Sequence[Box], height: float) -> list[list[Row]]:
    """Stretches of rows that may be one table: close together, begun and ended by rows of several pieces."""
    gaps = [gap_between(above, below) for above, below in pairwise(rows)]
    usual = [
        gap for gap, (above, below) in zip(gaps, pairwise(rows), strict=True) if len(above) + len(below) > 3
    ]
    limit = max(_LEAST_BREAK * height, _BREAK * (median(usual) if usual else 0.0))
    runs: list[list[Row]] = [[]]
    for index, row in enumerate(rows):
        if index and gaps[index - 1] > limit:
            farther = max(_LEAST_BREAK_OF_ALIKE * height, limit)
            if gaps[index - 1] > farther or not _go_on(runs[-1], rows[index:]):
                runs.append([])
        if (
            len(row) == 1
            and _is_wide_text(row[0], runs[-1], rows[index + 1 :])
            and not _go_on(runs[-1], rows[index + 1 :])
        ):
            runs.append([])
        else:
            runs[-1].append(row)
    return [
        run for run in (_trimmed(run, rules, height) for run in runs) if sum(len(row) > 1 for row in run) >= 2
    ]


def _go_on(above: Sequence[Row], below: Sequence[Row]) -> bool:
    """Whether the next rows of several pieces above and below a place stand in the same columns.

    A heading between them is of one line or two: more is text between two tables.
    """
    upper = next((row for row in above[:-4:-1] if len(row) > 1), [])
    lower = next((row for row in below[:2] if len(row) > 1), [])
    if min(len(upper), len(lower)) < _LEAST_ALIKE:
        return False
    over = sum(sum(box_of(one).overlap_x(box_of(other)) > 0 for other in lower) == 1 for one in upper)
    return over >= _ALIKE * max(len(upper), len(lower))


def _is_wide_text(line: Line, above: Sequence[Row], below: Sequence[Row]) -> bool:
    """Whether a lone piece runs across where the nearest row of several pieces has a gap: no part of its table.

    The gap is as wide as rows of as many pieces near it leave it.
    """
    box = box_of(line)
    near = [sorted(map(box_of, row)) for row in (*above[-1:-4:-1], *below[:3]) if len(row) > 1]
    if not near:
        return True
    alike = [row for row in near if len(row) == len(near[0])]
    for index, (before, after) in enumerate(pairwise(near[0])):
        left, right = max(row[index].right for row in alike), min(row[index + 1].left for row in alike)
        if left >= right:
            left, right = before.right, after.left
        if box.left < (left + right) / 2 < box.right:
            return True
    return False


def _trimmed(run: Sequence[Row], rules: Sequence[Box], height: float) -> list[Row]:
    """A run without the lone pieces at its ends, except the rest of a wrapped cell and a header of several columns."""
    several = [index for index, row in enumerate(run) if len(row) > 1]
    if not several:
        return []
    first, last = several[0], several[-1]
    while last + 1 < len(run) and gap_between(run[last], run[last + 1]) < WRAPPED_GAP * height:
        last += 1
    while first > 0 and (
        gap_between(run[first - 1], run[first]) < -0.1 * height
        or stands_over_columns(run[first - 1][0], run[first], rules)
    ):
        first -= 1
    return list(run[first : last + 1])


def _table(run: Sequence[Row], rules: Sequence[Box], height: float) -> Table | None:
    if not run:
        return None
    columns = columns_between_gutters(run, height)
    run = [cut_at_gutters(row, columns) for row in run]
    columns = columns_between_gutters(run, height)
    rows = with_wrapped(run, columns, rules, height)
    if not _is_table(rows, columns):
        return None
    cells = [
        cell
        for index, row in enumerate(with_header(rows, columns, rules, height))
        for cell in row_cells(index, row, columns)
    ]
    return Table(tuple(cells), around(row_box(row) for row in rows))


def _is_table(rows: Sequence[Row], columns: Sequence[Column]) -> bool:
    several = [row for row in rows if len({places(box_of(line), columns) for line in row}) > 1]
    if len(columns) < 2 or len(several) < 2 or 2 * len(several) < len(rows):
        return False
    filled = sum(len({places(box_of(line), columns) for line in row}) for row in several)
    if filled < 0.5 * len(several) * len(columns):
        return False
    labelled = sum(any(_LABEL.search(line.text) for line in row) for row in several)
    if len(columns) == 2:
        return len(several) >= _LEAST_ROWS_OF_TWO and 3 * labelled < len(several)
    return 2 * labelled < len(several)
