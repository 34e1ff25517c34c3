"""What the service answered, as one typed value."""

from dataclasses import dataclass, field
from typing import Any

Quad = tuple[float, float, float, float, float, float, float, float]
"""Corners x1, y1 … x4, y4, clockwise from the text's top left, y down, in pixels of the image sent."""


@dataclass(frozen=True, slots=True)
class Word:
    """One line of `advanced_recognition` (the service calls it a word)."""

    text: str
    quad: Quad | None
    rotate_rect: tuple[float, ...] | None
    """cx, cy, width, height, angle in degrees, as given: its conventions differ between model generations."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as reported; None where the answer does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    image_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one request."""

    text: str
    """The model's text as it came, fences included."""
    words: tuple[Word, ...] = ()
    key_values: Any = None
    """`ocr_result.kv_result`, when there is one."""
    usage: Usage = field(default_factory=Usage)
    finish_reason: str | None = None
    request_id: str | None = None
    reported_model: str | None = None


class MalformedAnswer(ValueError):
    """A body that is no answer of the service: it lacks a choice or its content."""


def parse_answer(body: Any) -> Answer:
    """A native answer's JSON as a typed value (product guide, sample answers of the built-in tasks).

    Unknown fields are left to the stored raw answer; absent ones become None.

    Raises:
        MalformedAnswer: there is no choice with a message in it.
    """
    output = _object(body).get("output")
    choices = _object(output).get("choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedAnswer("the answer has no output.choices")
    choice = _object(choices[0])
    message = choice.get("message")
    if not isinstance(message, dict):
        raise MalformedAnswer("the answer's choice has no message")
    content = message.get("content")
    items = [content] if isinstance(content, str) else content if isinstance(content, list) else []
    texts: list[str] = []
    words: list[Word] = []
    key_values: Any = None
    for item in items:
        if isinstance(item, str):
            texts.append(item)
            continue
        text = _object(item).get("text")
        if isinstance(text, str):
            texts.append(text)
        result = _object(_object(item).get("ocr_result"))
        found = result.get("words_info")
        words.extend(_word(w) for w in found if isinstance(w, dict)) if isinstance(found, list) else None
        key_values = result.get("kv_result", key_values)
    finish_reason = choice.get("finish_reason")
    return Answer(
        text="".join(texts),
        words=tuple(words),
        key_values=key_values,
        usage=_usage(_object(body).get("usage")),
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        request_id=_text(_object(body).get("request_id")),
        reported_model=_text(_object(body).get("model")),
    )


def _word(raw: dict[str, Any]) -> Word:
    location = _numbers(raw.get("location"))
    quad: Quad | None = None
    if location is not None and len(location) == 8:
        a, b, c, d, e, f, g, h = location
        quad = (a, b, c, d, e, f, g, h)
    return Word(text=str(raw.get("text") or ""), quad=quad, rotate_rect=_numbers(raw.get("rotate_rect")))


def _usage(raw: Any) -> Usage:
    usage = _object(raw)
    details = _object(usage.get("input_tokens_details"))
    image_tokens = _count(usage.get("image_tokens"))
    return Usage(
        input_tokens=_count(usage.get("input_tokens")),
        output_tokens=_count(usage.get("output_tokens")),
        total_tokens=_count(usage.get("total_tokens")),
        image_tokens=_count(details.get("image_tokens")) if image_tokens is None else image_tokens,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _numbers(value: Any) -> tuple[float, ...] | None:
    if not isinstance(value, list) or not {int, float}.issuperset(map(type, value)):
        return None
    return tuple(map(float, value))
