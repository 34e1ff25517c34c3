"""Typed values beside the raw text: numbers and dates, read only where one reading is possible.

Numbers, of digits 0-9 (full-width forms too), with an optional sign and an optional currency before or behind:

| written | read as | why |
|---|---|---|
| `1234`, `147.95`, `0.815`, `3.089` | as is | a single dot is the decimal point |
| `1,234`, `1,234,567.89` | 1234, 1234567.89 | commas that set off groups of three are thousands separators |
| `1.234,56`, `1 234,56`, `1'234.50` | 1234.56, 1234.56, 1234.50 | of two kinds of separators the last is decimal |
| `12,50`, `0,815`, `€12,5` | 12.50, 0.815, 12.5 | no thousands; two decimals, a leading 0 or a currency shows a price |
| `$1.234`, `€1.234`, `€1,234` | text | thousands or three decimals: depends on the country |
| `1.234.567` | text without a currency | a section, a version or a telephone number as well |
| `1,5` | text | a decimal or a list of two |
| `007` | text | leading zeros make an identifier |
| 16 digits and more without separators | text | an identifier, like a card number |
| `12.5%`, `10²`, `①` | text | not a plain number |

A comma with three digits behind it is thousands in the writing of English, Chinese, Japanese and Korean and a
decimal comma in much of Europe; beside a currency that is written in both ways (€, CHF, …) it therefore stays text.

Dates are typed when exactly one calendar day can be meant: `2024-11-14`, `2024/11/14`, `2024.11.14`, `2024年11月14日`,
`14 March 2025`, `March 14, 2025`, `14/11/2024` (14 is no month), but not `03/04/2025`. A time of day may follow; the
day is what is kept. Two-digit years stay text.

What is ambiguous by itself is read where the route declares its `Notation`: with `day_month`, `03/04/2025` is the third
of April; with a decimal comma, `1.234` is 1234 and `1,234` is 1.234.

Booleans are words that say nothing else: true and false, yes and no in a few languages, ticked and empty boxes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class TypedValue(NamedTuple):
    """What a text says: `type` is text, number, date or boolean; the rest is None where it does not apply."""

    type: str
    number: Decimal | None = None
    day: date | None = None
    currency: str | None = None
    truth: bool | None = None


TEXT = TypedValue("text")


@dataclass(frozen=True, slots=True)
class Notation:
    """How the documents of a route write dates and numbers; None where nothing is declared."""

    date_order: str | None = None
    """day_month or month_day: which comes first in `03/04/2025`."""
    decimal: str | None = None
    """`.` or `,`: the decimal point of `1.234`; the other one separates thousands."""


UNDECLARED = Notation()

_NARROW = str.maketrans(
    "０１２３４５６７８９．，－＋￥＄％／：（）　−",
    "0123456789.,-+¥$%/:() -",
)
"""Full-width digits and signs. Not NFKC, which would also turn 10² into 102 and ① into 1."""

_COMMA_GROUPS = frozenset(
    "$ US$ HK$ NT$ S$ A$ C$ ¥ £ ₩ ₹ 元 円 圆 원 USD CNY RMB JPY GBP HKD TWD KRW SGD AUD CAD NZD INR THB MYR PHP".split()  # noqa: SIM905
)
"""Currencies of places that group thousands by comma."""
_BOTH_WAYS = frozenset(
    "€ R$ CHF EUR BRL ZAR SEK NOK DKK PLN CZK HUF TRY RUB ₽ ₫ ₺ VND IDR MXN ARS CLP COP AED SAR".split()  # noqa: SIM905
)
"""Currencies that are written with either separator."""

_CURRENCY = "|".join(re.escape(c) for c in sorted(_COMMA_GROUPS | _BOTH_WAYS, key=len, reverse=True))
_AMOUNT = re.compile(
    rf"""
    (?P<sign1>[-+])?\s*
    (?:(?P<before>{_CURRENCY})\s*)?
    (?P<sign2>[-+])?
    (?P<digits>[0-9](?:[0-9.,'’\u0020\u00a0\u2009\u202f]*[0-9])?)
    (?:\s*(?P<behind>{_CURRENCY}))?
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,9})?")
"""The commonest forms of a number, which have one reading and are read without looking further."""
_NAME = re.compile(rf"\s*(?!{_CURRENCY})[A-Za-z]")
"""How a text begins that is surely no amount."""
_SEPARATOR = re.compile(r"[^0-9]")
_DIGIT = re.compile("[0-9０-９]")

_LONGEST = 64
"""Characters of the longest text that is looked at; no number or date is longer."""
_MOST_UNGROUPED_DIGITS = 15
_MOST_DECIMALS = 9
_MOST_INTEGER_DIGITS = 29
"""The last two are what the tables' DECIMAL(38, 9) holds."""


_TRUE = frozenset("true yes 是 はい 예 ☑ ✓ ✔".split())  # noqa: SIM905
_FALSE = frozenset("false no 否 いいえ 아니요 아니오 ☐".split())  # noqa: SIM905


def typed_value(text: str, notation: Notation = UNDECLARED) -> TypedValue:
    """The number, date or boolean a text is, or `TEXT` when it is none or could be read in two ways."""
    if _PLAIN.fullmatch(text) and notation.decimal != ",":
        return TypedValue("number", number=Decimal(text.replace(",", "")))
    if len(text) > _LONGEST:
        return TEXT
    if not _DIGIT.search(text):
        word = text.strip().lower()
        return TypedValue("boolean", truth=word in _TRUE) if word in _TRUE or word in _FALSE else TEXT
    text = text.translate(_NARROW).strip()
    amount = _amount(text, notation.decimal)
    if amount is not None:
        return TypedValue("number", number=amount[0], currency=amount[1])
    day = _day(text, notation.date_order)
    if day is not None:
        return TypedValue("date", day=day)
    return TEXT


def typed_number(text: str, notation: Notation = UNDECLARED) -> Decimal | None:
    """The number a text is, as `typed_value` reads it; None for anything else."""
    if _PLAIN.fullmatch(text) and notation.decimal != ",":
        return Decimal(text.replace(",", ""))
    if _NAME.match(text) or len(text) > _LONGEST or not _DIGIT.search(text):
        return None
    amount = _amount(text.translate(_NARROW).strip(), notation.decimal)
    return None if amount is None else amount[0]


def plain_number(written: str) -> Decimal | None:
    """A number as JSON writes it, where there is only one reading; None when no column could hold it."""
    try:
        value = Decimal(written)
    except ArithmeticError:
        return None
    return value if value.is_finite() and _holds(value) else None


def _holds(value: Decimal) -> bool:
    """Whether DECIMAL(38, 9) holds the value exactly."""
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int) and exponent >= -_MOST_DECIMALS and value.adjusted() < _MOST_INTEGER_DIGITS
    )


