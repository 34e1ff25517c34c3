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
            [item(i, k, 100 + 20 * (5 - i)) for i in range(5) for k in "abc"],
            {},
            id="a list in another order",
        ),
    ],
)
def test_trust(put: Put, query: Query, rows: list[dict[str, Any]], expected: dict[str, float]) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    put("key_values", "b1", *rows)
    found = dict(query("SELECT place, trust FROM marts.value_trust"))
    assert {p: t for p, t in found.items() if t < 1 or p in expected} == expected
    assert len(found) == len(rows)


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
