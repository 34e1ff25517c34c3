"""Lines that run up or down and that the detector breaks into their characters, like a number in a page's margin."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.geometry import Quads
from qwenocr_assets.engine.reading.weights import Reading

_TALL = 1.4
"""A piece of two characters or more that is so many times as high as broad runs up or down: it tells that all do."""
_GREATEST_GAP = 0.6
"""Paper between two pieces of a line, in their breadths."""
_SHARED = 0.6
"""Part of the narrower piece's breadth in which the next one stands too."""
_SURE = 0.9
"""How certain the reading of the whole has to be: that of a column of numbers, turned, is below."""


def broken_uprights(quads: Quads, readings: Sequence[Reading]) -> list[tuple[list[int], NDArray[np.float64]]]:
    """Pieces that stand over each other and may be one line, by index from the top, and the corners of the whole."""
    boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1) if len(quads) else np.zeros((0, 4))
    breadths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    telling = [
        i
        for i in map(int, np.flatnonzero((heights >= _TALL * breadths) & (breadths > 0)))
        if len(readings[i].text) >= 2
    ]
    taken: set[int] = set()
    found = []
    for index in telling:
        if index in taken:
            continue
        above = list(_next_ones(boxes * (1, -1, 1, -1), index, taken))
        pieces = [*reversed(above), index, *_next_ones(boxes, index, taken)]
        if len(pieces) < 2:
            continue
        taken.update(pieces)
        left, top = boxes[pieces, :2].min(axis=0)
        right, bottom = boxes[pieces, 2:].max(axis=0)
        found.append((pieces, np.array([[left, top], [right, top], [right, bottom], [left, bottom]])))
    return found


def is_one_line(pieces: Sequence[Reading], whole: Reading) -> bool:
    """Whether the whole surely reads as one word that is no shorter than there are pieces."""
    return (
        whole.least_score >= _SURE
        and len(whole.text) >= max(len(pieces), *(len(piece.text) for piece in pieces))
        and " " not in whole.text
    )


def _next_ones(boxes: NDArray[np.float64], index: int, taken: set[int]) -> Iterator[int]:
    """Boxes below one, each standing close under the one before. With y turned round, those above."""
    upper, lower = np.minimum(boxes[:, 1], boxes[:, 3]), np.maximum(boxes[:, 1], boxes[:, 3])
    breadths = boxes[:, 2] - boxes[:, 0]
    while True:
        shared = np.minimum(boxes[:, 2], boxes[index, 2]) - np.maximum(boxes[:, 0], boxes[index, 0])
        close = (
            (lower > lower[index])
            & (upper > upper[index])
            & (upper - lower[index] <= _GREATEST_GAP * breadths[index])
            & (shared >= _SHARED * np.minimum(breadths, breadths[index]))
            & (breadths < 2 * breadths[index])
            & (breadths[index] < 2 * breadths)
        )
        near = [int(i) for i in np.flatnonzero(close) if int(i) not in taken]
        if not near:
            return
        index = min(near, key=lambda i: float(upper[i]))
        yield index
