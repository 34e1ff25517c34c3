"""What the marts answer, on rows loaded from real table files."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Put = Callable[..., Path]
At = Callable[[int], datetime]
Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        pytest.param([("b1", 1), ("b2", 2)], "b2", id="the newest answers"),
        pytest.param([("b1", 3), ("b2", 2)], "b1", id="whatever the batch is called"),
        pytest.param([("b1", 2), ("b2", 2)], "b2", id="of equals the last batch"),
        pytest.param([("b1", 1), ("b2", None)], "b1", id="a batch without answers comes last"),
        pytest.param([("b1", None), ("b2", None)], "b2", id="without any answers the last batch"),
    ],
)
def test_a_document_of_two_batches_appears_once(
    put: Put, at: At, query: Query, answers: list[tuple[str, int | None]], chosen: str
) -> None:
    for batch, hour in answers:
        put("documents", batch, {"document_id": "d1", "name": "a.png"})
        put("pages", batch, {})
        put("ocr_responses", batch, {"answered_at": hour and at(hour)})
        put("text_lines", batch, {"text": f"read in {batch}"})
    found = query(
        "SELECT d.batch_id, p.batch_id, p.text "
        "FROM marts.documents_overview d JOIN marts.page_text p USING (document_id)"
    )
    assert found == [(chosen, chosen, f"read in {chosen}")]


def test_documents_overview_counts_each_document_once(put: Put, at: At, query: Query) -> None:
    put(
        "documents",
        "b1",
        {"document_id": "d1", "name": "two pages.pdf", "page_count": 2},
        {"document_id": "d2", "name": "broken.pdf", "status": "rejected", "reason": "Not a PDF."},
    )
    put("pages", "b1", {"page_id": "d1-p1"}, {"page_id": "d1-p2", "status": "rejected", "reason": "Empty."})
    put(
        "ocr_responses",
        "b1",
        {"task": "advanced_recognition", "cost_usd": Decimal("0.001"), "answered_at": at(1)},
        {
            "task": "table_parsing",
            "cost_usd": Decimal("0.0005"),
            "answered_at": at(2),
            "status": "partial",
            "reason": "Cut.",
        },
        {"task": "formula_recognition", "status": "skipped", "reason": "Unsupported."},
    )
    put("text_lines", "b1", *({"line_index": i} for i in range(4)))
    put("key_values", "b1", {"path": "total"}, {"path": "date"})
    put("table_cells", "b1", {})
    found = query(
        "SELECT name, status, pages_ready, pages_rejected, answers_ok, answers_partial, answers_skipped, text_lines, "
        "key_values, table_cells, document_blocks, cost_usd, last_answered_at FROM marts.documents_overview ORDER BY 1"
    )
    assert found == [
        ("broken.pdf", "rejected", 0, 0, 0, 0, 0, 0, 0, 0, 0, None, None),
        ("two pages.pdf", "accepted", 1, 1, 1, 1, 1, 4, 2, 1, 0, Decimal("0.0015"), at(2)),
    ]


def _lines(task: str, *texts: str) -> list[dict[str, Any]]:
    return [{"task": task, "line_index": i, "text": t} for i, t in reversed(list(enumerate(texts)))]


@pytest.mark.parametrize(
    ("lines", "blocks", "expected"),
    [
        pytest.param(
            _lines("text_recognition", "plain") + _lines("advanced_recognition", "placed", "too"),
            [],
            ("advanced_recognition", 2, 10, "placed\ntoo"),
            id="lines with places first",
        ),
        pytest.param(
            _lines("text_recognition", "a") + _lines("multi_lan", "b"),
            [],
            ("multi_lan", 1, 1, "b"),
            id="then multi_lan",
        ),
        pytest.param(
            _lines("text_recognition", "a", "b"),
            [{"text": "c"}],
            ("text_recognition", 2, 3, "a\nb"),
            id="then plain text",
        ),
        pytest.param(
            [],
            [{"block_index": 1, "text": "Text."}, {"block_index": 0, "text": "Title"}],
            ("document_parsing", 2, 11, "Title\nText."),
            id="the parsed document last",
        ),
        pytest.param(
            _lines("advanced_recognition", *map(str, range(12))),
            [],
            ("advanced_recognition", 12, 25, "\n".join(map(str, range(12)))),
            id="in reading order beyond ten",
        ),
        pytest.param([], [], (None, 0, 0, None), id="a page without text is there too"),
    ],
)
def test_page_text_has_one_row_a_page(
    put: Put,
    query: Query,
    lines: list[dict[str, Any]],
    blocks: list[dict[str, Any]],
    expected: tuple[Any, ...],
) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    put("pages", "b1", {"page_id": "d1-p1"})
    put("text_lines", "b1", *lines)
    put("document_blocks", "b1", *({"task": "document_parsing", **b} for b in blocks))
    found = query(
        "SELECT document_name, page_number, task, line_count, character_count, text FROM marts.page_text"
    )
    assert found == [("a.pdf", 1, *expected)]


def _fields(**values: str | None) -> list[dict[str, Any]]:
    """Rows of key_values by path, written with __ for brackets: items__0__name is items[0].name."""
    rows = []
    for written, value in values.items():
        name, index, field = written.split("__")
        number = Decimal(value) if value and value.replace(".", "").isdigit() else None
        rows.append(
            {
                "path": f"{name}[{index}]" + (f".{field}" if field else ""),
                "list_index": int(index),
                "value": value,
                "value_number": number,
            }
        )
    return rows


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            _fields(
                items__0__description="Tea",
                items__0__quantity="2",
                items__0__unit_price="1.50",
                items__0__amount="3",
            ),
            [("items[0]", "items", 0, "Tea", 2, Decimal("1.5"), 3)],
            id="the usual names",
        ),
        pytest.param(
            _fields(
                rows__0__Item="Tea",
                rows__0__Qty="2",
                rows__0__UnitPrice="1.5",
                rows__1__Item="Bun",
                rows__1__Total="4",
            ),
            [
                ("rows[0]", "rows", 0, "Tea", 2, Decimal("1.5"), None),
                ("rows[1]", "rows", 1, "Bun", None, None, 4),
            ],
            id="other spellings, several items",
        ),
        pytest.param(
            _fields(明细__0__品名="茶", 明细__0__数量="2", 明细__0__单价="1.5", 明细__0__金额="3"),
            [("明细[0]", "明细", 0, "茶", 2, Decimal("1.5"), 3)],
            id="Chinese",
        ),
        pytest.param(
            _fields(items__0__name="SKU 7", items__0__description="Tea"),
            [("items[0]", "items", 0, "Tea", None, None, None)],
            id="description before name",
        ),
        pytest.param(
            _fields(items__0__price="three", items__0__name=None),
            [("items[0]", "items", 0, None, None, None, None)],
            id="not a number, nothing there",
        ),
        pytest.param(
            _fields(tags__0__="red", tags__1__="blue"),
            [("tags[0]", "tags", 0, None, None, None, None), ("tags[1]", "tags", 1, None, None, None, None)],
            id="bare values",
        ),
        pytest.param([{"path": "total", "value": "9"}], [], id="no list"),
    ],
)
def test_line_items_has_one_row_a_list_element(
    put: Put, query: Query, rows: list[dict[str, Any]], expected: list[tuple[Any, ...]]
) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    put("key_values", "b1", *rows)
    found = query(
        "SELECT item_path, list_path, item_index, description, quantity, unit_price, amount "
        "FROM marts.line_items ORDER BY item_path"
    )
    assert found == expected


@pytest.mark.parametrize(
    ("path", "item_path", "fields", "amount"),
    [
        pytest.param('items[2]["No."]', "items[2]", {"No.": "7"}, None, id="a key with a dot"),
        pytest.param(
            'items[2]["Amount [1]"]', "items[2]", {"Amount [1]": "7"}, 7, id="a key with an index in it"
        ),
        pytest.param(
            '["a[1].b"][2].amount', '["a[1].b"][2]', {"amount": "7"}, 7, id="a list with an odd name"
        ),
        pytest.param('items[2]["a\\"]["]', "items[2]", {'a"][': "7"}, None, id="a key with a quote"),
        pytest.param("items[2].Amount (USD)", "items[2]", {"Amount (USD)": "7"}, 7, id="a unit in the name"),
        pytest.param("[2].amount", "[2]", {"amount": "7"}, 7, id="the whole answer is a list"),
    ],
)
def test_odd_keys_do_not_break_an_element_apart(
    put: Put, query: Query, path: str, item_path: str, fields: dict[str, str], amount: int | None
) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    put("key_values", "b1", {"path": path, "list_index": 2, "value": "7", "value_number": Decimal(7)})
    ((found_path, index, found_fields, found_amount),) = query(
        "SELECT item_path, item_index, fields, amount FROM marts.line_items"
    )
    assert (found_path, index, json.loads(found_fields), found_amount) == (item_path, 2, fields, amount)


@pytest.mark.parametrize("presence", ["expected", None], ids=["as asked for", "with lists of their own"])
def test_records_are_no_items(put: Put, query: Query, presence: str | None) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    values = {"[0].total": 10, "[0].items[0].amount": 10, "[1].total": 20, "[1].items[0].amount": 20}
    put(
        "key_values",
        "b1",
        *(
            {"path": path, "list_index": 0, "value": str(n), "value_number": Decimal(n), "presence": presence}
            for path, n in values.items()
        ),
    )
    assert query("SELECT item_path, amount FROM marts.line_items ORDER BY ALL") == [
        ("[0].items[0]", 10),
        ("[1].items[0]", 20),
    ]


def test_nested_fields_belong_to_their_innermost_element(put: Put, query: Query) -> None:
    put("documents", "b1", {"document_id": "d1"})
    put("pages", "b1", {})
    paths = {
        "items[0].product.name": 0,
        "items[0].taxes[1].rate": 1,
        "items[10].product.name": 10,
        "tags[0]": 0,
    }
    put("key_values", "b1", *({"path": p, "list_index": i, "value": p} for p, i in paths.items()))
    found = query("SELECT item_path, item_index, field_count, fields FROM marts.line_items ORDER BY 1")
    assert [(path, index, count, json.loads(fields)) for path, index, count, fields in found] == [
        ("items[0]", 0, 1, {"product.name": "items[0].product.name"}),
        ("items[0].taxes[1]", 1, 1, {"rate": "items[0].taxes[1].rate"}),
        ("items[10]", 10, 1, {"product.name": "items[10].product.name"}),
        ("tags[0]", 0, 1, {"value": "tags[0]"}),
    ]


def test_failures_lists_everything_that_did_not_end_well(put: Put, query: Query) -> None:
    put(
        "documents",
        "b1",
        {"document_id": "d1", "name": "good.pdf"},
        {"document_id": "d2", "name": "bad.pdf", "status": "rejected", "reason": "Not a PDF."},
    )
    put(
        "pages",
        "b1",
        {"page_id": "d1-p1"},
        {"page_id": "d1-p2", "status": "rejected", "reason": "Too small."},
    )
    tasks = ["advanced_recognition", "table_parsing", "document_parsing"]
    put("ocr_requests", "b1", *({"task": task} for task in tasks))
    put(
        "ocr_responses",
        "b1",
        {"task": "advanced_recognition"},
        {"task": "table_parsing", "status": "failed", "reason": "Timed out.", "attempts": 4},
    )
    found = query(
        "SELECT stage, document_name, page_number, task, status, reason, attempts FROM marts.failures ORDER BY 1, 2, 4"
    )
    assert found == [
        (
            "answer",
            "good.pdf",
            1,
            "document_parsing",
            "missing",
            "No answer is recorded for this request; run the intake again.",
            None,
        ),
        ("answer", "good.pdf", 1, "table_parsing", "failed", "Timed out.", 4),
        ("document", "bad.pdf", None, None, "rejected", "Not a PDF.", None),
        ("page", "good.pdf", 2, None, "rejected", "Too small.", None),
    ]


@pytest.mark.parametrize(
    ("documents", "current"),
    [
        pytest.param([("b1", "d1", "file:///in/a.png", 1, 1)], ["d1"], id="alone"),
        pytest.param(
            [("b1", "d1", "file:///in/a.png", 1, 9), ("b2", "d2", "file:///in/a.png", 2, 1)],
            ["d2"],
            id="the-higher-version",
        ),
        pytest.param(
            [("b2", "d1", "file:///in/a.png", None, 1), ("b1", "d2", "file:///in/a.png", 1, 2)],
            ["d2"],
            id="without-versions-the-later-change",
        ),
        pytest.param(
            [("b1", "d1", "file:///in/a.png", 1, 1), ("b2", "d2", "file:///other/a.png", 2, 1)],
            ["d1", "d2"],
            id="the-same-name-in-another-folder",
        ),
        pytest.param(
            [
                ("b1", "d1", "file:///in/a.png", 1, 1),
                ("b2", "d2", "file:///in/a.png", 2, 1),
                ("b3", "d1", "file:///in/a.png", 3, 1),
            ],
            ["d1"],
            id="back-to-an-earlier-content",
        ),
        pytest.param(
            [
                ("b1", "d1", "zip://x.png::file:///in/a.zip", 1, 1),
                ("b1", "d2", "zip://y.png::file:///in/a.zip", 1, 1),
                ("b2", "d3", "zip://x.png::file:///in/a.zip", 2, 2),
            ],
            ["d3"],
            id="all-members-of-the-newest-archive",
        ),
    ],
)
def test_which_documents_are_current(
    put: Put, at: At, query: Query, documents: list[tuple[str, str, str, int | None, int]], current: list[str]
) -> None:
    for batch in sorted({batch for batch, *_ in documents}):
        put(
            "documents",
            batch,
            *(
                {"document_id": key, "uri": uri, "name": uri, "version": version, "modified_at": at(hour)}
                for of, key, uri, version, hour in documents
                if of == batch
            ),
        )
    found = query("SELECT document_id FROM marts.documents_overview WHERE is_current ORDER BY 1")
    assert [key for (key,) in found] == current


def test_a_deleted_batch_leaves_the_newest_of_the_rest_current(put: Put, at: At, query: Query) -> None:
    asked = "SELECT document_id FROM marts.documents_overview WHERE is_current"
    put("documents", "b1", {"document_id": "d1", "uri": "file:///a", "version": 1})
    later = put("documents", "b2", {"document_id": "d2", "uri": "file:///a", "version": 2})
    assert query(asked) == [("d2",)]
    later.unlink()
    assert query(asked) == [("d1",)]
