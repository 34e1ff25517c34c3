"""Many quads at once, and turns: where text stands on a page image, as given and upright."""

from dataclasses import dataclass
from math import ceil, cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.geometry import Box, Quad

Quads = NDArray[np.float64]
"""n × 4 × 2: corners x, y in pixels, clockwise from the top left of the text, y down."""


def box_of(line: Line) -> Box:
    """The upright rectangle around a line."""
    return line.box


def quad_of(corners: NDArray[np.float64]) -> Quad:
    """Four corners (4 × 2) as the value that a `Line` carries."""
    return Quad(*(round(float(v), 1) for v in corners.reshape(8)))


def side_lengths(quads: Quads) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Widths (top side) and heights (left side) of quads in pixels."""
    return (
        np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1),
        np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1),
    )


def from_top_left(quads: Quads) -> Quads:
    """The same quads, the corners of each beginning where its top side begins: the side that points most rightwards."""
    sides = np.roll(quads, -1, axis=1) - quads
    rightwards = sides[..., 0] / np.maximum(np.linalg.norm(sides, axis=2), 1e-9)
    first = rightwards.argmax(axis=1)
    return np.take_along_axis(quads, ((first[:, None] + np.arange(4)) % 4)[..., None], axis=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """From an image as given to the same page upright: first a clockwise `rotation`, then the skew taken out.

    `width` and `height` are those of the given image; the upright page is large enough to lose no corner.
    """

    width: int
    height: int
    rotation: int = 0
    skew: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright page in pixels."""
        width, height = self.quarter_size
        s, c = abs(sin(radians(self.skew))), cos(radians(self.skew))
        return ceil(width * c + height * s - 1e-6), ceil(width * s + height * c - 1e-6)

    @property
    def quarter_size(self) -> tuple[int, int]:
        """Width and height in pixels after the rotation alone."""
        return (self.height, self.width) if self.rotation in (90, 270) else (self.width, self.height)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """3 × 3: given pixel → upright pixel."""
        w, h = self.width - 1, self.height - 1
        quarter = {
            0: [[1, 0, 0], [0, 1, 0]],
            90: [[0, -1, h], [1, 0, 0]],
            180: [[-1, 0, w], [0, -1, h]],
            270: [[0, 1, 0], [-1, 0, w]],
        }[self.rotation]
        (before_w, before_h), (after_w, after_h) = self.quarter_size, self.size
        s, c = sin(radians(-self.skew)), cos(radians(self.skew))
        x, y = (before_w - 1) / 2, (before_h - 1) / 2
        level = np.array(
            [
                [c, -s, (after_w - 1) / 2 - c * x + s * y],
                [s, c, (after_h - 1) / 2 - s * x - c * y],
                [0, 0, 1],
            ]
        )
        product: NDArray[np.float64] = level @ np.array([*quarter, [0, 0, 1]], np.float64)
        return product

    def to_upright(self, quads: Quads) -> Quads:
        """Quads of the given image, in upright pixels; corners start at the upright top left."""
        return np.roll(_apply(self.matrix, quads), self.rotation // 90, axis=1)

    def to_given(self, quads: Quads) -> Quads:
        """Upright quads in pixels of the given image; corners keep their meaning for the text."""
        inverse: NDArray[np.float64] = np.linalg.inv(self.matrix).astype(np.float64)
        return _apply(inverse, quads)


def _apply(matrix: NDArray[np.float64], quads: Quads) -> Quads:
    moved: Quads = quads @ matrix[:2, :2].T + matrix[:2, 2]
    return moved
