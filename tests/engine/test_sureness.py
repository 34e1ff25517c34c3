"""How sure values are: by the least sure character of their lines, and by whether a second reading says the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.engine.understanding.sureness import sureness
from tests.engine.written_pages import page

PAGE = page(("Total: 12.50", 50, 50), ("12 Mill Lane,", 50, 80), ("Harrow", 50, 110))


def reading(texts: dict[str, str], least: float = 0.9) -> Any:
    def read_again(lines: Sequence[Line]) -> list[Line]:
        return [replace(line, text=texts.get(line.text, line.text), least_score=least) for line in lines]

    return read_again


@pytest.mark.parametrize(
    ("values", "texts", "scores"),
    [
        pytest.param({"total": "12.50"}, {}, {"total": 0.945}, id="read alike"),
        pytest.param({"total": "12.50"}, {"Total: 12.50": "Total: 72.50"}, {"total": 0.445}, id="read otherwise"),
        pytest.param({"total": "12.50"}, {"Total: 12.50": "Tota1: 12,50"}, {"total": 0.945}, id="only around it"),
        pytest.param({"a": "12 Mill Lane, Harrow"}, {}, {"a": 0.945}, id="two lines"),
        pytest.param({"a": "12 Mill Lane, Harrow"}, {"Harrow": "Narrow"}, {"a": 0.445}, id="one of two lines"),
        pytest.param({"a": [{"b": "Harrow", "c": None}]}, {}, {"a": [{"b": 0.945, "c": None}]}, id="nested"),
        pytest.param({"a": "not there"}, {}, {"a": None}, id="in no line"),
        pytest.param({}, {}, {}, id="nothing"),
    ],
)  # fmt: skip
def test_sureness(values: Any, texts: dict[str, str], scores: Any) -> None:
    assert sureness(values, PAGE, reading(texts)) == scores
