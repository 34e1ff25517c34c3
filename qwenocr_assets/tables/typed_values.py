"""Typed values beside the raw text: numbers, days, yes and no, read only where one reading is possible.

**Numbers**, in the digits and separators of any script, with sign and currency:

| written | read as | why |
|---|---|---|
| `1234`, `147.95`, `0.815`, `1234.567`, `.50` | as is | a dot that sets off no thousands is the decimal point |
| `1,234,567.89`, `1.234,56`, `1 234,56` | 1234567.89, 1234.56 | of two kinds of separators the last is decimal |
| `12,50`, `0,815`, `€12,5` | 12.50, 0.815, 12.5 | no thousands; two decimals, a leading 0 or a currency shows a price |
| `1,234`, `1.234`, `€1.234` | as the neighbours write | where nothing decides, text and `two_readings` |
| `$1,234`, `¥1,234`, `1.234 ₫` | 1234 | the currency's places group so, or it has no decimals |
| `1,23,45,678.50` | 12345678.50 | lakh and crore |
| `١٬٢٣٤٫٥٠`, `１，２３４．５０`, `१,२३,४५६.५०` | 1234.50, 1234.50, 123456.50 | decimal digits of every script |
| `1,5`, `1.234.567`, `1 234` | as its column writes, else text | a list, a version, two numbers as well |
| `(150.00)`, `75.25-`, `–5.00`, `△5`, `150.00 CR`, `負5` | negative | as accountants write |
| `150.00 DR` | 150.00 | text in a column where DR alone is marked |
| `(5)` | as its column writes, else text | a note as well |
| `▼5`, `₹5 Cr` | text | an arrow, a crore as well; so is `▲5` in a column with `▼` |
| `12.-`, `25:-`, `500/-`, `–.50`, `¥12,345-`, `金12,345円也` | 12, 25, 500, 0.50, 12345 | dashes for nothing |
| `007`, `+49301234567` | text | leading zeros make an identifier, a plus before eight digits a telephone number |
| 16 digits and more without separators | text | an identifier, like a card number |
| `12.5%`, `10²`, `①`, `3 万` | text | not a plain number; `12.50*` among numbers is `no_number` |
| `5+` | as its column writes signs, else text | five and more as well |

A comma with three digits behind it is thousands in the writing of English, Chinese, Japanese and Korean and a decimal
comma in much of Europe, so a lone one is never decided by itself. `values/neighbours.py` says who decides.
`values/currencies.py` has the table of currencies.

**Days**, typed when exactly one can be meant. A time and a weekday may follow; the day is what is kept.

| written | read as | why |
|---|---|---|
| `2024-11-14`, `2024/11/14`, `2024. 11. 14.`, `2024年11月14日` | 14 November | year first |
| `14/11/2024`, `11/14/2024` | 14 November | 14 is no month |
| `03/04/2025` | as the document's other days, else text and `two_readings` | two days |
| `14 March 2025`, `1er janvier 2025`, `14 ноября 2025 г.`, `١٤ نوفمبر ٢٠٢٥` | the day | names of months of CLDR |
| `14 listopada 2025` | text and `two_readings` | October in Croatian, November in Polish |
| `令和7年11月14日`, `民國114年11月14日`, `14/11/2568`, `23 رمضان 1447 هـ` | the day | eras, Buddhist years, Hijri |
| `14/11/3025`, `2025-02-30`, `1447/05/23` | text and `impossible_date` | no day, or of a calendar it does not name |
| `20251114`, `R7.11.14` | a day where a day is asked for | else a number, a version |
| `14/11/24`, `2024-11` | text | two digits are no year |
| `Monday, 14 March 2025` | the day, and `weekday_differs` | it was a Friday |
| `11.2024` below `09.2024`, or as a column of them | text | months |

**Yes and no** are words that say nothing else, ticked and empty boxes, and `☑ Yes ☐ No`: `values/yes_no.py`.

What is ambiguous by itself is read where the route declares its `Notation`: with `day_month`, `03/04/2025` is the third
of April; with a decimal comma, `1.234` is 1234 and `1,234` is 1.234.
"""

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from qwenocr_assets.tables.values.amounts import (
    LONGEST,
    NO_HABITS,
    Amount,
    Habits,
    holds,
    is_label,
    read_amount,
)
from qwenocr_assets.tables.values.days import read_day
from qwenocr_assets.tables.values.notation import TWO_CURRENCIES, TWO_READINGS, UNDECLARED, Notation
from qwenocr_assets.tables.values.written import seen
from qwenocr_assets.tables.values.yes_no import SETTLED_AROUND, read_yes_no


