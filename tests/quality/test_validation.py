"""Rules, by what they say of values."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from qwenocr_assets.intake.rules import Rule, fields_of
from qwenocr_assets.quality.validation import validate
from qwenocr_assets.tables.typed_values import typed_value

ITEMS = {"items[0].amount": "10.00", "items[1].amount": "20.00", "subtotal": "30.00"}
ITEMS_ADD_UP = 'abs(list_sum("items[*].amount") - subtotal) <= 0.01'


def outcomes(rule: dict[str, Any], values: dict[str, str]) -> list[tuple[str | None, str]]:
    """Path and outcome of each result of one rule on a document with these values."""
    rows = []
    for path, value in values.items():
        typed = typed_value(value)
        rows.append(
            {
                "document_id": "d", "page_id": "d-1", "path": path, "value": value,
                "value_number": typed.number, "value_date": typed.day,
            }
        )  # fmt: skip
    found = validate("b", rows, {"d": "r"}, {"r": [Rule.model_validate({"name": "n", **rule})]})
    return [(row["path"], row["outcome"]) for row in found]


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
def test_a_rule_about_a_value(rule: dict[str, Any], value: str, outcome: str) -> None:
    about = {} if "sql" in rule else {"field": "v"}
    assert outcomes({**about, **rule}, {"v": value}) == [("v", outcome)]


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
    rule: dict[str, Any], values: dict[str, str], expected: list[tuple[str | None, str]]
) -> None:
    assert outcomes(rule, values) == expected


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "either a field or sql"),
        ({"field": "a"}, "asks for nothing"),
        ({"field": "a", "sql": "a = 1"}, "either a field or sql"),
        ({"field": "a", "format": "nonsense"}, "no format 'nonsense'"),
        ({"field": "a", "format": "eu"}, "group of formats"),
        ({"field": "a", "pattern": "("}, "no regular expression"),
        ({"sql": "a +"}, "no SQL expression"),
        ({"sql": "1 = 1"}, "names no field"),
        ({"field": "a", "at_least": 1, "at_most": date(2020, 1, 1)}, "two numbers or two dates"),
        ({"field": "a", "reqired": True}, "Extra inputs"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Rule.model_validate({"name": "n", **rule})


def test_fields_of_a_condition() -> None:
    assert fields_of('list_sum(list_transform("items[*].q", x -> x * 2)) = total') == ("items[*].q", "total")
