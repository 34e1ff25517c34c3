"""JSON as the model writes it → one row per leaf."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.json.text import read_json
from qwenocr_assets.tables.key_values import key_values
from qwenocr_assets.tables.leaves import leaves
from qwenocr_assets.tables.trace import Trace

TraceOf = Callable[[Task], Trace]

KIE = Task.KEY_INFORMATION_EXTRACTION


def values(source: Any) -> list[tuple[str, Any]]:
    return [(leaf.path, leaf.value) for leaf in leaves(source)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"a": "x"}', [("a", "x")], id="bare"),
        pytest.param('```json\n{"a": "x"}\n```', [("a", "x")], id="fenced"),
        pytest.param('```json\n{"a": "x"}```', [("a", "x")], id="fence closed on the line"),
        pytest.param('```\n{"a": "x"}\n```', [("a", "x")], id="fence without a label"),
        pytest.param('```json\n{"a": "x"}', [("a", "x")], id="fence never closed"),
        pytest.param('Here [as asked]:\n```json\n{"a": "x"}\n```\nDone.', [("a", "x")], id="prose around"),
        pytest.param('{"a": "x"} and [more]', [("a", "x")], id="prose behind"),
        pytest.param('{"a": 1}\n{"b": 2}', [("[0].a", "1"), ("[1].b", "2")], id="two objects"),
        pytest.param("{'a': 'x', 'b': None}", [("a", "x"), ("b", None)], id="as Python writes it"),
        pytest.param("{'a': 'it's'}", [("a", "it's")], id="apostrophe in single quotes"),
        pytest.param('{"a": "x", "b": ["y",],}', [("a", "x"), ("b[0]", "y")], id="trailing commas"),
        pytest.param('{"a": "5" pipe"}', [("a", '5" pipe')], id="inches"),
        pytest.param('{"a": "x" "b": "y"}', [("a", "x"), ("b", "y")], id="missing comma"),
        pytest.param('{"a"："x"，"b"："y"}', [("a", "x"), ("b", "y")], id="full-width punctuation"),
        pytest.param("{“a”: “x”}", [("a", "x")], id="curly quotes"),
        pytest.param(r'{"a": "\alpha \' x"}', [("a", r"\alpha ' x")], id="wrong escapes"),
        pytest.param('{"a": "x\ny"}', [("a", "x\ny")], id="line break in a string"),
        pytest.param(
            "{'a': 1.50, 'b': True}", [("a", "1.50"), ("b", True)], id="number in single quotes' company"
        ),
        pytest.param('{"a": 00123}', [("a", "00123")], id="leading zeros"),
        pytest.param('{"a": 337.50}', [("a", "337.50")], id="number as written"),
        pytest.param('{"a": "x", "b": "to', [("a", "x")], id="cut off in a string"),
        pytest.param('{"a": "x", "b": 12', [("a", "x")], id="cut off in a number"),
        pytest.param('{"a": "x", "b"', [("a", "x")], id="cut off behind a key"),
        pytest.param('{"a": "x", "b":', [("a", "x")], id="cut off behind a colon"),
        pytest.param('{"a": "x"', [("a", "x")], id="cut off behind a value"),
        pytest.param(
            '{"items": [{"n": "x", "p": "1"}, {"n": "y", "p": "2',
            [("items[0].n", "x"), ("items[0].p", "1"), ("items[1].n", "y")],
            id="cut off in a list",
        ),
        pytest.param("I see no document.", [], id="prose alone"),
        pytest.param("", [], id="empty"),
        pytest.param('"x"', [], id="a single string"),
    ],
)
def test_json_as_the_model_writes_it(text: str, expected: Any) -> None:
    assert values(read_json(text).value) == expected


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ({"a": "x"}, [("a", "a", None, None)]),
        ({"a": {"b": {"c": "x"}}}, [("a.b.c", "c", "a.b", None)]),
        ({"a": ["x", "y"]}, [("a[0]", "a", "a", 0), ("a[1]", "a", "a", 1)]),
        (
            {"items": [{"n": "x", "price": "1"}, {"n": "y"}]},
            [
                ("items[0].n", "n", "items[0]", 0),
                ("items[0].price", "price", "items[0]", 0),
                ("items[1].n", "n", "items[1]", 1),
            ],
        ),
        ({"a": [["x"], ["y"]]}, [("a[0][0]", "a", "a[0]", 0), ("a[1][0]", "a", "a[1]", 0)]),
        ([{"a": "x"}], [("[0].a", "a", "[0]", 0)]),
        (["x"], [("[0]", "", None, 0)]),
        ({"No.": "1", "a[0]": "2"}, [('["No."]', "No.", None, None), ('["a[0]"]', "a[0]", None, None)]),
        ({"a": {"": "x"}}, [('a[""]', "", "a", None)]),
        ({"金额（元）": "x"}, [("金额（元）", "金额（元）", None, None)]),
        ({"a": {}, "b": []}, [("a", "a", None, None), ("b", "b", None, None)]),
    ],
    ids=str,
)
def test_paths(source: Any, rows: Any) -> None:
    assert [(leaf.path, leaf.key, leaf.parent_path, leaf.list_index) for leaf in leaves(source)] == rows


@pytest.mark.parametrize(
    ("value", "written", "value_type"),
    [
        (None, None, "null"),
        ("null", None, "null"),
        ("", None, "null"),
        (" ", None, "null"),
        ({}, None, "null"),
        ([], None, "null"),
        ("x", "x", "text"),
        (" x ", " x ", "text"),
        ("1,200.00", "1,200.00", "number"),
        ("1,200", "1,200", "text"),
        (1200, "1200", "number"),
        (337.5, "337.5", "number"),
        (1e400, "inf", "text"),
        ("2024-11-14", "2024-11-14", "date"),
        ("03/04/2025", "03/04/2025", "text"),
        (True, "true", "boolean"),
        (False, "false", "boolean"),
        ("?", "?", "text"),
        ("x\ud800y", "x\ufffdy", "text"),
    ],
    ids=repr,
)
def test_values_and_types(trace: TraceOf, value: Any, written: str, value_type: str) -> None:
    (row,) = key_values(Answer("", key_values={"k": value}), trace(KIE))
    assert (row["value"], row["value_type"]) == (written, value_type)


def test_kv_result_goes_before_the_text(trace: TraceOf) -> None:
    (row,) = key_values(Answer('{"a": "text"}', key_values={"a": "kv_result"}), trace(KIE))
    assert row["value"] == "kv_result"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            [{"no": "A", "items": [{"name": "x"}]}, {"no": "B"}],
            [
                ("[0].no", "expected"),
                ("[0].items[0].name", "expected"),
                ("[1].no", "expected"),
                ("[1].items", "missing"),
            ],
            id="a list of what is asked for",
        ),
        pytest.param(
            [{"no": "A", "vat": "1"}],
            [("[0].no", "expected"), ("[0].vat", "surplus"), ("[0].items", "missing")],
            id="a list of one",
        ),
        pytest.param(
            ["A", "B"],
            [("[0]", "expected"), ("[1]", "expected"), ("no", "missing"), ("items", "missing")],
            id="a list of other things",
        ),
        pytest.param(
            {"請求書": [{"no": "A", "items": []}, {"no": "B", "items": []}]},
            [
                ("[0].no", "expected"),
                ("[0].items", "expected"),
                ("[1].no", "expected"),
                ("[1].items", "expected"),
            ],
            id="a list with a name around it",
        ),
        pytest.param(
            {"data": {"فاتورة": {"no": "A", "items": []}}},
            [("no", "expected"), ("items", "expected")],
            id="one with names around it",
        ),
        pytest.param(
            {"data": {"total": "1"}},
            [("data.total", "surplus"), ("no", "missing"), ("items", "missing")],
            id="a name around other things",
        ),
        pytest.param(
            {"items": "綱 1.00"},
            [("items[0]", "expected"), ("items[0].name", "missing"), ("no", "missing")],
            id="words-for-a-list",
        ),
        pytest.param(
            {"items": [{"name": "x"}]},
            [("items[0].name", "expected"), ("no", "missing")],
            id="a name that is asked for",
        ),
    ],
)
def test_each_record_is_held_against_the_schema(
    trace: TraceOf, answer: Any, expected: list[tuple[str, str]]
) -> None:
    rows = key_values(Answer(json.dumps(answer)), trace(KIE), {"no": "", "items": [{"name": ""}]})
    assert [(row["path"], row["presence"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            {"total": {"value": "12.50", "confidence": 0.9}},
            [("total", "12.50", "expected"), ("total.confidence", "0.9", "surplus"), ("items", None, "missing")],
            id="a value among what is said of it",
        ),
        pytest.param({"total": {"Text": "縄"}, "items": []}, [("total", "縄", "expected"), ("items", None, "expected")],
                     id="a text alone"),
        pytest.param({"total": ["12.50"], "items": []}, [("total", "12.50", "expected"), ("items", None, "expected")],
                     id="a list of one"),
        pytest.param(
            {"total": ["1.00", "2.00"], "items": []},
            [("total[0]", "1.00", "surplus"), ("total[1]", "2.00", "surplus"), ("total", None, "missing"),
             ("items", None, "expected")],
            id="several values",
        ),
        pytest.param(
            {"total": {"net": "1.00", "gross": "2.00"}, "items": []},
            [("total.net", "1.00", "surplus"), ("total.gross", "2.00", "surplus"), ("total", None, "missing"),
             ("items", None, "expected")],
            id="values with names",
        ),
        pytest.param(
            {"total": "1.00", "items": {"name": "x"}},
            [("total", "1.00", "expected"), ("items[0].name", "x", "expected")],
            id="an item without its list",
        ),
    ],
)  # fmt: skip
def test_a_single_value_and_what_came_instead(
    trace: TraceOf, answer: Any, expected: list[tuple[str, str | None, str]]
) -> None:
    rows = key_values(Answer(json.dumps(answer)), trace(KIE), {"total": "", "items": [{"name": ""}]})
    assert [(row["path"], row["value"], row["presence"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("hint", "value", "kept"),
    [
        ("YYYY-MM-DD", "yyyy-mm-dd", None),
        ("name of the buyer", "Name of the buyer", None),
        ("年月日を書く", "年月日を書く", None),
        ("EUR", "EUR", "EUR"),
        ("", "Total", "Total"),
    ],
)
def test_the_words_of_the_schema_are_no_value(
    trace: TraceOf, hint: str, value: str, kept: str | None
) -> None:
    (row,) = key_values(Answer(json.dumps({"a": value})), trace(KIE), {"a": hint})
    assert (row["value"], row["presence"]) == (kept, "expected")


@pytest.mark.parametrize(
    ("written", "value", "number"),
    [
        ("<b>12.50</b>", "12.50", "12.50"),
        ("1&nbsp;234,50", "1\u00a0234,50", "1234.50"),
        ("5 &euro;", "5 €", "5"),
        ("**１２．５０**", "１２．５０", "12.50"),
        ("12<sup>50</sup>", "12⁵⁰", None),
        ("A<br>B", "A\nB", None),
        ("R&amp;D", "R&D", None),
        ("a<b and b>c", "a<b and b>c", None),
        ("Bob <bob@x.org>", "Bob <bob@x.org>", None),
        ("AT&T; 5", "AT&T; 5", None),
        ("2**3**4", "2**3**4", None),
        ("*5*", "*5*", None),
    ],
)
def test_markup_in_a_value_is_read(trace: TraceOf, written: str, value: str, number: str | None) -> None:
    (row,) = key_values(Answer(json.dumps({"a": written})), trace(KIE))
    assert (row["value"], row["value_number"]) == (value, number and Decimal(number))


def test_a_row_says_where_it_comes_from(trace: TraceOf) -> None:
    (row,) = key_values(Answer('{"a": "x"}'), trace(KIE))
    assert [row[name] for name in ("batch_id", "document_id", "page_id", "task", "request_key")] == [
        *("batch", "document", "document/1", "key_information_extraction", "key")
    ]


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
).filter(lambda tree: isinstance(tree, dict | list))


def leaf_values(tree: Any) -> list[Any]:
    """The leaves a person would count, in order."""
    if isinstance(tree, dict | list) and tree:
        inner = tree.values() if isinstance(tree, dict) else tree
        return [leaf for value in inner for leaf in leaf_values(value)]
    return [tree]


@given(trees)
def test_every_leaf_becomes_one_row_with_its_own_path(tree: Any) -> None:
    found = list(leaves(tree))
    assert [leaf.value for leaf in found] == (leaf_values(tree) if tree else [])
    assert len({leaf.path for leaf in found}) == len(found)


@given(trees, st.booleans())
def test_json_is_read_back(tree: Any, ascii_only: bool) -> None:
    text = "```json\n" + json.dumps(tree, ensure_ascii=ascii_only, indent=2) + "\n```"
    read = [str(leaf.value) for leaf in leaves(read_json(text).value)]
    assert read == [str(leaf.value) for leaf in leaves(tree)]


simple_trees = st.recursive(
    st.text("abcxyz 0123456789\"',:é中", min_size=1),
    lambda inner: (
        st.lists(inner, min_size=1) | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1)
    ),
    max_leaves=12,
).filter(lambda tree: isinstance(tree, dict | list))


@given(simple_trees, st.data())
def test_of_cut_off_json_no_leaf_is_invented(tree: Any, data: st.DataObject) -> None:
    text = json.dumps(tree, ensure_ascii=False)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    whole = values(tree)
    found = [(path, value) for path, value in values(read_json(cut).value) if value not in ({}, [])]
    assert found == whole[: len(found)]


@pytest.mark.parametrize("bracket", ["[", '{"a":', "[[", "{"])
def test_deep_nesting_gives_no_error(trace: TraceOf, bracket: str) -> None:
    key_values(Answer(bracket * 3000), trace(KIE))
    tree: object = "x"
    for _ in range(3000):
        tree = [tree]
    (row,) = key_values(Answer("", key_values=tree), trace(KIE))
    assert row["value"] == "x"


@given(st.text() | st.text("{}[]\"':, \\nul123", max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    list(leaves(read_json(text).value))
