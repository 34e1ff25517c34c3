"""The rules of a route applied to the values of its documents, as rows of `validation_results`.

A document's fields are its key values; of a document with several pages, a field's first value counts and lists go on.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import Any, TypedDict

from qwenocr_assets.intake.rules import Bound, Rule, fields_of
from qwenocr_assets.quality.masks import filled, is_masked
from qwenocr_assets.quality.rule_questions import could_be_number, holds, is_number, matches
from qwenocr_assets.quality.rule_work import RuleFailed, RuleWork
from qwenocr_assets.quality.standing_values import StandingValue
from qwenocr_assets.rows import ValidationResultRow
from qwenocr_assets.statuses import Outcome

_INDEX = re.compile(r"\[\d+\]")
_MOST_SAID = 8
"""Values of a list that a reason names."""
_OCCURRENCE = re.compile(r"#\d+$")


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
    work: RuleWork | None = None,
    expects: Mapping[str, Callable[[str], bool]] | None = None,
) -> list[ValidationResultRow]:
    """Rows of `validation_results`, in the order of documents and rules.

    `values` are those of the batch as they stand, `routes` gives each document's route by document_id, `rules` the
    rules by route. A document without any key values is checked too: what it requires is missing. `work` is where rules
    are computed, by default one of the batch's own. A rule that fails itself is failed, with the reason. `expects` says
    by route which fields its documents have to have: a condition that lacks one of them is missing, and not silent.
    """
    of_document: dict[str, list[StandingValue]] = defaultdict(list)
    for value in values:
        if value.get("value") is not None:
            of_document[value["document_id"]].append(value)
    found: list[ValidationResultRow] = []
    with nullcontext(work) if work else RuleWork() as work:
        for document_id, route in routes.items():
            fields = _fields(of_document[document_id])
            for rule in rules.get(route, ()):
                expected = (expects or {}).get(route, _nothing)
                checked = _by_sql(work, rule, fields, expected) if rule.sql else _by_field(work, rule, fields)
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


def _checked_value(
    work: RuleWork, rule: Rule, value: str, number: Decimal | None, day: date | None
) -> tuple[Outcome, str]:
    """Whether a value obeys a rule about a field, and if not, why; `number` and `day` are what the value says."""
    try:
        if is_masked(value):
            if problem := _visible_problem(work, rule, value):
                return Outcome.FAILED, problem
            return Outcome.MASKED, "A part of the value is masked: only what is visible was checked."
        if problem := _problem(work, rule, value, number, day):
            return Outcome.FAILED, problem
    except RuleFailed as failed:
        return Outcome.FAILED, str(failed)
    return Outcome.PASSED, ""


def _problem(work: RuleWork, rule: Rule, value: str, number: Decimal | None, day: date | None) -> str | None:
    if rule.type == "number" and number is None:
        return "It is no number."
    if rule.type == "date" and day is None:
        return "It is no date, or it could be two."
    if rule.pattern is not None and not work.ask(rule.name, matches, rule.pattern, value.strip()):
        return f"It does not match {rule.pattern}."
    if rule.one_of and value.strip().casefold() not in {known.casefold() for known in rule.one_of}:
        return f"It is none of {', '.join(rule.one_of)}."
    if rule.format is not None and not work.ask(rule.name, is_number, rule.format, value):
        return f"It is no valid {rule.format}: its form or its check digit is wrong."
    return _out_of_bounds(rule.at_least, rule.at_most, number, day)


def _visible_problem(work: RuleWork, rule: Rule, value: str) -> str | None:
    """What is wrong with a masked value whatever it hides."""
    masked = value.strip()
    if rule.one_of:
        known = [name for name in rule.one_of if len(name) == len(masked)]
        shape = filled(re.escape, masked, repeat(".")) if known else ""
        if not any(re.fullmatch(shape, name, re.IGNORECASE) for name in known):
            return f"What is visible fits none of {', '.join(rule.one_of)}."
    if rule.format is not None and not work.ask(rule.name, could_be_number, rule.format, value):
        return f"No {rule.format} has this length and these visible parts."
    return None


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


def _by_field(work: RuleWork, rule: Rule, fields: Fields) -> Iterator[_Result]:
    found = fields.get(rule.field or "", ())
    if not found and rule.required:
        reason = "The document has no such value."
        yield {
            "page_id": None, "path": rule.field, "value": None,
            "outcome": Outcome.MISSING, "value_count": 0, "reason": reason,
        }  # fmt: skip
    for row in found:
        outcome, problem = _checked_value(
            work, rule, row["value"] or "", row.get("value_number"), row.get("value_date")
        )
        yield {
            "page_id": row["page_id"], "path": row["path"], "value": row["value"],
            "outcome": outcome, "value_count": 1, "reason": problem or None,
        }  # fmt: skip


def _nothing(_: str) -> bool:
    return False


def _by_sql(work: RuleWork, rule: Rule, fields: Fields, expected: Callable[[str], bool]) -> Iterator[_Result]:
    """One row for each value that took part, so that each can be looked at; one without a path if none is there."""
    names = fields_of(rule.sql or "")
    reason: str | None
    involved = [row for name in names for row in fields.get(name, ())]
    absent = [name for name in names if name not in fields]
    if lacked := [name for name in absent if expected(name)]:
        outcome, reason = Outcome.MISSING, f"Not checked: the document has no {', '.join(lacked)}."
    elif absent:
        outcome, reason = Outcome.NOT_APPLICABLE, f"The document has no {', '.join(absent)}."
    elif any(is_masked(row["value"] or "") for row in involved):
        outcome, reason = Outcome.MASKED, "A part of a value is masked: nothing was checked."
    else:
        outcome, reason = _condition(work, rule, names, fields)
    about: Sequence[StandingValue | None] = involved or [None]
    for row in about:
        yield {
            "page_id": row and row["page_id"], "path": row and row["path"], "value": row and row["value"],
            "outcome": outcome, "value_count": len(involved), "reason": reason,
        }  # fmt: skip


def _condition(
    work: RuleWork, rule: Rule, names: Sequence[str], fields: Fields
) -> tuple[Outcome, str | None]:
    typed = [
        [_typed(row) for row in fields[name]] if "[*]" in name else _typed(fields[name][0]) for name in names
    ]
    try:
        truth, why_not = work.ask(rule.name, holds, rule.sql or "", names, typed)
    except RuleFailed as failed:
        return Outcome.FAILED, str(failed)
    match truth:
        case "true":
            return Outcome.PASSED, None
        case "false":
            return Outcome.FAILED, f"Rule failed: {rule.sql} ({_said(names, fields)})."
        case "neither":
            return Outcome.NOT_APPLICABLE, f"{rule.sql} is neither true nor false of these values."
        case "impossible":
            texts = _texts_among_numbers([row for name in names for row in fields[name]])
            why = f"{texts} is no number." if texts else why_not
            return Outcome.FAILED, f"{rule.sql} cannot be computed from these values: {why}"


def _texts_among_numbers(rows: Sequence[StandingValue]) -> str:
    """The values that are texts where others are numbers: nothing can be summed of both."""
    texts = [row for row in rows if isinstance(_typed(row), str)]
    if not any(isinstance(_typed(row), Decimal) for row in rows):
        return ""
    return ", ".join(f"{row['path']} {row['value']!r}" for row in texts[:_MOST_SAID])


def _said(names: Sequence[str], fields: Fields) -> str:
    """The values that a condition is about, as they are written; of a list the first few."""
    told = []
    for name in names:
        texts = [row["value"] or "" for row in fields[name]]
        shown = " + ".join(texts[:_MOST_SAID]) + (" …" if len(texts) > _MOST_SAID else "")
        told.append(f"{name} {shown}")
    return ", ".join(told)


def _typed(row: StandingValue) -> Any:
    number, day = row.get("value_number"), row.get("value_date")
    if number is not None:
        return number
    return row["value"] if day is None else day
