"""Ends of lines that the detector leaves out: a colon that stands apart, a quantity, a faint last letter."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.geometry import Quads, side_lengths
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.weights import Reading

_REACH = 1.6
"""How far beyond its ends a line's marks are looked for, in its heights."""
_GREATEST_GAP = 1.0
"""Blank paper, in heights, behind which nothing belongs to the line."""
_BLANK = 0.12
"""Blank paper, in heights, that ends a mark."""
_MARGIN = 0.05
"""Paper, in heights, that is kept behind the last mark."""
_BODY = (0.12, 0.88)
"""Where between its upper and lower edge a line's ink is: neighbours reach in at both."""
_BESIDE = 0.2
"""Lines that share this part of a line's height stand beside it."""
_INK_CONTRAST = 0.35
"""Darker than paper by this part of the line's contrast is ink."""
_LEAST_CONTRAST = 40
"""Ink and paper of a line differ by this much at least, of 255."""
_LEAST_INK = 0.003
"""Ink of a mark in squares of the line's height: the two dots of a colon have 0.005."""
_SURE = 0.7
"""How certain a reading has to be that has more than the one before."""


def lengthened(picture: Picture, quads: Quads, crops: Sequence[Picture]) -> dict[int, NDArray[np.float64]]:
    """By index, the corners of lines beyond whose end a mark stands that no other line has, with the mark.

    `picture` is an upright page, `crops` what is inside the quads. A mark that does not end, like a rule or the edge
    of a picture, is none.
    """
    if not len(quads):
        return {}
    lengths, heights = side_lengths(quads)
    boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)
    longer = {}
    for index in map(int, np.flatnonzero((lengths >= heights) & (heights >= 4))):
        darkest = _darkest_paper(crops[index])
        if darkest is None:
            continue
        height = float(heights[index])
        free = _free(boxes, index, height)
        before, behind = (
            _marks(picture, quads[index], height, darkest, room, at) for at, room in enumerate(free)
        )
        if before or behind:
            along = (quads[index, 1] - quads[index, 0]) / lengths[index]
            longer[index] = quads[index] + np.outer((-before, behind, behind, -before), along)
    return longer


def goes_on(short: Reading, long: Reading) -> bool:
    """Whether the reading of a longer box has the text of the shorter one, and surely more."""
    less, more = ("".join(reading.text.split()) for reading in (short, long))
    return less != more and (more.startswith(less) or more.endswith(less)) and long.least_score >= _SURE


def _darkest_paper(crop: Picture) -> float | None:
    """What is darker than this is ink; None where a line is no dark print on paper."""
    grey = crop[..., 1]
    paper, ink = float(np.median(grey)), float(np.percentile(grey.min(axis=0), 10))
    return paper - _INK_CONTRAST * (paper - ink) if paper - ink >= _LEAST_CONTRAST else None


def _free(boxes: NDArray[np.float64], index: int, height: float) -> tuple[float, float]:
    """Pixels to the left and right of a line in which no other one stands, at most as far as is looked."""
    left, top, right, bottom = boxes[index]
    beside = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top) > _BESIDE * height
    beside[index] = False
    others = boxes[beside]
    before = others[:, 0] + others[:, 2] < left + right
    reach = _REACH * height
    return (
        float((left - others[before, 2]).min(initial=reach)),
        float((others[~before, 0] - right).min(initial=reach)),
    )


def _marks(
    picture: Picture, corners: NDArray[np.float64], height: float, darkest: float, room: float, at: int
) -> float:
    """How many pixels beyond an end (0 the left one, 1 the right one) a line's marks reach; 0 when it has none."""
    if room < 2:
        return 0.0
    upper, lower = (corners[1], corners[2]) if at else (corners[0], corners[3])
    top, bottom = max(round(upper[1]), 0), round(lower[1])
    end = (upper[0] + lower[0]) / 2
    begin, stop = (round(end), round(end + room)) if at else (round(end - room), round(end))
    inked = np.asarray(picture[top:bottom, max(begin, 0) : max(stop, 0), 1] < darkest, np.bool_)
    return _reached(inked if at else inked[:, ::-1], height)


def _reached(inked: NDArray[np.bool_], height: float) -> float:
    """How far marks reach in the paper beyond an end, which is at the left of it."""
    rows, width = inked.shape
    if rows < 4:
        return 0.0
    body = inked[int(rows * _BODY[0]) : int(rows * _BODY[1])]
    columns = np.asarray(body.any(axis=0), np.bool_)
    blank = max(round(_BLANK * height), 1)
    reached = 0
    while len(inks := np.flatnonzero(columns[reached:])) and inks[0] <= _GREATEST_GAP * height:
        begin = reached + int(inks[0])
        end = begin + 1
        while columns[end : end + blank].any():
            end += 1
        crosses = bool(inked[0, begin:end].any() and inked[-1, begin:end].any())
        if end + blank > width or crosses or body[:, begin:end].sum() < _LEAST_INK * height * height:
            break
        reached = end
    return min(reached + _MARGIN * height, float(width)) if reached else 0.0
