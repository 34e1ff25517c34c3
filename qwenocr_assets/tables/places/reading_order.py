"""The order in which a person reads the lines of a page, by their boxes."""

from collections.abc import Sequence
from math import atan2, cos, degrees, hypot, radians, sin
from statistics import median
from typing import NamedTuple

from qwenocr_assets.geometry import Quad
from qwenocr_assets.tables.places.likeness import is_unspaced
from qwenocr_assets.tables.places.line_boxes import runs_leftwards

_LEAST_GUTTER = 1.0
"""Width of the gap between two columns of text, in line heights."""
_LEAST_ROWS = 3
"""Rows that must have text on both sides of a gap before it parts columns."""
_LEAST_FILLED = 0.5
"""Median share of a column's width that its lines fill: what fills less is a table, read row by row."""
_LEAST_CHARACTERS = 12
"""Median length of a column's lines, full-width characters counted double; shorter ones are cells."""
_TALL = 1.5
_LEAST_TURN = 0.005
"""Sine of the angle below which a page counts as straight."""


class _Line(NamedTuple):
    """A line turned upright, so that it runs to the right and the next line is below."""

    number: int
    left: float
    right: float
    middle: float
    """Half way between its top and bottom."""
    height: float
    size: int
    """Characters, full-width ones counted double."""


def reading_order(texts: Sequence[str], quads: Sequence[Quad]) -> list[int]:
    """Indices of the lines in the order they are read.

    Lines in one row are read along their script: left to right, or right to left where that is what most lines do.
    Columns of running text are read one after the other, tables row by row. Vertical Chinese and Japanese is read
    down, line by line from the right. Skewed and turned pages are turned back first. Corners are clockwise from the
    text's top left, as in `text_lines.quad_px`.
    """
    if len(texts) < 2:
        return list(range(len(texts)))
    vertical = sum(_is_vertical(t, q) for t, q in zip(texts, quads, strict=True)) * 2 > len(texts)
    leftwards = not vertical and sum(map(runs_leftwards, texts)) * 2 > len(texts)
    angle = 90.0 if vertical else median(_angle(quad) for quad in quads)
    along, across = cos(radians(-angle)), sin(radians(-angle))
    turn = (along, -across, 0.0, across, along, 0.0)
    is_upright = abs(across) < _LEAST_TURN and along > 0
    lines = [
        _line(number, text, quad if is_upright else quad.mapped(turn))
        for number, (text, quad) in enumerate(zip(texts, quads, strict=True))
    ]
    if leftwards:
        lines = [line._replace(left=-line.right, right=-line.left) for line in lines]
    return [line.number for line in _in_columns(lines)]


def _is_vertical(text: str, quad: Quad) -> bool:
    x1, y1, x2, y2, _, _, x4, y4 = quad
    is_tall = hypot(x4 - x1, y4 - y1) > _TALL * hypot(x2 - x1, y2 - y1)
    return is_tall and len(text) > 1 and is_unspaced(text[0])


def _angle(quad: Quad) -> float:
    """Direction of a line's text in degrees, 0 to the right, 90 downwards."""
    x1, y1, x2, y2 = quad[:4]
    return degrees(atan2(y2 - y1, x2 - x1))


def _line(number: int, text: str, quad: Quad) -> _Line:
    x1, y1, x2, y2, x3, y3, x4, y4 = quad
    top, bottom = min(y1, y2, y3, y4), max(y1, y2, y3, y4)
    size = len(text) if text.isascii() else sum(2 if is_unspaced(char) else 1 for char in text)
    return _Line(number, min(x1, x2, x3, x4), max(x1, x2, x3, x4), (top + bottom) / 2, bottom - top, size)


def _rows(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Lines that stand beside each other, from the top, each row from the left."""
    rows: list[list[_Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        first = rows[-1][0] if rows else None
        if first is not None and abs(line.middle - first.middle) < 0.5 * min(line.height, first.height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _in_columns(lines: Sequence[_Line]) -> list[_Line]:
    """The lines in order: runs of rows that a gap parts into columns, and rows between them."""
    rows = _rows(lines)
    gutter = _LEAST_GUTTER * median(line.height for line in lines)
    ordered: list[_Line] = []
    at = 0
    while at < len(rows):
        run = _columns_from(rows, at, gutter)
        if run is None:
            ordered += rows[at]
            at += 1
            continue
        end, split = run
        members = [line for row in rows[at:end] for line in row]
        for side in ([m for m in members if m.right <= split], [m for m in members if m.right > split]):
            ordered += _in_columns(side)
        at = end
    return ordered


def _columns_from(rows: Sequence[Sequence[_Line]], begin: int, gutter: float) -> tuple[int, float] | None:
    """Behind which row the columns end that begin at a row, and where they part; None when none begin."""
    for left_of, right_of in zip(rows[begin], rows[begin][1:], strict=False):
        low, high = left_of.right, right_of.left
        if high - low < gutter:
            continue
        end, both = begin, 0
        while end < len(rows):
            lefts = [line for line in rows[end] if line.left < (low + high) / 2]
            rights = [line for line in rows[end] if line.left >= (low + high) / 2]
            new_low = max([low, *(line.right for line in lefts)])
            new_high = min([high, *(line.left for line in rights)])
            if new_high - new_low < gutter:
                break
            low, high = new_low, new_high
            both += bool(lefts and rights)
            end += 1
        split = (low + high) / 2
        lefts_of = [[line for line in row if line.right <= split] for row in rows[begin:end]]
        rights_of = [[line for line in row if line.right > split] for row in rows[begin:end]]
        if both >= _LEAST_ROWS and _is_prose(lefts_of) and _is_prose(rights_of):
            return end, split
    return None


def _is_prose(rows: Sequence[Sequence[_Line]]) -> bool:
    lines = [line for row in rows for line in row]
    width = max(line.right for line in lines) - min(line.left for line in lines)
    filled = median(sum(line.right - line.left for line in row) for row in rows if row)
    return filled >= _LEAST_FILLED * width and median(line.size for line in lines) >= _LEAST_CHARACTERS
