"""Spaces that the recogniser leaves out although the paper shows them, mostly beside a colon: `TEL : 03-3271`."""

from collections.abc import Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.layout import is_wide

Floats = NDArray[np.float32]

_LEAST_GAP = 0.25
"""Blank paper, in heights of the line's picture: narrower gaps stand within words too."""
_LEAST_GAP_OF_LETTERS = 0.35
"""The same between two letters or digits: there the recogniser seldom overlooks a space."""
_TYPICAL_GAPS = 2.5
"""How many times the gap between characters of the line it is at least: print may be set wide."""
_TYPICAL_STEPS = 1.2
"""The same for the way from one character's middle to the next one's: narrow characters stand in wide cells."""
_BODY = (0.12, 0.88)
"""Where between a picture's upper and lower edge the line's ink is looked for: neighbours reach in at both."""
_INK_CONTRAST = 0.35
"""Darker than paper by this part of the line's contrast is ink."""


def with_seen_spaces(text: str, places: tuple[float, ...], strip: Floats) -> tuple[str, tuple[float, ...]]:
    """A line's text and the places of its characters, with a space wherever there clearly is one on the paper.

    `strip` is the line as the recogniser was given it, channels × height × width. Numbers are never parted: a wrong
    space in an amount costs more than a missing one elsewhere.
    """
    height, width = strip.shape[1:]
    pairs = [i for i in range(1, len(text)) if not text[i - 1].isspace() and not text[i].isspace()]
    if not pairs or any(map(is_wide, text)):  # Chinese and Japanese marks bring blank paper of their own
        return text, places
    typical_step = median(places[i] - places[i - 1] for i in pairs)
    wide = [
        i for i in pairs if places[i] - places[i - 1] >= _TYPICAL_STEPS * typical_step and _may_part(text, i)
    ]
    if not wide:
        return text, places
    inked = _inked_columns(strip)
    columns = [int(place * width) for place in places]
    gaps = {i: _widest_gap(inked, columns[i - 1], columns[i]) / height for i in wide}
    wide = [i for i in wide if gaps[i] >= _least_gap(text[i - 1], text[i])]
    if not wide:
        return text, places
    typical_gap = median(_widest_gap(inked, columns[i - 1], columns[i]) / height for i in pairs)
    parted = {i for i in wide if gaps[i] >= _TYPICAL_GAPS * typical_gap}
    characters, middles = [text[0]], [places[0]]
    for i in range(1, len(text)):
        if i in parted:
            characters.append(" ")
            middles.append((places[i - 1] + places[i]) / 2)
        characters.append(text[i])
        middles.append(places[i])
    return "".join(characters), tuple(middles)


def _least_gap(left: str, right: str) -> float:
    return _LEAST_GAP_OF_LETTERS if left.isalnum() and right.isalnum() else _LEAST_GAP


def _may_part(text: str, i: int) -> bool:
    """Whether a space may stand before character `i`: not inside a number or a time."""
    left, right = text[i - 1], text[i]
    if left.isdigit() and right.isdigit():
        return False
    if left.isdigit():  # 12|.50
        return right.isalnum() or not text[i + 1 : i + 2].isdigit()
    if right.isdigit():  # 12.|50
        return left.isalnum() or i < 2 or not text[i - 2].isdigit()
    return True


def _inked_columns(strip: Floats) -> NDArray[np.bool_]:
    grey = strip.mean(axis=0)
    top, bottom = (int(len(grey) * part) for part in _BODY)
    darkest = grey[top:bottom].min(axis=0)
    paper, ink = float(np.median(grey.max(axis=0))), float(np.percentile(darkest, 10))
    return np.asarray(darkest < paper - _INK_CONTRAST * (paper - ink), np.bool_)


def _widest_gap(inked: NDArray[np.bool_], begin: int, end: int) -> int:
    """Columns of the widest run without ink between two columns."""
    between: Sequence[int] = (-1, *np.flatnonzero(inked[begin : end + 1]), end + 1 - begin)
    return int(np.diff(between).max()) - 1