def _amount(text: str, decimal: str | None) -> tuple[Decimal, str | None] | None:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    if match["sign1"] and match["sign2"]:
        return None
    # Where both stand there ("$5.00 USD", "¥39.90元") the one behind says more.
    currency = match["behind"] or match["before"]
    digits = match["digits"]
    plain = _plain_digits(digits, currency) if decimal is None else _declared_digits(digits, decimal)
    if plain is None:
        return None
    value = Decimal(plain)
    if not _holds(value):
        return None
    return (-value if "-" in (match["sign1"], match["sign2"]) else value), currency


def _declared_digits(written: str, decimal: str) -> str | None:
    """Digits with a decimal point and nothing else, where the decimal point is declared."""
    whole, point, rest = written.partition(decimal)
    groups = _SEPARATOR.split(whole)
    separators = set(_SEPARATOR.findall(whole))
    if len(separators) > 1 or not all(groups) or (point and not rest.isdigit()):
        return None
    if not (_is_grouped(groups) if separators else _is_count(whole)):
        return None
    return f"{''.join(groups)}.{rest}" if rest else "".join(groups)


def _plain_digits(written: str, currency: str | None) -> str | None:
    """Digits with a decimal point and nothing else, or None when the separators allow two readings."""
    separators = _SEPARATOR.findall(written)
    groups = _SEPARATOR.split(written)
    kinds = list(dict.fromkeys(separators))
    if not all(groups):
        return None
    if not separators:
        return written if _is_count(written) else None
    if len(kinds) > 2 or (len(kinds) == 2 and separators.count(kinds[1]) > 1):
        return None
    if len(kinds) == 2:
        decimal = kinds[1]
        if decimal not in ".," or not _is_grouped(groups[:-1]):
            return None
        return f"{''.join(groups[:-1])}.{groups[-1]}"
    return _one_kind(kinds[0], groups, currency)


