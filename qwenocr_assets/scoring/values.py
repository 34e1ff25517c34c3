"""Nested values made ready to be compared: each is normalised and read as a number or date once, however often it is
compared with another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qwenocr_assets.scoring.text import normalised
from qwenocr_assets.tables.typed_values import typed_value
from qwenocr_assets.tables.values.notation import Notation


@dataclass(frozen=True, slots=True)
class Said:
    """What a single value says: as it is written, without differences that do not count, and as a number, a date or a
    boolean, whatever its currency; None for what is only text."""

    written: str
    plain: str
    typed: tuple[object, ...] | None

    def is_same(self, other: "Said") -> bool:
        """Whether both say the same: the same text, number, date or boolean."""
        return self.plain == other.plain or (self.typed is not None and self.typed == other.typed)

    def is_written_alike(self, other: "Said") -> bool:
        return self.written == other.written


@dataclass(frozen=True, slots=True)
class Value:
    """A value that JSON holds: a single one, an object by its normalised keys, or a list. Null and empty texts are
    none of them. `count` is how many single values it holds."""

    count: int = 0
    said: Said | None = None
    fields: Mapping[str, "Value"] | None = None
    items: tuple["Value", ...] | None = None


NOTHING = Value()


def said(text: str, notation: Notation) -> Said:
    """What a text says, its numbers and dates read as `notation` says."""
    read = typed_value(text, notation)
    typed = None if read.type == "text" else (read.type, read.number, read.day, read.truth)
    return Said(text, normalised(text), typed)


def value_of(source: Any, notation: Notation) -> Value:
    """What JSON holds, ready to be compared."""
    if isinstance(source, Mapping):
        inner = [(normalised(str(key)), value_of(value, notation)) for key, value in source.items()]
        return Value(sum(value.count for _, value in inner), fields=dict(inner))
    if isinstance(source, list):
        items = tuple(value_of(value, notation) for value in source)
        return Value(sum(value.count for value in items), items=items)
    if source is None:
        return NOTHING
    text = ("true" if source else "false") if isinstance(source, bool) else str(source).strip()
    return Value(1, said(text, notation)) if text else NOTHING
