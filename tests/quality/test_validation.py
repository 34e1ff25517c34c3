"""Rules, by what they say of values."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from qwenocr_assets.intake.rules import Rule, fields_of
from qwenocr_assets.quality.masks import is_masked
from qwenocr_assets.quality.rule_work import ITSELF, MOST_LOSSES, RuleFailed, RuleWork
from qwenocr_assets.quality.standing_values import StandingValue
from qwenocr_assets.quality.validation import validate
from qwenocr_assets.rows import ValidationResultRow
from qwenocr_assets.tables.typed_values import typed_value
from tests.waiting import LIMIT_SECONDS

ITEMS = {"items[0].amount": "10.00", "items[1].amount": "20.00", "subtotal": "30.00"}
ITEMS_ADD_UP = 'abs(list_sum("items[*].amount") - subtotal) <= 0.01'


@pytest.fixture(scope="module")
def work() -> Iterator[RuleWork]:
    """One process for all rules that do not take theirs down."""
    with RuleWork(answer_seconds=LIMIT_SECONDS) as work:
        yield work


def outcomes(work: RuleWork, rule: dict[str, Any], values: dict[str, str]) -> list[tuple[str | None, str]]:
    """Path and outcome of each result of one rule on a document with these values."""
    return [(row["path"], row["outcome"]) for row in results(work, {"name": "n", **rule}, values)]


def results(work: RuleWork, rule: dict[str, Any], values: dict[str, str]) -> list[ValidationResultRow]:
    rows = [a_value("d", path, value) for path, value in values.items()]
    return validate("b", rows, {"d": "r"}, {"r": [Rule.model_validate(rule)]}, work)


def a_value(document_id: str, path: str, value: str) -> StandingValue:
    typed = typed_value(value)
    return {
        "document_id": document_id,
        "page_id": f"{document_id}-1",
        "task": "key_information_extraction",
        "path": path,
        "value": value,
        "value_type": typed.type,
        "value_number": typed.number,
        "value_date": typed.day,
        "currency": typed.currency,
        "value_boolean": typed.truth,
    }


@pytest.mark.parametrize(
    ("rule", "value", "outcome"),
    [
        pytest.param({"format": "iban"}, "GB82 WEST 1234 5698 7654 32", "passed", id="IBAN"),
        pytest.param(
            {"format": "iban"}, "GB82 WEST 1234 5698 7654 33", "failed", id="IBAN with a digit flipped"
        ),
        pytest.param({"format": "luhn"}, "4111 1111 1111 1111", "passed", id="bank card"),
        pytest.param({"format": "luhn"}, "4111 1111 1111 1112", "failed", id="bank card, wrong"),
        pytest.param({"format": "cn.ric"}, "360426199101010071", "passed", id="resident card"),
        pytest.param({"format": "cn.ric"}, "360426199101010072", "failed", id="resident card, wrong"),
        pytest.param({"format": "cn.ric"}, "4107281991****5515", "masked", id="resident card, masked"),
        pytest.param({"format": "cn.ric"}, "4107281991***5515", "failed", id="masked, a character short"),
        pytest.param({"format": "cn.ric"}, "9907281991****5515", "failed", id="masked, of no region"),
        pytest.param({"format": "cn.ric"}, "410728********5515", "masked", id="masked birthday"),
        pytest.param({"format": "cn.ric"}, "41072A********5515", "failed", id="masked, a letter in sight"),
        pytest.param({"format": "luhn"}, "4111 **** **** 1111", "masked", id="bank card, masked"),
        pytest.param({"one_of": ["first", "second"]}, "Sec***", "masked", id="one of, masked"),
        pytest.param({"one_of": ["first", "second"]}, "Thi**", "failed", id="none of, masked"),
        pytest.param({"sql": "v <= current_date"}, "2099-01-01", "failed", id="date in the future"),
        pytest.param({"format": "eu.vat"}, "DE136695976", "passed", id="VAT"),
        pytest.param({"type": "number"}, "1,234.50", "passed", id="number"),
        pytest.param({"type": "number"}, "1,2?4.50", "failed", id="no number"),
        pytest.param({"type": "date"}, "03/04/2025", "failed", id="date that could be two"),
        pytest.param({"at_least": date(2020, 1, 1)}, "2025-11-14", "passed", id="date in range"),
        pytest.param({"at_most": date(2020, 1, 1)}, "2025-11-14", "failed", id="date too late"),
        pytest.param({"at_least": 0, "at_most": 99.5}, "$99.50", "passed", id="amount at its bound"),
        pytest.param({"at_most": 99.5}, "$99.51", "failed", id="amount above"),
        pytest.param({"pattern": r"G\d+"}, "G3172", "passed", id="pattern"),
        pytest.param({"pattern": r"G\d+"}, "G3172x", "failed", id="pattern matches the whole"),
        pytest.param({"one_of": ["一等座", "二等座"]}, "二等座", "passed", id="one of"),
        pytest.param({"one_of": ["EUR"]}, "eur", "passed", id="one of, in another case"),
        pytest.param({"one_of": ["EUR"]}, "USD", "failed", id="none of"),
        pytest.param({"pattern": "[a-z]+"}, "xxxl", "passed", id="letters are no mask"),
    ],
)
def test_a_rule_about_a_value(work: RuleWork, rule: dict[str, Any], value: str, outcome: str) -> None:
    about = {} if "sql" in rule else {"field": "v"}
    assert outcomes(work, {**about, **rule}, {"v": value}) == [("v", outcome)]


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        pytest.param({"field": "total", "required": True}, {}, [("total", "missing")], id="missing"),
        pytest.param({"field": "total", "type": "number"}, {}, [], id="not there and not required"),
        pytest.param(
            {"field": "items[*].amount", "at_most": 15},
            ITEMS,
            [("items[0].amount", "passed"), ("items[1].amount", "failed")],
            id="every element",
        ),
        pytest.param({"sql": ITEMS_ADD_UP}, ITEMS, [(p, "passed") for p in ITEMS], id="sum"),
        pytest.param(
            {"sql": ITEMS_ADD_UP}, ITEMS | {"subtotal": "31"}, [(p, "failed") for p in ITEMS], id="sum, wrong"
        ),
        pytest.param(
            {"sql": ITEMS_ADD_UP}, {"subtotal": "31"}, [("subtotal", "not_applicable")], id="field missing"
        ),
        pytest.param({"sql": "a < b"}, {}, [(None, "not_applicable")], id="no field there"),
        pytest.param(
            {"sql": "a < b"}, {"a": "1", "b": "2***"}, [("a", "masked"), ("b", "masked")], id="masked"
        ),
        pytest.param(
            {"sql": "issued <= due"},
            {"issued": "2025-01-02", "due": "2025-01-01"},
            [("issued", "failed"), ("due", "failed")],
            id="dates",
        ),
        pytest.param(
            {"sql": "abs(a - b) < 1"},
            {"a": "one", "b": "2"},
            [("a", "failed"), ("b", "failed")],
            id="text in a sum",
        ),
    ],
)
def test_a_rule_about_a_document(
    work: RuleWork, rule: dict[str, Any], values: dict[str, str], expected: list[tuple[str | None, str]]
) -> None:
    assert outcomes(work, rule, values) == expected


@pytest.mark.parametrize(
    ("expected", "outcome"),
    [({"tax"}, "missing"), ({"total"}, "not_applicable"), (set(), "not_applicable")],
)
def test_a_condition_that_lacks_an_expected_value_is_not_silent(
    work: RuleWork, expected: set[str], outcome: str
) -> None:
    rule = Rule.model_validate({"name": "n", "sql": "subtotal + tax = total"})
    values = [a_value("d", "subtotal", "1"), a_value("d", "total", "2")]
    found = validate("b", values, {"d": "r"}, {"r": [rule]}, work, {"r": expected.__contains__})
    assert {row["outcome"] for row in found} == {outcome}
    assert all("no tax" in (row["reason"] or "") for row in found)


@pytest.mark.parametrize(
    ("tax", "said"),
    [
        (
            "124.76",
            "Rule failed: abs(subtotal + tax - total) <= 0.01 (subtotal 1,511.15, tax 124.76, total 1,635.82).",
        ),
        (
            "124 آ5",
            "abs(subtotal + tax - total) <= 0.01 cannot be computed from these values: tax '124 آ5' is no number.",
        ),
    ],
)
def test_a_broken_rule_says_the_values(work: RuleWork, tax: str, said: str) -> None:
    rule = Rule.model_validate({"name": "n", "sql": "abs(subtotal + tax - total) <= 0.01"})
    values = [
        a_value("d", "subtotal", "1,511.15"),
        a_value("d", "tax", tax),
        a_value("d", "total", "1,635.82"),
    ]
    [reason] = {row["reason"] for row in validate("b", values, {"d": "r"}, {"r": [rule]}, work)}
    assert reason == said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "either a field or sql"),
        ({"field": "a"}, "asks for nothing"),
        ({"field": "a", "sql": "a = 1"}, "either a field or sql"),
        ({"field": "a", "format": "nonsense"}, "no format 'nonsense'"),
        ({"field": "a", "format": "eu"}, "group of formats"),
        ({"field": "a", "pattern": "("}, "no regular expression"),
        ({"field": "a", "pattern": "(" * 5000 + ")" * 5000}, "no regular expression"),
        ({"field": "a", "pattern": "a{99999999999999999999}"}, "no regular expression"),
        ({"sql": "a +"}, "no SQL expression"),
        ({"sql": "a = 'b"}, "no SQL expression"),
        ({"sql": "(" * 5000 + "a" + ")" * 5000}, "no SQL expression"),
        ({"sql": "1 = 1"}, "names no field"),
        ({"field": "a", "at_least": 1, "at_most": date(2020, 1, 1)}, "two numbers or two dates"),
        ({"field": "a", "reqired": True}, "Extra inputs"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(
    rule: dict[str, Any], said: str, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(sys.setrecursionlimit, sys.getrecursionlimit()))
    sys.setrecursionlimit(1000)  # Python's own; libraries raise it, and then it can work
    with pytest.raises(ValidationError, match=said):
        Rule.model_validate({"name": "n", **rule})


def test_fields_of_a_condition() -> None:
    assert fields_of('list_sum(list_transform("items[*].q", x -> x * 2)) = total') == ("items[*].q", "total")


@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        pytest.param({"pattern": "(a+)+b"}, "a" * 60, f"{ITSELF}it took longer", id="a pattern without end"),
        pytest.param(
            {"sql": "v < (SELECT count(*) FROM range(1000000000000))"},
            "5",
            f"{ITSELF}it took longer",
            id="SQL without end",
        ),
        pytest.param(
            {"sql": "length(repeat(v, 2000000000)) > 1"}, "a", "cannot be computed", id="SQL that eats memory"
        ),
        pytest.param({"sql": "unknown(v)"}, "5", "cannot be computed", id="SQL that DuckDB refuses"),
        pytest.param({"format": "be.vat"}, "1" * 5000, "It is no valid", id="a number of 5,000 digits"),
        pytest.param({"format": "luhn"}, "1" * 5000 + "****", "No luhn", id="one of them masked"),
    ],
)
def test_a_rule_that_cannot_be_computed_takes_no_other_with_it(
    rule: dict[str, Any], value: str, said: str
) -> None:
    about = {} if "sql" in rule else {"field": "v"}
    rules = [
        Rule.model_validate({"name": "bad", **about, **rule}),
        Rule.model_validate({"name": "good", "field": "v", "pattern": ".+"}),
    ]
    documents = ["one", "two"]
    values = [a_value(document, "v", value) for document in documents]
    with RuleWork(answer_seconds=1) as work:
        found = validate("b", values, dict.fromkeys(documents, "r"), {"r": rules}, work)
    of_bad = [row for row in found if row["rule"] == "bad"]
    assert [row["outcome"] for row in of_bad] == ["failed"] * 2
    assert all(said in (row["reason"] or "") for row in of_bad), of_bad
    assert all((row["outcome"] == "passed") != is_masked(value) for row in found if row["rule"] == "good")


def raises() -> Iterator[bool]:
    raise ValueError("met what it does not expect")
    yield True


def hangs() -> Iterator[bool]:
    while True:
        time.sleep(1)
    yield True


def crashes() -> Iterator[bool]:
    os.abort()
    yield True


def devours() -> Iterator[bool]:
    yield bool(bytearray(2 * 2**30))


def answers() -> Iterator[bool]:
    yield True


@pytest.mark.parametrize(
    ("question", "said", "given_up"),
    [
        (raises, "ValueError: met what it does not expect", False),
        (hangs, "it took longer than 1 seconds", True),
        (crashes, "it crashed .SIGABRT", True),
        (devours, "it needs more than 1024 MiB", False),
    ],
)
def test_whatever_a_rule_does_is_its_own_failure(
    question: Callable[[], Iterator[bool]], said: str, given_up: bool
) -> None:
    with RuleWork(answer_seconds=1) as work:
        for _ in range(MOST_LOSSES):
            with pytest.raises(RuleFailed, match=ITSELF + said):
                work.ask("bad", question)
        with pytest.raises(RuleFailed, match="times in this intake" if given_up else said):
            work.ask("bad", question)
        assert work.ask("good", answers)


def test_a_rule_that_takes_long_for_a_batch_is_given_up() -> None:
    with RuleWork(answer_seconds=LIMIT_SECONDS, batch_seconds=0) as work:
        assert work.ask("slow", answers)
        with pytest.raises(RuleFailed, match="longer than 0 seconds for this intake"):
            work.ask("slow", answers)
        assert work.ask("other", answers)
