"""Answers → text lines."""

from collections.abc import Callable
from typing import Any

import pytest

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.text_lines import text_lines
from qwenocr_assets.tables.trace import Trace

TraceOf = Callable[[Task], Trace]

PAGE = (100, 50)


@pytest.mark.parametrize(
    ("quad", "clamped", "box"),
    [
        pytest.param((1, 2, 9, 2, 9, 8, 1, 8), [1, 2, 9, 2, 9, 8, 1, 8], (1, 2, 9, 8), id="upright"),
        pytest.param((2, 0, 9, 3, 8, 7, 1, 4), [2, 0, 9, 3, 8, 7, 1, 4], (1, 0, 9, 7), id="tilted"),
        pytest.param(
            (-30, -5, 130, -5, 130, 60, -30, 60),
            [0, 0, 100, 0, 100, 50, 0, 50],
            (0, 0, 100, 50),
            id="outside",
        ),
        pytest.param(None, None, None, id="no quad"),
    ],
)
def test_corners_are_clamped_to_the_page(trace: TraceOf, quad: Any, clamped: Any, box: Any) -> None:
    answer = Answer("", words=(Word("x", quad and Quad(*quad), (5.0, 5.0, 8.0, 6.0, -89.0)),))
    (row,) = text_lines(answer, trace(Task.ADVANCED_RECOGNITION), PAGE)
    assert row["quad_px"] == clamped
    assert row["rotate_rect"] == [5.0, 5.0, 8.0, 6.0, -89.0]
    found = tuple(row.get(name) for name in ("left_px", "top_px", "right_px", "bottom_px"))
    assert found == (box or (None,) * 4)


def test_reading_order_is_kept(trace: TraceOf) -> None:
    words = tuple(Word(text, None, None) for text in ("b", "a", "b"))
    rows = text_lines(Answer("", words=words), trace(Task.ADVANCED_RECOGNITION), PAGE)
    assert [(row["line_index"], row["text"]) for row in rows] == [(0, "b"), (1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('```json\n[{"rotate_rect": [1, 2, 3, 4, 90], "text": "a"}, {"text": "b"}]\n```', ["a", "b"]),
        ('[{"rotate_rect": [1, 2, 3, 4, 90], "text": "a"}, {"text": "b', ["a"]),
        ('```json\n[{"pos_list": [{"rotate_rect": [740, 374, 599, 1459, 90]}]}```', []),
        ("a\n\nb", ["a", "b"]),
        ("", []),
    ],
    ids=["json", "cut off json", "positions only", "plain", "empty"],
)
def test_lines_of_an_answer_without_words_info(trace: TraceOf, text: str, lines: list[str]) -> None:
    rows = text_lines(Answer(text), trace(Task.ADVANCED_RECOGNITION), PAGE)
    assert [row["text"] for row in rows] == lines
    assert all(row["quad_px"] is None and "left_px" not in row for row in rows), "units unknown: no box"


@pytest.mark.parametrize("task", [Task.TEXT_RECOGNITION, Task.MULTI_LAN, Task.CUSTOM_PROMPT])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["a", "b"]),
        ("a\r\n\r\n  b  \n", ["a", "  b"]),
        ("```\na\n```", ["a"]),
        ("```text\na\n```", ["a"]),
        ("see\n```\ncode\n```", ["see", "```", "code", "```"]),
        ("```Audience\nb\n```", ["Audience", "b"]),
        ("```json\n[\n\n]\n```", []),
        (" \n\n", []),
    ],
    ids=repr,
)
def test_plain_text(trace: TraceOf, task: Task, text: str, lines: list[str]) -> None:
    rows = text_lines(Answer(text), trace(task), PAGE)
    assert [(row["line_index"], row["text"]) for row in rows] == list(enumerate(lines))
