"""F1 of lines, and the assignment beneath it."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.geometry import Quad
from qwenocr_assets.scoring.assignment import best_pairs
from qwenocr_assets.scoring.lines import Line, iou, line_scores

A, B = Line("one", Quad.of([0, 0, 100, 20])), Line("two", Quad.of([0, 30, 100, 50]))
DIAMOND = Quad.of([10, 0, 20, 10, 10, 20, 0, 10])


def box(left: float, top: float, right: float, bottom: float, text: str = "one") -> Line:
    return Line(text, Quad.of([left, top, right, bottom]))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param([0, 0, 10, 10], [0, 0, 10, 10], 1, id="the same"),
        pytest.param([0, 0, 10, 10], [5, 0, 15, 10], 50 / 150, id="half over"),
        pytest.param([0, 0, 10, 10], [2, 2, 8, 8], 0.36, id="inside"),
        pytest.param([0, 0, 10, 10], [10, 0, 20, 10], 0, id="side by side"),
        pytest.param([0, 0, 10, 10], [30, 30, 40, 40], 0, id="apart"),
        pytest.param([0, 0, 0, 0], [0, 0, 0, 0], 0, id="no area"),
        pytest.param([10, 0, 20, 10, 10, 20, 0, 10], [0, 0, 20, 20], 0.5, id="a diamond in its box"),
        pytest.param([0, 0, 0, 10, 10, 10, 10, 0], [0, 0, 10, 10], 1, id="the other way round"),
    ],
)
def test_iou(one: list[float], other: list[float], expected: float) -> None:
    assert iou(Quad.of(one), Quad.of(other)) == pytest.approx(expected)
    assert iou(Quad.of(other), Quad.of(one)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answer", "truth", "by_box", "by_text"),
    [
        pytest.param([A, B], [B, A], 1, 1, id="in any order"),
        pytest.param([A], [A, B], 2 / 3, 2 / 3, id="one missing"),
        pytest.param([A, A, B], [A, B], 0.8, 0.8, id="one twice"),
        pytest.param([A._replace(text="0ne"), B], [A, B], 1, 0.5, id="one misread"),
        pytest.param([A._replace(text="ｏｎｅ"), B], [A, B], 1, 1, id="full width is the same text"),
        pytest.param([box(0, 0, 50, 20), box(50, 0, 100, 20)], [A], 2 / 3, 2 / 3, id="a line in two halves"),
        pytest.param([box(0, 0, 49, 20), box(51, 0, 100, 20)], [A], 0, 0, id="in less than halves"),
        pytest.param([], [A], 0, 0, id="nothing read"),
        pytest.param([Line("two"), Line("one")], [A, B], None, 1, id="an answer without boxes"),
        pytest.param([A, B], [Line("one"), Line("one")], None, 0.5, id="a truth without boxes"),
    ],
)
def test_line_scores(answer: list[Line], truth: list[Line], by_box: float | None, by_text: float) -> None:
    scores = {score.metric.value: score.value for score in line_scores(answer, truth)}
    assert scores.get("line_f1") == (None if by_box is None else pytest.approx(by_box))
    assert scores["line_text_f1"] == pytest.approx(by_text)


def test_a_greater_iou_asks_more() -> None:
    answer = [box(0, 0, 80, 20)]
    f1 = [line_scores(answer, [A], least)[0].value for least in (0.5, 0.8, 0.81, 1)]
    assert f1 == [1, 1, 0, 0]


BOXES = st.builds(
    lambda x, y, w, h, t: box(x, y, x + w, y + h, t),
    *(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20), st.integers(1, 20), st.sampled_from("ab")),
)


@given(st.lists(BOXES, min_size=1, max_size=6), st.lists(BOXES, min_size=1, max_size=6))
def test_f1_is_symmetric_bounded_and_1_for_itself(one: list[Line], other: list[Line]) -> None:
    there, back = line_scores(one, other), line_scores(other, one)
    assert [s.value for s in there] == pytest.approx([s.value for s in back])
    assert all(0 <= s.value <= 1 for s in there)
    assert [s.value for s in line_scores(one, one)] == [1, 1]


WEIGHTS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 9).map(float), min_size=1, max_size=12
)


@settings(max_examples=200)
@given(WEIGHTS)
def test_the_best_pairs_are_the_best(weights: dict[tuple[int, int], float]) -> None:
    found = best_pairs(weights)
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
    most = max(sum(weights.get((i, j), 0) for i, j in enumerate(order)) for order in permutations(range(5)))
    assert sum(weights[pair] for pair in found) == most
