"""Which values differ from the truth, by path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.scoring.differences import Difference, cell_differences, field_differences
from qwenocr_assets.scoring.fields import field_scores
from qwenocr_assets.scoring.metric import Metric
from qwenocr_assets.tables.grid import Cell


@pytest.mark.parametrize(
    ("answer", "truth", "found"),
    [
        pytest.param({"a": "1"}, {"a": "1"}, [], id="same"),
        pytest.param({"a": "$1.50"}, {"a": "1.5"}, [], id="same-amount"),
        pytest.param(
            {"a": "Wood oil 5 I"}, {"a": "Wood oil 5 l"},
            [("a", "misread", "Wood oil 5 l", "Wood oil 5 I")], id="misread",
        ),
        pytest.param({}, {"a": {"b": "x"}}, [("a.b", "left_out", "x", None)], id="left-out"),
        pytest.param({"a": "x", "c": "y"}, {"a": "x"}, [("c", "invented", None, "y")], id="invented"),
        pytest.param(
            {"items": [{"n": "bolt", "q": "2"}, {"n": "rope", "q": "9"}]},
            {"items": [{"n": "rope", "q": "8"}, {"n": "bolt", "q": "2"}]},
            [("items[0].q", "misread", "8", "9")], id="elements-in-another-order",
        ),
        pytest.param(
            {"items": ["a"]}, {"items": ["a", "b"]}, [("items[1]", "left_out", "b", None)], id="one-row-less",
        ),
        pytest.param({"items": ["x"]}, {"items": ["b"]}, [("items[0]", "misread", "b", "x")], id="no-pair"),
        pytest.param(
            {"items": ["a", "c"]}, {"items": ["a"]}, [("items[1]", "invented", None, "c")], id="one-row-more",
        ),
    ],
)  # fmt: skip
def test_values_that_differ(answer, truth, found):
    assert field_differences(answer, truth) == [Difference(*one) for one in found]


def test_cells_that_differ():
    truth = [[Cell(0, 0, 1, 1, True, "Load (t)"), Cell(1, 0, 1, 1, False, "12.5")]]
    answer = [
        [Cell(0, 0, 1, 1, True, "Load (t)"), Cell(1, 0, 1, 1, False, "12.S")],
        [Cell(0, 0, 1, 1, False, "x")],
    ]
    assert cell_differences(answer, truth) == [
        Difference("table 0 row 1 column 0", "misread", "12.5", "12.S"),
        Difference("table 1 row 0 column 0", "invented", None, "x"),
    ]


_VALUES = st.sampled_from(["a", "b", "c", "1.50", "$1.5", ""])
_ROW = st.dictionaries(st.sampled_from(["n", "q"]), _VALUES, max_size=2)
_FIELDS = st.fixed_dictionaries(
    {}, optional={"a": _VALUES, "b": _VALUES, "items": st.lists(_ROW, max_size=3)}
)


@given(_FIELDS, _FIELDS)
def test_there_are_differences_where_the_score_is_below_one(answer, truth):
    """Property: what lowers field_f1 has a path, and what does not has none."""
    scores = {score.metric: score for score in field_scores(answer, truth)}
    if Metric.FIELD_F1 in scores:
        assert bool(field_differences(answer, truth)) is (scores[Metric.FIELD_F1].errors > 0)
