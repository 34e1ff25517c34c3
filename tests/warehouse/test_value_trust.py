"""What speaks for and against a value."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Put = Callable[..., Path]
Query = Callable[[str], list[tuple[Any, ...]]]

KEY = {"task": "key_information_extraction", "value": "v"}


def item(index: int, key: str, top: float) -> dict[str, Any]:
    """A value in an element of a list that stands at this height of the page."""
    place = {"left_px": 0.0, "right_px": 9.0, "top_px": top, "bottom_px": top + 10}
    return {**KEY, **place, "path": f"items[{index}].{key}", "list_index": index, "ground": "line"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([{**KEY, "path": "a", "ground": "line"}], {"a": 1.0}, id="found"),
        pytest.param([{**KEY, "path": "a", "ground": "fuzzy"}], {"a": 0.6}, id="nearly"),
        pytest.param([{**KEY, "path": "a", "ground": "not_found"}], {"a": 0.1}, id="nowhere"),
        pytest.param([{**KEY, "path": "a"}], {"a": 0.7}, id="no lines to look in"),
        pytest.param([{**KEY, "path": "a", "value": "1?3", "ground": "line"}], {"a": 0.4}, id="unreadable"),
        pytest.param(
            [{**KEY, "path": "a", "ground": "line", "typed_doubt": "two_readings"}], {"a": 0.5}, id="typed"
        ),
        pytest.param(
            [item(i, k, 100 + 20 * i + (20 if (i, k) == (0, "c") else 0)) for i in range(3) for k in "abc"],
            {"items[0].c": 0.3},
            id="a value in the next row",
        ),
        pytest.param(
            [item(i, k, 100 + 20 * (1 - i if i < 2 else i)) for i in range(5) for k in "abc"],
            {f"items[{i}].{k}": 0.3 for i in range(2) for k in "abc"},
            id="two rows changed places",
        ),
        pytest.param(
            [item(i, k, 100 + 20 * (-1 if i == 4 else i)) for i in range(5) for k in "abc"],
            {f"items[4].{k}": 0.3 for k in "abc"},
            id="one row stands elsewhere, and the others keep their order",
        ),
        pytest.param(
            [item(i, k, 100 + 20 * (1 - i if i < 2 else i)) for i in range(3) for k in "abc"],
            {f"items[{i}].{k}": 0.3 for i in range(2) for k in "abc"},
            id="two of three rows changed places",
        ),
        pytest.param(
            [item(i, k, 100 + 20 * (5 - i)) for i in range(5) for k in "abc"],
            {},
            id="a list in another order",
        ),
        pytest.param([item(i, "a", 104 - 2 * i) for i in range(3)], {}, id="values side by side"),
    ],
)
def test_trust(put: Put, query: Query, rows: list[dict[str, Any]], expected: dict[str, float]) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    put("key_values", "b1", *rows)
    found = dict(query("SELECT place, trust FROM marts.value_trust"))
    assert {p: t for p, t in found.items() if t < 1 or p in expected} == expected
    assert len(found) == len(rows)


def in_both(index: int, *names: str) -> list[dict[str, Any]]:
    """The same values as an element of a list and as a row of a table, without any lines."""
    values = [{"value": f"{name} {index}", "path": f"items[{index}].{name}"} for name in names]
    cells = [
        {"row_index": index, "row_span": 1, "column_index": n, "text": v["value"]}
        for n, v in enumerate(values)
    ]
    return [*({**KEY, **v} for v in values), *({"task": "table_parsing", **c} for c in cells)]


def test_a_row_of_another_task_agrees_or_not(put: Put, query: Query) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    rows = [row for index in range(3) for row in in_both(index, "name", "price", "count")]
    listed, cells = ([row for row in rows if key in row] for key in ("path", "text"))
    by_path = {row["path"]: row for row in listed}
    one, other = by_path["items[0].price"], by_path["items[2].price"]
    one["value"], other["value"] = other["value"], one["value"]
    by_path["items[1].count"]["value"] = "99"
    put("key_values", "b1", *listed)
    put("table_cells", "b1", *cells)
    found = query(
        "SELECT place, agrees FROM marts.value_trust WHERE agrees IS DISTINCT FROM true ORDER BY place"
    )
    assert found == [
        ("items[0].price", False),
        ("items[1].count", None),
        ("items[2].price", False),
        ("table 0 row 0 column 1", False),
        ("table 0 row 1 column 2", None),
        ("table 0 row 2 column 1", False),
    ]


def test_broken_rules_share_the_blame(put: Put, query: Query) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    put("key_values", "b1", *({**KEY, "path": p, "ground": "line"} for p in "abc"))
    broken = {"page_id": "d1-p1", "severity": "warn", "outcome": "failed", "reason": "Why."}
    put(
        "validation_results",
        "b1",
        {**broken, "rule": "one", "path": "a", "value_count": 1},
        {**broken, "rule": "two", "path": "b", "result_index": 0, "value_count": 2},
        {**broken, "rule": "two", "path": "c", "result_index": 1, "value_count": 2},
    )
    found = query("SELECT place, trust, rules_failed FROM marts.value_trust ORDER BY place")
    assert found == [("a", 0.3, "one"), ("b", 0.65, "two"), ("c", 0.65, "two")]
    queue = query("SELECT finding, place, reason FROM marts.review_queue ORDER BY review_order")
    assert queue == [("value_breaks_rule", "a", "It breaks: one"), ("rule_broken", "two", "Why.")]


@pytest.mark.parametrize(
    "doubt",
    [
        "two_readings",
        "impossible_date",
        "maybe_without_point",
        "several_numbers",
        "no_number",
        "no_day",
        "unreadable",
    ],
)
@pytest.mark.parametrize("table", ["key_values", "table_cells"])
def test_what_is_typed_doubtfully_is_in_the_queue(put: Put, query: Query, table: str, doubt: str) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    value = {**KEY, "path": "a"} if table == "key_values" else {"task": "table_parsing", "text": "v"}
    put(table, "b1", {**value, "ground": "line", "typed_doubt": doubt})
    assert query("SELECT finding, value, trust FROM marts.review_queue") == [(doubt, "v", 0.5)]


@pytest.mark.parametrize(
    ("least_score", "table", "findings"),
    [
        (0.97, "table_cells", [("value_read_unsurely", "v", 0.6)]),
        (0.98, "table_cells", []),
        (None, "table_cells", []),
        (0.97, "key_values", []),
    ],
)
def test_a_cell_that_was_read_unsurely_is_in_the_queue(
    put: Put, query: Query, least_score: float | None, table: str, findings: list[Any]
) -> None:
    box = {"left_px": 10.0, "top_px": 20.0, "right_px": 30.0, "bottom_px": 40.0}
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    value = {**KEY, "path": "a"} if table == "key_values" else {"task": "table_parsing", "text": "v"}
    put(table, "b1", {**value, **box, "ground": "line"})
    inside = {**box, "top_px": 31.0}
    put(
        "text_lines",
        "b1",
        {"task": "advanced_recognition", "text": "v", "least_score": least_score, **inside},
    )
    assert query("SELECT finding, value, trust FROM marts.review_queue") == findings


@pytest.mark.parametrize(
    ("options", "table", "score", "trust", "is_own"),
    [
        ('{"own_text":"0a"}', "table_cells", None, 0.95, True),
        ('{"own_text":"0a"}', "key_values", 0.9, 1.0, True),
        ("{}", "table_cells", None, 1.0, False),
    ],
)
def test_what_stands_by_construction_among_the_lines_is_not_fully_trusted(
    put: Put, query: Query, options: str, table: str, score: float | None, trust: float, is_own: bool
) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    value = (
        {**KEY, "path": "a", "score": score}
        if table == "key_values"
        else {"task": "table_parsing", "text": "v"}
    )
    put("ocr_requests", "b1", {"task": value["task"], "options": options})
    put(table, "b1", {**value, "ground": "line"})
    assert query("SELECT trust, is_own_text FROM marts.value_trust") == [(trust, is_own)]


@pytest.mark.parametrize(
    ("score", "findings"), [(0.49, [("value_read_unsurely", "v", 0.6)]), (0.5, []), (None, [])]
)
def test_a_value_that_was_read_unsurely_is_in_the_queue(
    put: Put, query: Query, score: float | None, findings: list[Any]
) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    put("key_values", "b1", {**KEY, "path": "a", "ground": "line", "score": score})
    assert query("SELECT finding, value, trust FROM marts.review_queue") == findings


@pytest.mark.parametrize(
    ("count", "findings"),
    [
        (4, [("two_readings", f"table 0 row {row} column 0") for row in range(4)]),
        (5, [("two_readings", "table 0")]),
    ],
)
def test_many_numbers_of_two_readings_are_one_question(
    put: Put, query: Query, count: int, findings: list[Any]
) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    cell = {"task": "table_parsing", "ground": "line", "typed_doubt": "two_readings"}
    put("table_cells", "b1", *({**cell, "text": f"{row},500", "row_index": row} for row in range(count)))
    assert query("SELECT finding, place FROM marts.review_queue ORDER BY place") == findings


@pytest.mark.parametrize(
    ("shift", "findings"),
    [(0.0, [("l", "00 50"), ("v", "150 00")]), (1.0, [("l", "00 50"), ("l", "150 00"), ("v", "150 00")])],
)
def test_a_line_that_may_have_lost_its_point_is_asked_about_once(
    put: Put, query: Query, shift: float, findings: list[Any]
) -> None:
    box = {"left_px": 10.0, "top_px": 20.0, "right_px": 30.0, "bottom_px": 40.0}
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    doubt = "maybe_without_point"
    put(
        "key_values",
        "b1",
        {**KEY, **box, "value": "150 00", "path": "v", "ground": "line", "typed_doubt": doubt},
    )
    line = {"task": "advanced_recognition", "text_doubt": doubt, **box, "left_px": 10.0 + shift}
    put(
        "text_lines",
        "b1",
        {**line, "text": "150 00"},
        {**line, "text": "00 50", "line_index": 1, "left_px": 5.0},
    )
    found = query(
        f"SELECT coalesce(place, 'l'), value FROM marts.review_queue WHERE finding = '{doubt}' ORDER BY ALL"
    )
    assert found == findings
    assert query("SELECT count(DISTINCT finding_id) FROM marts.review_queue") == [(len(findings),)]
