"""Digits that are raised on the paper and that the recogniser writes on the line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qwenocr_assets.engine.reading.raised_digits import Floats, with_raised_digits

HEIGHT = 48
PLAIN, RAISED, LOWERED, LOW, DESCENDING, SPECK, COMMA = (
    (10, 38),
    (7, 25),
    (28, 44),
    (18, 38),
    (18, 46),
    (9, 14),
    (34, 42),
)
"""Where marks begin and end, from above, in pixels of the strip."""


def drawn(marks: list[tuple[int, int] | None]) -> tuple[tuple[float, ...], Floats]:
    """Bars of ink on white paper, and where their middles are along it; None is a space."""
    strip = np.ones((3, HEIGHT, 24 * len(marks) + 8), np.float32)
    for index, mark in enumerate(marks):
        if mark is not None:
            strip[:, mark[0] : mark[1], 24 * index + 8 : 24 * index + 24] = -1
    return tuple((24 * index + 16) / strip.shape[2] for index in range(len(marks))), strip


@pytest.mark.parametrize(
    ("text", "marks", "written"),
    [
        pytest.param("9872", [PLAIN] * 3 + [RAISED], "987²", id="mark-of-a-note"),
        pytest.param("1,2341", [PLAIN, COMMA] + [PLAIN] * 3 + [RAISED], "1,234¹", id="behind-a-comma"),
        pytest.param("1250 EUR", [PLAIN] * 2 + [RAISED] * 2 + [None] + [PLAIN] * 3, "12⁵⁰ EUR", id="cents"),
        pytest.param("103 kg", [PLAIN] * 2 + [RAISED, None, PLAIN, PLAIN], "10³ kg", id="power"),
        pytest.param("1250", [PLAIN] * 4, "1250", id="level"),
        pytest.param("1250", [PLAIN] * 3 + [LOWERED], "1250", id="lowered"),
        pytest.param("250", [PLAIN] * 2 + [SPECK], "250", id="a-speck"),
        pytest.param("92", [DESCENDING, LOW], "92", id="digits-of-several-heights"),
        pytest.param("92", [DESCENDING, (12, 32)], "9²", id="raised-among-them"),
        pytest.param("1250", [PLAIN] + [RAISED] * 3, "1250", id="more-than-a-mark"),
        pytest.param("987", [PLAIN] * 3 + [RAISED], "987", id="not-what-is-drawn"),
        pytest.param("103", [(0, 38), PLAIN, (0, 18)], "103", id="ink-of-the-line-above"),
        pytest.param("ab", [PLAIN, RAISED], "ab", id="no-number"),
    ],
)
def test_what_is_raised_is_no_digit_of_the_number(text, marks, written):
    assert with_raised_digits(text, *drawn(marks)) == written


@given(
    text=st.text("0123456789,. %a", max_size=12),
    strip=arrays.arrays(np.float32, (3, HEIGHT, 80), elements=st.sampled_from([-1.0, 1.0])),
)
def test_the_text_is_as_long_as_before(text, strip):
    places = tuple((index + 0.5) / len(text) for index in range(len(text)))
    assert len(with_raised_digits(text, places, strip)) == len(text)
