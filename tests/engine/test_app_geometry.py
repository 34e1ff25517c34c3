"""Positions: from corners to `location` and `rotate_rect`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.engine.wire.geometry import location, normalised, rotate_rect
from qwenocr_assets.geometry import Quad


@pytest.mark.parametrize(
    ("quad", "rectangle"),
    [
        pytest.param((100, 50, 300, 50, 300, 90, 100, 90), [200, 70, 40, 200, 90], id="horizontal"),
        pytest.param((300, 90, 100, 90, 100, 50, 300, 50), [200, 70, 40, 200, 90], id="upside down"),
        pytest.param((90, 100, 90, 300, 50, 300, 50, 100), [70, 200, 200, 40, 90], id="reads downwards"),
        pytest.param((50, 300, 50, 100, 90, 100, 90, 300), [70, 200, 200, 40, 90], id="reads upwards"),
        pytest.param((0, 0, 100, 100, 86, 114, -14, 14), [43, 57, 141, 20, 45], id="45 degrees clockwise"),
        pytest.param(
            (0, 100, 100, 0, 114, 14, 14, 114), [57, 57, 20, 141, 45], id="45 degrees the other way"
        ),
        pytest.param((7, 7, 7, 7, 7, 7, 7, 7), [7, 7, 0, 0, 90], id="a point"),
    ],
)
def test_rotate_rect(quad: Quad, rectangle: list[int]) -> None:
    assert rotate_rect(quad) == rectangle


def _corners(cx: float, cy: float, width: float, height: float, degrees: float) -> list[tuple[float, float]]:
    """As the service defines them: c ± w/2 · (cos a, sin a) ± h/2 · (−sin a, cos a)."""
    a = math.radians(degrees)
    along = (width / 2 * math.cos(a), width / 2 * math.sin(a))
    across = (-height / 2 * math.sin(a), height / 2 * math.cos(a))
    return [
        (cx + i * along[0] + j * across[0], cy + i * along[1] + j * across[1])
        for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


@given(
    centre=st.tuples(st.floats(200, 2000), st.floats(200, 2000)),
    length=st.floats(20, 400),
    thickness=st.floats(8, 60),
    degrees=st.floats(-180, 180),
)
def test_rotate_rect_gives_the_corners_back(
    centre: tuple[float, float], length: float, thickness: float, degrees: float
) -> None:
    corners = _corners(*centre, length, thickness, degrees)
    flat = [value for corner in corners for value in corner]
    quad: Quad = (flat[0], flat[1], flat[2], flat[3], flat[4], flat[5], flat[6], flat[7])

    cx, cy, width, height, angle = rotate_rect(quad)

    assert 0 < angle <= 90
    # Half a degree of rounding moves a far corner by sin(0.5°) of half the length; pixels round by one or less.
    tolerance = 1.5 + math.radians(0.5) * length / 2
    rebuilt = _corners(cx, cy, width, height, angle)
    for corner in corners:
        assert min(math.dist(corner, other) for other in rebuilt) <= tolerance


@pytest.mark.parametrize(
    ("quad", "corners"),
    [
        pytest.param(
            (10.4, 20.6, 99.5, 20, 99, 49.2, 10, 50), [10, 21, 99, 20, 99, 49, 10, 50], id="rounded"
        ),
        pytest.param(
            (-30, -2, 120, 5, 120, 90, -3, 90), [0, 0, 99, 5, 99, 79, 0, 79], id="kept inside the image"
        ),
    ],
)
def test_location(quad: Quad, corners: list[int]) -> None:
    assert location(quad, width=100, height=80) == corners


def test_normalised_is_thousandths_of_each_side() -> None:
    whole = normalised(Quad.of((0, 0, 640, 480)), 640, 480)
    assert whole == pytest.approx((0, 0, 1000, 0, 1000, 1000, 0, 1000))
