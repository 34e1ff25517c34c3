"""JSON as the model writes it: fenced, single-quoted, with trailing commas, cut off."""

import json
import re
from typing import Any, NamedTuple

import json_repair

from qwenocr_assets.tables.answer_text import unfenced


class JsonNumber(str):
    """A number, character by character as the JSON wrote it (`337.50` keeps its zero)."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=JsonNumber)
_FENCED_JSON = re.compile(r"```json\s*(?=[{\[])", re.IGNORECASE)
_NEXT = re.compile(r"(?:[\s,]|```(?:json)?)*(?=[{\[])", re.IGNORECASE)


def read_json(text: str) -> Any:
    """What the answer's JSON says, repaired where needed; None when it holds none.

    Several JSON values one after the other come as a list. Numbers come as `JsonNumber`, or as int and float out of
    repaired JSON. Of a text that is cut off, the value it breaks off in is dropped: half a value is a wrong value.
    """
    source = json_source(text)
    if source is None:
        return None
    try:
        return _strict(source)
    except (ValueError, RecursionError):
        pass
    end = json_end(source)
    if end.open_brackets:
        source = source[: end.safe_end]
    try:
        return json_repair.loads(source, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None


def json_source(text: str) -> str | None:
    """An answer from its JSON's first bracket on; None without a bracket."""
    body = unfenced(text).strip()
    if body.startswith(("{", "[")):
        return body
    # Prose before the JSON may hold brackets too.
    fence = _FENCED_JSON.search(body)
    start = (
        fence.end() if fence else min((at for at in (body.find("{"), body.find("[")) if at >= 0), default=-1)
    )
    return body[start:] if start >= 0 else None


def is_json(source: str) -> bool:
    """Whether a text that starts with a bracket needs no repair."""
    try:
        _strict(source)
    except (ValueError, RecursionError):
        return False
    return True


def _strict(source: str) -> Any:
    values: list[Any] = []
    at = 0
    while True:
        value, end = _DECODER.raw_decode(source, at)
        values.append(value)
        following = _NEXT.match(source, end)
        if following is None:
            return values[0] if len(values) == 1 else values
        at = following.end()


class JsonEnd(NamedTuple):
    """How a JSON text ends."""

    open_brackets: int
    """Objects and lists that are never closed: more than 0 when it is cut off."""
    safe_end: int
    """Offset behind the last bracket, comma or string that is surely complete."""


_CLOSING = {"{": "}", "[": "]"}
_BEFORE_VALUE = frozenset("{[,:")
_BEHIND_VALUE = frozenset(",:}]")


def json_end(source: str) -> JsonEnd:
    """Follow brackets and strings to the end of a text that starts with a bracket.

    Quotes are single or double. One counts as opening only where a value or key may begin, and as closing only
    before a separator, so that inches and apostrophes inside strings do not confuse it.
    """
    stack: list[str] = []
    quote = ""
    last = ""  # the token before, as one character
    safe_end = 0
    at, length = 0, len(source)
    while at < length:
        char = source[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote and _closes(source, at + 1):
                quote = ""
                if last == ":" or (stack and stack[-1] == "]"):
                    safe_end = at + 1
                last = char
        elif char in "\"'" and last in _BEFORE_VALUE:
            quote = char
        elif char in "{[":
            stack.append(_CLOSING[char])
            last, safe_end = char, at + 1
        elif char in "}]":
            last, safe_end = char, at + 1
            stack.pop()
            if not stack:
                break
        elif char == ",":
            last, safe_end = char, at + 1
        elif not char.isspace():
            last = char
        at += 1
    return JsonEnd(len(stack), safe_end)


def _closes(source: str, at: int) -> bool:
    """Whether a quote before offset `at` can close a string: a separator or the end comes next."""
    length = len(source)
    while at < length and source[at].isspace():
        at += 1
    return at >= length or source[at] in _BEHIND_VALUE
