"""How sure the values of an answer are: from the lines that they stand in, and from further readings of these.

Print that is clear is read the same with more paper around it and when it is stretched, and no character of it is
unlikely. That a page has another text which may be meant as well, or that a value has a label in it, speaks against it
too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from statistics import mean
from typing import Any

from qwenocr_assets.engine.page.read_page import Line, ReadPage

ReadAgain = Callable[[Sequence[Line], float], Sequence[Line]]
"""Reads lines of the page again, with more paper around them and stretched along the line by a factor."""
IsOpen = Callable[[str, str], bool]
"""Whether another text of the page may be meant by a key as well as its value."""

_STRETCHED = (1.0, 1.15)
"""What lines are read again at."""
_READ_OTHERWISE = 0.4
"""What a value loses for each further reading that says something else."""
_OPEN = 0.6
"""What a value loses where another text may be meant, or where it is written as no value is."""
_UNLIKELY = re.compile(
    r"(?<![^\W_])(?:[SOIlB]\d+[.,]\d\d(?!\d)|\d+[OIl]+\d*(?![^\W_])|\d+%\d)"
    r"|\A(?=.{1,60}\Z).*[^\W\d_]{3,}\s?:(?!//)\s*\S"
    r"|(?P<letter>(?![IVXWivxw])[^\W\d_])(?P=letter){2}"
    r"|\A[Xx]\s+[^\W\d_]{2}|[^\W\d_]{2}\s+[Xx]\Z"
)
"""Letters among digits that look like these (`S1.50`, `1OO`), signs that no number has (`14%0`), another label in what
is no prose, a letter three times running (`QUANTTTY`), the mark of a box beside its words (`FULL X`)."""
_LEAST_PART = 2
"""Characters that a line has at least to be part of a value of several lines."""


def sureness(
    values: Any, page: ReadPage, read_again: ReadAgain, is_open: IsOpen = lambda _key, _value: False
) -> Any:
    """The values of an answer with a number from 0 to 1 in the place of each text; None where it stands in no line.

    It is the mean of the readings' least sure characters, less where they differ: no probability. What share of wrong
    and right values is below which number is in docs/trust.md.
    """
    found = {text: _lines_of(text, page) for text in set(_texts(values))}
    lines = list(dict.fromkeys(line for those in found.values() for line in those))
    again = [dict(zip(lines, read_again(lines, stretched), strict=True)) for stretched in _STRETCHED]
    scores = {text: _score(text, those, again) for text, those in found.items() if those}
    return _scored(values, "", scores, is_open)


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, dict | list):
        for value in values.values() if isinstance(values, dict) else values:
            yield from _texts(value)
    elif isinstance(values, str):
        yield values


def _scored(values: Any, key: str, scores: dict[str, float], is_open: IsOpen) -> Any:
    if isinstance(values, dict):
        return {key: _scored(value, key, scores, is_open) for key, value in values.items()}
    if isinstance(values, list):
        return [_scored(value, key, scores, is_open) for value in values]
    score = scores.get(values)
    if score is None:
        return None
    doubts = is_open(key, values) + bool(_UNLIKELY.search(values))
    return round(max(0.0, score - _OPEN * doubts), 3)


def _lines_of(text: str, page: ReadPage) -> list[Line]:
    """The line that has a value in it, else those that are a part of it."""
    value = _bare(text)
    lines = [(line, _bare(line.text)) for line in page.lines]
    whole = next((line for line, said in lines if value and value in said), None)
    if whole is not None:
        return [whole]
    return [line for line, said in lines if len(said) >= _LEAST_PART and said in value]


def _score(text: str, lines: Sequence[Line], again: Sequence[dict[Line, Line]]) -> float:
    value = _bare(text)
    readings = [lines, *([reading[line] for line in lines] for reading in again)]
    score = mean(min(map(_least, reading)) for reading in readings)
    for reading in again:
        score -= _READ_OTHERWISE * any(_is_otherwise(value, line, reading[line]) for line in lines)
    return max(0.0, score)


def _is_otherwise(value: str, line: Line, other: Line) -> bool:
    said = _bare(line.text)
    return (value if value in said else said) not in _bare(other.text)


def _least(line: Line) -> float:
    return line.score if line.least_score is None else line.least_score


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
