"""Values with two readings, decided by their document where neither column nor table could."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from qwenocr_assets.schemas import KEY_VALUES, TABLE_CELLS, TEXT_LINES
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.doubts.unread import is_month
from qwenocr_assets.tables.values.amounts import Habits, habits_of, read_amount
from qwenocr_assets.tables.values.day_order import agreed, orders_in, orders_of_countries
from qwenocr_assets.tables.values.days import read_day
from qwenocr_assets.tables.values.neighbours import (
    decimal_in_lines,
    decimal_of_script,
    decimal_of_sizes,
    orders_of_days,
)
from qwenocr_assets.tables.values.notation import TWO_READINGS, Notation
from qwenocr_assets.tables.values.written import seen

_TEXT: Final = {KEY_VALUES.name: "value", TABLE_CELLS.name: "text"}

_Page = dict[str, list[Row]]


def nobody() -> str | None:
    """What siblings show where there are none."""
    return None


def decided(
    pages: Sequence[_Page], notation: Notation, order_of_siblings: Callable[[], str | None] = nobody
) -> list[_Page]:
    """The pages of a document with undecided numbers and days read as the rest of the document writes them.

    `order_of_siblings` says how the other documents of its route write days, and is asked where nothing of this one
    does. What the route's `notation` declares leaves nothing for the document to say.
    """
    if not any(row["typed_doubt"] == TWO_READINGS for page in pages for name in _TEXT for row in page[name]):
        return list(pages)
    document = _Document(pages, order_of_siblings)
    return [
        page | {name: [_settled(row, name, page, document, notation) for row in page[name]] for name in _TEXT}
        for page in pages
    ]


def _settled(row: Row, name: str, page: _Page, document: "_Document", notation: Notation) -> Row:
    if row["typed_doubt"] != TWO_READINGS:
        return row
    text = seen(row[_TEXT[name]])
    if is_month(text):
        return row  # all of its column are, and none of them tells
    if read_amount(text) is None:
        found = read_day(text, notation.date_order or document.order, is_asked=name == KEY_VALUES.name)
        if found is None or found.day is None:
            return row
        return {**row, "value_type": "date", "value_date": found.day, "typed_doubt": None}
    # Where the answer itself shows a decimal point, this was considered already, and found to leave it open.
    if notation.decimal or (name == KEY_VALUES.name and _shown(page[name], name) is not None):
        return row
    decimal = document.decimal
    if decimal is None:
        decimal = decimal_of_sizes(document.columns[_column(row, name)])
    amount = read_amount(text, None, Habits(decimal))
    if amount is None or amount.number is None:
        return row
    if name == TABLE_CELLS.name:
        return {**row, "number": amount.number, "typed_doubt": None}
    typed = {"value_type": "number", "value_number": amount.number, "currency": amount.currency}
    return {**row, **typed, "typed_doubt": None}


class _Document:
    """What the pages of a document show, found out when it is asked for."""

    def __init__(self, pages: Sequence[_Page], order_of_siblings: Callable[[], str | None]) -> None:
        self._pages = pages
        self._order_of_siblings = order_of_siblings

    @cached_property
    def decimal(self) -> str | None:
        """The decimal point that values show, else lines, else the script; empty where values disagree."""
        shown = habits_of(map(seen, self._values())).decimal
        if shown is None:
            shown = decimal_in_lines(self._lines) or decimal_of_script([*self._values(), *self._lines])
        return shown

    @cached_property
    def order(self) -> str | None:
        for shown in (orders_of_days(self._values()), orders_in(self._lines)):
            if shown:
                return agreed([shown])
        siblings = self._order_of_siblings()
        return agreed(
            [
                orders_of_countries([*self._values(), *self._lines]),
                frozenset() if siblings is None else frozenset({siblings}),
            ]
        )

    @cached_property
    def _lines(self) -> list[str]:
        return [row["text"] for page in self._pages for row in page[TEXT_LINES.name]]

    @cached_property
    def columns(self) -> Mapping[Any, list[str]]:
        """The texts of each column of a table below its header, and of each key of a list."""
        found: dict[Any, list[str]] = defaultdict(list)
        for page in self._pages:
            for name, text in _TEXT.items():
                for row in page[name]:
                    if row[text] and not row.get("is_header"):
                        found[_column(row, name)].append(row[text])
        return found

    def _values(self) -> Iterator[str]:
        return (
            row[text]
            for page in self._pages
            for name, text in _TEXT.items()
            for row in page[name]
            if row[text]
        )


def _shown(rows: Sequence[Row], name: str) -> str | None:
    return habits_of(seen(row[_TEXT[name]]) for row in rows if row[_TEXT[name]]).decimal


def _column(row: Row, name: str) -> Any:
    if name == TABLE_CELLS.name:
        return (row["page_id"], row["task"], row["table_index"], row["column_index"])
    if row["list_index"] is None:
        return (row["page_id"], row["task"], row["path"])
    return (row["page_id"], row["task"], str(row["parent_path"] or "").rpartition("[")[0], row["key"])
