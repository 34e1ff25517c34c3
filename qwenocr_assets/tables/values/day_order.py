"""Whether days are written day or month first, where no date of a document's values says so.

Asked in this order: the dates inside the document's lines; then where its lines say that it comes from, and the other
documents of its route in the batch. Who is asked and disagrees, with itself or with the other of the last two, leaves
it undecided.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from qwenocr_assets.tables.values.written import plain

DAY_MONTH: Final = "day_month"
MONTH_DAY: Final = "month_day"

_DATE: Final = re.compile(r"(?<![0-9./-])([0-9]{1,2})([-/.])([0-9]{1,2})\2(?:19|20)[0-9]{2}(?![0-9])")
_FEWEST: Final = 5
"""Documents of a route that have to show an order, all the same one, before it counts for the others."""

# What a company or a tax office of one country writes, in countries that use one order: by law or custom day first.
_DAY_FIRST: Final = re.compile(
    r"\bSDN\.? ?BHD\b|\b(?:PTE|PTY|PVT)\.? ?LTD\b|\bPRIVATE LIMITED\b|\bGMBH\b|\bS\.? ?A\.? ?R\.? ?L\b|\bS\.R\.L\b|"
    r"\bS\.P\.A\b|\bB\.V\.(?!\w)|\bS\.A\. DE C\.V\b|\bSP\. ?Z ?O\. ?O\b|\bD\.O\.O\b|\bLTDA\b|\bGSTIN\b|\bSIRET\b|"
    r"\bPARTITA IVA\b|\bP\. ?IVA\b|\bUST-?ID|\bCNPJ\b|\bABN:? ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}\b|"
    r"\bОО[ОO]\b|\bИНН\b",
    re.IGNORECASE,
)
_STATES: Final = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
_MONTH_FIRST: Final = re.compile(rf"(?:,|[a-z])\.? (?:{_STATES})\.?,? [0-9]{{5}}(?:-[0-9]{{4}})?\b")
"""A state and a ZIP code of the United States, behind the name of a town."""


def orders_in(lines: Iterable[str]) -> frozenset[str]:
    """The orders that dates inside lines show: only those do that are a day in one of the two."""
    shown = set()
    for line in lines:
        for match in _DATE.finditer(plain(line)):
            first, second = int(match[1]), int(match[3])
            if 12 < max(first, second) <= 31 and 1 <= min(first, second) <= 12:
                shown.add(DAY_MONTH if first > second else MONTH_DAY)
    return frozenset(shown)


def orders_of_countries(lines: Iterable[str]) -> frozenset[str]:
    """The orders of the countries that companies, tax numbers and addresses in the lines are of."""
    shown = set()
    for line in map(plain, lines):
        if _DAY_FIRST.search(line):
            shown.add(DAY_MONTH)
        if _MONTH_FIRST.search(line):
            shown.add(MONTH_DAY)
    return frozenset(shown)


def order_of_siblings(documents: Iterable[frozenset[str]]) -> str | None:
    """The order that documents of one route share, given what each of them shows; None where they are few."""
    shown = [orders for orders in documents if orders]
    return agreed(shown) if len(shown) >= _FEWEST else None


def agreed(orders: Sequence[frozenset[str]]) -> str | None:
    """The one order that all name who name any."""
    named = frozenset().union(*orders)
    return next(iter(named)) if len(named) == 1 else None
