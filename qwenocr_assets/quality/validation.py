"""The rules of a route applied to the values of its documents, as rows of `validation_results`.

A document's fields are its key values; of a document with several pages, a field's first value counts and lists go on.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import product, repeat
from typing import Any, TypedDict

import duckdb
from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

from qwenocr_assets.intake.rules import Bound, Rule, fields_of, number_format
from qwenocr_assets.quality.standing_values import StandingValue
from qwenocr_assets.rows import ValidationResultRow
from qwenocr_assets.statuses import Outcome

_MASK = re.compile(r"[*＊•●×]{2,}|(?<![A-Za-z])[xX]{3,}(?![A-Za-z])")
_INDEX = re.compile(r"\[\d+\]")
_OCCURRENCE = re.compile(r"#\d+$")


def is_masked(value: str) -> bool:
    """Whether a part of the value is hidden on purpose, as in `4107281991****5515`."""
    return _MASK.search(value) is not None


class _Result(TypedDict):
    page_id: str | None
    path: str | None
    value: str | None
    outcome: Outcome
    value_count: int
    reason: str | None


def validate(
    batch_id: str,
    values: Iterable[StandingValue],
    routes: Mapping[str, str],
    rules: Mapping[str, Sequence[Rule]],
) -> list[ValidationResultRow]:
    """Rows of `validation_results`, in the order of documents and rules.

    `values` are those of the batch as they stand, `routes` gives each document's route by document_id, `rules` the
    rules by route. A document without any key values is checked too: what it requires is missing.
    """
    of_document: dict[str, list[StandingValue]] = defaultdict(list)
    for value in values:
        if value.get("value") is not None:
            of_document[value["document_id"]].append(value)
    found: list[ValidationResultRow] = []
    with closing(duckdb.connect(config={"enable_external_access": "false"})) as con:
        for document_id, route in routes.items():
            fields = _fields(of_document[document_id])
            for rule in rules.get(route, ()):
                checked = _by_sql(con, rule, fields) if rule.sql else _by_field(rule, fields)
                found += [
                    {
                        "batch_id": batch_id,
                        "document_id": document_id,
                        "rule": rule.name,
                        "severity": rule.severity,
                        "result_index": index,
                        **result,
                    }
                    for index, result in enumerate(checked)
                ]
    return found


def check_value(
    rule: Rule, value: str, number: Decimal | None = None, day: date | None = None
) -> tuple[Outcome, str]:
    """Whether a value obeys a rule about a field, and if not, why; `number` and `day` are what the value says."""
    if is_masked(value):
        if problem := _visible_problem(rule, value):
            return Outcome.FAILED, problem
        return Outcome.MASKED, "A part of the value is masked: only what is visible was checked."
    if problem := _problem(rule, value, number, day):
        return Outcome.FAILED, problem
    return Outcome.PASSED, ""


def _problem(rule: Rule, value: str, number: Decimal | None, day: date | None) -> str | None:
    if rule.type == "number" and number is None:
        return "It is no number."
    if rule.type == "date" and day is None:
        return "It is no date, or it could be two."
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value.strip()):
        return f"It does not match {rule.pattern}."
    if rule.one_of and value.strip().casefold() not in {known.casefold() for known in rule.one_of}:
        return f"It is none of {', '.join(rule.one_of)}."
    if rule.format is not None and not _has_format(rule.format, value):
        return f"It is no valid {rule.format}: its form or its check digit is wrong."
    return _out_of_bounds(rule.at_least, rule.at_most, number, day)


def _has_format(name: str, value: str) -> bool:
    """Whether it is such a number; not every format allows for the spaces and hyphens that people set."""
    valid = number_format(name).is_valid
    return any(valid(written) for written in (value.strip(), re.sub(r"[\s-]", "", value)))


_MOST_TRIED = 4
"""Hidden characters that are all tried out: 11 to the 4th takes a tenth of a second."""


def _visible_problem(rule: Rule, value: str) -> str | None:
    """What is wrong with a masked value whatever it hides; each sign of the mask stands for one character."""
    compact = re.sub(r"[\s-]", "", value)
    if rule.one_of:
        shape = re.compile(_filled(re.escape, value.strip(), repeat(".")), re.IGNORECASE)
        if not any(shape.fullmatch(known) for known in rule.one_of):
            return f"What is visible fits none of {', '.join(rule.one_of)}."
    if rule.format is not None and not _could_have_format(rule.format, compact):
        return f"No {rule.format} has this length and these visible parts."
    return None


@cache
def _could_have_format(name: str, masked: str) -> bool:
    hidden = sum(len(mask[0]) for mask in _MASK.finditer(masked))
    if hidden <= _MOST_TRIED:
        return any(
            number_format(name).is_valid(_filled(str, masked, iter(filling)))
            for filling in product("0123456789X", repeat=hidden)
        )
    try:
        number_format(name).validate(_filled(str, masked, repeat("0")))
    except (InvalidLength, InvalidFormat):
        return False
    except ValidationError:
        return True  # the check digit and the like depend on what is hidden
    return True


def _filled(visible: Callable[[str], str], masked: str, hidden: Iterator[str]) -> str:
    """A masked value with what is visible and each sign of its masks replaced."""
    parts, end = [], 0
    for mask in _MASK.finditer(masked):
        parts += [visible(masked[end : mask.start()]), *(next(hidden) for _ in mask[0])]
        end = mask.end()
    return "".join([*parts, visible(masked[end:])])


def _out_of_bounds(
    least: Bound | None, most: Bound | None, number: Decimal | None, day: date | None
) -> str | None:
    for bound, below in ((least, True), (most, False)):
        if bound is None:
            continue
        if isinstance(bound, date):
            if day is None:
                return "It is no date, or it could be two."
            outside = day < bound if below else day > bound
        else:
            if number is None:
                return "It is no number."
            outside = number < bound if below else number > bound
        if outside:
            return f"It is {'below' if below else 'above'} {bound}."
    return None


Fields = Mapping[str, Sequence[StandingValue]]
"""Values by their path, with `[*]` for the places in lists."""


def _fields(rows: Sequence[StandingValue]) -> Fields:
    fields: dict[str, list[StandingValue]] = defaultdict(list)
    for row in rows:
        path = _INDEX.sub("[*]", _OCCURRENCE.sub("", row["path"]))
        if "[*]" in path or not fields[path]:
            fields[path].append(row)
    return {path: found for path, found in fields.items() if found}


def _by_field(rule: Rule, fields: Fields) -> Iterator[_Result]:
    found = fields.get(rule.field or "", ())
    if not found and rule.required:
        reason = "The document has no such value."
        yield {
            "page_id": None, "path": rule.field, "value": None,
            "outcome": Outcome.MISSING, "value_count": 0, "reason": reason,
        }  # fmt: skip
    for row in found:
        outcome, problem = check_value(
            rule, row["value"] or "", row.get("value_number"), row.get("value_date")
        )
        yield {
            "page_id": row["page_id"], "path": row["path"], "value": row["value"],
            "outcome": outcome, "value_count": 1, "reason": problem or None,
        }  # fmt: skip


def _by_sql(con: duckdb.DuckDBPyConnection, rule: Rule, fields: Fields) -> Iterator[_Result]:
    """One row for each value that took part, so that each can be looked at; one without a path if none is there."""
    names = fields_of(rule.sql or "")
    reason: str | None
    involved = [row for name in names for row in fields.get(name, ())]
    absent = [name for name in names if name not in fields]
    if absent:
        outcome, reason = Outcome.NOT_APPLICABLE, f"The document has no {', '.join(absent)}."
    elif any(is_masked(row["value"] or "") for row in involved):
        outcome, reason = Outcome.MASKED, "A part of a value is masked: nothing was checked."
    else:
        outcome, reason = _condition(con, rule.sql or "", names, fields)
    about: Sequence[StandingValue | None] = involved or [None]
    for row in about:
        yield {
            "page_id": row and row["page_id"], "path": row and row["path"], "value": row and row["value"],
            "outcome": outcome, "value_count": len(involved), "reason": reason,
        }  # fmt: skip


def _condition(
    con: duckdb.DuckDBPyConnection, sql: str, names: Sequence[str], fields: Fields
) -> tuple[Outcome, str | None]:
    columns = ", ".join(f'? AS "{name}"' for name in names)
    typed = [
        [_typed(row) for row in fields[name]] if "[*]" in name else _typed(fields[name][0]) for name in names
    ]
    try:
        found = con.execute(f"SELECT ({sql}) FROM (SELECT {columns})", typed).fetchone()  # noqa: S608  the project's own
    except duckdb.Error as error:
        first_line = str(error).partition("\n")[0]
        return Outcome.FAILED, f"{sql} cannot be computed from these values: {first_line}"
    if found is None or found[0] is None:
        return Outcome.NOT_APPLICABLE, f"{sql} is neither true nor false of these values."
    return (Outcome.PASSED, None) if found[0] else (Outcome.FAILED, f"It does not hold that {sql}.")


def _typed(row: StandingValue) -> Any:
    number, day = row.get("value_number"), row.get("value_date")
    if number is not None:
        return number
    return row["value"] if day is None else day
