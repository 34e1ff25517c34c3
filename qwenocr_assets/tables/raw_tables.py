"""Tables as HTML writes them, before their cells have places."""

import re
from typing import NamedTuple

RawCell = tuple[bool, int, int, str, int]
"""A `td` or `th`: whether it is a header; row span (0: to the end of the row group) and column span as written; text;
and what identifies it among the cells of an answer that nests tables. A bare tuple: there are very many."""


class RowGroup(NamedTuple):
    """A `thead`, `tbody` or `tfoot`."""

    kind: str
    rows: list[list[RawCell]]


class RawTable(NamedTuple):
    """A `table`."""

    groups: list[RowGroup]
    caption: str | None = None
    cell_around: int | None = None
    """The node of the cell it stands in."""


_LEADING_NUMBER = re.compile(r"[ \t\n\f\r]*\+?([0-9]+)")


def span(value: str | None) -> int:
    """The number a span attribute says, by HTML's rules for parsing integers; 1 when it says none."""
    if value is None:
        return 1
    match = _LEADING_NUMBER.match(value)
    # Nine digits say "more than any limit" as well as ninety do.
    return int(match[1][:9]) if match else 1
