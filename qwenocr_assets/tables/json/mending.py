"""Mending the plain faults of JSON that a model wrote, each under a name that ends up in the rows."""

import re
from collections.abc import Callable
from itertools import pairwise

from qwenocr_assets.tables.json.scan import json_end

CUT_OFF = "cut off"
QUOTES = "quotes"
ESCAPES = "escapes"
COMMAS = "commas"
WIDE = "full-width punctuation"
LEADING_ZEROS = "leading zeros"
WORDS = "words of Python"

REPAIRS = (CUT_OFF, QUOTES, ESCAPES, COMMAS, WIDE, LEADING_ZEROS, WORDS)
"""Names of the repairs, in the order they are reported."""

_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\(\'?)|"')
_NARROW = str.maketrans("：，｛｝［］", ":,{}[]")
_JSON_WORD = {"None": "null", "True": "true", "False": "false"}
_FAULTS: tuple[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (COMMAS, re.compile(r",(?:\s*,)+"), ","),
    (COMMAS, re.compile(r",(\s*[}\]])"), r"\1"),
    (
        LEADING_ZEROS,
        re.compile(r"([:,\[]\s*)(0[0-9]+)(?=\s*[,}\]])"),
        r'\1"\2"',
    ),  # an identifier, not a number
    (WORDS, re.compile(r"\b(?:None|True|False)\b"), lambda word: _JSON_WORD[word[0]]),
)


def mended(source: str) -> tuple[str, tuple[str, ...]]:
    """A text that starts with a bracket with its plain faults mended, and the names of the faults it had.

    What follows the value's last bracket is left as it is.
    """
    found: set[str] = set()
    end = json_end(source)
    if end.commas:
        found.add(COMMAS)
        cuts = pairwise((0, *end.commas, len(source)))
        source = ",".join(source[start:stop] for start, stop in cuts)
        end = json_end(source)
    if end.missing:
        found.add(CUT_OFF)
        source = source[: end.safe_end]
    parts: list[str] = []
    at = 0
    for start, stop in end.strings:
        if stop > len(source):
            break
        parts += (_between(source[at:start], found), _string(source[start:stop], found))
        at = stop
    value_end = min(end.end, len(source))
    parts += (_between(source[at:value_end] + end.missing, found), source[value_end:])
    return "".join(parts), tuple(name for name in REPAIRS if name in found)


def _between(source: str, found: set[str]) -> str:
    """What stands between two strings."""
    narrow = source.translate(_NARROW)
    if narrow != source:
        found.add(WIDE)
    for name, fault, remedy in _FAULTS:
        narrow, count = fault.subn(remedy, narrow)
        if count and not (name == COMMAS and CUT_OFF in found):  # the comma before the torn part is no fault
            found.add(name)
    return narrow


def _string(source: str, found: set[str]) -> str:
    """A string with its quotes, as JSON wants it."""
    inside = source[1:-1]
    if source[0] != '"':
        found.add(QUOTES)
    escaped = _ESCAPE.sub(_escaped, inside)
    if escaped != inside:
        found.add(ESCAPES)
    return f'"{escaped}"'


def _escaped(fault: re.Match[str]) -> str:
    """A quote or backslash inside a string as JSON wants it."""
    if fault[0] == '"':
        return '\\"'
    if fault[1] is None:
        return fault[0]
    return fault[1] or "\\\\"
