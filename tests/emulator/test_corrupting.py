"""Errors planted in answers: each one is noted, and nothing else is changed."""

import json
from typing import Any

import pytest

from qwenocr_assets.emulator.corrupting import Corruption, Planted
from qwenocr_assets.engine.wire.usage import Usage
from qwenocr_assets.engine.wire.values import Answer, Instruction, OcrRequest, PageImage
from qwenocr_assets.qwenocr.tasks import Task

ITEMS = [{"name": f"thing {n}", "price": f"{n}.50"} for n in range(10, 30)]
PAIRS = {"number": "A-17", "total": "99.00", "seller": "Acme", "items": ITEMS}
GRID = [["Name", "Price"], *([i["name"], i["price"]] for i in ITEMS)]
HTML = f"<table>{''.join('<tr>' + ''.join(f'<td>{c}</td>' for c in row) + '</tr>' for row in GRID)}</table>"


def spoiled(task: Task, answer: Answer, share: float, seed: int) -> tuple[Answer, list[Planted]]:
    corruption = Corruption(share, seed)
    image = PageImage(b"picture", 10, 10, 1, 1)
    request = OcrRequest("m", image, Instruction(task, None, 0), 100)
    return corruption(request, answer), corruption.planted


def pairs(share: float, seed: int) -> tuple[dict[str, Any], list[Planted]]:
    answer = Answer("", Usage(1, 1, 1), "stop", {"kv_result": PAIRS})
    changed, planted = spoiled(Task.KEY_INFORMATION_EXTRACTION, answer, share, seed)
    assert changed.ocr_result is not None
    assert json.loads(changed.text.strip("`json\n")) == changed.ocr_result["kv_result"]
    return changed.ocr_result["kv_result"], planted


def leaf(holder: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        try:
            holder = holder[key]
        except (KeyError, IndexError):
            return None  # it was made up
    return holder


@pytest.mark.parametrize("seed", range(5))
def test_every_planted_pair_is_wrong_and_the_same_every_time(seed: int) -> None:
    changed, planted = pairs(0.3, seed)
    assert planted
    assert (changed, planted) == pairs(0.3, seed)
    gone = sum(p.kind == "dropped" for p in planted)
    made_up = {p.place[1] for p in planted if p.kind == "invented" and p.place[0] == "items"}
    assert len(changed["items"]) == len(ITEMS) - gone // 2 + len(made_up)
    if not gone:  # otherwise later items have other numbers
        assert all(leaf(changed, p.place) != leaf(PAIRS, p.place) for p in planted)


def test_nothing_is_planted_without_a_share() -> None:
    assert pairs(0.0, 1) == (PAIRS, [])


@pytest.mark.parametrize(
    ("html", "same"),
    [
        pytest.param(HTML, False, id="a table"),
        pytest.param(HTML.replace("<td>", '<td rowspan="2">', 1), True, id="one with spans is left alone"),
        pytest.param("no table", True, id="none"),
    ],
)
def test_tables(html: str, same: bool) -> None:
    changed, planted = spoiled(Task.TABLE_PARSING, Answer(html, Usage(1, 1, 1), "stop"), 0.3, 3)
    assert (changed.text == html, planted == []) == (same, same)
    assert all(p.place[0] == 0 and (len(p.place) == 3) == (p.kind != "dropped") for p in planted)


def test_other_tasks_are_left_alone() -> None:
    answer = Answer("Total 99", Usage(1, 1, 1), "stop")
    assert spoiled(Task.MULTI_LAN, answer, 1.0, 1) == (answer, [])
