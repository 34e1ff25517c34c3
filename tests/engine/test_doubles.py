"""Doubled characters that narrow print has and the recogniser leaves out."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from qwenocr_assets.engine.reading.doubles import may_lack_doubles, stretched, with_doubles
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.weights import Reading, Weights


def reading(text: str, least_score: float = 1.0) -> Reading:
    return Reading(text, least_score, least_score, (), None)  # type: ignore[arg-type]  # nobody asks for its script


@pytest.mark.parametrize(
    ("text", "again", "least_score", "taken", "certain"),
    [
        pytest.param("Overal", "Overall", 0.9, "Overall", 0.9, id="a letter"),
        pytest.param("Misisipi", "Mississippi", 0.9, "Mississippi", 0.9, id="several"),
        pytest.param("100.0", "100.00", 0.9, "100.00", 0.5, id="a digit: right, and to be looked at"),
        pytest.param("Overal", "Overall", 0.6, "Overal", 1.0, id="not sure"),
        pytest.param("Overal", "Over al", 0.9, "Overal", 1.0, id="something else more"),
        pytest.param("Overal", "Overaii", 0.9, "Overal", 1.0, id="something else"),
        pytest.param("Overall", "Overal", 0.9, "Overall", 1.0, id="less"),
        pytest.param("12.50", "72.50", 0.9, "12.50", 1.0, id="another number"),
    ],
)
def test_more_doubles_are_taken(
    text: str, again: str, least_score: float, taken: str, certain: float
) -> None:
    found = with_doubles(reading(text), reading(again, least_score))
    assert (found.text, found.least_score) == (taken, certain)


@given(st.text("abc01", max_size=6), st.text("abc01", max_size=6))
def test_what_is_taken_has_the_same_characters_in_the_same_order(text: str, again: str) -> None:
    found = with_doubles(reading(text), reading(again)).text
    assert found in (text, again)
    assert len(found) >= len(text)
    assert [c for i, c in enumerate(found) if found[i - 1 : i] != c] == [
        c for i, c in enumerate(text) if text[i - 1 : i] != c
    ]


def narrow(text: str, breadth: float) -> Picture:
    """A word in print whose characters are so many line heights broad."""
    page = Image.new("RGB", (1600, 160), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(80)
    draw.text((20, 20), text, fill="black", font=font)
    left, top, right, bottom = map(int, draw.textbbox((20, 20), text, font=font))
    crop = np.asarray(page)[top - 10 : bottom + 10, left - 10 : right + 10]
    size = (round(24 * breadth * len(text)), 24)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights()


@pytest.mark.parametrize("text", ["Overall", "Committee", "Coffee", "100.00"])
def test_narrow_print_has_its_doubles(weights: Weights, text: str) -> None:
    crop = narrow(text, 0.283)
    short, long = weights.recognise([crop, stretched(crop)])
    assert may_lack_doubles(crop, short)
    assert with_doubles(short, long).text == text


@pytest.mark.parametrize(
    ("text", "breadth", "is_looked_at"),
    [
        pytest.param("Overal", 0.28, True, id="narrow"),
        pytest.param("Overall", 0.5, False, id="broad"),
        pytest.param("The overall sum of all", 0.28, False, id="long"),
        pytest.param("", 0.28, False, id="nothing"),
    ],
)
def test_short_lines_of_narrow_print_are_looked_at(text: str, breadth: float, is_looked_at: bool) -> None:
    crop = np.zeros((24, max(round(24 * breadth * len(text)), 1), 3), np.uint8)
    assert may_lack_doubles(crop, reading(text)) == is_looked_at
