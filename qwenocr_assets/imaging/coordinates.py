"""Where a page image's pixels lie in the original: affine maps, as six numbers.

(a, b, c, d, e, f) maps (x, y) to (a·x + b·y + c, d·x + e·y + f). The column `to_original` of `pages` is such a map:
from page pixels to pixels of the picture as its file stores it, or to points (1/72 inch) of a PDF page as it is shown,
from its top left corner.
"""

from collections.abc import Sequence

from qwenocr_assets.geometry import Point

Affine = tuple[float, float, float, float, float, float]

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def then(first: Affine, second: Affine) -> Affine:
    """The map that does `first`, then `second`."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (p * a + q * d, p * b + q * e, p * c + q * f + r, s * a + t * d, s * b + t * e, s * c + t * f + u)


def scaling(x: float, y: float) -> Affine:
    """The map that multiplies coordinates."""
    return (x, 0.0, 0.0, 0.0, y, 0.0)


def moving(x: float, y: float) -> Affine:
    """The map that adds to coordinates."""
    return (1.0, 0.0, x, 0.0, 1.0, y)


def unturning(orientation: int, width: int, height: int) -> Affine:
    """From a picture turned upright to the one of `width` × `height` stored with this EXIF orientation."""
    return {
        2: (-1.0, 0.0, float(width), 0.0, 1.0, 0.0),
        3: (-1.0, 0.0, float(width), 0.0, -1.0, float(height)),
        4: (1.0, 0.0, 0.0, 0.0, -1.0, float(height)),
        5: (0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
        6: (0.0, 1.0, 0.0, -1.0, 0.0, float(height)),
        7: (0.0, -1.0, float(width), -1.0, 0.0, float(height)),
        8: (0.0, -1.0, float(width), 1.0, 0.0, 0.0),
    }.get(orientation, IDENTITY)


def original_point(to_original: Sequence[float], x: float, y: float) -> Point:
    """A point of a page image in the original; `to_original` is the column of that name."""
    a, b, c, d, e, f = to_original
    return a * x + b * y + c, d * x + e * y + f
