"""Places as models write them, in any of their forms, as numbers; and numbers as corners in pixels.

A place came as five numbers (centre, size, angle), as four, as eight, as points, as an object with named sides, and as
a text with the numbers in it (`<498><123>…`). Which unit they are in, pixels or thousandths of the page's sides, is
documented for no new model, so it is decided by what can be true of this page.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import BoxDoubt

THOUSAND = 1000.0
"""Thousandths run from 0 to this over each side."""

_OUTSIDE = 0.05
"""Share of a side by which a place may reach over the page: the service's own corners do."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ONLY_NUMBERS = re.compile(r"[\s\d.,;，；、()\[\]{}<>（）|xXyY=:\-]*")


class Rectangle(NamedTuple):
    """A place as numbers in an unknown unit."""

    numbers: tuple[float, ...]
    """As given: 4, 5 or 8."""
    is_centred: bool | None
    """Whether they are centre and size; False for corners, None for four numbers that may be either."""

    def outline(self, *, is_centred: bool) -> tuple[float, ...]:
        """Eight numbers, the corners, read in this way where it is open."""
        if len(self.numbers) == 8:
            return self.numbers
        if self.is_centred is None and not is_centred:
            left, top, right, bottom = self.numbers
            return (left, top, right, top, right, bottom, left, bottom)
        cx, cy, width, height, angle = (*self.numbers, 0.0)[:5]
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        ax, ay, bx, by = width / 2 * cos, width / 2 * sin, -height / 2 * sin, height / 2 * cos
        return tuple(
            v
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            for v in (cx + a * ax + b * bx, cy + a * ay + b * by)
        )


class Placed(NamedTuple):
    """Where a place is on the page."""

    quad: Quad | None
    doubt: BoxDoubt | None


def rectangle(value: Any, *, is_centred: bool | None = None) -> Rectangle | None:
    """A place in whatever form it came; None for what is none.

    `is_centred` says how four bare numbers are meant, where the name beside them tells.
    """
    match value:
        case str() if len(value) < 400 and _ONLY_NUMBERS.fullmatch(value):
            numbers = tuple(map(float, _NUMBER.findall(value)))
            return _of_numbers(numbers, is_centred)
        case [[*inner]] if len(inner) > 1:  # a list around the one place
            return rectangle(inner, is_centred=is_centred)
        case [*points] if len(points) in (2, 4) and all(map(_is_point, points)):
            return _of_numbers(tuple(v for point in points for v in _coordinates(point)), False)
        case [*numbers]:
            return _of_numbers(tuple(_float(v) for v in numbers), is_centred)
        case dict():
            return _of_sides({str(k).casefold(): _float(v) for k, v in value.items()})
    return None


def placed(
    rectangles: Sequence[Rectangle | None],
    size: tuple[int, int] | None,
    *,
    prefers_centre: bool = True,
    is_written: bool = False,
) -> list[Placed]:
    """Where these places of one answer are on an image of `size`, width and height in pixels.

    Their unit and form are one for all of them. Numbers over 1000 are no thousandths, and what lies outside the image
    is not in its pixels; where both may be, it is the unit in which they reach further over the page, for answers are
    whole pages more often than corners of one. Without a size only numbers over 1000 have a box. In a text that the
    model wrote itself (`is_written`) they are thousandths or nothing: pixels there are of a picture that it had scaled.
    """
    found = [r for r in rectangles if r is not None]
    is_open = any(r.is_centred is None for r in found)
    forms = (prefers_centre, not prefers_centre) if is_open else (True,)
    readings = [reading for form in forms if (reading := _reading(found, form, size, is_written))]
    if not readings:
        return [Placed(None, BoxDoubt.UNIT_UNKNOWN if r else None) for r in rectangles]
    form, scale, doubt = readings[0]
    if len(readings) > 1:
        doubt = BoxDoubt.FORM_ASSUMED
    return [Placed(None, None) if r is None else Placed(_quad(r, form, scale), doubt) for r in rectangles]


def corners(outline: Sequence[float], scale: tuple[float, float]) -> Quad:
    """Eight numbers as a quad in pixels: clockwise, from the corner nearest the top left.

    Whichever side the angle was measured from: at ±90° what is called the height is the text's length. Raises
    ValueError where they are no finite numbers.
    """
    points = [(outline[i] * scale[0], outline[i + 1] * scale[1]) for i in range(0, 8, 2)]
    area = sum(
        points[i][0] * points[(i + 1) % 4][1] - points[(i + 1) % 4][0] * points[i][1] for i in range(4)
    )
    if area < 0:
        points.reverse()
    first = min(range(4), key=lambda i: points[i][0] + points[i][1])
    (a, b), (c, d), (e, f), (g, h) = points[first:] + points[:first]
    return Quad(a, b, c, d, e, f, g, h)


