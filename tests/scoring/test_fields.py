"""F1 of fields and recall of rows."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.scoring.fields import field_scores, merged, same_value
from qwenocr_assets.tables.values.notation import Notation

BOLT, ROPE = {"name": "Bolt", "price": "12.50"}, {"name": "Rope", "price": "3"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("12.50", "12.5", True, id="a number"),
        pytest.param("$1,511.15", "1511.15", True, id="with its currency"),
        pytest.param("2025-11-14", "14 November 2025", True, id="a date"),
        pytest.param("2025年11月14日", "2025/11/14", True, id="a Japanese date"),
        pytest.param("☑", "true", True, id="a tick"),
        pytest.param("ＡＢ－１", "AB-1", True, id="full width"),
        pytest.param("INV-1", "INV-I", False, id="a letter"),
        pytest.param("007", "7", False, id="an identifier is no number"),
        pytest.param("03/04/2025", "2025-04-03", False, id="a date that could be two"),
        pytest.param("1", "true", False, id="a number is no boolean"),
    ],
)
def test_same_value(one: str, other: str, expected: bool) -> None:
    assert same_value(one, other) is same_value(other, one) is expected


def test_the_routes_notation_decides_what_could_be_two() -> None:
    assert same_value("03/04/2025", "2025-04-03", Notation(date_order="day_month"))
    assert same_value("1.234", "1234", Notation(decimal=","))


@pytest.mark.parametrize(
    ("answer", "truth", "expected"),
    [
        pytest.param({"a": "1"}, {"a": "1"}, {"field_f1": 1, "field_f1_exact": 1}, id="right"),
        pytest.param(
            {"a": "1.0"}, {"a": 1}, {"field_f1": 1, "field_f1_exact": 0}, id="right but for its writing"
        ),
        pytest.param({"a": "2"}, {"a": "1"}, {"field_f1": 0, "field_f1_exact": 0}, id="wrong"),
        pytest.param({}, {"a": "1", "b": None, "c": ""}, {"field_f1": 0, "field_f1_exact": 0}, id="missing"),
        pytest.param(
            {"a": "1", "b": "2"}, {"a": "1"}, {"field_f1": 2 / 3, "field_f1_exact": 2 / 3}, id="invented"
        ),
        pytest.param({"a": "1"}, {"a": {"b": "1"}}, {"field_f1": 0, "field_f1_exact": 0}, id="elsewhere"),
        pytest.param({"a": "1"}, {}, {}, id="nothing to find"),
        pytest.param(
            {"items": [ROPE, BOLT]},
            {"items": [BOLT, ROPE]},
            {"field_f1": 1, "field_f1_exact": 1, "row_recall": 1, "row_exact": 1},
            id="rows in another order",
        ),
        pytest.param(
            {"items": [ROPE]},
            {"items": [BOLT, ROPE]},
            {"field_f1": 2 / 3, "field_f1_exact": 2 / 3, "row_recall": 0.5, "row_exact": 0.5},
            id="a row dropped",
        ),
        pytest.param(
            {"items": [{**BOLT, "price": "1"}, ROPE]},
            {"items": [BOLT, ROPE]},
            {"field_f1": 3 / 4, "field_f1_exact": 3 / 4, "row_recall": 1, "row_exact": 0.5},
            id="a value of a row wrong",
        ),
        pytest.param(
            {"items": "Bolt"},
            {"items": [BOLT]},
            {"field_f1": 0, "field_f1_exact": 0, "row_recall": 0, "row_exact": 0},
            id="no list",
        ),
        pytest.param(
            {"tags": ["b", "a"]},
            {"tags": ["a", "b", "c"]},
            {"field_f1": 0.8, "field_f1_exact": 0.8},
            id="a plain list",
        ),
    ],
)
def test_field_scores(answer: Any, truth: Any, expected: dict[str, float]) -> None:
    assert {s.metric.value: s.value for s in field_scores(answer, truth)} == pytest.approx(expected)


def test_fields_of_pages_are_merged() -> None:
    pages = [{"no": "", "items": [BOLT]}, {"no": "1", "items": [ROPE]}, {"no": "2"}]
    assert merged(pages) == {"no": "1", "items": [BOLT, ROPE]}


VALUES = st.sampled_from(["", "1", "1.0", "x", "2025-01-02", None, 7, True])
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=4)
DOCUMENTS = st.fixed_dictionaries(
    {"total": VALUES, "items": ROWS, "seller": st.fixed_dictionaries({"name": VALUES})}
)


@given(DOCUMENTS, DOCUMENTS, st.randoms(use_true_random=False))
def test_f1_is_symmetric_bounded_and_blind_to_the_order_of_rows(
    one: dict[str, Any], other: dict[str, Any], chance: random.Random
) -> None:
    def f1(answer: Any, truth: Any) -> dict[str, float]:
        return {s.metric.value: s.value for s in field_scores(answer, truth)}

    shuffled = {**one, "items": chance.sample(one["items"], len(one["items"]))}
    assert set(f1(shuffled, one).values()) <= {1}
    assert f1(shuffled, other).get("field_f1") == f1(one, other).get("field_f1")
    there, back = f1(one, other), f1(other, one)
    assert all(0 <= value <= 1 for value in there.values())
    if "field_f1" in there and "field_f1" in back:
        assert there["field_f1"] == back["field_f1"]
