"""Image tokens against the guide's rule, computed beforehand for ordinary, tiny, huge and narrow images."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.tokens import MAX_PIXELS, MIN_PIXELS, image_tokens, smart_resize

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("smart_resize_vectors.json").read_text("utf-8")
)


def _id(vector: dict[str, Any]) -> str:
    return f"{vector['width']}x{vector['height']}-{vector['factor']}-{vector['max_pixels']}"


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["in_range"]], ids=_id)
def test_smart_resize_equals_the_guides_rule(vector: dict[str, Any]) -> None:
    limits = {"min_pixels": vector["min_pixels"], "max_pixels": vector["max_pixels"]}

    scaled = smart_resize(vector["height"], vector["width"], factor=vector["factor"], **limits)
    tokens = image_tokens(vector["width"], vector["height"], token_pixels=vector["factor"] ** 2, **limits)

    assert scaled == (vector["h_bar"], vector["w_bar"])
    assert tokens == vector["tokens"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if not v["in_range"]], ids=_id)
def test_a_side_never_vanishes(vector: dict[str, Any]) -> None:
    height, width = smart_resize(
        vector["height"],
        vector["width"],
        min_pixels=vector["min_pixels"],
        max_pixels=vector["max_pixels"],
        factor=vector["factor"],
    )

    assert vector["h_bar"] == 0, "the guide's rule loses this side"
    assert (height, width) == (vector["factor"], vector["w_bar"])


@pytest.mark.parametrize(
    ("width", "height", "token_pixels", "min_pixels", "max_pixels", "tokens"),
    [
        pytest.param(689, 487, 784, 3_136, 6_422_528, 427, id="the guide's ticket, a 28-pixel model"),
        pytest.param(689, 487, 1024, MIN_PIXELS, MAX_PIXELS, 332, id="the ticket, a 32-pixel model"),
        pytest.param(6000, 3000, 1024, MIN_PIXELS, MAX_PIXELS, 8194, id="the guide's poster, at the cap"),
        pytest.param(1, 1, 1024, MIN_PIXELS, MAX_PIXELS, 6, id="one pixel grows to min_pixels"),
    ],
)
def test_image_tokens_of_the_guides_samples(
    width: int, height: int, token_pixels: int, min_pixels: int, max_pixels: int, tokens: int
) -> None:
    got = image_tokens(width, height, token_pixels=token_pixels, min_pixels=min_pixels, max_pixels=max_pixels)
    assert got == tokens


@given(
    height=st.integers(1, 20_000),
    width=st.integers(1, 20_000),
    factor=st.sampled_from([28, 32]),
    max_tokens=st.integers(8, 30_000),  # rounding up to at least three patches may take up to eight
)
def test_scaled_sides_are_whole_patches_within_the_limits(
    height: int, width: int, factor: int, max_tokens: int
) -> None:
    patch = factor * factor
    scaled = smart_resize(height, width, min_pixels=3 * patch, max_pixels=max_tokens * patch, factor=factor)

    assert all(side >= factor and side % factor == 0 for side in scaled)
    assert scaled[0] * scaled[1] <= max_tokens * patch or factor in scaled


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"width": 0}, "at least 1", id="no width"),
        pytest.param({"height": -5}, "at least 1", id="negative height"),
        pytest.param({"max_pixels": 0}, "at least 1", id="no pixels allowed"),
        pytest.param({"min_pixels": 9_000_000}, "above max_pixels", id="limits the wrong way round"),
        pytest.param({"token_pixels": 1000}, "square", id="token area is no square"),
    ],
)
def test_nonsense_is_refused(change: dict[str, int], message: str) -> None:
    arguments = {"width": 100, "height": 100, "min_pixels": MIN_PIXELS, "max_pixels": MAX_PIXELS} | change
    with pytest.raises(ValueError, match=message):
        image_tokens(**arguments)
