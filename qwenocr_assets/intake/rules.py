"""Rules: what a route's extracted values have to obey. Declared as `[[routes.rules]]` in pipeline.toml.

A rule either looks at one field (`field`, with `[*]` for every element of a list) or at several (`sql`). What it means
for a value to pass is evaluated in `quality.validation`; here a rule that cannot work is refused.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Self

import sqlglot
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from sqlglot import exp

from qwenocr_assets.intake.number_formats import number_format

Severity = Literal["warn", "error"]


def _as_decimal(value: Any) -> Any:
    """TOML's 0.1 is meant as 0.1 and not as the nearest binary number."""
    return Decimal(str(value)) if isinstance(value, int | float) else value


Bound = Annotated[date | Decimal, BeforeValidator(_as_decimal)]


class Rule(BaseModel):
    """One rule of a route. Of a value, everything that is given has to hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    field: str | None = None
    """Path of the values it is about, like `total` or `items[*].amount`."""
    required: bool = False
    """Whether a document without such a value fails."""
    type: Literal["number", "date"] | None = None
    format: str | None = None
    """A module of python-stdnum that knows the number and its check digit, like `iban`, `luhn` or `eu.vat`."""
    pattern: str | None = None
    """A regular expression that the whole value matches."""
    one_of: tuple[str, ...] = ()
    at_least: Bound | None = None
    at_most: Bound | None = None
    sql: str | None = None
    """A condition over the document's fields, like `abs(subtotal + tax - total) <= 0.01`."""
    severity: Severity = "warn"

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"{_shown(value)} is no regular expression ({error})") from error
        return value

    @field_validator("format")
    @classmethod
    def _is_known_format(cls, value: str | None) -> str | None:
        if value is not None:
            number_format(value)
        return value

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.field is None) == (self.sql is None):
            raise ValueError("it needs either a field or sql")
        checks = (self.type, self.format, self.pattern, self.at_least, self.at_most)
        asks = self.required or bool(self.one_of) or any(check is not None for check in checks)
        if self.sql is not None:
            if asks:
                raise ValueError("a rule in sql takes nothing else but a name and a severity")
            if not fields_of(self.sql):
                raise ValueError(f"sql names no field: {self.sql!r}")
        elif not asks:
            raise ValueError(
                "it asks for nothing: give required, type, format, pattern, one_of, at_least or at_most"
            )
        if (
            self.at_least is not None
            and self.at_most is not None
            and type(self.at_least) is not type(self.at_most)
        ):
            raise ValueError("at_least and at_most have to be two numbers or two dates")
        return self


@cache
def fields_of(sql: str) -> tuple[str, ...]:
    """The fields that a condition names, in its order; those with `[*]` or a dot stand in double quotes.

    Raises:
        ValueError: it is no SQL expression.
    """
    try:
        tree = sqlglot.parse_one(f"SELECT {sql}", dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise ValueError(f"{_shown(sql)} is no SQL expression") from error
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("from"):
        raise ValueError(f"{_shown(sql)} is no SQL expression")
    bound = {name.name for lambda_ in tree.find_all(exp.Lambda) for name in lambda_.expressions}
    return tuple(dict.fromkeys(c.name for c in tree.find_all(exp.Column, bfs=False) if c.name not in bound))


def distinct_names(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, if no two have one name.

    Raises:
        ValueError: two have.
    """
    names = [rule.name for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two rules have the name {twice!r}")
    return tuple(rules)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:99]}…")