def _quad(place: Rectangle, is_centred: bool, scale: tuple[float, float]) -> Quad | None:
    try:
        return corners(place.outline(is_centred=is_centred), scale)
    except ValueError:  # beyond all numbers
        return None


def _reading(
    found: Sequence[Rectangle], is_centred: bool, size: tuple[int, int] | None, is_written: bool
) -> tuple[bool, tuple[float, float], BoxDoubt | None] | None:
    """The scale to pixels under one way to read four numbers; None where no unit is possible."""
    if not found or any(r.is_centred is None and not _is_ordered(r, is_centred) for r in found):
        return None
    outlines = [r.outline(is_centred=is_centred) for r in found]
    middles = [(sum(o[0::2]) / 4, sum(o[1::2]) / 4) for o in outlines]
    if not all(math.isfinite(v) for middle in middles for v in middle):
        return None
    is_thousandths = not any(n > THOUSAND for r in found for n in r.numbers[:4]) and _are_within(
        outlines, middles, (THOUSAND, THOUSAND)
    )
    if size is None:
        return None if is_thousandths or is_written else (is_centred, (1.0, 1.0), BoxDoubt.FROM_RECTANGLE)
    thousandths = (size[0] / THOUSAND, size[1] / THOUSAND)
    if is_written:
        return (is_centred, thousandths, None) if is_thousandths else None
    is_pixels = _are_within(outlines, middles, size)
    if is_thousandths and is_pixels:
        scale = thousandths if max(size) > THOUSAND else (1.0, 1.0)
        return is_centred, scale, BoxDoubt.UNIT_ASSUMED
    if is_thousandths or is_pixels:
        return is_centred, thousandths if is_thousandths else (1.0, 1.0), BoxDoubt.FROM_RECTANGLE
    return None


def _is_ordered(place: Rectangle, is_centred: bool) -> bool:
    a, b, c, d = place.numbers
    return (c > 0 and d > 0) if is_centred else (c > a and d > b)


def _are_within(
    outlines: Iterable[Sequence[float]], middles: Iterable[tuple[float, float]], size: tuple[float, float]
) -> bool:
    """Whether places may be of a page of this size: middles on it, corners hardly outside."""
    width, height = size
    slack_x, slack_y = width * _OUTSIDE, height * _OUTSIDE
    return all(0 <= x <= width and 0 <= y <= height for x, y in middles) and all(
        -4 * slack_x <= x <= width + 4 * slack_x and -4 * slack_y <= y <= height + 4 * slack_y
        for outline in outlines
        for x, y in zip(outline[0::2], outline[1::2], strict=True)
    )


def _of_numbers(numbers: tuple[float, ...], is_centred: bool | None) -> Rectangle | None:
    if not all(map(math.isfinite, numbers)):
        return None
    match len(numbers):
        case 4:
            if is_centred is False and not (numbers[2] >= numbers[0] and numbers[3] >= numbers[1]):
                return None
            if is_centred is False:
                left, top, right, bottom = numbers
                numbers = (left, top, right, top, right, bottom, left, bottom)
            return Rectangle(numbers, is_centred)
        case 5:
            return Rectangle(numbers, True)
        case 8:
            return Rectangle(numbers, False)
    return None


def _of_sides(sides: dict[str, float]) -> Rectangle | None:
    """An object with named sides: corners, or a corner and a size, or a centre and a size."""
    for names in (
        ("left", "top", "right", "bottom"),
        ("x1", "y1", "x2", "y2"),
        ("xmin", "ymin", "xmax", "ymax"),
    ):
        if all(name in sides for name in names) and "x3" not in sides:
            return _of_numbers(tuple(sides[name] for name in names), False)
    size = next(
        ((sides[w], sides[h]) for w, h in (("width", "height"), ("w", "h")) if w in sides and h in sides),
        None,
    )
    if size is None:
        eight = [f"{axis}{n}" for n in "1234" for axis in "xy"]
        return (
            _of_numbers(tuple(sides[name] for name in eight), False)
            if all(n in sides for n in eight)
            else None
        )
    if "cx" in sides and "cy" in sides:
        return _of_numbers((sides["cx"], sides["cy"], *size, sides.get("angle", 0.0)), True)
    for x, y in (("x", "y"), ("left", "top")):
        if x in sides and y in sides:
            return _of_numbers((sides[x], sides[y], sides[x] + size[0], sides[y] + size[1]), False)
    return None


def _is_point(value: Any) -> bool:
    return len(_coordinates(value)) == 2


def _coordinates(value: Any) -> tuple[float, ...]:
    if isinstance(value, dict):
        named = {str(k).casefold(): v for k, v in value.items()}
        value = [named["x"], named["y"]] if named.keys() >= {"x", "y"} else []
    if not isinstance(value, list):
        return ()
    numbers = tuple(map(_float, value))
    return numbers if all(map(math.isfinite, numbers)) else ()


def _float(value: Any) -> float:
    """A number, also one that came as a text; infinite for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return math.inf
