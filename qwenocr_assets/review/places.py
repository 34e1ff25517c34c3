"""Places that a person can say something about: a value by its path, a cell, or a whole table."""

import json
import re
from dataclasses import dataclass

from qwenocr_assets.outgoing import xml

_TABLE = re.compile(r"table (\d+)(?: row (\d+) column (\d+))?")
_STEP = re.compile(
    r'(?P<key>[^.\[\]"#]+|\["(?:[^"\\]|\\.)*"\])(?P<again>#\d+)?|\[(?P<index>\d+)\]|(?P<dot>\.)'
)

_LONGEST = 10_000
"""Characters of a place; a path is a few keys."""

CELL = "table cell"
"""What all cells are labelled with."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place taken apart; what does not apply is None."""

    text: str
    key: str | None = None
    parent_path: str | None = None
    list_index: int | None = None
    table_index: int | None = None
    row_index: int | None = None
    column_index: int | None = None

    @property
    def is_value(self) -> bool:
        return self.key is not None

    @property
    def is_cell(self) -> bool:
        return self.row_index is not None

    @property
    def field(self) -> str:
        """What it has in common with its like: `items[2].price` is one of `items[].price`."""
        return re.sub(r"\[\d+\]", "[]", self.text) if self.is_value else CELL

    @property
    def label(self) -> str:
        """The field as a label, which stands in the XML of Label Studio's configuration."""
        return xml(self.field)


def read_place(text: str) -> Place | None:
    """The place that `table 0 row 1 column 2`, `table 0` or a path of `key_values` names; None when it is no such.

    A path begins with a key and is made of what `schemas.value_path` makes it of.
    """
    if len(text) > _LONGEST:
        return None
    if table := _TABLE.fullmatch(text):
        numbers = [None if n is None else int(n) for n in table.groups()]
        return Place(text, table_index=numbers[0], row_index=numbers[1], column_index=numbers[2])
    key: str | None = None
    parent: str | None = None
    index: int | None = None
    at, after_dot = 0, True
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        if step["dot"]:
            if after_dot:
                return None
            after_dot = True
        elif step["index"] is not None:
            if key is None or after_dot:
                return None
            parent, index = text[:at], int(step["index"])
        else:
            in_brackets = step["key"].startswith("[")
            if not ((at == 0 or not after_dot) if in_brackets else after_dot):
                return None
            parent = text[:at].removesuffix(".") or None
            key, after_dot = _key(step["key"]), False
            if key is None:
                return None
        at = step.end()
    if key is None or after_dot:
        return None
    return Place(text, key=key, parent_path=parent, list_index=index)


def cell_place(table_index: int, row_index: int, column_index: int) -> str:
    """The place of a cell, as `marts.value_trust` writes it."""
    return f"table {table_index} row {row_index} column {column_index}"


def _key(written: str) -> str | None:
    if not written.startswith("["):
        return written
    try:
        key = json.loads(written[1:-1])
    except ValueError:
        return None
    return key if isinstance(key, str) else None
