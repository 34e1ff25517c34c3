"""How sure values are: by the least sure character of their lines, and by whether further readings say the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.engine.understanding.sureness import sureness
from tests.engine.written_pages import page

PAGE = page(("Total: 12.50", 50, 50), ("12 Mill Lane,", 50, 80), ("Harrow", 50, 110))


def reading(texts: dict[str, str], only_stretched: bool = False) -> Any:
    def read_again(lines: Sequence[Line], stretched: float) -> list[Line]:
        said = texts if stretched > 1 or not only_stretched else {}
        return [replace(line, text=said.get(line.text, line.text), least_score=0.9) for line in lines]

    return read_again


@pytest.mark.parametrize(
    ("values", "texts", "scores"),
    [
        pytest.param({"total": "12.50"}, {}, {"total": 0.93}, id="read alike"),
        pytest.param({"total": "12.50"}, {"Total: 12.50": "Total: 72.50"}, {"total": 0.13}, id="read otherwise"),
        pytest.param({"total": "12.50"}, {"Total: 12.50": "Tota1: 12,50"}, {"total": 0.93}, id="only around it"),
        pytest.param({"a": "12 Mill Lane, Harrow"}, {}, {"a": 0.93}, id="two lines"),
        pytest.param({"a": "12 Mill Lane, Harrow"}, {"Harrow": "Narrow"}, {"a": 0.13}, id="one of two lines"),
        pytest.param({"a": [{"b": "Harrow", "c": None}]}, {}, {"a": [{"b": 0.93, "c": None}]}, id="nested"),
        pytest.param({"a": "not there"}, {}, {"a": None}, id="in no line"),
        pytest.param({}, {}, {}, id="nothing"),
    ],
)  # fmt: skip
def test_sureness(values: Any, texts: dict[str, str], scores: Any) -> None:
    assert sureness(values, PAGE, reading(texts)) == scores


def test_one_reading_of_two_says_otherwise() -> None:
    read_again = reading({"Harrow": "Narrow"}, only_stretched=True)
    assert sureness({"a": "Harrow"}, PAGE, read_again) == {"a": 0.53}


def test_another_text_may_be_meant() -> None:
    found = sureness({"a": "Harrow", "b": "Harrow"}, PAGE, reading({}), lambda key, value: key == "a")
    assert found == {"a": 0.33, "b": 0.93}


@pytest.mark.parametrize(
    ("text", "is_unlikely"),
    [
        ("S1.50", True), ("1OO'S", True), ("14%0", True), ("5 Region: 17", True), ("50 Pages: 2", True),
        ("QUANTTTY", True), ("PLAIN X", True), ("X Yes", True),
        ("www.a.example", False), ("Henry VIII", False), ("Size XXXL", False), ("2 X 4", False), ("X 12", False),
        ("$1.50", False), ("100'S", False), ("14%", False), ("5 of 17", False), ("https://a.example/b", False),
        ("A long remark, which may well say this: it has colons in its prose.", False),
        ("10:30 a.m.", False), ("B12", False), ("Note:", False), ("12 IU", False), ("SS3/24", False), ("4x", False),
    ],
)  # fmt: skip
def test_what_no_value_is_written_like(text: str, is_unlikely: bool) -> None:
    found = sureness({"a": text}, page((text, 50, 50)), reading({}))
    assert found == {"a": 0.33 if is_unlikely else 0.93}
