"""Boxes of recognised lines, and of a part of a line by the share of its characters."""

from functools import lru_cache
from math import hypot
from typing import Any
from unicodedata import bidirectional, east_asian_width

from qwenocr_assets.geometry import Box, Quad
from qwenocr_assets.storage.table_files import Row


def box_of(line: Row) -> Box | None:
    """The upright box of a row of `text_lines`; None when it has none."""
    left = line.get("left_px")
    return None if left is None else Box(left, line["top_px"], line["right_px"], line["bottom_px"])


def box_columns(box: Box) -> dict[str, Any]:
    """A box as the columns of a row."""
    return dict(zip(("left_px", "top_px", "right_px", "bottom_px"), box, strict=True))


def part_of(line: Row, text: str, start: int, end: int) -> Box | None:
    """The part of a line's box that characters `start` to `end` of its `text` take up.

    Each character counts with the width it has in a usual typeface, full-width ones double; a line of a script that
    runs from right to left is measured from its right end, one that is clearly higher than wide from its top.
    """
    corners = line.get("quad_px")
    if not corners:
        box = box_of(line)
        if box is None:
            return None
        corners = Quad.of(box)
    before, inside, behind = _width(text[:start]), _width(text[start:end]), _width(text[end:])
    total = before + inside + behind or 1.0
    begin, finish = before / total, (before + inside) / total
    x1, y1, x2, y2, x3, y3, x4, y4 = corners
    if len(text) > 1 and hypot(x4 - x1, y4 - y1) > 1.5 * hypot(x2 - x1, y2 - y1):
        # Vertical writing: the text runs along the long side.
        x1, y1, x2, y2, x3, y3, x4, y4 = x2, y2, x3, y3, x4, y4, x1, y1
    elif runs_leftwards(text):
        begin, finish = 1 - finish, 1 - begin
    xs = (x1 + (x2 - x1) * begin, x1 + (x2 - x1) * finish, x4 + (x3 - x4) * begin, x4 + (x3 - x4) * finish)
    ys = (y1 + (y2 - y1) * begin, y1 + (y2 - y1) * finish, y4 + (y3 - y4) * begin, y4 + (y3 - y4) * finish)
    return Box(min(xs), min(ys), max(xs), max(ys))


def runs_leftwards(text: str) -> bool:
    """Whether most letters of a text belong to a script that runs from right to left."""
    if text.isascii():
        return False
    kinds = [_direction(char) for char in text]
    return kinds.count("R") > kinds.count("L")


@lru_cache(maxsize=4096)
def _direction(char: str) -> str:
    kind = bidirectional(char)
    return "R" if kind in ("R", "AL") else "L" if kind == "L" else ""


_NARROW, _MIDDLE, _WIDE, _WIDEST = 0.5, 0.65, 1.2, 1.6
_WIDTHS: dict[str, float] = {
    **dict.fromkeys("ijl.,:;|!'`", _NARROW),
    **dict.fromkeys(' frtI()[]{}/\\-"', _MIDDLE),
    **dict.fromkeys("ABCDEGHKNOPQRSUVXYZ&w+=<>~", _WIDE),
    **dict.fromkeys("mMW%@", _WIDEST),
}
"""Widths that differ from a digit's, which is 1."""


_ASCII_WIDTHS = [_WIDTHS.get(chr(code), 1.0) for code in range(128)]


def _width(text: str) -> float:
    if text.isascii():
        return sum(map(_ASCII_WIDTHS.__getitem__, text.encode()))
    return sum(map(_character_width, text))


@lru_cache(maxsize=8192)
def _character_width(char: str) -> float:
    if char.isascii():
        return _ASCII_WIDTHS[ord(char)]
    return 1.8 if east_asian_width(char) in "WF" else 0.0 if bidirectional(char) == "NSM" else 1.0
