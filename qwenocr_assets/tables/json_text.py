"""JSON as the model writes it: fenced, single-quoted, with trailing commas, cut off."""

import json
import re
from typing import Any, NamedTuple

import json_repair

from qwenocr_assets.tables.answer_text import unfenced


class JsonNumber(str):
    """A number, character by character as the JSON wrote it (`337.50` keeps its zero)."""

    __slots__ = ()


# Not strict: the model writes line breaks into strings.
_DECODER = json.JSONDecoder(
    parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=JsonNumber, strict=False
)
_FENCED_JSON = re.compile(r"```json\s*(?=[{\[])", re.IGNORECASE)
_NEXT = re.compile(r"(?:[\s,]|```(?:json)?)*(?=[{\[])", re.IGNORECASE)


def read_json(text: str) -> Any:
    """What the answer's JSON says, repaired where needed; None when it holds none.

    Several JSON values one after the other come as a list. Numbers come as `JsonNumber`, or as int and float where
    only json-repair could read the JSON. Of a text that is cut off, the value it breaks off in is dropped: half a
    value is a wrong value.
    """
    source = json_source(text)
    if source is None:
        return None
    try:
        return _strict(source)
    except (ValueError, RecursionError):
        pass
    mended = _mended(source)
    try:
        return _strict(mended)
    except (ValueError, RecursionError):
        pass
    try:
        return json_repair.loads(mended, skip_json_loads=True)
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


_OBJECTS = re.compile(r"\s*(?:\[\s*)?\{")


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

    missing: str
    """The brackets that would close it; not empty when it is cut off."""
    safe_end: int
    """Offset behind the last bracket, comma or string that is surely complete."""
    strings: list[tuple[int, int]]
    """Where its complete strings start and end, quotes included."""


_CLOSING = {"{": "}", "[": "]"}
_BEFORE_VALUE = frozenset("{[,:，：")
_BEHIND_VALUE = frozenset(",:}]，：")
_NEXT_KEY = re.compile(r"""\s*(["'])[^"'\n]*\1\s*[:：]""")


def json_end(source: str) -> JsonEnd:
    """Follow brackets and strings to the end of a text that starts with a bracket.

    Quotes are single or double. One counts as opening only where a value or key may begin, and as closing only
    before a separator, so that inches and apostrophes inside strings do not confuse it.
    """
    stack: list[str] = []
    strings: list[tuple[int, int]] = []
    quote, quote_at = "", 0
    last = ""  # the token before, as one character
    safe_end = 0
    at, length = 0, len(source)
    while at < length:
        char = source[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote and _closes(source, at + 1):
                strings.append((quote_at, at + 1))
                if last in (":", "：") or (stack and stack[-1] == "]"):
                    safe_end = at + 1
                quote, last = "", char
        elif char in "\"'" and last in _BEFORE_VALUE:
            quote, quote_at = char, at
        elif char in "{[":
            stack.append(_CLOSING[char])
            last, safe_end = char, at + 1
        elif char in "}]":
            last, safe_end = char, at + 1
            stack.pop()
            if not stack:
                break
        elif char in ",，":
            last, safe_end = char, at + 1
        elif not char.isspace():
            last = char
        at += 1
    return JsonEnd("".join(reversed(stack)), safe_end, strings)


def _closes(source: str, at: int) -> bool:
    """Whether a quote before offset `at` can close a string: a separator, a key or the end comes next."""
    length = len(source)
    start = at
    while at < length and source[at].isspace():
        at += 1
    return at >= length or source[at] in _BEHIND_VALUE or _NEXT_KEY.match(source, start) is not None


_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\(\'?)|"')
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_LEADING_ZERO = re.compile(r"([:,\[]\s*)(0[0-9]+)(?=\s*[,}\]])")  # an identifier, not a number
_WIDE = str.maketrans("：，", ":,")
_PYTHON_WORD = re.compile(r"\b(None|True|False)\b")
_JSON_WORD = {"None": "null", "True": "true", "False": "false"}


def _mended(source: str) -> str:
    """The text with its plain faults mended: torn end, quotes, escapes, commas, words of Python."""
    end = json_end(source)
    if end.missing:
        source = source[: end.safe_end]
    parts: list[str] = []
    at = 0
    for start, stop in end.strings:
        if stop > len(source):
            break
        parts += (_between(source[at:start]), '"', _ESCAPE.sub(_escaped, source[start + 1 : stop - 1]), '"')
        at = stop
    parts.append(_between(source[at:] + end.missing))
    return "".join(parts)


def _between(source: str) -> str:
    """What stands between two strings."""
    mended = _TRAILING_COMMA.sub(r"\1", source.translate(_WIDE))
    mended = _LEADING_ZERO.sub(r'\1"\2"', mended)
    return _PYTHON_WORD.sub(lambda word: _JSON_WORD[word[0]], mended)


def _escaped(found: re.Match[str]) -> str:
    """A quote or backslash inside a string as JSON wants it."""
    if found[0] == '"':
        return '\\"'
    if found[1] is None:
        return found[0]
    return found[1] or "\\\\"
