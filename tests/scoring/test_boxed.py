"""CER by boxes: neither the order of lines nor their cutting counts."""

import pytest

from qwenocr_assets.geometry import Quad
from qwenocr_assets.scoring.boxed import boxed_character_errors
from qwenocr_assets.scoring.lines import Line


def box(text: str, left: float, top: float, right: float, bottom: float) -> Line:
    return Line(text, Quad.of([left, top, right, bottom]))


TRUTH = [box("Total due", 0, 0, 90, 20), box("12.50", 200, 0, 250, 20), box("Thank you", 0, 40, 90, 60)]


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        pytest.param(TRUTH, 0, id="as it is"),
        pytest.param(TRUTH[::-1], 0, id="in another order"),
        pytest.param(
            [box("Total", 0, 0, 50, 20), box("due", 60, 0, 90, 20), *TRUTH[1:]], 0, id="cut into words"
        ),
        pytest.param(
            [box("Total due" + " " * 11 + "12.50", 0, 0, 250, 20), TRUTH[2]], 0, id="two lines read as one"
        ),
        pytest.param([box("Total due", 0, 0, 90, 20), TRUTH[2]], 5, id="a line missed"),
        pytest.param([*TRUTH, box("!", 400, 400, 410, 420)], 0, id="something where the truth has nothing"),
        pytest.param([*TRUTH[:2], box("Thank yon", 0, 40, 90, 60)], 1, id="a letter misread"),
        pytest.param([], 23, id="nothing read"),
        pytest.param([Line("Total due")], None, id="an answer without boxes"),
    ],
)
def test_errors_by_boxes(answer: list[Line], errors: int | None) -> None:
    score = boxed_character_errors(answer, TRUTH)
    assert (None if score is None else (score.errors, score.total)) == (
        None if errors is None else (errors, 23)
    )


def test_a_truth_without_boxes_has_no_such_score() -> None:
    assert boxed_character_errors(TRUTH, [Line("Total due")]) is None
    assert boxed_character_errors(TRUTH, []) is None
