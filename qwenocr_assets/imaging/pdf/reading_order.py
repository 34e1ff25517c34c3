"""Lines of a page in the order in which a person reads them, from their boxes alone."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar
from unicodedata import bidirectional

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, y down."""

_SAME_ROW = 0.5
"""Lines stand in one row when they share more than this part of the lower one's height."""
_LEAST_LINES = 4
"""Columns of prose have this many lines; less are cells of a table."""
_LEAST_LENGTH = 8.0
"""A line of prose is this many times as long as high."""
_MOST_LINES = 500
"""Drawings and maps have more lines, and no columns."""
_FILL = 0.6
"""The usual line of prose fills this part of its column."""

T = TypeVar("T")


def reading_order(
    lines: Sequence[T], box_of: Callable[[T], Box], is_leftwards: Callable[[T], bool]
) -> list[T]:
    """Columns of prose one after the other, else row by row; those of scripts written leftwards from the right."""
    return _ordered([(box_of(line), line) for line in lines], is_leftwards)


def reads_leftwards(text: str) -> bool:
    """Whether most letters are of a script that is written from right to left."""
    kinds = [bidirectional(c) for c in text if c.isalpha()]
    return sum(kind in ("R", "AL") for kind in kinds) > len(kinds) / 2


def _ordered(lines: list[tuple[Box, T]], is_leftwards: Callable[[T], bool]) -> list[T]:
    if not 2 * _LEAST_LINES <= len(lines) <= _MOST_LINES:
        return _by_rows(lines, is_leftwards)
    for cut in (_columns, _bands):
        parts = cut(lines)
        if len(parts) > 1:
            if cut is _columns and 2 * sum(is_leftwards(line) for _, line in lines) > len(lines):
                parts.reverse()
            return [line for part in parts for line in _ordered(part, is_leftwards)]
    return _by_rows(lines, is_leftwards)


def _columns(lines: list[tuple[Box, T]]) -> list[list[tuple[Box, T]]]:
    """The lines left and right of a gutter that no line crosses, if prose stands on both sides of it."""
    by_left = sorted(lines, key=lambda line: line[0][0])
    reach = by_left[0][0][2]
    gutter = median(box[3] - box[1] for box, _ in lines)
    for place, (box, _) in enumerate(by_left):
        if box[0] > reach + gutter:
            sides = by_left[:place], by_left[place:]
            if all(_is_prose([box for box, _ in side]) for side in sides):
                return [list(side) for side in sides]
        reach = max(reach, box[2])
    return [lines]


def _bands(lines: list[tuple[Box, T]]) -> list[list[tuple[Box, T]]]:
    """The page cut where it is emptiest from side to side, where the lines above or below stand in columns."""
    by_top = sorted(lines, key=lambda line: line[0][1])
    reach = by_top[0][0][3]
    for place, (box, _) in enumerate(by_top):
        if box[1] >= reach:
            above, below = by_top[:place], by_top[place:]
            if len(_columns(below)) > 1 or (len(above) >= 2 * _LEAST_LINES and len(_columns(above)) > 1):
                return [above, below]
        reach = max(reach, box[3])
    return [lines]


def _is_prose(boxes: Sequence[Box]) -> bool:
    if len(boxes) < _LEAST_LINES:
        return False
    width = max(box[2] for box in boxes) - min(box[0] for box in boxes)
    lengths = [box[2] - box[0] for box in boxes]
    height = median(box[3] - box[1] for box in boxes)
    return median(lengths) >= _FILL * width and median(lengths) >= _LEAST_LENGTH * height


def _by_rows(lines: Sequence[tuple[Box, T]], is_leftwards: Callable[[T], bool]) -> list[T]:
    rows: list[list[tuple[Box, T]]] = []
    for line in sorted(lines, key=lambda line: line[0][1] + line[0][3]):
        if rows and _in_row(line[0], rows[-1][-1][0]):
            rows[-1].append(line)
        else:
            rows.append([line])
    ordered: list[T] = []
    for row in rows:
        leftwards = 2 * sum(is_leftwards(line) for _, line in row) > len(row)
        ordered += [line for _, line in sorted(row, key=lambda line: line[0][0], reverse=leftwards)]
    return ordered


def _in_row(box: Box, other: Box) -> bool:
    shared = min(box[3], other[3]) - max(box[1], other[1])
    beside = min(box[2], other[2]) - max(box[0], other[0]) < 0.3 * min(box[2] - box[0], other[2] - other[0])
    return beside and shared > _SAME_ROW * min(box[3] - box[1], other[3] - other[1])
