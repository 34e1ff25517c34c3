"""The text that a page carries itself, as it travels: nothing of it is lost, and nothing else is taken for it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.geometry import Quad
from qwenocr_assets.own_text import OwnLine, is_placed, own_text_key, stored_lines, to_json

HEIGHT = 20.0


def line(*words: tuple[str, float, float], length: float = 1000.0) -> OwnLine:
    """A level line of words with the pixels that they begin and end at."""
    return OwnLine(
        " ".join(text for text, _, _ in words),
        Quad(0, 0, length, 0, length, HEIGHT, 0, HEIGHT),
        tuple((start / length, end / length) for _, start, end in words),
        (1,),
    )


@st.composite
def lines(draw: st.DrawFn) -> OwnLine:
    words = draw(st.lists(st.text("aé中1.-", min_size=1, max_size=6), min_size=1, max_size=8))
    edges = sorted(draw(st.lists(st.floats(0, 999), min_size=2 * len(words), max_size=2 * len(words))))
    return line(*zip(words, edges[::2], edges[1::2], strict=True))


@given(st.lists(lines(), max_size=4))
def test_it_comes_as_it_was_sent(sent: list[OwnLine]) -> None:
    assert list(stored_lines(to_json(sent))) == sent


@given(lines())
def test_parts_are_all_of_a_line_in_order(whole: OwnLine) -> None:
    parts = whole.parts()
    assert " ".join(part.text for part in parts) == whole.text
    assert sum(len(part.words) for part in parts) == len(whole.words)
    for part in parts:
        assert part.quad.x1 >= -1e-6
        assert part.quad.x2 <= 1000 + 1e-6
        assert (part.quad.y1, part.quad.y3) == (0, HEIGHT)


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        pytest.param(line(("Total", 0, 100), ("due", 110, 150)), ["Total due"], id="words"),
        pytest.param(line(("Total", 0, 100), ("1.50", 300, 350)), ["Total", "1.50"], id="cells"),
        pytest.param(line(("•", 0, 8), ("Bread", 50, 150)), ["• Bread"], id="bullet"),
        pytest.param(line(("•", 0, 8), ("Bread", 200, 300)), ["•", "Bread"], id="bullet-in-a-column"),
        pytest.param(line(("–", 0, 8), ("Bread", 50, 150)), ["–", "Bread"], id="dash"),
        pytest.param(
            line(("Severe", 0, 60), ("103", 200, 240), ("...", 80, 110)),
            ["Severe", "103", "..."],
            id="jumbled",
        ),
        pytest.param(OwnLine("no places", Quad(0, 0, 9, 0, 9, 5, 0, 5)), ["no places"], id="unplaced"),
    ],
)
def test_a_line_is_cut_where_cells_are(whole: OwnLine, parts: list[str]) -> None:
    assert [part.text for part in whole.parts()] == parts


@pytest.mark.parametrize(
    "value",
    [
        {},
        [1],
        [["text"]],
        [[1, [0, 0, 1, 1], [], []]],
        [["text", [0, 0, 1], [], []]],
        [["text", [0, 0, None, 1], [], []]],
        [["two words", [0, 0, 1, 1], [0, 1], []]],
        [["text", [0, 0, 1, 1], [0, 0.5, 1], []]],
    ],
)
def test_nothing_else_is_taken_for_it(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        stored_lines(orjson.dumps(value).decode())


def test_another_text_is_another_question() -> None:
    one, other = (to_json([line((text, 0, 50))]) for text in ("1.50", "7.50"))
    assert own_text_key(one) != own_text_key(other)


def test_words_without_places_cannot_stand_for_recognised_ones() -> None:
    placed, unplaced = line(("a", 0, 9)), OwnLine("a", Quad(0, 0, 9, 0, 9, 5, 0, 5))
    assert is_placed([placed])
    assert not is_placed([placed, unplaced])
    assert not is_placed([])
