"""Broken JSON: what is mended, under which name, and that nothing is lost or invented on the way."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.json.text import JsonNumber, read_json
from qwenocr_assets.tables.key_values import key_values
from qwenocr_assets.tables.leaves import leaves
from qwenocr_assets.tables.trace import Trace


@pytest.mark.parametrize(
    ("text", "repairs", "expected"),
    [
        ('{"a": "x"}', (), [("a", "x")]),
        ('```json\n{"a": "x"}\n```', (), [("a", "x")]),
        ("{'a': 'x'}", ("quotes",), [("a", "x")]),
        ("{“a”: “x”}", ("quotes",), [("a", "x")]),
        ('{"a": "x",}', ("commas",), [("a", "x")]),
        ('{"a": "x",, "b": "y"}', ("commas",), [("a", "x"), ("b", "y")]),
        ('{"a": "x" "b": "y"}', ("commas",), [("a", "x"), ("b", "y")]),
        ('[{"a": "x"} {"a": "y"}]', ("commas",), [("[0].a", "x"), ("[1].a", "y")]),
        ('｛"a"："x"，"b"：["y"］｝', ("full-width punctuation",), [("a", "x"), ("b[0]", "y")]),
        ('{"a"："全角：，｛"}', ("full-width punctuation",), [("a", "全角：，｛")]),
        (r'{"a": "\d"}', ("escapes",), [("a", r"\d")]),
        ('{"a": "5" pipe"}', ("escapes",), [("a", '5" pipe')]),
        ('{"a": 007}', ("leading zeros",), [("a", "007")]),
        ('{"a": None, "b": True}', ("words of Python",), [("a", None), ("b", True)]),
        ('{"a": "x", "b": "y', ("cut off",), [("a", "x")]),
        ("{'a': 'x',", ("cut off", "quotes"), [("a", "x")]),
        ('{"a": "x", "a": "y"}', ("repeated keys",), [("a", "x"), ("a#2", "y")]),
        ('{"a": {"b": 1, "b": 2}}', ("repeated keys",), [("a.b", "1"), ("a.b#2", "2")]),
        ("{'a': 'x', 'a': 'y'}", ("quotes", "repeated keys"), [("a", "x"), ("a#2", "y")]),
        ('{"a#2": "x"}', (), [('["a#2"]', "x")]),
        ('{"a": 1} {"b": 2}', ("several JSON values",), [("[0].a", "1"), ("[1].b", "2")]),
        ('{a: "x"}', ("unquoted text",), [("a", "x")]),
        ('{"a": 1.10, // note\n"b": "x"}', ("comments",), [("a", "1.10"), ("b", "x")]),
        ('{"a": 1.10 /* 注 */, "b": "//"}', ("comments",), [("a", "1.10"), ("b", "//")]),
        ('{"a": 1.10, # note\n "b": 2}', ("comments",), [("a", "1.10"), ("b", "2")]),
        ('{"a": -, "b": —, "c": "-"}', ("missing values",), [("a", None), ("b", None), ("c", "-")]),
        ('{"a":, "b": }', ("missing values",), [("a", None), ("b", None)]),
        ('{"a": NULL, "b": TRUE}', ("words of Python",), [("a", None), ("b", True)]),
        ('{"a": 1.10, ...}', ("commas",), [("a", "1.10")]),
        ('{"a": 1.10; "b": 2.20}', ("commas",), [("a", "1.10"), ("b", "2.20")]),
        ('{"a": "x", "b": 1.10} - {', (), [("a", "x"), ("b", "1.10")]),
    ],
)
def test_repairs_are_named(text: str, repairs: Any, expected: Any) -> None:
    reading = read_json(text)
    assert reading.repairs == repairs
    assert [(leaf.path, leaf.value) for leaf in leaves(reading.value)] == expected


@pytest.mark.parametrize(
    "value",
    [
        "12:30",
        "16:05:10",
        "5%",
        "50 %",
        "(5.00)",
        "-5.00-",
        "+49 30 1234567",
        "+5",
        ".5",
        "5.",
        "10 000,00",
        "1,234.56",
        "1.234,56",
        "5,00 €",
        "$5.00",
        "€1.234",
        "1.10円",
        "１２：３０",
        "١٢٫٥٠",
        "2025-11-14",
        "14.11.2025",
        "2025年11月14日",
        "https://example.org/a",
        "John Smith",
        "№ 12",
        "#12",
        "N/A",
        "n.a.",
        '5"6',
        "0x1F",
        "1_000",
    ],
)
@pytest.mark.parametrize(
    "json_text",
    [
        '{"a": %s}',
        '{"b": 1.10, "a": %s, "c": "x"}',
        '{"a": %s\n, "c": 1}',
        "{a: %s, c: 'x'}",
        '{"a": %s, "c": 1.10,}',
    ],
)
def test_what_stands_without_quotes_is_kept_as_written(value: str, json_text: str) -> None:
    reading = read_json(json_text % value)
    assert reading.value["a"] == value
    assert type(reading.value["a"]) is str
    assert reading.value.get("b", "1.10") == "1.10"
    assert "unquoted text" in reading.repairs


@pytest.mark.parametrize("value", ["1.10", "-0.50", "5.00", "1e5", "12345678901234567890.10"])
@pytest.mark.parametrize("json_text", ['{"a": %s,}', '{"a": %s // 単価\n}', "{a: %s}", '{"a": [%s, "x" "y"}'])
def test_a_number_keeps_its_zeros_whatever_else_is_mended(value: str, json_text: str) -> None:
    (leaf, *_) = leaves(read_json(json_text % value).value)
    assert (leaf.value, type(leaf.value)) == (value, JsonNumber)


@pytest.mark.parametrize(
    ("json_text", "values"),
    [
        ('{"a": [12:30, 5%, "x"]}', ["12:30", "5%", "x"]),
        ('{"a": [10 000,00, 5 000,00]}', ["10 000,00", "5 000,00"]),
        ('{"a": [1.10, 2.50,]}', ["1.10", "2.50"]),
        ('{"a": [{"p": 1.10 "q": 12:30}]}', ["1.10", "12:30"]),
        ('{"a": [−, 縄, ]}', [None, "縄"]),
    ],
)
def test_values_of_lists_without_quotes(json_text: str, values: list[Any]) -> None:
    assert [leaf.value for leaf in leaves(read_json(json_text).value)] == values


def rows_of(answer: Answer, schema: Any = None) -> list[dict[str, Any]]:
    trace = Trace("batch", "document", "page", Task.KEY_INFORMATION_EXTRACTION, "key")
    return [dict(row) for row in key_values(answer, trace, schema)]


def test_every_row_names_the_repairs_of_its_answer() -> None:
    rows = rows_of(Answer("{'a': 'x', 'b': 'y',}"))
    assert [row["repairs"] for row in rows] == ["quotes, commas"] * 2


@pytest.mark.parametrize(
    ("text", "kv_result", "values"),
    [
        ('{"a": 337.50}', {"a": 337.5}, ["337.50"]),
        ('{"a": "x", "a": "y"}', {"a": "y"}, ["x", "y"]),
        ('{"a": "text"}', {"a": "other"}, ["other"]),
        ('{"a": "x', {"a": "xyz"}, ["xyz"]),
        ("", {"a": "x"}, ["x"]),
    ],
    ids=["number as written", "repeated key", "they differ", "text cut off", "no text"],
)
def test_the_text_speaks_where_it_says_the_same_as_kv_result_and_more(
    text: str, kv_result: Any, values: Any
) -> None:
    assert [row["value"] for row in rows_of(Answer(text, key_values=kv_result))] == values


SCHEMA = {"no": "", "seller": {"name": "", "city": ""}, "items": [{"name": "", "price": ""}]}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            {"no": "1", "seller": {"name": "A", "city": "B"}, "items": [{"name": "x", "price": "2"}]},
            [
                ("no", "1", "expected"),
                ("seller.name", "A", "expected"),
                ("seller.city", "B", "expected"),
                ("items[0].name", "x", "expected"),
                ("items[0].price", "2", "expected"),
            ],
            id="as asked",
        ),
        pytest.param(
            {},
            [
                ("no", None, "missing"),
                ("seller.name", None, "missing"),
                ("seller.city", None, "missing"),
                ("items", None, "missing"),
            ],
            id="nothing",
        ),
        pytest.param(
            {"no": None, "seller": None, "items": []},
            [
                ("no", None, "expected"),
                ("seller.name", None, "missing"),
                ("seller.city", None, "missing"),
                ("items", None, "expected"),
            ],
            id="empty",
        ),
        pytest.param(
            {
                "no": "1",
                "seller": {"name": "A", "city": "B", "zip": "9"},
                "items": [{"name": "x"}],
                "vat": "3",
            },
            [
                ("no", "1", "expected"),
                ("seller.name", "A", "expected"),
                ("seller.city", "B", "expected"),
                ("seller.zip", "9", "surplus"),
                ("items[0].name", "x", "expected"),
                ("items[0].price", None, "missing"),
                ("vat", "3", "surplus"),
            ],
            id="surplus and missing",
        ),
        pytest.param(
            {"no": ["1", "2"], "seller": "A, B", "items": {"name": "x"}},
            [
                ("no[0]", "1", "surplus"),
                ("no[1]", "2", "surplus"),
                ("no", None, "missing"),
                ("seller", "A, B", "expected"),
                ("seller.name", None, "missing"),
                ("seller.city", None, "missing"),
                ("items[0].name", "x", "expected"),
                ("items[0].price", None, "missing"),
            ],
            id="another form than asked",
        ),
    ],
)
def test_rows_are_compared_with_the_schema(answer: Any, expected: Any) -> None:
    rows = rows_of(Answer("", key_values=answer), SCHEMA)
    assert [(row["path"], row["value"], row["presence"]) for row in rows] == expected


texts = st.text("abcxyz 0123456789,.:'é中：，", min_size=1, max_size=12).filter(
    lambda text: text.strip().casefold() not in ("", "null")
)
keys = st.text("abcde金 ", min_size=1, max_size=6)
trees = st.recursive(
    texts,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4) | st.dictionaries(keys, inner, min_size=1, max_size=4)
    ),
    max_leaves=15,
).filter(lambda tree: isinstance(tree, dict))


def written(tree: Any, draw: Callable[[list[str]], str]) -> str:
    """A tree as a careless model writes it: each quote, separator and comma one of those that occur."""
    if isinstance(tree, str):
        usable = ['"'] + [q for q in ("'", "“") if "'" not in tree]
        opening = draw(usable)
        return opening + tree + {"“": "”"}.get(opening, opening)
    comma, trailing = draw([",", ", ", ",\n", "，"]), draw(["", "", ",", " , "])
    if isinstance(tree, list):
        opening, closing = draw(["[]", "［］"])
        return opening + comma.join(written(value, draw) for value in tree) + trailing + closing
    members = (
        written(key, draw) + draw([":", ": ", " : ", "："]) + written(value, draw)
        for key, value in tree.items()
    )
    opening, closing = draw(["{}", "｛｝"])
    return opening + comma.join(members) + trailing + closing


def plain_leaves(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    inner = tree.values() if isinstance(tree, dict) else tree
    return [leaf for value in inner for leaf in plain_leaves(value)]


@settings(max_examples=400)
@given(trees, st.randoms(use_true_random=False), st.sampled_from(["", "```json\n", "Here it is:\n```json\n"]))
def test_every_leaf_is_recovered(tree: Any, random: Any, fence: str) -> None:
    text = fence + written(tree, random.choice) + ("\n```" if fence else "")
    assert [leaf.value for leaf in leaves(read_json(text).value)] == plain_leaves(tree)


@settings(max_examples=400)
@given(trees, st.randoms(use_true_random=False), st.floats(0, 1))
def test_of_a_cut_off_answer_no_leaf_is_invented(tree: Any, random: Any, share: float) -> None:
    text = written(tree, random.choice)
    reading = read_json(text[: int(share * (len(text) - 1))])
    found = [leaf.value for leaf in leaves(reading.value) if leaf.value not in ({}, [])]
    assert found == plain_leaves(tree)[: len(found)]


@given(st.lists(st.tuples(st.sampled_from("ab"), texts), min_size=1, max_size=6))
def test_of_repeated_keys_every_value_is_kept(pairs: list[tuple[str, str]]) -> None:
    text = "{" + ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in pairs) + "}"
    found = list(leaves(read_json(text).value))
    assert [(leaf.key, leaf.value) for leaf in found] == pairs
    assert len({leaf.path for leaf in found}) == len(pairs)
