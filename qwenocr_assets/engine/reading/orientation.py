"""Which way up a page lies: a quarter turn by the shape of its lines, up or down by reading, then the skew.

A line of print is much wider than tall; the recogniser is surer of a line the right way up than upside down; and of
a script that it cannot read at all it still makes something else (see `scripts.py`).
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.geometry import Quads, Turn, side_lengths
from qwenocr_assets.engine.reading.pictures import Picture, cut_out
from qwenocr_assets.engine.reading.scripts import script_model
from qwenocr_assets.engine.reading.weights import Reading

Recognise = Callable[[Sequence[Picture]], list[Reading]]

_ELONGATED = 2.0
"""Longer than this many times its thickness, a box shows the direction of its line."""
_TYPICAL_LENGTH = 10.0
"""Boxes nearest to this many times their thickness are read both ways: enough characters, cheap to read."""
_SAMPLES = 6
_READ = 0.7
"""Confidence from which lines count as read: what is read better, stands. Below, in a script that the weights do not
know, the confidence says nothing, and the looks of the lines decide (`ScriptModel.upright`)."""
_CLEARLY_READ = 0.85
"""Confidence that lines upside down do not reach: 0.73 at most on samples and real pages."""
_LEAST_SKEW = 0.15
"""Degrees below which a tilt is not told from the rounding of box corners."""
_GREATEST_SKEW = 44.0


def find_turn(picture: Picture, quads: Quads, recognise: Recognise) -> Turn:
    """How the page on `picture` lies, from its text boxes and a reading of six of them both ways up."""
    height, width = picture.shape[:2]
    if not len(quads):
        return Turn(width, height)
    sideways = _runs_sideways(quads)
    # A sideways line is cut out turned a quarter counter-clockwise: the right way up so, the page needs that turn.
    stands = _stands(picture, quads, sideways, recognise)
    rotation = (270 if sideways else 0) if stands else (90 if sideways else 180)
    return Turn(width, height, rotation, _skew(Turn(width, height, rotation).to_upright(quads)))


def _runs_sideways(quads: Quads) -> bool:
    widths, heights = side_lengths(quads)
    elongated = np.maximum(widths, heights) > _ELONGATED * np.minimum(widths, heights)
    lengths = np.maximum(widths, heights)
    across = lengths[elongated & (widths > heights)].sum()
    down = lengths[elongated & (heights > widths)].sum()
    return bool(down > across)


def _stands(picture: Picture, quads: Quads, sideways: bool, recognise: Recognise) -> bool:
    """Whether the lines, as they are cut out, stand the right way up rather than upside down."""
    widths, heights = side_lengths(quads)
    along = (heights > widths) == sideways
    candidates = quads[along] if along.any() else quads
    widths, heights = side_lengths(candidates)
    ratios = np.maximum(widths, heights) / np.maximum(np.minimum(widths, heights), 1)
    chosen = candidates[np.argsort(np.abs(ratios - _TYPICAL_LENGTH), kind="stable")[:_SAMPLES]]
    crops = [cut_out(picture, corners) for corners in chosen]
    given = recognise(crops)
    sure = _confidence(given)
    if sure >= _CLEARLY_READ:
        return True
    other = recognise([np.asarray(cv2.rotate(crop, cv2.ROTATE_180), np.uint8) for crop in crops])
    sure_turned = _confidence(other)
    if max(sure, sure_turned) >= _READ:
        return sure >= sure_turned
    return _uprightness(given) >= _uprightness(other)


def _confidence(readings: Sequence[Reading]) -> float:
    """Mean confidence of the recogniser, by character."""
    lengths = [max(1, len(reading.text)) for reading in readings]
    return float(np.average([reading.score for reading in readings], weights=lengths))


def _uprightness(readings: Sequence[Reading]) -> float:
    return float(script_model().uprightness([reading.evidence for reading in readings]).sum())


def _skew(upright: Quads) -> float:
    """Tilt in degrees, clockwise positive, of boxes that a quarter turn has set upright; 0 when not to be told."""
    widths, heights = side_lengths(upright)
    long = widths > 3 * heights
    if not long.any():
        return 0.0
    along = upright[long][:, 1] - upright[long][:, 0] + upright[long][:, 2] - upright[long][:, 3]
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    # Boxes around print of two sizes are a little tilted themselves, one way or the other: most must agree.
    low, middle, high = (_weighted_quantile(angles, widths[long], q) for q in (0.25, 0.5, 0.75))
    agree = min(abs(low), abs(high)) >= _LEAST_SKEW and low * high > 0
    return round(middle, 2) if agree and abs(middle) <= _GREATEST_SKEW else 0.0


def _weighted_quantile(values: NDArray[np.float64], weights: NDArray[np.float64], quantile: float) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] * quantile)])
