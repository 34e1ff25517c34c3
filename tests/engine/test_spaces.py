"""Spaces that are on the paper and that the recogniser left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qwenocr_assets.engine.reading.spaces import Floats, with_seen_spaces

HEIGHT = 48
INK, BETWEEN, SPACE = 20, 4, 20
"""Widths in pixels: of a character, of the gap after it, and of what a space adds to that."""


def drawn(line: str, between: int = BETWEEN) -> tuple[tuple[float, ...], Floats]:
    """Characters as black bars on white paper, and where their middles are along it; spaces are left white."""
    strip = np.ones((3, HEIGHT, 10 + len(line) * (INK + between + SPACE)), np.float32)
    left, middles = 5, []
    for character in line:
        if character == " ":
            left += SPACE
            continue
        strip[:, 8:40, left : left + INK] = -1
        middles.append(left + INK / 2)
        left += INK + between
    strip = strip[:, :, : left + 5]
    return tuple(middle / strip.shape[2] for middle in middles), strip


@pytest.mark.parametrize(
    ("paper", "seen"),
    [
        pytest.param("TEL : 03-3271", "TEL : 03-3271", id="round a colon"),
        pytest.param("Qty: 2", "Qty: 2", id="behind it"),
        pytest.param(": 11649", ": 11649", id="at the beginning"),
        pytest.param('7" brush', '7" brush', id="behind a sign"),
        pytest.param("TOTAL:", "TOTAL:", id="none there"),
        pytest.param("12. 50", "12.50", id="an amount stays whole"),
        pytest.param("1 250", "1250", id="so does a number"),
        pytest.param("09: 21", "09:21", id="and a time"),
        pytest.param("見 積", "見積", id="print that has no spaces"),
        pytest.param("¥148 (税込)", "¥148(税込)", id="nor has what stands in it"),
    ],
)
def test_a_space_on_the_paper_is_in_the_text(paper: str, seen: str) -> None:
    places, strip = drawn(paper)
    text, middles = with_seen_spaces(paper.replace(" ", ""), places, strip)
    assert text == seen
    assert len(middles) == len(text)
    assert list(middles) == sorted(middles)


def test_print_that_is_set_wide_is_not_parted() -> None:
    places, strip = drawn("TOTAL:", between=INK)
    assert with_seen_spaces("TOTAL:", places, strip) == ("TOTAL:", places)


@given(
    st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=20),
    arrays.arrays(np.float32, (3, 12, 90), elements=st.floats(-1, 1, width=32)),
)
def test_nothing_but_spaces_is_added(text: str, strip: Floats) -> None:
    places = tuple((i + 0.5) / len(text) for i in range(len(text)))
    added, middles = with_seen_spaces(text, places, strip)
    assert added.replace(" ", "") == text.replace(" ", "")
    assert len(middles) == len(added)
