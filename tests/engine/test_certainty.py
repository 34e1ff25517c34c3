"""How certain a reading is at its least certain place, from what the recogniser sees along a line."""

import numpy as np
import pytest

from qwenocr_assets.engine.reading.certainty import least_certain

CHARACTERS = ("", "a", "b", "c", " ")
"""As the recogniser has them: the first stands for none."""


@pytest.mark.parametrize(
    ("steps", "least"),
    [
        pytest.param([], 0.0, id="nothing"),
        pytest.param([{"": 1}], 0.0, id="no character"),
        pytest.param([{"a": 0.9}, {"": 1}, {"b": 0.7}], 0.7, id="the least sure character"),
        pytest.param(
            [{"a": 0.6, "": 0.4}, {"a": 0.95}, {"b": 0.9}], 0.9, id="a character where it is surest"
        ),
        pytest.param([{"a": 0.9}, {" ": 0.4}, {"b": 0.9}], 0.9, id="a space"),
        pytest.param([{"a": 1}, {"": 0.6, "c": 0.3}, {"b": 1}], 0.7, id="one that may be left out"),
        pytest.param([{"a": 1}, {"": 0.6, "b": 0.4}, {"b": 1}], 1.0, id="the same one goes on"),
        pytest.param([{"a": 1}, {"": 0.6, " ": 0.4}, {"b": 1}], 1.0, id="a space that may be left out"),
        pytest.param([{"a": 0.5}, {"": 0.6, "c": 0.4}, {"b": 1}], 0.3, id="both"),
    ],
)
def test_least_certain(steps: list[dict[str, float]], least: float) -> None:
    posteriors = np.array([[step.get(c, 0.0) for c in CHARACTERS] for step in steps], np.float32)
    posteriors = posteriors.reshape(-1, len(CHARACTERS))
    assert least_certain(posteriors, posteriors.argmax(axis=1), CHARACTERS) == pytest.approx(least)
