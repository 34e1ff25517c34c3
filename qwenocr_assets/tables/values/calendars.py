"""Years and months of other calendars → days of ours.

Eras and their first years: Japan's law of 1979 on era names and its predecessors; the Republic of China counts from
1912, the Buddhist era as Thailand writes it is 543 years ahead. The Hijri calendar is Umm al-Qura, which Saudi
authorities and most business papers use, by hijridate (1343 to 1500).
"""

from datetime import date
from functools import cache
from typing import Final

from hijridate import Hijri
from hijridate.locales import get_locale

YEAR_BEFORE: Final = {
    **dict.fromkeys(("令和", "㋿", "r", "reiwa"), 2018),
    **dict.fromkeys(("平成", "㍻", "h", "heisei"), 1988),
    **dict.fromkeys(("昭和", "㍼", "s", "showa"), 1925),
    **dict.fromkeys(("大正", "㍽", "t", "taisho"), 1911),
    **dict.fromkeys(("明治", "㍾", "m", "meiji"), 1867),
    **dict.fromkeys(("民國", "民国", "中華民國", "中华民国", "minguo", "roc"), 1911),
    **dict.fromkeys(("พ.ศ.", "พ.ศ", "พศ", "พุทธศักราช", "b.e.", "be", "佛曆", "佛历", "仏暦"), -543),
    **dict.fromkeys(("ค.ศ.", "ค.ศ", "คริสต์ศักราช", "西暦", "西元", "公元", "a.d.", "ad", "ce", "c.e."), 0),
    **dict.fromkeys(("م", "م.", "ميلادي", "ميلادية", "للميلاد"), 0),
}
"""By what an era is called, case-folded: the year before its first."""
HIJRI: Final = frozenset(("هـ", "ه", "هـ.", "ه.", "هجري", "هجرية", "للهجرة", "ah", "a.h."))
FIRST_YEAR, LAST_YEAR = 1500, 2199
"""Years that documents are about. Numbers below are taken for a Hijri year or none, those above for none."""
_BUDDHIST: Final = range(2400, 2701)


def calendar_day(year: int, month: int, day: int, era: str | None = None) -> date | None:
    """A day of our calendar, of a year counted in an era; None when there is no such day.

    A year from 2400 to 2700 without an era is of the Buddhist era, since nobody dates papers so far ahead.
    """
    if era in HIJRI:
        return hijri_day(year, month, day)
    if era is not None:
        year += YEAR_BEFORE[era]
    elif year in _BUDDHIST:
        year -= 543
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def is_buddhist(year: int) -> bool:
    """Whether a bare year is taken to be of the Buddhist era."""
    return year in _BUDDHIST


def hijri_day(year: int, month: int, day: int) -> date | None:
    """The day of our calendar for one of the Hijri calendar, None when there is none in its tables."""
    try:
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        return None


@cache
def hijri_months() -> dict[str, int]:
    """Names of the Hijri months, case-folded, with the numbers they may be."""
    names = {
        name.casefold(): number
        for language in ("ar", "en", "tr", "bn")
        for number, name in enumerate(get_locale(language).month_names, start=1)
    }
    spelt = {
        3: "ربيع الاول|rabi al-awwal|rabi i",
        4: "ربيع الآخر|ربيع الاخر|rabi al-thani|rabi ii",
        5: "جمادى الأولى|جمادى الاولى|جمادي الأولى|jumada al-awwal|jumada i",
        6: "جمادى الآخرة|جمادى الاخرة|جمادى الثانية|jumada al-thani|jumada ii",
        8: "shaban",
        11: "ذو القعدة|ذي القعدة|dhu al-qidah|dhul qadah",
        12: "ذو الحجة|ذي الحجة|dhul hijjah|dhu al-hijja",
    }
    return names | {name: number for number, written in spelt.items() for name in written.split("|")}
