"""How a name that people gave becomes one of SQL: the one rule of views and columns made from result schemas."""

import unicodedata
from collections.abc import Collection

_LONGEST = 100
"""Bytes of one part of a view's name: two parts and a file's ending are within the 255 bytes of file systems."""


def sql_name(text: str, nothing: str = "unnamed") -> str:
    """Letters and digits of any script in lower case, `_` for all else: usable in SQL without quotes.

    Widths and ligatures are made the usual ones (NFKC); a digit at the start gets a `_` before it; a text without a
    letter or digit is `nothing`.
    """
    spaced = "".join(c if _stands(c) else " " for c in _folded(text))
    name = "_".join(spaced.split()).strip("_")
    return f"_{name}" if name[:1].isdigit() else name or nothing


def is_sql_name(name: str) -> bool:
    """Whether a name can be used in SQL without quotes."""
    return name == _folded(name) and all(map(_stands, name)) and not name[:1].isdigit()


def _folded(text: str) -> str:
    # twice: folding case may take a letter apart again
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _stands(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def part_of_name(text: str, nothing: str = "unnamed") -> str:
    """A `sql_name` short enough for a part of a view's name."""
    return sql_name(text, nothing).encode()[:_LONGEST].decode(errors="ignore")


def distinct(name: str, taken: Collection[str]) -> str:
    """The name, or where it is taken the first of `name_2`, `name_3` … that is not."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
