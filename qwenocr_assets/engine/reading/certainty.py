"""How certain a reading is at its least certain place: a character that may be another one, or one that is left out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.reading.networks import Floats

_NOTHING = 0
"""The class that stands for "no character"."""
_DOUBTFUL = 0.95
"""Where "no character" is less probable than this, it is looked which one there may be."""


def least_certain(posteriors: Floats, classes: NDArray[np.intp], characters: Sequence[str]) -> float:
    """The probability of the least sure character, times that of nothing being left out; 0 to 1.

    `posteriors` are steps × classes, `classes` the most probable one of each step. A character counts at the step where
    it is surest: where it begins it shares its probability with what was before. Spaces do not count.
    """
    if not len(classes):
        return 0.0
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    surest = np.maximum.reduceat(posteriors[np.arange(len(classes)), classes], starts)
    written = [
        probability
        for probability, of in zip(surest, classes[starts], strict=True)
        if of != _NOTHING and not characters[of].isspace()
    ]
    if not written:
        return 0.0
    return float(min(written) * (1 - _left_out(posteriors, classes, characters)))


def _left_out(posteriors: Floats, classes: NDArray[np.intp], characters: Sequence[str]) -> float:
    """The probability of the likeliest character where none is read, other than those beside it."""
    most = 0.0
    steps = np.flatnonzero((classes == _NOTHING) & (posteriors[:, _NOTHING] < _DOUBTFUL))
    written = np.flatnonzero(classes != _NOTHING)
    for step in steps:
        seen = posteriors[step].copy()
        at = int(np.searchsorted(written, step))
        seen[[_NOTHING, *classes[written[max(at - 1, 0) : at + 1]]]] = 0
        likeliest = int(seen.argmax())
        if not characters[likeliest].isspace():
            most = max(most, float(seen[likeliest]))
    return most
