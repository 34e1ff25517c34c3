"""Digits that stand raised on the paper and that the recogniser writes as if they were of the number before them.

`987²` with the mark of a footnote is not 9872, and a price with raised cents, 12⁵⁰, is not 1250.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.raised import raised

Floats = NDArray[np.float32]

_WORD = re.compile(r"\S+")
_NUMBER = re.compile("[0-9]{2,}")
_MOST_RAISED = 2
"""Digits of a footnote's mark, a power or cents."""
_HEIGHTS = (0.3, 0.8)
"""Of a raised digit, in heights of the one before it; what is lower is a speck."""
_FEET_ABOVE = 0.25
_HEADS_BELOW = 0.15
"""In heights of the digit before it: how far its foot is above that one's foot at least, and how far its head may be
below that one's head."""
_HEADS_ABOVE = 0.06
"""The same, where fonts with digits of several heights draw it so without raising it: `92` in Georgia."""
_DESCEND, _LOW = frozenset("34579"), frozenset("012")
"""In such fonts the digits that hang below the line, and those that are as low as an x."""
_LEAST_HEIGHT = 12
"""Pixels of a digit on the recogniser's strip, which has 48."""
_INK_CONTRAST = 0.4
"""Darker than paper by this part of the line's contrast is ink."""


class _Rows(NamedTuple):
    head: int
    foot: int

    @property
    def height(self) -> int:
        return self.foot - self.head


def with_raised_digits(text: str, places: tuple[float, ...], strip: Floats) -> str:
    """A line's text, of the same length, with ¹²³ for the digits at the end of a number that are small and raised.

    `places` are the middles of the characters along `strip`, 0 to 1; `strip` is the line as the recogniser was given
    it, channels × height × width. Only words count whose characters stand apart on the paper.
    """
    if not _NUMBER.search(text):
        return text
    inked = _ink(strip)
    characters = list(text)
    for word in _WORD.finditer(text):
        numbers = list(_NUMBER.finditer(text, *word.span()))
        if not numbers:
            continue
        begin, end = (
            round(places[at] * inked.shape[1]) if 0 <= at < len(text) else edge
            for at, edge in ((word.start() - 1, 0), (word.end(), inked.shape[1]))
        )
        marks = _marks(inked[:, begin:end])
        reaches_in = any(mark.head == 0 or mark.foot == len(inked) for mark in marks)  # ink of other lines
        if len(marks) != len(word[0]) or reaches_in:
            continue
        for number in numbers:
            rows = marks[number.start() - word.start() : number.end() - word.start()]
            for index in range(number.end() - _raised_at_end(number[0], rows), number.end()):
                characters[index] = raised(characters[index])
    return "".join(characters)


def _raised_at_end(digits: str, rows: Sequence[_Rows]) -> int:
    """How many digits at the end of a number are raised."""
    for count in range(min(_MOST_RAISED, len(digits) - 1), 0, -1):
        base = rows[-count - 1]
        if base.height < _LEAST_HEIGHT:
            continue
        may_be_low = set(digits[:-count]) <= _DESCEND
        if all(
            _is_raised(base, place, may_be_low and digit in _LOW)
            for digit, place in zip(digits[-count:], rows[-count:], strict=True)
        ):
            return count
    return 0


def _is_raised(base: _Rows, place: _Rows, may_be_low: bool) -> bool:
    least, most = (share * base.height for share in _HEIGHTS)
    above = base.head - place.head
    return (
        least <= place.height <= most
        and base.foot - place.foot >= _FEET_ABOVE * base.height
        and above >= (_HEADS_ABOVE if may_be_low else -_HEADS_BELOW) * base.height
    )


def _marks(inked: NDArray[np.bool_]) -> list[_Rows]:
    """From head to foot of each piece of ink, from left to right; a column without ink parts them."""
    columns = np.concatenate([[False], inked.any(axis=0), [False]])
    edges = np.flatnonzero(columns[1:] != columns[:-1])
    rows = [np.flatnonzero(inked[:, begin:end].any(axis=1)) for begin, end in edges.reshape(-1, 2)]
    return [_Rows(int(found[0]), int(found[-1]) + 1) for found in rows]


def _ink(strip: Floats) -> NDArray[np.bool_]:
    grey = strip.mean(axis=0)
    paper, ink = float(np.median(grey)), float(np.percentile(grey, 2))
    return np.asarray(grey < paper - _INK_CONTRAST * (paper - ink), np.bool_)
