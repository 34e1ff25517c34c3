"""Mending the plain faults of JSON that a model wrote, each under a name that ends up in the rows."""

import re
from itertools import pairwise

from qwenocr_assets.tables.json.bare import (
    COMMAS,
    LEADING_ZEROS,
    MISSING_VALUES,
    QUOTES,
    UNQUOTED,
    WIDE,
    WORDS,
    Between,
)
from qwenocr_assets.tables.json.scan import json_end

CUT_OFF = "cut off"
ESCAPES = "escapes"
COMMENTS = "comments"

REPAIRS = (
    CUT_OFF,
    QUOTES,
    ESCAPES,
    COMMAS,
    COMMENTS,
    WIDE,
    UNQUOTED,
    LEADING_ZEROS,
    WORDS,
    MISSING_VALUES,
)
"""Names of the repairs, in the order they are reported."""

_ESCAPE = re.compile(r'\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\(\'?)|"')
_COMMENT = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?:(?<=[\s,{}\[\]"'0-9el])|\A)
      (/\*(?:(?!\*/).){0,2000}\*/ | (?://|(?<![:：]\ )(?<![:：])\#)[^\n]*\n?)""",
    re.VERBOSE | re.DOTALL,
)
"""A string, or a comment to `*/` or to the end of its line; where that is the end of the text, it is none."""


def mended(source: str, *, mark_numbers: bool = False) -> tuple[str, tuple[str, ...]]:
    """A text that starts with a bracket with its plain faults mended, and the names of the faults it had.

    What follows the value's last bracket is left as it is. With `mark_numbers`, numbers stand in quotes behind a
    `NUMBER_MARK`.
    """
    found: set[str] = set()
    bare = (
        _COMMENT.sub(_without_comment, source)
        if "#" in source or "//" in source or "/*" in source
        else source
    )
    if bare != source:
        found.add(COMMENTS)
        source = bare
    end = json_end(source)
    if end.commas:
        found.add(COMMAS)
        cuts = pairwise((0, *end.commas, len(source)))
        source = ",".join(source[start:stop] for start, stop in cuts)
        end = json_end(source)
    if end.missing:
        found.add(CUT_OFF)
        source = source[: end.safe_end]
    between = Between(mark_numbers=mark_numbers)
    at = 0
    for start, stop in end.strings:
        if stop > len(source):
            break
        between.gap(source[at:start])
        between.string(_string(source[start:stop], found))
        at = stop
    value_end = min(end.end, len(source))
    between.gap(source[at:value_end] + end.missing, is_last=bool(end.missing))
    found |= between.found
    return between.text() + source[value_end:], tuple(name for name in REPAIRS if name in found)


def _without_comment(found: re.Match[str]) -> str:
    comment = found[2]
    if comment is None or not comment.endswith(("\n", "*/")):
        return found[0]
    return " " if comment.endswith("*/") else "\n"


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
