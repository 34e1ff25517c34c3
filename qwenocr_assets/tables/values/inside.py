"""Numbers and days that stand inside a longer text, for finding a value that is written otherwise."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from qwenocr_assets.tables.values.amounts import holds
from qwenocr_assets.tables.values.days import read_day
from qwenocr_assets.tables.values.digits import declared
from qwenocr_assets.tables.values.written import plain

_NUMBER: Final = re.compile(
    r"(?<![\w.,])[-+]?[0-9](?:[0-9.,'٫٬\u00a0]*[0-9])?(?![\w])|[0-9][0-9.,]*[0-9]|[0-9]"
)
_LONGEST: Final = 64


def numbers_in(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """The numbers inside a text, with where they start and end; of two readings both."""
    for match in _NUMBER.finditer(plain(text)):
        written = match[0].replace("٬", ",").replace("٫", ".")
        if len(written) > _LONGEST:
            continue
        digits = written.lstrip("+-")
        for decimal in ".,":
            for found in declared(digits, decimal):
                number = Decimal(found)
                if holds(number):
                    yield match.start(), match.end(), -number if written[0] == "-" else number
            if digits.isdigit():
                break


_RUN: Final = re.compile(r"[0-9]{1,8}")
_MOST_BETWEEN: Final = 24
_WORD_BEFORE: Final = re.compile(r"[^\W\d_]{1,12}\.?[^\S\n]{0,2}\Z|[^\W\d_]{2,4}\Z")
_BEHIND: Final = re.compile(r"\s?[日号號일]|\s?هـ|\s?م\b")


def days_in(text: str) -> Iterator[tuple[int, int, date]]:
    """The calendar days inside a text, with where they start and end; of two readings both."""
    written = plain(text)
    runs = [match.span() for match in _RUN.finditer(written)]
    if len(runs) < 2:
        return
    near = [after[0] - before[1] <= _MOST_BETWEEN for before, after in pairwise(runs)]
    for index in range(len(runs) - 1):
        for count in (3, 2):
            if index + count <= len(runs) and all(near[index : index + count - 1]):
                found = list(_days_of(written, runs[index][0], runs[index + count - 1][1]))
                yield from found
                if found:
                    break


def _days_of(text: str, start: int, end: int) -> Iterator[tuple[int, int, date]]:
    """The days that the part of a text says, with or without the words around it."""
    if behind := _BEHIND.match(text, end):
        end = behind.end()
    before = _WORD_BEFORE.search(text, max(start - 14, 0), start)
    for begin in (before.start(), start) if before else (start,):
        found = read_day(text[begin:end].strip())
        if found is not None and (found.day is not None or found.two is not None):
            yield from ((begin, end, day) for day in found.two or (found.day,) if day is not None)
            return
