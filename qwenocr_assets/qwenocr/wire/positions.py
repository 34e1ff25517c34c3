"""Lines with positions that a model wrote into its text, as the OpenAI-compatible dialect gives them.

Newer models write thousandths of the image's sides. Older ones wrote pixels of the image as they had scaled it,
which cannot be told back: where a number is over 1000, lines keep their rectangle as given and get no corners.
"""

import math
from collections.abc import Iterable
from typing import Any

from json_repair import repair_json

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Word

_UNIT = 1000.0
"""Positions run from 0 to this over each side."""


def words_of_text(text: str, image_size: tuple[int, int] | None) -> tuple[Word, ...]:
    """The lines in an answer's text: JSON items with `text` and `rotate_rect`, also fenced, also cut off.

    `image_size` is width and height in pixels of the image that was sent; without it, and for items with an unknown
    unit, `quad` is None. Text that holds no such items gives no lines.
    """
    if "[" not in text or '"text"' not in text:
        return ()
    items = repair_json(text[text.index("[") :], return_objects=True)
    found = [i for i in items if isinstance(i, dict)] if isinstance(items, list) else []
    rectangles = [_rectangle(item.get("rotate_rect")) for item in found]
    scale = image_size if _are_thousandths(rectangles) else None
    return tuple(
        Word(str(item["text"]), _quad(rectangle, scale), rectangle)
        for item, rectangle in zip(found, rectangles, strict=True)
        if item.get("text")
    )


def _quad(rectangle: tuple[float, ...] | None, image_size: tuple[int, int] | None) -> Quad | None:
    try:
        return corners(rectangle, image_size) if rectangle and image_size else None
    except ValueError:  # beyond all numbers
        return None


def corners(rectangle: tuple[float, ...], image_size: tuple[int, int]) -> Quad:
    """The corners of `cx, cy, width, height, angle` in thousandths, in pixels of an image of this size.

    Clockwise from the corner nearest the image's top left, whichever side the angle is measured from: at ±90° what
    is called the height is the text's length. Raises ValueError where they are no finite numbers.
    """
    cx, cy, width, height, angle = rectangle
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = (width / 2 * cos, width / 2 * sin), (-height / 2 * sin, height / 2 * cos)
    x_scale, y_scale = image_size[0] / _UNIT, image_size[1] / _UNIT
    points = [
        ((cx + a * along[0] + b * across[0]) * x_scale, (cy + a * along[1] + b * across[1]) * y_scale)
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    first = min(range(4), key=lambda i: points[i][0] + points[i][1])
    (a, b), (c, d), (e, f), (g, h) = points[first:] + points[:first]
    return Quad(a, b, c, d, e, f, g, h)


def _are_thousandths(rectangles: Iterable[tuple[float, ...] | None]) -> bool:
    return all(max(rectangle[:4]) <= _UNIT for rectangle in rectangles if rectangle)


def _rectangle(value: Any) -> tuple[float, ...] | None:
    numbers = isinstance(value, list) and len(value) == 5 and {int, float}.issuperset(map(type, value))
    if not numbers or not all(map(math.isfinite, value)):
        return None
    return tuple(map(float, value))
