"""The calendar days that a text prints, without weekday and time."""

import re
from functools import cache

from qwenocr_assets.engine.understanding.words import alternatives

_NUMERIC = (
    r"\d{4}\s?[-/.年년]\s?\d{1,2}\s?[-/.月월]\s?\d{1,2}(?!\d)(?:\s?[日일])?",
    r"\d{1,2}(?P<sign>\s?[-/.]\s?)\d{1,2}(?P=sign)(?:\d{4}|\d{2})(?![-/.]?\d)",
)


@cache
def _day() -> re.Pattern[str]:
    month = rf"(?:{alternatives('months')})[^\W\d_]{{0,9}}\.?"
    worded = (
        rf"\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?[\s./-]*(?:de\s+)?{month}(?:\s+de)?[\s./,'-]*(?:\d{{4}}|\d{{2}})(?!\d)",
        rf"{month}[\s./-]*\d{{1,2}}(?:st|nd|rd|th)?[\s./,-]+\d{{4}}(?!\d)",
    )
    return re.compile(rf"(?<![\d./-])(?:{'|'.join((*_NUMERIC, *worded))})", re.IGNORECASE)


def days_in(text: str) -> list[str]:
    """The days that a text prints, as they are printed."""
    return [day for match in _day().finditer(text) if _may_be_day(day := match.group().strip())]


def _may_be_day(day: str) -> bool:
    numbers = sorted(int(part) for part in re.findall(r"\d+", day))
    if len(numbers) == 3:  # some order of day, month and year
        return 1 <= numbers[0] <= 12 and 1 <= numbers[1] <= 31
    return bool(numbers) and 1 <= numbers[0] <= 31


def day_parts(day: str) -> tuple[str, ...]:
    """What a day is printed of, the same for "29-03-2018" and "29/03/2018"."""
    parts = re.findall(r"\d+|[^\W\d_]+", day.casefold())
    return tuple(part.lstrip("0") if part.isdigit() else part[:3] for part in parts)
