"""Answers off the wire: the JSON of both dialects into one typed value."""

from collections.abc import Iterator
from typing import Any

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import MOST_TOKENS, Answer, MalformedAnswer, Usage, Word
from qwenocr_assets.qwenocr.wire.positions import words_of_text

_MOST_NAME = 200
"""Characters of a reason, an id or a model's name."""
_KNOWN_CONTENT = frozenset({"text", "type", "ocr_result"})


def parse_answer(
    body: Any, image_size: tuple[int, int] | None = None, *, broken_off: str | None = None
) -> Answer:
    """An answer's JSON as a typed value (product guide, sample answers of the built-in tasks).

    The native dialect has an `output`, the OpenAI-compatible one its `choices` at the top. There, positions stand in
    the text as thousandths: with `image_size`, width and height in pixels, they become corners in pixels.
    Absent fields become None. `broken_off` says why a stream ended before its answer did.

    Raises:
        MalformedAnswer: there is no choice with a message in it.
    """
    top = _object(body)
    is_native = "output" in top
    choice = _first_choice(_object(top.get("output")) if is_native else top)
    items = list(_content(choice["message"].get("content")))
    text = "".join(item["text"] for item in items if isinstance(item.get("text"), str))
    results = [_object(item.get("ocr_result")) for item in items]
    return Answer(
        text=text,
        words=tuple(_words(results)) if is_native else words_of_text(text, image_size),
        key_values=next((r["kv_result"] for r in results if "kv_result" in r), None),
        usage=_usage(top.get("usage")),
        finish_reason=_text(choice.get("finish_reason")),
        request_id=_text(top.get("request_id")) or _text(top.get("id")),
        reported_model=_text(top.get("model")),
        extra={k: v for item in items for k, v in item.items() if k not in _KNOWN_CONTENT},
        broken_off=broken_off,
    )


def _first_choice(holder: dict[str, Any]) -> dict[str, Any]:
    choices = holder.get("choices")
    choice = _object(choices[0]) if isinstance(choices, list) and choices else None
    if choice is None:
        raise MalformedAnswer("the answer has no choices")
    if not isinstance(choice.get("message"), dict):
        raise MalformedAnswer("the answer's choice has no message")
    return choice


def _content(content: Any) -> Iterator[dict[str, Any]]:
    """The parts of a message: a bare string, or a list of strings and objects."""
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, str):
            yield {"text": item}
        elif isinstance(item, dict):
            yield item


def _words(results: list[dict[str, Any]]) -> Iterator[Word]:
    for result in results:
        found = result.get("words_info")
        for raw in found if isinstance(found, list) else ():
            if isinstance(raw, dict):
                yield _word(raw)


def _word(raw: dict[str, Any]) -> Word:
    rectangle = _numbers(raw.get("rotate_rect"))
    return Word(
        text=str(raw.get("text") or ""),
        quad=_quad(raw.get("location")),
        rotate_rect=rectangle,
        least_score=_share(raw.get("least_score")),
    )


def _share(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


def _quad(location: Any) -> Quad | None:
    """The corners, in pixels; None for what is not eight numbers."""
    numbers = _numbers(location)
    try:
        return Quad(*numbers) if numbers is not None and len(numbers) == 8 else None
    except ValueError:  # infinite
        return None


def _usage(raw: Any) -> Usage:
    """Both dialects' names: input/output, prompt/completion; older answers lack the details."""
    usage = _object(raw)
    details = _object(usage.get("input_tokens_details") or usage.get("prompt_tokens_details"))
    return Usage(
        input_tokens=_count(usage, "input_tokens", "prompt_tokens"),
        output_tokens=_count(usage, "output_tokens", "completion_tokens"),
        total_tokens=_count(usage, "total_tokens"),
        image_tokens=_count({**details, **usage}, "image_tokens"),
        reported=usage,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value[:_MOST_NAME] if isinstance(value, str) else None


def _count(holder: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = holder.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS:
            return value
    return None


def _numbers(value: Any) -> tuple[float, ...] | None:
    if not isinstance(value, list) or not {int, float}.issuperset(map(type, value)):
        return None
    return tuple(map(float, value))