class TypedValue(NamedTuple):
    """What a text says: `type` is text, number, date or boolean; the rest is None where it does not apply."""

    type: str
    number: Decimal | None = None
    day: date | None = None
    currency: str | None = None
    truth: bool | None = None
    doubt: str | None = None
    """Why it stays text although it has the form of a number or a date: two_readings or impossible_date, no_number or
    no_day where one is asked for; or what speaks against the day or the amount: weekday_differs, two_currencies."""
    is_open: bool = False
    """Whether the values around it may say otherwise."""


TEXT = TypedValue("text")

PLAIN_NUMBER = re.compile(
    r"-?(?:(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,2})?|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4}\.[0-9]{1,2})"
)
"""The commonest forms of a number, which say the same whatever stands around them, if `,` is not declared decimal."""
_DIGIT = re.compile(r"\d")


def typed_value(
    text: str,
    notation: Notation = UNDECLARED,
    habits: Habits = NO_HABITS,
    *,
    asked_for: str | None = None,
    signs: str = "",
) -> TypedValue:
    """The number, date or boolean a text is, or text when it is none or could be read in two ways.

    `notation` is what the route declares, `habits` how the values around write, `signs` the single signs among them;
    `asked_for` is date where the schema asks for a day.
    """
    if len(text) > LONGEST:
        return TEXT
    if not _DIGIT.search(text) and "年" not in text:
        return _typed_words(seen(text), signs)
    written = seen(text)
    if asked_for == "date" and (day := read_day(written, notation.date_order, is_asked=True)) is not None:
        return _typed_day(day.day, day.doubt)
    amount = read_amount(written, notation.decimal, habits)
    if amount is not None:
        if amount.number is not None:
            doubt = TWO_CURRENCIES if amount.mixed else None
            return TypedValue(
                "number", amount.number, currency=amount.currency, doubt=doubt, is_open=amount.is_open
            )
        doubt = TWO_READINGS if amount.two else None
        return TypedValue("text", doubt=doubt, is_open=amount.is_open)
    day = read_day(written, notation.date_order)
    return TEXT if day is None else _typed_day(day.day, day.doubt)


def _typed_words(text: str, signs: str) -> TypedValue:
    truth = read_yes_no(text, signs)
    is_open = text in SETTLED_AROUND
    return TypedValue("text" if truth is None else "boolean", truth=truth, is_open=is_open)


def _typed_day(day: date | None, doubt: str | None) -> TypedValue:
    return TypedValue("text" if day is None else "date", day=day, doubt=doubt)


def read_number(text: str, notation: Notation = UNDECLARED, habits: Habits = NO_HABITS) -> Amount | None:
    """The number a text is, as `typed_value` reads it, or what leaves it open; None for anything else."""
    if len(text) > LONGEST or is_label(text) or not _DIGIT.search(text):
        return None
    return read_amount(seen(text), notation.decimal, habits)


def plain_number(written: str) -> Decimal | None:
    """A number as JSON writes it, where there is only one reading; None when no column could hold it."""
    try:
        value = Decimal(written)
    except ArithmeticError:
        return None
    return value if value.is_finite() and holds(value) else None
