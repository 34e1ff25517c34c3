"""Fields that a page shows without a label: who it is from, what it comes to, its only date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.understanding.dates import day_parts, days_in
from qwenocr_assets.engine.understanding.labels import concepts, concepts_of, normalised
from qwenocr_assets.engine.understanding.letterhead import Letterhead, company_is_open, letterhead
from qwenocr_assets.engine.understanding.sums import total_is_open, total_of

_FROM = frozenset({"company", "seller", "store", "issuer"})
"""Concepts that ask who a document is from."""
_NAMES = _FROM | {"name"}
_LONE_VALUES = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b"),
}
"""Values that tell what they are, when the page has just one of the kind."""


@dataclass(frozen=True)
class Unlabelled:
    """What a page says without labels, found when it is asked for."""

    page: ReadPage

    @cached_property
    def total(self) -> str | None:
        return total_of(self.page)

    @cached_property
    def letterhead(self) -> Letterhead:
        return letterhead(self.page)

    def is_open(self, key: str, value: str) -> bool:
        """Whether the page has another text that may be meant by a key (as written) as well as its value."""
        names = concepts_of(normalised(key))
        if "total" in names:
            return total_is_open(self.page)
        return bool(names & _FROM) and value == self.letterhead.company and company_is_open(self.page)

    def value(self, key: str, parent: str | None) -> str | None:
        """What the page says for a key (normalised) under its parent key; None for nothing, or several things."""
        names = concepts_of(key)
        of_sender = parent is None or bool(concepts_of(parent) & _FROM)
        if of_sender and names & (_FROM if parent is None else _NAMES):
            return self.letterhead.company
        if "customer" in names and parent is None:
            return self.letterhead.addressee
        if of_sender and "address" in names:
            return " ".join(self.letterhead.address) or None
        kinds = {concepts()[name].kind for name in names}
        if "date" in kinds:
            return self._day(first="date" in names)
        for kind in _LONE_VALUES.keys() & (kinds | names):
            values = set(self._found(_LONE_VALUES[kind]))
            return values.pop() if len(values) == 1 else None
        return None

    def _day(self, *, first: bool) -> str | None:
        """The only day of the page; of several the first one, where any date is asked for."""
        days = [day for line in self.page.upright_lines for day in days_in(line.text)]
        return days[0] if days and (first or len({day_parts(day) for day in days}) == 1) else None

    def _found(self, pattern: re.Pattern[str]) -> Iterator[str]:
        return (match.group() for line in self.page.upright_lines for match in pattern.finditer(line.text))
