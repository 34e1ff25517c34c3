"""What rules ask that may take for ever, fail or eat memory: patterns, formats, SQL. For `rule_work`'s process only.

Each question is a generator function that yields its one answer, as jobs of `workers.pool` are.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product, repeat
from typing import TYPE_CHECKING, Any, Literal

from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

from qwenocr_assets.intake.number_formats import number_format
from qwenocr_assets.quality.masks import filled, hidden_count

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_TRIED = 4
"""Hidden characters that are all tried out: 11 to the 4th takes a tenth of a second."""
LONGEST_NUMBER = 200
"""No format knows numbers of so many characters, and trying masked ones out would take minutes."""

Truth = Literal["true", "false", "neither", "impossible"]


def matches(pattern: str, value: str) -> Iterator[bool]:
    """Whether the whole value matches."""
    yield re.fullmatch(pattern, value) is not None


def is_number(name: str, value: str) -> Iterator[bool]:
    """Whether it is such a number; not every format allows for the spaces and hyphens that people set."""
    valid = number_format(name).is_valid
    written = (value.strip(), _compact(value))
    yield any(len(text) <= LONGEST_NUMBER and bool(valid(text)) for text in written)


def could_be_number(name: str, value: str) -> Iterator[bool]:
    """Whether a masked value is such a number, whatever it hides."""
    masked = _compact(value)
    yield len(masked) <= LONGEST_NUMBER and _could_be(name, masked)


def holds(sql: str, names: Sequence[str], values: Sequence[Any]) -> Iterator[tuple[Truth, str]]:
    """Whether a condition holds of values by these names; why not, where DuckDB cannot compute it."""
    import duckdb  # which half of the process's start would go into

    columns = ", ".join('? AS "{}"'.format(name.replace('"', '""')) for name in names)
    try:
        # the line's end: a condition may end in a remark
        found = _database().execute(f"SELECT ({sql}\n) FROM (SELECT {columns})", values).fetchone()  # noqa: S608
    except duckdb.Error as error:
        yield "impossible", str(error).partition("\n")[0]
    else:
        yield "neither" if found is None or found[0] is None else "true" if found[0] else "false", ""


@cache
def _database() -> "DuckDBPyConnection":
    """One that reaches no file and no network."""
    import duckdb

    return duckdb.connect(config={"enable_external_access": "false", "threads": 1, "memory_limit": "256MB"})


@cache
def _could_be(name: str, masked: str) -> bool:
    hidden = hidden_count(masked)
    if hidden <= _MOST_TRIED:
        return any(
            number_format(name).is_valid(filled(str, masked, iter(filling)))
            for filling in product("0123456789X", repeat=hidden)
        )
    try:
        number_format(name).validate(filled(str, masked, repeat("0")))
    except (InvalidLength, InvalidFormat):
        return False
    except ValidationError:
        return True  # the check digit and the like depend on what is hidden
    return True


def _compact(value: str) -> str:
    return re.sub(r"[\s-]", "", value)