def _one_kind(separator: str, groups: list[str], currency: str | None) -> str | None:
    """The digits where all separators are the same."""
    grouped = _is_grouped(groups)
    if separator not in ".,":
        # A plain space may as well stand between two numbers.
        return "".join(groups) if grouped and (separator != " " or currency) else None
    if len(groups) > 2:
        return "".join(groups) if grouped and (separator == "," or currency) else None
    whole, rest = groups
    if separator == ".":
        two_readings = grouped and currency is not None
        return f"{whole}.{rest}" if _is_count(whole) and not two_readings else None
    if grouped:
        return None if currency in _BOTH_WAYS else whole + rest
    is_decimal = len(rest) != 3 and (len(rest) == 2 or currency is not None)
    return f"{whole}.{rest}" if _is_count(whole) and (whole == "0" or is_decimal) else None


def _is_count(digits: str) -> bool:
    return digits == "0" or (digits[0] != "0" and len(digits) <= _MOST_UNGROUPED_DIGITS)


def _is_grouped(groups: list[str]) -> bool:
    first, *others = groups
    return first[0] != "0" and len(first) <= 3 and all(len(g) == 3 for g in others)


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONE = r"(?:Z|[AaPp]\.?[Mm]\.?|[+-][0-9]{2}:?[0-9]{2})"
_TIME = rf"(?:(?:T|\s*)(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?\s*{_ZONE}?)?"
_YEAR_FIRST = re.compile(rf"([12][0-9]{{3}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}})(?:(?=T|\s){_TIME})?")
_YEAR_FIRST_CJK = re.compile(
    rf"([12][0-9]{{3}})\s*[年년]\s*([0-9]{{1,2}})\s*[月월]\s*([0-9]{{1,2}})\s*[日号號일]{_TIME}"
)
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([12][0-9]{{3}})(?:(?=\s){_TIME})?")
_DAY_NAME = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?([A-Za-z]+)\.?[\s,-]+([12][0-9]{{3}})(?:(?=\s){_TIME})?"
)
_NAME_DAY = re.compile(
    rf"([A-Za-z]+)\.?\s+([0-9]{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)([12][0-9]{{3}})(?:(?=\s){_TIME})?"
)


def _day(text: str, order: str | None) -> date | None:
    """The one calendar day a text can mean, else None."""
    if m := _YEAR_FIRST.fullmatch(text):
        return _calendar_day(m[1], m[3], m[4])
    if m := _YEAR_FIRST_CJK.fullmatch(text):
        return _calendar_day(m[1], m[2], m[3])
    if m := _YEAR_LAST.fullmatch(text):
        day_first, month_first = _calendar_day(m[4], m[3], m[1]), _calendar_day(m[4], m[1], m[3])
        if order is not None and day_first and month_first:
            return day_first if order == "day_month" else month_first
        readings = {day_first, month_first} - {None}
        return readings.pop() if len(readings) == 1 else None
    if m := _DAY_NAME.fullmatch(text):
        return _calendar_day(m[3], _MONTHS.get(m[2].lower()), m[1])
    if m := _NAME_DAY.fullmatch(text):
        return _calendar_day(m[3], _MONTHS.get(m[1].lower()), m[2])
    return None


def _calendar_day(year: str, month: str | int | None, day: str) -> date | None:
    try:
        return date(int(year), int(month or 0), int(day))
    except ValueError:
        return None


_NUMBER_INSIDE = re.compile(
    r"(?<![\w.,])[-+]?[0-9](?:[0-9.,'’\u00a0\u202f]*[0-9])?(?![\w])|[0-9][0-9.,]*[0-9]|[0-9]"
)


def numbers_in(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """The numbers inside a text, with where they start and end; of two readings both."""
    for match in _NUMBER_INSIDE.finditer(text):
        written = match[0].translate(_NARROW)
        for decimal in (".", ","):
            number = typed_number(written, Notation(decimal=decimal))
            if number is not None:
                yield match.start(), match.end(), number
                if "." not in written and "," not in written:
                    break


_DAY_FORMS = (_YEAR_FIRST, _YEAR_FIRST_CJK, _YEAR_LAST, _DAY_NAME, _NAME_DAY)
_DAYS_INSIDE = [re.compile(rf"(?<![0-9])(?:{form.pattern})(?![0-9])", re.IGNORECASE) for form in _DAY_FORMS]


def days_in(text: str) -> Iterator[tuple[int, int, date]]:
    """The calendar days inside a text, with where they start and end; of two readings both."""
    if not _DIGIT.search(text):
        return
    for form in _DAYS_INSIDE:
        for match in form.finditer(text):
            written = match[0].translate(_NARROW)
            days = {_day(written, order) for order in ("day_month", "month_day")} - {None}
            for day in days:
                if day is not None:
                    yield match.start(), match.end(), day
