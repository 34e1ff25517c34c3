"""Answers: the guide's samples become typed values, and no JSON at all breaks the parser."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer, Usage, Word
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer


def native(content: Any, finish_reason: str = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"output": {"choices": [{"finish_reason": finish_reason, "message": message}]}, **more}


def test_key_information_as_in_the_guide() -> None:
    text = '```json\n{\n    "Ride Date": "2013-06-29"\n}\n```'
    body = native(
        [{"ocr_result": {"kv_result": {"Ride Date": "2013-06-29"}}, "text": text}],
        usage={
            "image_tokens": 310,
            "input_tokens": 521,
            "input_tokens_details": {"image_tokens": 310, "text_tokens": 211},
            "output_tokens": 58,
            "output_tokens_details": {"text_tokens": 58},
            "total_tokens": 579,
        },
        request_id="7afa2a70-fd0a-4f66-a369-b50af26aec1d",
    )
    assert parse_answer(body) == Answer(
        text=text,
        key_values={"Ride Date": "2013-06-29"},
        usage=Usage(input_tokens=521, output_tokens=58, total_tokens=579, image_tokens=310),
        finish_reason="stop",
        request_id="7afa2a70-fd0a-4f66-a369-b50af26aec1d",
    )


def test_lines_with_positions() -> None:
    word = {
        "text": "Target Audience",
        "location": [46, 55, 255, 55, 255, 103, 46, 103],
        "rotate_rect": [150, 80, 49, 197, -89],
    }
    answer = parse_answer(native([{"ocr_result": {"words_info": [word]}, "text": "..."}]))
    assert answer.words == (
        Word("Target Audience", (46, 55, 255, 55, 255, 103, 46, 103), (150, 80, 49, 197, -89)),
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"text": "a"}, {"text": "b"}], "ab"),
        ([{"type": "text", "text": "a"}], "a"),
        ("plain", "plain"),
        ([], ""),
        (None, ""),
        ([None, 3, {"text": None}], ""),
    ],
)
def test_content_in_every_form(content: Any, text: str) -> None:
    assert parse_answer(native(content)).text == text


@pytest.mark.parametrize(
    "word",
    [
        {"text": "x", "location": [1, 2]},
        {"text": "x", "location": "no"},
        {"text": "x"},
        {"text": "x", "location": None},
    ],
)
def test_a_line_without_a_usable_box_keeps_its_text(word: dict[str, Any]) -> None:
    assert parse_answer(native([{"ocr_result": {"words_info": [word]}}])).words == (Word("x", None, None),)


@pytest.mark.parametrize(
    "body", [{}, [], None, {"output": None}, {"output": {"choices": []}}, {"output": {"choices": [{}]}}]
)
def test_what_is_no_answer_says_so(body: Any) -> None:
    with pytest.raises(MalformedAnswer):
        parse_answer(body)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "output",
                    "choices",
                    "message",
                    "content",
                    "text",
                    "ocr_result",
                    "words_info",
                    "usage",
                    "location",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(body=ANY_JSON | st.builds(native, ANY_JSON))
def test_any_json_gives_an_answer_or_a_malformed_one(body: Any) -> None:
    try:
        answer = parse_answer(json.loads(json.dumps(body)))
    except MalformedAnswer:
        return
    assert isinstance(answer.text, str)
    assert all(isinstance(word.text, str) for word in answer.words)
