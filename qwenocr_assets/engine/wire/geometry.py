"""Where a line stands, in the two forms of advanced_recognition (product guide, section Advanced recognition)."""

import math

from qwenocr_assets.geometry import Quad

NORMALISED = 1000
"""Newer models write positions in their text as parts of a thousand of the image's width and height."""


def location(quad: Quad, width: int, height: int) -> list[int]:
    """The corners as eight whole pixels inside a `width` × `height` image, top left first, clockwise."""
    limits = (width - 1, height - 1)
    return [min(max(round(value), 0), limits[i % 2]) for i, value in enumerate(quad)]


def rotate_rect(quad: Quad) -> list[int]:
    """The corners as [cx, cy, width, height, angle], in whole pixels and degrees of (0, 90].

    The corners are c ± width/2 · (cos a, sin a) ± height/2 · (−sin a, cos a). As with the service, width is not
    the length of the text: a horizontal line is [cx, cy, line height, text length, 90]. For corners that are not
    quite a rectangle the sides are means of opposite sides.
    """
    x1, y1, x2, y2, x3, y3, x4, y4 = quad
    along = ((x2 + x3 - x1 - x4) / 2, (y2 + y3 - y1 - y4) / 2)
    across = ((x3 + x4 - x1 - x2) / 2, (y3 + y4 - y1 - y2) / 2)
    if along == (0.0, 0.0):
        along = (across[1], -across[0])
    length, thickness = math.hypot(*along), math.hypot(*across)
    degrees = round(math.degrees(math.atan2(along[1], along[0])))
    quarter_turns, angle = divmod(degrees - 1, 90)
    sides = (length, thickness) if quarter_turns % 2 == 0 else (thickness, length)
    centre = ((x1 + x2 + x3 + x4) / 4, (y1 + y2 + y3 + y4) / 4)
    return [round(value) for value in (*centre, *sides)] + [angle + 1]


def normalised(quad: Quad, width: int, height: int) -> Quad:
    """The quad in parts of a thousand of the image, as if the image were 1000 × 1000 pixels."""
    return quad.mapped((NORMALISED / width, 0, 0, 0, NORMALISED / height, 0))
