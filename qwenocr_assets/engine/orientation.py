"""Which way up a page lies: a quarter turn by the shape of its lines, up or down by reading, then the skew.

There is no model for this: a line of print is much wider than tall, and the recogniser is surer of a line the
right way up than upside down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.geometry import Quads, Turn, side_lengths
from qwenocr_assets.engine.pictures import Picture, cut_out
from qwenocr_assets.engine.weights import Reading

Recognise = Callable[[Sequence[Picture]], list[Reading]]

_ELONGATED = 2.0
"""Longer than this many times its thickness, a box shows the direction of its line."""
_TYPICAL_LENGTH = 10.0
"""Boxes nearest to this many times their thickness are read both ways: enough characters, cheap to read."""
_SAMPLES = 6
_LEAST_SKEW = 0.15
"""Degrees below which a tilt is not told from the rounding of box corners."""
_GREATEST_SKEW = 44.0


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a page lies, and how sure the reading both ways is of it."""

    turn: Turn
    margin: float
    """Mean confidence the chosen way up minus the other way, -1 to 1; 0 when nothing could be read."""


def find_orientation(picture: Picture, quads: Quads, recognise: Recognise) -> Orientation:
    """How the page on `picture` lies, from its text boxes and a reading of six of them both ways up."""
    height, width = picture.shape[:2]
    if not len(quads):
        return Orientation(Turn(width, height), 0.0)
    sideways = _runs_sideways(quads)
    as_is, upside_down = _read_both_ways(picture, quads, sideways, recognise)
    margin = abs(as_is - upside_down)
    # A sideways line is cut out turned a quarter counter-clockwise: reading well so, the page needs that turn.
    rotation = (270 if sideways else 0) if as_is >= upside_down else (90 if sideways else 180)
    quarter = Turn(width, height, rotation)
    return Orientation(Turn(width, height, rotation, _skew(quarter.to_upright(quads))), margin)


def _runs_sideways(quads: Quads) -> bool:
    widths, heights = side_lengths(quads)
    elongated = np.maximum(widths, heights) > _ELONGATED * np.minimum(widths, heights)
    lengths = np.maximum(widths, heights)
    across = lengths[elongated & (widths > heights)].sum()
    down = lengths[elongated & (heights > widths)].sum()
    return bool(down > across)


def _read_both_ways(
    picture: Picture, quads: Quads, sideways: bool, recognise: Recognise
) -> tuple[float, float]:
    widths, heights = side_lengths(quads)
    along = (heights > widths) == sideways
    candidates = quads[along] if along.any() else quads
    widths, heights = side_lengths(candidates)
    ratios = np.maximum(widths, heights) / np.maximum(np.minimum(widths, heights), 1)
    chosen = candidates[np.argsort(np.abs(ratios - _TYPICAL_LENGTH), kind="stable")[:_SAMPLES]]
    crops = [cut_out(picture, corners) for corners in chosen]
    flipped = [np.asarray(cv2.rotate(crop, cv2.ROTATE_180), np.uint8) for crop in crops]
    return _confidence(recognise(crops)), _confidence(recognise(flipped))


def _confidence(readings: Sequence[Reading]) -> float:
    return float(np.mean([r.score for r in readings]))


def _skew(upright: Quads) -> float:
    """Tilt in degrees, clockwise positive, of boxes that a quarter turn has set upright; 0 when not to be told."""
    widths, heights = side_lengths(upright)
    long = widths > 3 * heights
    if not long.any():
        return 0.0
    along = upright[long][:, 1] - upright[long][:, 0] + upright[long][:, 2] - upright[long][:, 3]
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    angle = _weighted_median(angles, widths[long])
    return round(angle, 2) if _LEAST_SKEW <= abs(angle) <= _GREATEST_SKEW else 0.0


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])
