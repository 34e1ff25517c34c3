"""JSON as the model writes it: fenced, single-quoted, with trailing commas, cut off. What is mended is recorded."""

import json
import re
from typing import Any, NamedTuple

import json_repair

from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.json.bare import NUMBER_MARK
from qwenocr_assets.tables.json.mending import mended
from qwenocr_assets.tables.json.scan import BRACKETS, json_end


class JsonNumber(str):
    """A number, character by character as the JSON wrote it (`337.50` keeps its zero)."""

    __slots__ = ()


class Pairs(tuple[tuple[str, Any], ...]):
    """An object that has a key more than once: all its pairs, in order."""

    __slots__ = ()


class JsonReading(NamedTuple):
    """What a JSON text says, and what had to be mended to read it."""

    value: Any
    """Objects are dicts, or `Pairs` where a key is repeated; numbers are `JsonNumber`. None without any JSON."""
    repairs: tuple[str, ...] = ()
    """Names of the repairs, each once; see `json_mending` for those of the text."""


REPEATED_KEYS = "repeated keys"
SEVERAL_VALUES = "several JSON values"
REBUILT = "rebuilt by json-repair"


def read_json(text: str) -> JsonReading:
    """What the answer's JSON says, repaired where needed.

    Several JSON values one after the other come as a list. Numbers come as `JsonNumber`, or as int and float where
    json-repair found one that nothing else could. Of a text that is cut off, the value it breaks off in is dropped:
    half a value is a wrong value.
    """
    source = json_source(text)
    if source is None:
        return JsonReading(None)
    try:
        return _strict(source)
    except (ValueError, RecursionError):
        pass
    sound, repairs = mended(source)
    try:
        value, more = _strict(sound)
    except (ValueError, RecursionError):
        pass
    else:
        return JsonReading(value, (*repairs, *more))
    marked, repairs = mended(source, mark_numbers=True)
    try:
        rebuilt = _numbers_as_written(json_repair.loads(marked, skip_json_loads=True))
    except (ValueError, RecursionError):
        return JsonReading(None)
    return JsonReading(rebuilt, (*repairs, REBUILT))


def _numbers_as_written(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(NUMBER_MARK):
        return JsonNumber(value[len(NUMBER_MARK) :])
    if isinstance(value, dict):
        return {key: _numbers_as_written(inner) for key, inner in value.items()}
    return [_numbers_as_written(inner) for inner in value] if isinstance(value, list) else value


_FENCED_JSON = re.compile(rf"```json\s*(?=[{BRACKETS}])", re.IGNORECASE)
_NEXT = re.compile(r"(?:[\s,]|```(?:json)?)*(?=[{\[])", re.IGNORECASE)
_BRACKET = re.compile(f"[{BRACKETS}]")


def json_source(text: str) -> str | None:
    """An answer from its JSON's first bracket on; None without a bracket."""
    body = unfenced(text).strip()
    if body.startswith(("{", "[")):
        return body
    # Prose before the JSON may hold brackets too.
    fence = _FENCED_JSON.search(body)
    if fence:
        return body[fence.end() :]
    bracket = _BRACKET.search(body)
    return body[bracket.start() :] if bracket else None


_OBJECTS = re.compile(r"\s*(?:[\[［]\s*)?[{｛]")


def is_answered_in_json(text: str) -> bool:
    """Whether a free answer begins, in its fence or bare, with an object or a list of objects."""
    return _OBJECTS.match(unfenced(text)) is not None


def is_json(source: str) -> bool:
    """Whether a text that starts with a bracket needs no repair."""
    try:
        _strict(source)
    except (ValueError, RecursionError):
        return False
    return True


def as_plain_json(value: Any) -> Any:
    """A value of `read_json` as the standard library would have read it: of repeated keys the last one counts."""
    if isinstance(value, JsonNumber):
        return json.loads(value)
    if isinstance(value, dict | Pairs):
        pairs = value.items() if isinstance(value, dict) else value
        return {key: as_plain_json(inner) for key, inner in pairs}
    return [as_plain_json(inner) for inner in value] if isinstance(value, list) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Pairs:
    unique = dict(pairs)
    return unique if len(unique) == len(pairs) else Pairs(pairs)


# Not strict: the model writes line breaks into strings.
_DECODER = json.JSONDecoder(
    parse_int=JsonNumber,
    parse_float=JsonNumber,
    parse_constant=JsonNumber,
    object_pairs_hook=_object,
    strict=False,
)


def _strict(source: str) -> JsonReading:
    values: list[Any] = []
    at = 0
    while True:
        value, end = _DECODER.raw_decode(source, at)
        values.append(value)
        following = _NEXT.match(source, end)
        if following is None:
            break
        at = following.end()
    value = values[0] if len(values) == 1 else values
    repairs = [REPEATED_KEYS] if _repeats_keys(value) else []
    return JsonReading(value, (*repairs, SEVERAL_VALUES) if len(values) > 1 else tuple(repairs))


def values_end(source: str) -> int:
    """Offset behind the values that `read_json` takes of a text that starts with a bracket."""
    at = 0
    while True:
        try:
            at = _DECODER.raw_decode(source, at)[1]
        except (ValueError, RecursionError):
            return at + json_end(source[at:]).end
        following = _NEXT.match(source, at)
        if following is None:
            return at
        at = following.end()


def _repeats_keys(value: Any) -> bool:
    stack = [value]
    while stack:
        inner = stack.pop()
        if isinstance(inner, Pairs):
            return True
        if isinstance(inner, dict):
            stack.extend(inner.values())
        elif isinstance(inner, list):
            stack.extend(inner)
    return False
