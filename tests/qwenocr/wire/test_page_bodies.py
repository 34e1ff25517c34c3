"""The answer to a whole PDF as bodies of its pages: what is assigned, what is astray, who pays which share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.page_bodies import page_bodies

SMALL = [{"x": 10, "y": 10}, {"x": 900, "y": 10}, {"x": 900, "y": 40}, {"x": 10, "y": 40}]
LARGE = [{"x": 10, "y": 10}, {"x": 1200, "y": 10}, {"x": 1200, "y": 40}, {"x": 10, "y": 40}]


def answer(*numbers: Any, status: str = "completed", pos: Any = SMALL, tokens: int = 100) -> dict[str, Any]:
    """An answer with a part for each page number."""
    layouts = [
        {"type": "text", "text": f"words {at}", "markdownContent": f"words {at}", "pos": pos}
        | ({} if number is None else {"pageNum": number})
        for at, number in enumerate(numbers)
    ]
    item = {"type": "output_text", "text": "all of it", "ocr_result": {"layouts": layouts}}
    return {
        "id": "resp_1",
        "status": status,
        "output": [{"type": "message", "role": "assistant", "content": [item]}],
        "usage": {"input_tokens": tokens, "output_tokens": 7, "total_tokens": tokens + 7},
    }


@pytest.mark.parametrize(
    ("numbers", "pages", "blank", "status", "kept", "astray"),
    [
        pytest.param((0, 1, 2), 3, (), "completed", {1: "0", 2: "1", 3: "2"}, None, id="from 0, as reported"),
        pytest.param((1, 2, 3), 3, (), "completed", {1: "0", 2: "1", 3: "2"}, None, id="from 1 all the same"),
        pytest.param((0, 2), 3, (), "completed", {1: "0", 3: "1"}, None, id="a page is missing"),
        pytest.param((0, 2), 3, (2,), "completed", {1: "0", 2: "", 3: "1"}, None, id="a page is blank"),
        pytest.param((1, 2), 3, (1,), "completed", {1: "", 2: "0", 3: "1"}, None, id="the first is blank"),
        pytest.param((1, 2), 3, (3,), "completed", {1: "0", 2: "1", 3: ""}, None, id="from 1, the last is blank"),
        pytest.param((1, 2), 3, (), "completed", {}, "cannot be told", id="from 0 or 1, nobody knows"),
        pytest.param((None, None), 2, (), "completed", {}, "cannot be told", id="no page numbers at all"),
        pytest.param((0, None, 1), 2, (), "completed", {1: "0", 2: "2"}, "1 of its parts", id="one without"),
        pytest.param((0, 1, 9), 2, (), "completed", {1: "0", 2: "1"}, "1 of its parts", id="beyond the end"),
        pytest.param((0, 1, 2), 5, (), "incomplete", {1: "0", 2: "1"}, None, id="cut off within the third"),
        pytest.param((0, 1), 4, (4,), "incomplete", {1: "0"}, None, id="cut off before a blank page"),
        pytest.param((0,), 3, (), "incomplete", {}, None, id="cut off within the first"),
        pytest.param((), 2, (), "completed", {}, None, id="nothing"),
        pytest.param((0, True, "1"), 2, (), "completed", {1: "0"}, "2 of its parts", id="numbers that are none"),
    ],
)  # fmt: skip
def test_each_part_is_of_the_page_that_it_names(
    numbers: tuple[Any, ...],
    pages: int,
    blank: tuple[int, ...],
    status: str,
    kept: dict[int, str],
    astray: str | None,
) -> None:
    found = page_bodies(answer(*numbers, status=status), pages, blank)
    texts = {page: parse_answer(body, (600, 800)).text for page, body in found.bodies.items()}
    assert texts == {page: f"words {at}" if at else "" for page, at in kept.items()}
    assert found.is_cut is (status == "incomplete")
    assert (astray in found.astray) if astray and found.astray else found.astray is astray


@given(
    tokens=st.integers(0, 10**6),
    numbers=st.lists(st.none() | st.integers(-2, 12), max_size=30),
    pages=st.integers(1, 10),
    blank=st.sets(st.integers(1, 10)),
    status=st.sampled_from(["completed", "incomplete"]),
)
def test_shares_are_the_whole_and_no_part_is_dropped_unsaid(
    tokens: int, numbers: list[int | None], pages: int, blank: set[int], status: str
) -> None:
    blank = {page for page in blank if page <= pages}
    found = page_bodies(answer(*numbers, status=status, tokens=tokens), pages, blank)
    assert set(found.bodies) <= set(range(1, pages + 1))
    parsed = [parse_answer(body, (600, 800)) for body in found.bodies.values()]
    if parsed:
        assert sum(one.usage.input_tokens or 0 for one in parsed) == tokens
    held = [layout.text for one in parsed for layout in one.layouts]
    assert len(held) == len(set(held)), "no part is of two pages"
    assert len(held) == len(numbers) or found.astray or found.is_cut


@pytest.mark.parametrize(("pos", "is_unknown"), [(SMALL, False), (LARGE, True)])
def test_pixels_of_a_drawing_that_nobody_has_are_no_place(pos: Any, is_unknown: bool) -> None:
    [body] = page_bodies(answer(0, pos=pos), 1).bodies.values()
    [layout] = parse_answer(body, (2000, 3000)).layouts
    assert layout.unit_unknown is is_unknown


@pytest.mark.parametrize(
    "body", [None, [], {}, {"output": None}, {"output": [{"content": 1}]}, {"output": {}}]
)
def test_what_is_no_answer_has_no_pages(body: Any) -> None:
    assert not page_bodies(body, 3).bodies
