"""How sure the values of an answer are: from the lines that they stand in, and from a second reading of these.

Print that is clear is read the same with more paper around it, and no character of it is unlikely.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from qwenocr_assets.engine.page.read_page import Line, ReadPage

ReadAgain = Callable[[Sequence[Line]], Sequence[Line]]
"""Reads lines of the page again, with more paper around them."""

_READ_OTHERWISE = 0.5
"""What a value loses when the second reading says something else."""
_LEAST_PART = 2
"""Characters that a line has at least to be part of a value of several lines."""


def sureness(values: Any, page: ReadPage, read_again: ReadAgain) -> Any:
    """The values of an answer with a number from 0 to 1 in the place of each text; None where it stands in no line.

    It is the mean of the two readings' least sure characters, less where they differ: no probability. What share
    of wrong and right values is below which number is in docs/trust.md.
    """
    found = {text: _lines_of(text, page) for text in set(_texts(values))}
    lines = list(dict.fromkeys(line for those in found.values() for line in those))
    second = dict(zip(lines, read_again(lines), strict=True))
    scores = {text: _score(text, those, second) for text, those in found.items() if those}
    return _scored(values, scores)


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, dict | list):
        for value in values.values() if isinstance(values, dict) else values:
            yield from _texts(value)
    elif isinstance(values, str):
        yield values


def _scored(values: Any, scores: dict[str, float]) -> Any:
    if isinstance(values, dict):
        return {key: _scored(value, scores) for key, value in values.items()}
    if isinstance(values, list):
        return [_scored(value, scores) for value in values]
    return scores.get(values)


def _lines_of(text: str, page: ReadPage) -> list[Line]:
    """The line that has a value in it, else those that are a part of it."""
    value = _bare(text)
    lines = [(line, _bare(line.text)) for line in page.lines]
    whole = next((line for line, said in lines if value and value in said), None)
    if whole is not None:
        return [whole]
    return [line for line, said in lines if len(said) >= _LEAST_PART and said in value]


def _score(text: str, lines: Sequence[Line], second: dict[Line, Line]) -> float:
    value = _bare(text)
    again = [second[line] for line in lines]
    score = (min(map(_least, lines)) + min(map(_least, again))) / 2
    for line, other in zip(lines, again, strict=True):
        said = _bare(line.text)
        if (value if value in said else said) not in _bare(other.text):
            return round(max(0.0, score - _READ_OTHERWISE), 3)
    return round(score, 3)


def _least(line: Line) -> float:
    return line.score if line.least_score is None else line.least_score


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
