"""Answers off the wire: the JSON of both dialects into one typed value."""

from collections.abc import Iterator
from typing import Any

from qwenocr_assets.qwenocr.answers import MOST_TOKENS, Answer, MalformedAnswer, Usage
from qwenocr_assets.qwenocr.wire.ocr_results import layouts_of, native_words
from qwenocr_assets.qwenocr.wire.positions import words_of_text

_MOST_NAME = 200
"""Characters of a reason, an id or a model's name."""
_KNOWN_BESIDE_TEXT = frozenset(
    {"text", "type", "image", "ocr_result", "processed_text", "annotations", "logprobs"}
)
_KNOWN_OF_MESSAGE = frozenset(
    {
        *("role", "content", "ocr_result", "processed_text", "name", "refusal", "annotations", "audio"),
        *("function_call", "tool_calls", "reasoning_content"),
        *("id", "type", "status"),
    }
)
_KNOWN_RESULTS = frozenset({"words_info", "kv_result", "kv_scores", "layouts", "processed_text"})


def parse_answer(
    body: Any, image_size: tuple[int, int] | None = None, *, broken_off: str | None = None
) -> Answer:
    """An answer's JSON as a typed value (product guide, sample answers of the built-in tasks).

    The native dialect has an `output`, the OpenAI-compatible one its `choices` at the top, and the Responses dialect a
    list of messages as its `output`; `ocr_result` and `processed_text` came beside the text and beside the message.
    Lines that come without corners get them from their rectangle, in pixels of an image of `image_size`, width and
    height (`rectangles.placed`); so do positions that the model wrote into its text. Where the text is empty,
    `processed_text` is the text. Absent fields become None, what is not known is kept in `extra`. `broken_off` says why
    a stream ended before its answer did.

    Raises:
        MalformedAnswer: there is no choice with a message in it.
    """
    top = _object(body)
    choice = _choice(top)
    message = choice["message"]
    items = list(_content(message.get("content")))
    text = "".join(item["text"] for item in items if isinstance(item.get("text"), str))
    holders = [*items, message]
    results = [_object(holder.get("ocr_result")) for holder in holders]
    unknown = [
        *(_unknown(item, _KNOWN_BESIDE_TEXT) for item in items),
        _unknown(message, _KNOWN_OF_MESSAGE),
        *(_unknown(result, _KNOWN_RESULTS, "ocr_result.") for result in results),
    ]
    processed = _processed(holders, results)
    if not text.strip() and processed:
        text = processed
    return Answer(
        text=text,
        words=native_words(results, image_size) or words_of_text(text, image_size),
        key_values=next((r["kv_result"] for r in results if "kv_result" in r), None),
        key_value_scores=next((r["kv_scores"] for r in results if "kv_scores" in r), None),
        layouts=layouts_of(results),
        processed_text=processed,
        usage=_usage(top.get("usage")),
        finish_reason=_text(choice.get("finish_reason")),
        request_id=_text(top.get("request_id")) or _text(top.get("id")),
        reported_model=_text(top.get("model")),
        extra={key: value for found in unknown for key, value in found.items()},
        broken_off=broken_off,
    )


def _unknown(holder: dict[str, Any], known: frozenset[str], where: str = "") -> dict[str, Any]:
    """What says something and has a name that is not known here."""
    return {where + key: value for key, value in holder.items() if key not in known and value not in _NOTHING}


_NOTHING: tuple[Any, ...] = (None, "", [], {})


def _processed(*sources: list[dict[str, Any]]) -> str | None:
    found = (holder.get("processed_text") for holders in sources for holder in holders)
    return next((text for text in found if isinstance(text, str)), None)


def _first_choice(holder: dict[str, Any]) -> dict[str, Any]:
    choices = holder.get("choices")
    choice = _object(choices[0]) if isinstance(choices, list) and choices else None
    if choice is None:
        raise MalformedAnswer("the answer has no choices")
    if not isinstance(choice.get("message"), dict):
        raise MalformedAnswer("the answer's choice has no message")
    return choice


def _choice(top: dict[str, Any]) -> dict[str, Any]:
    """The message of an answer and why it ended, whichever dialect it came in."""
    output = top.get("output")
    if isinstance(output, list):
        return _first_response(top, output)
    return _first_choice(_object(output) if "output" in top else top)


def _first_response(top: dict[str, Any], output: list[Any]) -> dict[str, Any]:
    """The message of the Responses dialect, in the form of the others; its `status` says why it ended."""
    message = next((item for item in output if isinstance(item, dict) and "content" in item), None)
    if message is None:
        raise MalformedAnswer("the answer has no message in its output")
    reason = _object(top.get("incomplete_details")).get("reason")
    reasons = {"completed": "stop", "incomplete": "length" if reason == "max_output_tokens" else reason}
    status = top.get("status")
    return {
        "message": message,
        "finish_reason": reasons.get(status, status) if isinstance(status, str) else None,
    }


def _content(content: Any) -> Iterator[dict[str, Any]]:
    """The parts of a message: a bare string, or a list of strings and objects."""
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, str):
            yield {"text": item}
        elif isinstance(item, dict):
            yield item


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
