"""Following brackets and strings of JSON that may be broken."""

import re
from typing import NamedTuple


class JsonEnd(NamedTuple):
    """How a JSON text ends."""

    missing: str
    """The brackets that would close it; not empty when it is cut off."""
    safe_end: int
    """Offset behind the last bracket, comma or string that is surely complete."""
    strings: list[tuple[int, int]]
    """Where its complete strings start and end, quotes included."""
    commas: list[int]
    """Where a comma is missing between two members."""
    end: int
    """Offset behind the bracket that closes the value; the text's length when none does."""


BRACKETS = r"{\[｛［"
"""Brackets a value may begin with, as inside a character class."""

_CLOSING = {"{": "}", "[": "]", "｛": "}", "［": "]"}
_CLOSERS = frozenset("}]｝］")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "＂": "＂"}
_COMMAS = frozenset(",，")
_BEFORE_VALUE = frozenset("{[｛［,:，：")
_BEHIND_VALUE = frozenset(",:}]，：｝］")
_QUOTED = r"""(?:"[^"\n]*"|'[^'\n]*'|“[^”\n]*”|‘[^’\n]*’|＂[^＂\n]*＂)"""
_NEXT_KEY = re.compile(rf"\s*{_QUOTED}\s*[:：]")


def json_end(source: str) -> JsonEnd:
    """Follow brackets and strings to the end of a text that starts with a bracket.

    Quotes are single, double or curly. One counts as opening only where a value or key may begin, and as closing
    only before a separator, so that inches and apostrophes inside strings do not confuse it.
    """
    stack: list[str] = []
    strings: list[tuple[int, int]] = []
    commas: list[int] = []
    closing, quote_at = "", 0
    last = ""  # the token before, as one character
    safe_end = 0
    at, length = 0, len(source)
    while at < length:
        char = source[at]
        if closing:
            if char == "\\":
                at += 1
            elif char == closing and _closes(source, at + 1):
                strings.append((quote_at, at + 1))
                if last in (":", "：") or (stack and stack[-1] == "]"):
                    safe_end = at + 1
                closing, last = "", '"'
        elif char in _QUOTES and (last in _BEFORE_VALUE or _NEXT_KEY.match(source, at)):
            if last not in _BEFORE_VALUE:
                commas.append(at)
            closing, quote_at = _QUOTES[char], at
        elif char in _CLOSING:
            if last in _CLOSERS:
                commas.append(at)
            stack.append(_CLOSING[char])
            last, safe_end = char, at + 1
        elif char in _CLOSERS:
            last, safe_end = char, at + 1
            stack.pop()
            if not stack:
                return JsonEnd("", safe_end, strings, commas, at + 1)
        elif char in _COMMAS:
            last, safe_end = char, at + 1
        elif not char.isspace():
            last = char
        at += 1
    return JsonEnd("".join(reversed(stack)), safe_end, strings, commas, length)


def _closes(source: str, at: int) -> bool:
    """Whether a quote before offset `at` can close a string: a separator, a key or the end comes next."""
    length = len(source)
    start = at
    while at < length and source[at].isspace():
        at += 1
    return at >= length or source[at] in _BEHIND_VALUE or _NEXT_KEY.match(source, start) is not None
