"""One box and one quad: what they are, and what they cannot be."""

import copy
import pickle
from math import cos, inf, nan, radians, sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.geometry import Box, Quad, around, box_around

numbers = st.floats(-1e6, 1e6)
quads = st.builds(Quad, *[numbers] * 8)


@pytest.mark.parametrize(
    "sides",
    [
        (2, 0, 1, 1),
        (0, 2, 1, 1),
        (nan, 0, 1, 1),
        (0, 0, 1, nan),
        (-inf, 0, 1, 1),
        (0, 0, inf, 1),
    ],
)
def test_what_is_no_box(sides: Any) -> None:
    with pytest.raises(ValueError, match="no box: left"):
        Box(*sides)
    with pytest.raises(ValueError, match="no box: left"):
        Box(0, 0, 1, 1)._replace(**dict(zip(Box._fields, sides, strict=True)))


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("wrong", [nan, inf, -inf])
def test_what_is_no_quad(place: int, wrong: float) -> None:
    corners = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    corners[place] = wrong
    with pytest.raises(ValueError, match="no quad"):
        Quad.of(corners)


@pytest.mark.parametrize("wrong", [[], [1, 2, 3], [1, 2, 3, 4, 5], [3, 0, 1, 1], list(range(9))])
def test_numbers_that_make_no_quad(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="box"):
        Quad.of(wrong)


def test_a_box_as_a_quad_is_clockwise_from_the_top_left() -> None:
    assert Quad.of((1, 2, 3, 4)).corners == ((1, 2), (3, 2), (3, 4), (1, 4))
    assert Quad.of((1, 2, 3, 4)).box == Box(1, 2, 3, 4)


def test_a_box_without_area_is_one() -> None:
    assert Box(1, 2, 1, 2).holds(1, 2)


def test_sizes_and_distances() -> None:
    box, right = Box(0, 0, 10, 4), Box(13, 1, 20, 9)
    assert (box.width, box.height, box.middle_x, box.middle_y) == (10, 4, 5, 2)
    assert box.overlap_x(right) == -3
    assert box.overlap_y(right) == 3
    assert around([box, right]) == (0, 0, 20, 9)


def test_around_nothing() -> None:
    with pytest.raises(ValueError, match="not enough"):
        around([])


@given(quads)
def test_they_are_values(quad: Quad) -> None:
    for value in (quad, quad.box):
        assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == value
        assert type(copy.deepcopy(value)) is type(value)
        assert len({value, copy.copy(value)}) == 1


@given(quads)
def test_the_box_is_the_smallest_around_the_corners(quad: Quad) -> None:
    box = quad.box
    assert all(box.holds(x, y) for x, y in quad.corners)
    assert {box.left, box.right} <= {x for x, _ in quad.corners}
    assert {box.top, box.bottom} <= {y for _, y in quad.corners}
    assert box == Box(*box) == box_around(list(quad))


@given(quads, st.integers(1, 10_000), st.integers(1, 10_000))
def test_within_an_image(quad: Quad, width: int, height: int) -> None:
    inside = quad.within(width, height)
    page = Box(0, 0, width, height)
    assert all(page.holds(x, y) for x, y in inside.corners)
    assert inside.within(width, height) == inside == Quad(*inside)
    if all(page.holds(x, y) for x, y in quad.corners):
        assert inside == quad


@given(quads, st.floats(-180, 180))
def test_a_map_and_its_inverse(quad: Quad, degrees: float) -> None:
    c, s = cos(radians(degrees)), sin(radians(degrees))
    turned = quad.mapped((c, -s, 7, s, c, -3)).mapped((1, 0, -7, 0, 1, 3)).mapped((c, s, 0, -s, c, 0))
    assert turned == pytest.approx(quad, abs=1e-6)
