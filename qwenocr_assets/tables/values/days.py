"""A text → the calendar day it is. `typed_values` has the table of what is read how."""

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from qwenocr_assets.tables.values.calendars import (
    HIJRI,
    YEAR_BEFORE,
    calendar_day,
    hijri_months,
    is_buddhist,
)
from qwenocr_assets.tables.values.cldr import cldr
from qwenocr_assets.tables.values.notation import IMPOSSIBLE_DATE, TWO_READINGS, WEEKDAY_DIFFERS
from qwenocr_assets.tables.values.written import words


class Day(NamedTuple):
    """What a text with the form of a date says."""

    day: date | None
    doubt: str | None = None
    """Why there is none: two_readings or impossible_date; or weekday_differs, where there is one."""
    two: tuple[date, date] | None = None
    """The two days it may be: with the day first, and with the month first."""


_LONGEST: Final = 64
_ZONE: Final = r"(?:z|[ap]\.?m\.?|[+-][0-9]{2}:?[0-9]{2}|utc|gmt|uhr|h|hrs|น\.)"
_TIME: Final = re.compile(
    r"(?:t|,|\s|(?<=[日일)]))\s*(?:[01]?[0-9]|2[0-3])"
    rf"(?:[:時시]\s?[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{{1,9}})?|[分분])?)\s*{_ZONE}?$"
)
_WEEKDAY: Final = re.compile(r"\s*[(（\[]\s*([^()（）\[\]0-9]{1,12}?)\.?\s*[)）\]]$")
_NUMERIC: Final = re.compile(r"([0-9]{1,4})\s?([-/.])\s?([0-9]{1,2})\s?\2\s?([0-9]{1,4})\.?")
_WITH_ERA: Final = re.compile(r"([^0-9]{0,12})([0-9][0-9./ -]{0,20}[0-9])([^0-9]{0,12})")
_COUNTED: Final = re.compile(
    r"([^\s0-9]{0,6}?)\s*([0-9]{1,4})\s*[年년]\s*([0-9]{1,2})\s*[月월]\s*([0-9]{1,2})\s*[日号號일]?"
)
_VIETNAMESE: Final = re.compile(r"(?:ngày\s*)?([0-9]{1,2})\s*tháng\s*([0-9]{1,2})\s*(?:,|năm)?\s*([0-9]{4})")
_LETTERED: Final = re.compile(r"([rhstm])\s?([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_WORDED: Final = re.compile(r"([^0-9]{0,24})([0-9]{1,4})([^0-9]{1,32})([0-9]{1,4})([^0-9]{0,16})")
_COMPACT: Final = re.compile(r"[0-9]{8}")
_SHORT: Final = re.compile(r"([0-9]{1,2})\s?([-/.])\s?([0-9]{1,2})\s?\2\s?([0-9]{2})")

_COUNTING: Final = re.compile(r"[〇零一二三四五六七八九十元]+(?=[年月日号號])")
_NUMERALS: Final = {sign: number for number, sign in enumerate("〇一二三四五六七八九")} | {"零": 0}

_BESIDE_DAY: Final = words(
    "st|nd|rd|th|er|re|º|ª|.|-го|го|-е|ème|eme|de|del|d'|of|the|den|le|am|il|el|al|a|l'|di|die|dia|ngày|วันที่|on|d"
)
_IN_FRONT: Final = _BESIDE_DAY | {"m"}
_BESIDE_YEAR: Final = words(
    "de|del|di|of|the|,|.|г|г.|года|год|р|р.|року|r|r.|roku|m.|g.|god.|év|gada|luna|an|anul|năm|سنة|عام|لسنة|v.|j."
)
_POLISH: Final = words("r|r.|roku")
_FIRST_COMPACT: Final = 1900
_LAST_SHORT: Final = 40
"""Years of two digits up to this one are of our century; later ones may be of two."""
_EDGES: Final = " \u00a0,./-–'’·"


def read_day(text: str, order: str | None = None, *, is_asked: bool = False) -> Day | None:
    """The one calendar day a text can mean, None when it has not the form of a date.

    `text` is as `written.seen` has it; `order` is day_month or month_day where that is known. With `is_asked` the text
    stands where a day is asked for, so that eight digits are one, a year may have two digits, and `R7.11.14` is no
    version. A weekday beside the day that it does not have is a doubt.
    """
    if len(text) > _LONGEST:
        return None
    written = text.casefold().replace("–", "-")
    found = _day_of(_bare(written), order, is_asked=is_asked)
    if found is None or found.day is None or found.doubt or _is_on(found.day, written):
        return found
    return found._replace(doubt=WEEKDAY_DIFFERS)


def _is_on(day: date, written: str) -> bool:
    """Whether no day of the week is named beside a day, or one that it is."""
    known = cldr().weekdays
    m = _WEEKDAY.search(_TIME.sub("", written).rstrip(" \u00a0,"))
    words = [m[1]] if m else [word.strip(_EDGES) for word in written.split()]
    named = [
        known[word]
        for word in words
        if word in known
        and word not in cldr().months
        and word not in _BESIDE_DAY
        and word not in _BESIDE_YEAR
    ]
    return not named or any(day.weekday() in numbers for numbers in named)


def _day_of(text: str, order: str | None, *, is_asked: bool) -> Day | None:
    """As `read_day`, of a text without time and weekday."""
    if is_asked and (m := _SHORT.fullmatch(text)):
        return _short(m[1], m[2], m[3], m[4], order)
    if m := _NUMERIC.fullmatch(text):
        return _numeric(m[1], m[3], m[4], order, "民國" if is_asked and len(m[1]) == 3 else None)
    if (
        (m := _WITH_ERA.fullmatch(text))
        and (era := _era(m[1]) or _era(m[3]))
        and (n := _NUMERIC.fullmatch(m[2]))
    ):
        return _numeric(n[1], n[3], n[4], order, era)
    if m := _COUNTED.fullmatch(text):
        return _counted(m[1], m[2], m[3], m[4])
    if m := _VIETNAMESE.fullmatch(text):
        return _sure(int(m[3]), int(m[2]), int(m[1]))
    if is_asked and (m := _LETTERED.fullmatch(text)):
        return _sure(int(m[2]), int(m[3]), int(m[4]), m[1])
    if is_asked and _COMPACT.fullmatch(text):
        return _compact(text)
    if m := _WORDED.fullmatch(text):
        return _worded(m[1], m[2], m[3], m[4], m[5])
    return None


def _bare(text: str) -> str:
    """A date without the time and the weekday behind it, its numerals as digits."""
    if m := _TIME.search(text):
        text = text[: m.start()].rstrip(" \u00a0,")
    m = _WEEKDAY.search(text)
    if m is not None and m[1] in cldr().weekdays:
        text = text[: m.start()]
    return _COUNTING.sub(_counted_numeral, text) if "年" in text else text


def _counted_numeral(match: re.Match[str]) -> str:
    """令和七年十一月十四日, 二〇二五年, 令和元年: numerals in front of year, month and day."""
    written = match[0]
    if written == "元":
        return "1"
    if "十" not in written:
        return "".join(str(_NUMERALS.get(sign, "?")) for sign in written)
    tens, _, ones = written.partition("十")
    return str(10 * _NUMERALS.get(tens, 1) + _NUMERALS.get(ones, 0)) if len(written) <= 3 else written


def _sure(year: int, month: int, day: int, era: str | None = None) -> Day | None:
    found = calendar_day(year, month, day, era)
    if found is not None:
        return Day(found)
    # what names no month and no day of one is a part number, not a date gone wrong
    return Day(None, IMPOSSIBLE_DATE) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _numeric(first: str, second: str, third: str, order: str | None, era: str | None = None) -> Day | None:
    """Three numbers: the year first or last, with four digits."""
    if era is None and ((len(first) == 4) == (len(third) == 4) or max(len(first), len(third)) < 4):
        return None
    if len(first) == 4 and len(third) > 2:
        return None
    if len(first) > 2 or (era is not None and len(third) <= 2):
        return _sure(int(first), int(second), int(third), era)
    year = int(third)
    day_first = calendar_day(year, int(second), int(first), era)
    month_first = calendar_day(year, int(first), int(second), era)
    if era is not None or is_buddhist(year):  # who counts years otherwise writes the day first
        return _sure(year, int(second), int(first), era)
    if day_first is None or month_first is None or day_first == month_first:
        return Day(month_first) if month_first else _sure(year, int(second), int(first))
    known = {"day_month": day_first, "month_day": month_first}.get(order or "")
    return Day(known, None if known else TWO_READINGS, (day_first, month_first))


def _counted(era: str, year: str, month: str, day: str) -> Day | None:
    era = era.strip()
    if era:
        return _sure(int(year), int(month), int(day), era) if era in YEAR_BEFORE else None
    if len(year) < 3:
        return None
    # a year of three digits is of the Republic of China
    return _sure(int(year), int(month), int(day), "民國" if len(year) == 3 else None)


def _compact(digits: str) -> Day | None:
    ways = (
        (digits[:4], digits[4:6], digits[6:]),
        (digits[4:], digits[2:4], digits[:2]),
        (digits[4:], digits[:2], digits[2:4]),
    )
    read = ((int(year), int(month), int(day)) for year, month, day in ways)
    days = {found for way in read if way[0] >= _FIRST_COMPACT and (found := calendar_day(*way)) is not None}
    if not days:
        return Day(None, IMPOSSIBLE_DATE)
    return Day(days.pop()) if len(days) == 1 else Day(None, TWO_READINGS)


def is_short(text: str) -> bool:
    """Whether a text is a day whose year has two digits, whichever of its numbers that is."""
    return len(text) <= _LONGEST and _SHORT.fullmatch(_bare(text.casefold())) is not None


def _short(first: str, sign: str, second: str, third: str, order: str | None) -> Day | None:
    """`14/11/24`; with hyphens the year may stand first as well."""
    days = {
        "day_month": _of_century(third, second, first),
        "month_day": _of_century(third, first, second),
        "year_first": _of_century(first, second, third) if sign == "-" else None,
    }
    if order is not None and (known := days[order]) is not None:
        return Day(known)
    found = {day for day in days.values() if day is not None}
    if int(third) > _LAST_SHORT or not found:
        return None
    return Day(found.pop()) if len(found) == 1 else Day(None, TWO_READINGS)


def _of_century(year: str, month: str, day: str) -> date | None:
    return calendar_day(2000 + int(year), int(month), int(day)) if int(year) <= _LAST_SHORT else None


def _worded(before: str, one: str, between: str, two: str, behind: str) -> Day | None:
    """Two numbers with words: 14 November 2025, November 14, 2025, 2025. november 14., 23 رمضان 1447 هـ."""
    era = _era(behind)
    behind = "" if era else behind
    if len(two) < 3 and len(one) == 4:
        year, day, name = one, two, between
        if not (_is_said(before, _BESIDE_DAY) and _is_said(behind, _BESIDE_DAY)):
            return None
    elif len(one) <= 2 and len(two) == 4:
        year, day = two, one
        if not _is_said(behind, _BESIDE_YEAR):
            return None
        between, in_front = _without_era(between)
        era = era or in_front
        is_month_first = _month(before) is not None
        name = before if is_month_first else between
        if not _is_said(between if is_month_first else before, _BESIDE_DAY | _BESIDE_YEAR):
            return None
    else:
        return None
    month = _month(name)
    if month is None:
        return None
    numbers, is_hijri = month
    if is_hijri:
        return _sure(int(year), numbers[0], int(day), "ah") if era in (None, *HIJRI) else None
    if era in HIJRI:
        return Day(None, IMPOSSIBLE_DATE)
    if len(numbers) > 1 and behind.strip() not in _POLISH:
        return Day(None, TWO_READINGS)  # listopad: October in Croatian, November in Polish and Czech
    return _sure(int(year), numbers[-1], int(day), era)


def _era(behind: str) -> str | None:
    word = behind.strip(" \u00a0,()")
    # a single letter counts as an era where a day is asked for only
    return (
        word if word in HIJRI or (word in YEAR_BEFORE and not (len(word) == 1 and word.isascii())) else None
    )


def _without_era(between: str) -> tuple[str, str | None]:
    """`พฤศจิกายน พ.ศ. `: the words between two numbers, and the era that the second is counted in."""
    head, _, last = between.rstrip().rpartition(" ")
    return (head, last) if last in YEAR_BEFORE and len(last) > 1 else (between, None)


def _is_said(words: str, known: frozenset[str]) -> bool:
    """Whether words beside the numbers say nothing but what day of the week it is."""
    return all(
        word in known
        or word.strip(_EDGES) in known
        or word.strip(_EDGES) in cldr().weekdays
        or not word.strip(_EDGES)
        for word in words.split()
    )


@lru_cache(maxsize=4096)
def _month(written: str) -> tuple[tuple[int, ...], bool] | None:
    """The months that words may name, and whether they are of the Hijri calendar."""
    name = written.strip(_EDGES + "()")
    for _ in range(4):
        if not name:
            return None
        found = cldr().months.get(name)
        if found is not None:
            return found, False
        hijri = hijri_months().get(name)
        if hijri is not None:
            return (hijri,), True
        first, _, rest = name.partition(" ")
        head, _, last = name.rpartition(" ")
        if first in _IN_FRONT or first.strip(_EDGES) in _IN_FRONT or first.strip(_EDGES) in cldr().weekdays:
            name = rest.strip(_EDGES)
        elif last in _BESIDE_YEAR:
            name = head.strip(_EDGES)
        else:
            return None
    return None
