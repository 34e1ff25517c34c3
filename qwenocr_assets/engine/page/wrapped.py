"""Rows of text into rows of a table: what is the rest of a wrapped cell joins the row it belongs to."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.gutters import Column, places
from qwenocr_assets.engine.page.layout import Row, row_box
from qwenocr_assets.engine.page.numbers import is_value
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.geometry import Box

WRAPPED_GAP = 0.6
"""A lone piece this near (in text heights) to the row above or below may be the rest of a wrapped cell."""
_OUTDENT = 0.3
"""A heading begins this far (in text heights) left of the labels below it."""
_TWO_GAPS = 0.35
"""Rows stand apart by one of two distances when these differ by so many text heights."""
_LEAST_OF_A_GAP = 2
_GOES_ON = re.compile(r"[a-z(&,/-]")
_UNFINISHED = re.compile(r"[,&/–-]$|\b(?:and|or|of|the|to|in|for|by|with)$")


def gap_between(above: Row, below: Row) -> float:
    """Pixels between two rows, less than 0 where they overlap."""
    return row_box(below).top - row_box(above).bottom


def with_wrapped(
    run: Sequence[Row], columns: Sequence[Column], rules: Sequence[Box], height: float
) -> list[Row]:
    """Rows of a table: a row of one piece joins its neighbour when it is the rest of a wrapped cell there.

    One of several pieces joins the row above where all of these wrap: see `_going_on`.
    """
    going_on = _going_on(run, columns, rules, height)
    anchors = [index for index, row in enumerate(run) if len(row) > 1 and index not in going_on]
    usual = [gap_between(run[a], run[b]) for a, b in pairwise(anchors) if b == a + 1]
    pitch = median(usual) if usual else max((gap_between(a, b) for a, b in pairwise(run)), default=height)
    is_tight = pitch <= 0.3 * height
    limit = min(WRAPPED_GAP * height, height if is_tight else 0.75 * pitch)
    owners: dict[int, int] = {index: index for index in anchors}

    def wrapped_gap(index: int, owner: int) -> float | None:
        """Pixels between a lone piece and the text of its column in a row; None where it is no rest of that."""
        between = range(index + 1, owner) if not is_tight else ()
        near = [run[i] for i in (owner, *between, *(i for i in owners if owners[i] == owner))]
        gap = _gap_in_column(run[index][0], near, columns, rules)
        if gap is None or gap >= limit:
            return None
        doubtful = (
            is_tight or len(run[owner]) == 1 or _is_outdented(run[index][0], run[owner], columns, height)
        )
        return None if doubtful and not _goes_on(run, index, owner, columns, height) else gap

    for index, row in enumerate(run):
        if index in going_on:
            owners[index] = owners[index - 1]
        if len(row) > 1:
            continue
        above = owners[index - 1] if index else None
        below = next((anchor for anchor in anchors if anchor > index), None)
        gaps = {
            o: gap for o in (above, below) if o is not None and (gap := wrapped_gap(index, o)) is not None
        }
        owners[index] = min(gaps, key=lambda owner: gaps[owner]) if gaps else index
    return [
        [line for index in sorted(owners) if owners[index] == owner for line in run[index]]
        for owner in sorted(set(owners.values()))
    ]


def _going_on(
    run: Sequence[Row], columns: Sequence[Column], rules: Sequence[Box], height: float
) -> frozenset[int]:
    """The rows of several pieces that are the second lines of the row above, in a table of texts.

    Its rows then stand apart by either of two distances, no row at the nearer one has a value, and most of these read
    as one with what is above them.
    """
    gaps = [gap_between(above, below) for above, below in pairwise(run)]
    ordered = sorted(gaps)
    jump, least = max(((b - a, b) for a, b in pairwise(ordered)), default=(0.0, 0.0))
    near = [index for index, gap in enumerate(gaps, 1) if gap < least]
    if jump < _TWO_GAPS * height or min(len(near), len(gaps) - len(near)) < _LEAST_OF_A_GAP:
        return frozenset()
    if ordered[len(near) - 1] - ordered[0] > _TWO_GAPS * height / 2:
        return frozenset()
    several = [index for index in near if len(run[index]) > 1]
    if any(is_value(line.text) for index in near for line in run[index]):
        return frozenset()
    if any(_is_ruled_off(run[index - 1], run[index], rules) for index in near):
        return frozenset()
    as_one = sum(_read_as_one(run[index - 1], run[index], columns) for index in several)
    return frozenset(several if 3 * as_one >= 2 * len(several) else ())


def _read_as_one(above: Row, below: Row, columns: Sequence[Column]) -> bool:
    """Whether in some column the text of a row goes on with that of the next."""
    return any(
        _GOES_ON.match(lower.text) or _UNFINISHED.search(upper.text)
        for upper in above
        for lower in below
        if places(box_of(upper), columns).start == places(box_of(lower), columns).start
    )


def _is_ruled_off(above: Row, below: Row, rules: Sequence[Box]) -> bool:
    return any(row_box(above).middle_y < rule.middle_y < row_box(below).middle_y for rule in rules)


def _is_outdented(lone: Line, row: Row, columns: Sequence[Column], height: float) -> bool:
    """Whether a piece of the first column begins left of a row's label, as the heading over it does."""
    label = min(map(box_of, row), key=lambda box: box.left)
    return places(box_of(lone), columns).start == 0 and box_of(lone).left < label.left - _OUTDENT * height


def _goes_on(run: Sequence[Row], index: int, owner: int, columns: Sequence[Column], height: float) -> bool:
    """Whether the texts of a lone piece and of a row read as one: where rows stand no further apart than lines."""
    lone = run[index][0]
    upper, lower = (run[index], run[owner]) if index < owner else (run[owner], run[index])
    if places(box_of(lone), columns).start > 0 or gap_between(upper, lower) < -0.3 * height:
        return True
    if index > owner and _is_outdented(lone, run[owner], columns, height):
        return False
    label = min(run[owner], key=lambda line: box_of(line).left)
    first, second = (lone, label) if index < owner else (label, lone)
    return bool(_GOES_ON.match(second.text) or _UNFINISHED.search(first.text))


def _gap_in_column(
    lone: Line, rows: Sequence[Row], columns: Sequence[Column], rules: Sequence[Box]
) -> float | None:
    """Pixels between a piece and the nearest text of its column in rows; None where there is none.

    Nor is there where a rule runs between it and the first of the rows.
    """
    piece = box_of(lone)
    home = places(piece, columns)
    same = [line for row in rows for line in row if places(box_of(line), columns) == home]
    if not same:
        return None
    low, high = sorted([piece.middle_y, row_box(rows[0]).middle_y])
    if any(low < rule.middle_y < high for rule in rules):
        return None
    return min(-piece.overlap_y(box_of(line)) for line in same)
