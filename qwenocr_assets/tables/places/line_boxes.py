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


class Writing:
    """How a line is written along its box, to cut a part of it out.

    Each character counts with the width it has in a usual typeface, full-width ones double; a line of a script that
    runs from right to left is measured from its right end, one that is clearly higher than wide from its top.
    """

    __slots__ = ("_corners", "_leftwards", "_text", "_total")

    def __init__(self, line: Row, text: str) -> None:
        """A row of `text_lines` and its text, as it is measured."""
        self._text = text
        self._total = _width(text) or 1
        self._leftwards = False
        self._corners: tuple[float, ...] | None = None
        corners = line.get("quad_px")
        if not corners:
            box = box_of(line)
            if box is None:
                return
            corners = Quad.of(box)
        x1, y1, x2, y2, x3, y3, x4, y4 = corners
        if len(text) > 1 and hypot(x4 - x1, y4 - y1) > 1.5 * hypot(x2 - x1, y2 - y1):
            # Vertical writing: the text runs along the long side.
            x1, y1, x2, y2, x3, y3, x4, y4 = x2, y2, x3, y3, x4, y4, x1, y1
        else:
            self._leftwards = runs_leftwards(text)
        self._corners = (x1, y1, x2, y2, x3, y3, x4, y4)

    def part(self, start: int, end: int) -> Box | None:
        """The part of the line's box that its characters `start` to `end` take up; None where it has no box."""
        if self._corners is None:
            return None
        x1, y1, x2, y2, x3, y3, x4, y4 = self._corners
        before = _width(self._text[:start])
        begin, finish = before / self._total, (before + _width(self._text[start:end])) / self._total
        if self._leftwards:
            begin, finish = 1 - finish, 1 - begin
        ax, ay, bx, by = x2 - x1, y2 - y1, x3 - x4, y3 - y4
        xs = (x1 + ax * begin, x1 + ax * finish, x4 + bx * begin, x4 + bx * finish)
        ys = (y1 + ay * begin, y1 + ay * finish, y4 + by * begin, y4 + by * finish)
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


_DIGIT = 20
_NARROW, _MIDDLE, _WIDE, _WIDEST = 10, 13, 24, 32
_WIDTHS: dict[str, int] = {
    **dict.fromkeys("ijl.,:;|!'`", _NARROW),
    **dict.fromkeys(' frtI()[]{}/\\-"', _MIDDLE),
    **dict.fromkeys("ABCDEGHKNOPQRSUVXYZ&w+=<>~", _WIDE),
    **dict.fromkeys("mMW%@", _WIDEST),
}
"""Widths that differ from a digit's, in twentieths of it."""
_ASCII_WIDTHS = bytes(_WIDTHS.get(chr(code), _DIGIT) for code in range(256))


def _width(text: str) -> int:
    if text.isascii():
        return sum(text.encode().translate(_ASCII_WIDTHS))
    return sum(map(_character_width, text))


@lru_cache(maxsize=8192)
def _character_width(char: str) -> int:
    if char.isascii():
        return _ASCII_WIDTHS[ord(char)]
    return 36 if east_asian_width(char) in "WF" else 0 if bidirectional(char) == "NSM" else _DIGIT
