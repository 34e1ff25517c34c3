"""Lines that are an amount without its decimal point, on pages whose other amounts have one.

A recogniser that loses a point is as sure as ever, so only the page speaks against it. Three things do: digits that
stand right-aligned under amounts (`8091` below `12.50`), the same digits with their point elsewhere on the page, and a
gap where the point belongs (`80 91`). It is said and not mended.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.values.currencies import currency
from qwenocr_assets.tables.values.notation import MAYBE_WITHOUT_POINT
from qwenocr_assets.tables.values.written import seen

_LINE: Final = re.compile(r"([^0-9]*)([0-9][0-9.,٫' \u00a0]*[0-9]|[0-9])([^0-9]*)")
_ENDS_IN_AMOUNT: Final = re.compile(r"(?<![0-9.,٫])([0-9][0-9,.']*[.,٫][0-9]{2})(?![0-9])\W*\Z")
_DIGITS: Final = re.compile(r"[0-9]{3,7}")
_PARTED: Final = re.compile(r"[0-9]{1,5}[ \u00a0][0-9]{2}")
_SIGNS: Final = " \u00a0()+-–*:="
_FEWEST: Final = 2
"""Amounts with a point that the page has to have, and that have to stand in line."""
_SLACK: Final = 0.8
"""How far right edges may be apart, in heights of the line."""


class _Written(NamedTuple):
    at: int
    cents: int
    edge: float
    height: float


def lines_with_lost_points(lines: Sequence[Row]) -> list[Row]:
    """A page's rows of `text_lines` with `text_doubt` set where a line may be an amount that lost its point."""
    amounts: list[_Written] = []
    bare: list[_Written] = []
    parted: list[_Written] = []
    for at, row in enumerate(lines):
        if row.get("left_px") is None or not row["text"]:
            continue
        text = seen(row["text"])
        if (amount := _ENDS_IN_AMOUNT.search(text)) is not None:
            amounts.append(_written(at, row, amount[1]))
        elif (digits := _number_alone(text)) is None:
            continue
        elif _DIGITS.fullmatch(digits):
            bare.append(_written(at, row, digits))
        elif _PARTED.fullmatch(digits):
            parted.append(_written(at, row, digits))
    if len(amounts) < _FEWEST:
        return list(lines)
    doubtful = {one.at for one in parted}
    doubtful.update(one.at for one in bare if _is_lost(one, bare, [*amounts, *parted]))
    return [
        {**row, "text_doubt": MAYBE_WITHOUT_POINT} if at in doubtful else row for at, row in enumerate(lines)
    ]


def with_doubts_of_lines(rows: Sequence[Row], lines: Iterable[Row]) -> list[Row]:
    """Values or cells with `typed_doubt` set where they are a line that is doubtful: they have its box."""
    boxes = {_box(line) for line in lines if line.get("text_doubt") == MAYBE_WITHOUT_POINT}
    return [
        {**row, "typed_doubt": MAYBE_WITHOUT_POINT}
        if row["typed_doubt"] is None and row.get("left_px") is not None and _box(row) in boxes
        else row
        for row in rows
    ]


def _number_alone(text: str) -> str | None:
    """The number of a line that holds nothing else but signs and a currency."""
    found = _LINE.fullmatch(text)
    if found is None or any(
        mark and currency(mark) is None for mark in (found[1].strip(_SIGNS), found[3].strip(_SIGNS))
    ):
        return None
    return found[2]


def _is_lost(one: _Written, bare: Sequence[_Written], amounts: Sequence[_Written]) -> bool:
    if one.cents > max(amount.cents for amount in amounts):
        return False
    in_line, without = (sum(_is_in_line(one, other) for other in others) for others in (amounts, bare))
    return (in_line >= _FEWEST and in_line > without) or any(one.cents == amount.cents for amount in amounts)


def _is_in_line(one: _Written, other: _Written) -> bool:
    return abs(one.edge - other.edge) <= _SLACK * one.height


def _written(at: int, row: Row, digits: str) -> _Written:
    return _Written(at, int(re.sub(r"[^0-9]", "", digits)), row["right_px"], row["bottom_px"] - row["top_px"])


def _box(row: Row) -> tuple[Any, ...]:
    return row["left_px"], row["top_px"], row["right_px"], row["bottom_px"]
