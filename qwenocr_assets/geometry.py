"""Where things are on a page image: one upright box and one quad, as values that cannot be wrong.

Lengths are pixels of one image, unless a name says otherwise; x runs to the right and y down from its top left corner.
Both are tuples: they unpack, compare and are stored as their numbers.
"""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any, NamedTuple, Self

Point = tuple[float, float]
"""x, y."""


class _Sides(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


class Box(_Sides):
    """An upright rectangle: left, top, right, bottom. It may have no width or height.

    Raises:
        ValueError: a side is no finite number, or the sides are in the wrong order.
    """

    __slots__ = ()

    def __new__(cls, left: float, top: float, right: float, bottom: float) -> Self:
        if not (-inf < left <= right < inf and -inf < top <= bottom < inf):
            raise ValueError(f"no box: left {left}, top {top}, right {right}, bottom {bottom}")
        return tuple.__new__(cls, (left, top, right, bottom))

    @classmethod
    def _make(cls, iterable: Iterable[Any]) -> Self:  # type: ignore[override]
        """As the constructor: what `_replace` makes is no exception."""
        return cls(*iterable)

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle_x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def middle_y(self) -> float:
        return (self.top + self.bottom) / 2

    def overlap_x(self, other: "Box") -> float:
        """Common width with `other`; negative is the gap between them."""
        return min(self.right, other.right) - max(self.left, other.left)

    def overlap_y(self, other: "Box") -> float:
        """Common height with `other`; negative is the gap between them."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is inside, or on a side."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


class _Corners(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float
    x3: float
    y3: float
    x4: float
    y4: float


class Quad(_Corners):
    """Four corners, clockwise from the top left of the text that is in it: x1, y1 … x4, y4.

    So x1, y1 → x2, y2 is the way the text runs, also on a page that is on its side. It may have no area.

    Raises:
        ValueError: a corner is no finite number.
    """

    __slots__ = ()

    def __new__(
        cls, x1: float, y1: float, x2: float, y2: float, x3: float, y3: float, x4: float, y4: float
    ) -> Self:
        if not -inf < x1 + y1 + x2 + y2 + x3 + y3 + x4 + y4 < inf:
            raise ValueError(f"no quad: {x1}, {y1}, {x2}, {y2}, {x3}, {y3}, {x4}, {y4}")
        return tuple.__new__(cls, (x1, y1, x2, y2, x3, y3, x4, y4))

    @classmethod
    def _make(cls, iterable: Iterable[Any]) -> Self:  # type: ignore[override]
        """As the constructor: what `_replace` makes is no exception."""
        return cls(*iterable)

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """The quad of eight numbers, or of the four of an upright box.

        Raises:
            ValueError: there are neither 4 nor 8, or they make no box or quad.
        """
        if len(numbers) == 4:
            left, top, right, bottom = Box(*numbers)
            return cls(left, top, right, top, right, bottom, left, bottom)
        if len(numbers) != 8:
            raise ValueError(
                f"a box has 4 or 8 numbers, not {len(numbers)}: left, top, right, bottom, or x1, y1 … x4, y4"
            )
        return cls(*numbers)

    @property
    def box(self) -> Box:
        """The smallest box around it."""
        return box_around(self)

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        x1, y1, x2, y2, x3, y3, x4, y4 = self
        return (x1, y1), (x2, y2), (x3, y3), (x4, y4)

    def mapped(self, by: Sequence[float]) -> "Quad":
        """Where an affine map puts it: the six numbers a … f that take x, y to a·x + b·y + c, d·x + e·y + f."""
        a, b, c, d, e, f = by
        return Quad(*(v for x, y in self.corners for v in (a * x + b * y + c, d * x + e * y + f)))

    def within(self, width: float, height: float) -> "Quad":
        """With corners outside an image of this size moved to its edge."""
        x1, y1, x2, y2, x3, y3, x4, y4 = self
        return tuple.__new__(
            Quad,
            (
                float(min(max(x1, 0), width)),
                float(min(max(y1, 0), height)),
                float(min(max(x2, 0), width)),
                float(min(max(y2, 0), height)),
                float(min(max(x3, 0), width)),
                float(min(max(y3, 0), height)),
                float(min(max(x4, 0), width)),
                float(min(max(y4, 0), height)),
            ),
        )


def box_around(quad: Sequence[float]) -> Box:
    """The smallest box around a quad's corners."""
    x1, y1, x2, y2, x3, y3, x4, y4 = quad
    sides = (min(x1, x2, x3, x4), min(y1, y2, y3, y4), max(x1, x2, x3, x4), max(y1, y2, y3, y4))
    return tuple.__new__(Box, sides)  # what is around finite corners is a box


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around others.

    Raises:
        ValueError: there are none.
    """
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))
