"""Answers in a form that was not asked for, and JSON that is said more than once."""

import json
import re
from collections.abc import Iterator

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.wire.positions import holds_positions
from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.json.scan import json_end
from qwenocr_assets.tables.json.text import (
    REBUILT,
    JsonReading,
    Pairs,
    is_answered_in_json,
    is_json,
    json_source,
    read_json,
    values_end,
)
from qwenocr_assets.tables.leaves import leaves
from qwenocr_assets.tables.values.written import plain

_HTML = re.compile(
    r"\s*(?:<!doctype\s+html|<(?P<tag>html|body|div|p|table|h[1-6]|ul|ol|span|section|article)(?:\s[^<>]*)?>.*</(?P=tag)\s*>)"
    r"|.*<table(?:\s[^<>]*)?>.*</table\s*>",
    re.IGNORECASE | re.DOTALL,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|euro|#[0-9]{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
_ESCAPED_LETTER = re.compile(r"\\u[0-9a-f]{4}", re.IGNORECASE)
_ESCAPED_BREAK = re.compile(r"[^\\]\\n(?![a-z])")
"""A break between lines as JSON writes it; not the begin of a name in a path."""
_MARKDOWN_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$", re.MULTILINE)


def markup_instead(text: str) -> str | None:
    """JSON, HTML or Markdown, where an answer is written so, or in its escapes, although plain text was asked for; None
    for plain text."""
    body = unfenced(text)
    if is_answered_in_json(text) or _is_list_of_texts(body):
        return "JSON"
    if ("<" in body and _HTML.match(body)) or ("&" in body and _ENTITY.search(body)):
        return "HTML"
    if "\\" in body and (_ESCAPED_LETTER.search(body) or ("\n" not in body and _ESCAPED_BREAK.search(body))):
        return "JSON"
    return "Markdown" if "-" in body and "|" in body and _MARKDOWN_RULE.search(body) else None


def _is_list_of_texts(body: str) -> bool:
    if not body.strip().startswith(('["', '[ "', "[\n")):
        return False
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def unsure_values(text: str) -> str | None:
    """Why the values of an answer may be others: JSON behind words, a key of two values, JSON rebuilt by guessing."""
    source = json_source(text)
    if source is None:
        return None
    reading = read_json(text)
    behind = source[values_end(source) :]
    for start in (found.start() for found in _OPENS.finditer(behind)):
        end = json_end(behind[start:])
        other = read_json(behind[start : start + end.end]) if not end.missing else JsonReading(None)
        if isinstance(other.value, dict | list | Pairs) and other.value and other.value != reading.value:
            return "the answer gives other values behind the first ones, with words between them"
        if other.value is not None:
            break
    if (key := _key_of_two(reading.value)) is not None:
        return f"the answer gives {key} twice, with different values"
    return (
        "the JSON is broken: its values were put together by guessing" if REBUILT in reading.repairs else None
    )


def said_otherwise(text: str, key_values: object) -> str | None:
    """The path of the first value that the JSON of an answer's text and its key values give differently."""
    if key_values is None or not is_json(json_source(text) or ""):
        return None
    said = dict(_said(read_json(text).value))
    return next((path for path, value in _said(key_values) if said.get(path, value) != value), None)


_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


def number_left_out(answer: Answer) -> str | None:
    """The first number that an answer's text has and none of its lines; None where its text is no plain text."""
    body = unfenced(answer.text)
    if body.lstrip().startswith(("{", "[", "<")) or holds_positions(body):
        return None
    known = set(_NUMBER.findall(plain("\n".join(word.text for word in answer.words))))
    return next((number for number in _NUMBER.findall(plain(body)) if number not in known), None)


def _said(value: object) -> Iterator[tuple[str, str]]:
    for leaf in leaves(value):
        written = "" if leaf.value is None else " ".join(str(leaf.value).split()).casefold()
        if written:
            yield leaf.path, written


_OPENS = re.compile(r"[{\[](?=\s*[\"'“{\[])")


def _key_of_two(value: object) -> str | None:
    """A key that one object has with two different single values."""
    stack = [value]
    while stack:
        inner = stack.pop()
        if isinstance(inner, Pairs):
            said: dict[str, object] = {}
            for key, one in inner:
                single = isinstance(one, str) and bool(one.strip())
                if single and said.setdefault(key, one) != one:
                    return key
        if isinstance(inner, dict | Pairs):
            stack.extend(one for _, one in (inner.items() if isinstance(inner, dict) else inner))
        elif isinstance(inner, list):
            stack.extend(inner)
    return None
