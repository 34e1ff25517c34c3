"""How documents write numbers and days: what a route declares, or what neighbours show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notation:
    """How the documents of a route write dates and numbers; None where nothing is declared."""

    date_order: str | None = None
    """day_month or month_day: which comes first in `03/04/2025`."""
    decimal: str | None = None
    """`.` or `,`: the decimal point of `1.234`; the other one separates thousands."""


UNDECLARED = Notation()

TWO_READINGS = "two_readings"
IMPOSSIBLE_DATE = "impossible_date"
MAYBE_WITHOUT_POINT = "maybe_without_point"
SEVERAL_NUMBERS = "several_numbers"
WEEKDAY_DIFFERS = "weekday_differs"
TWO_CURRENCIES = "two_currencies"
NO_NUMBER = "no_number"
NO_DAY = "no_day"
UNREADABLE = "unreadable"
"""Values of the column `typed_doubt`."""
