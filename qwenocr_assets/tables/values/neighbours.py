"""Who decides where a number has two readings: its column, its table or answer, the document, in this order.

A neighbour decides when it has one reading itself: `12,50` shows a decimal comma. The nearest level that shows anything
decides, and when what it shows disagrees nothing does. Where no value of the document shows a decimal point, its lines
may (`Total 1.234,56 EUR`), then the script, since who writes Han, kana, Hangul, Thai or an Indic script sets off
thousands by comma, and last a column whose bare whole numbers are all below a thousand. A route's declared `decimal` is
asked before all of them. What is only sometimes a number (`(5)`, `1,5`, `1 234`) is settled by its column alone.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple, TypeVar

from qwenocr_assets.tables.values.amounts import LONGEST, Amount, Habits, habits_of, read_amount
from qwenocr_assets.tables.values.day_order import DAY_MONTH, MONTH_DAY, agreed
from qwenocr_assets.tables.values.days import read_day
from qwenocr_assets.tables.values.written import plain, seen

Column = TypeVar("Column", bound=Hashable)


class Neighbours(NamedTuple):
    """How the values around a value are written."""

    column: Habits
    widened: Habits
    """The same with the decimal point of wider levels, where the column shows none."""


def neighbours(
    columns: Mapping[Column, Iterable[str]], around: Callable[[], Iterable[str]]
) -> dict[Column, Neighbours]:
    """What the texts of columns show, by column; what is around all of them is looked at once, and only when it is
    needed."""

    @cache
    def decimal_around() -> str | None:
        return habits_of(map(seen, around())).decimal

    found = {}
    for column, texts in columns.items():
        own = habits_of(map(seen, texts))
        decimal = decimal_around() if own.decimal is None else own.decimal
        found[column] = Neighbours(own, own._replace(decimal=decimal))
    return found


def settled(text: str, amount: Amount, near: Neighbours, decimal: str | None = None) -> Amount:
    """An open amount as its neighbours have it; `decimal` is the decimal point where it is declared."""
    return read_amount(seen(text), decimal, near.widened if amount.two else near.column) or amount


_IN_LINES: Final = (
    (".", re.compile(r"(?<![0-9.,'])(?:[0-9]{1,3}(?:[,'][0-9]{3}){1,4}|[0-9]{1,9})\.[0-9]{2}(?![0-9.,])")),
    (",", re.compile(r"(?<![0-9.,'])(?:[0-9]{1,3}(?:[. '][0-9]{3}){1,4}|[0-9]{1,9}),[0-9]{2}(?![0-9.,])")),
)


def decimal_in_lines(lines: Iterable[str]) -> str | None:
    """The decimal point that amounts inside lines of text show, None when they show none or disagree."""
    shown = {
        point
        for line in lines
        if "," in line or "." in line
        for point, form in _IN_LINES
        if form.search(plain(line))
    }
    return shown.pop() if len(shown) == 1 else None


_COMMA_SCRIPTS: Final = re.compile(
    "[\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]"
)
_LETTER: Final = re.compile(r"[^\W\d_]")


def decimal_of_script(texts: Iterable[str]) -> str | None:
    """The decimal point of those who write the script most letters are of, None where the script does not tell."""
    counted = [(len(_COMMA_SCRIPTS.findall(text)), len(_LETTER.findall(text))) for text in texts]
    of_script, letters = (sum(counts) for counts in zip(*counted, strict=True)) if counted else (0, 0)
    return "." if of_script * 2 > letters else None


def decimal_of_sizes(column: Sequence[str]) -> str | None:
    """The decimal point of a column whose bare whole numbers are all below a thousand, as they need no separator.

    Where there are none of them, or separators of both kinds, nothing is shown.
    """
    written = [seen(text) for text in column if len(text) <= LONGEST]
    bare = [text for text in written if text.isdecimal()]
    kinds = {text[-4] for text in written if _GROUPED.fullmatch(text)}
    if not bare or len(kinds) != 1 or any(len(text) > 3 for text in bare):
        return None
    return "." if kinds == {","} else ","


_GROUPED: Final = re.compile(r"-?[1-9][0-9]{0,2}([.,])[0-9]{3}")


def order_of_days(texts: Iterable[str]) -> str | None:
    """day_month or month_day: the order that dates with one reading show, None when they show none or disagree."""
    return agreed([orders_of_days(texts)])


def orders_of_days(texts: Iterable[str]) -> frozenset[str]:
    """The orders that dates with one reading show."""
    shown: set[str] = set()
    for text in texts:
        numbers = _THREE.match(seen(text)) if len(text) <= LONGEST else None
        if numbers is not None and (found := read_day(seen(text))) is not None and found.day is not None:
            first, second = int(numbers[1]), int(numbers[2])
            if max(first, second) > 12:
                shown.add(DAY_MONTH if first > 12 else MONTH_DAY)
    return frozenset(shown)


_THREE: Final = re.compile(r"([0-9]{1,2})[-/.–]\s?([0-9]{1,2})[-/.–]\s?[0-9]{4}")
