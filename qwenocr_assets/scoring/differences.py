"""Which values differ from the truth: a path, what is true, and what was read. The same pairs as the scores have."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import Any, NamedTuple

from qwenocr_assets.scoring.fields import paired
from qwenocr_assets.scoring.text import normalised
from qwenocr_assets.scoring.values import NOTHING, Value, value_of
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.values.notation import UNDECLARED, Notation


class Kind(StrEnum):
    """How a value differs."""

    MISREAD = "misread"
    LEFT_OUT = "left_out"
    INVENTED = "invented"


class Difference(NamedTuple):
    """A value of a document that is not as the truth says."""

    path: str
    """Of a field as in `key_values`, of a cell as in `value_trust`; counted in the truth, of what is invented in the
    answer."""
    kind: Kind
    truth: str | None
    read: str | None


def field_differences(answer: Any, truth: Any, notation: Notation = UNDECLARED) -> list[Difference]:
    """The single values that count as wrong in field_f1. Both sides are what JSON holds."""
    return list(_compared(value_of(answer, notation), value_of(truth, notation), ""))


def cell_differences(answer: Sequence[Sequence[Cell]], truth: Sequence[Sequence[Cell]]) -> list[Difference]:
    """The cells whose text differs, table by table, row by row and column by column."""
    found: list[Difference] = []
    for table, (ours, theirs) in enumerate(zip_longest(answer, truth, fillvalue=())):
        read, wanted = ({(c.row, c.column): c.text for c in cells} for cells in (ours, theirs))
        for row, column in sorted(read.keys() | wanted.keys()):
            is_read, is_true = read.get((row, column), ""), wanted.get((row, column), "")
            if normalised(is_read) != normalised(is_true):
                path = f"table {table} row {row} column {column}"
                found.append(_difference(path, is_true or None, is_read or None))
    return found


def _difference(path: str, truth: str | None, read: str | None) -> Difference:
    kind = Kind.INVENTED if truth is None else Kind.LEFT_OUT if read is None else Kind.MISREAD
    return Difference(path, kind, truth, read)


def _compared(answer: Value, truth: Value, path: str) -> Iterator[Difference]:
    if answer.said is not None and truth.said is not None:
        if not answer.said.is_same(truth.said):
            yield _difference(path, truth.said.written, answer.said.written)
    elif answer.fields is not None and truth.fields is not None:
        for key in [*truth.fields, *(key for key in answer.fields if key not in truth.fields)]:
            inner = answer.fields.get(key, NOTHING), truth.fields.get(key, NOTHING)
            yield from _compared(*inner, f"{path}.{key}" if path else key)
    elif answer.items is not None and truth.items is not None:
        yield from _lists_compared(answer.items, truth.items, path)
    else:
        yield from (_difference(place, text, None) for place, text in _leaves(truth, path))
        yield from (_difference(place, None, text) for place, text in _leaves(answer, path))


def _lists_compared(answer: Sequence[Value], truth: Sequence[Value], path: str) -> Iterator[Difference]:
    """Elements that share values are pairs; of the rest the first goes with the first."""
    pairs = paired(answer, truth)
    read = {theirs: ours for ours, theirs in pairs}
    taken = set(read.values())
    others = iter([index for index in range(len(answer)) if index not in taken])
    for index, wanted in enumerate(truth):
        ours = read[index] if index in read else next(others, None)
        yield from _compared(NOTHING if ours is None else answer[ours], wanted, f"{path}[{index}]")
    for index in others:
        yield from _compared(answer[index], NOTHING, f"{path}[{index}]")


def _leaves(value: Value, path: str) -> Iterator[tuple[str, str]]:
    if value.said is not None:
        yield path, value.said.written
    for key, inner in (value.fields or {}).items():
        yield from _leaves(inner, f"{path}.{key}" if path else key)
    for index, inner in enumerate(value.items or ()):
        yield from _leaves(inner, f"{path}[{index}]")


def as_json(found: Sequence[Difference]) -> list[Mapping[str, str | None]]:
    """As the column `differences` of `scores` holds them."""
    return [difference._asdict() for difference in found]
