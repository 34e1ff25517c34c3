"""What asks for a person's eyes, and how well routes and models do."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Put = Callable[..., Path]
Query = Callable[[str], list[tuple[Any, ...]]]

_KEY, _TABLE = {"task": "key_information_extraction"}, {"task": "table_parsing"}


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        pytest.param("key_values", {"path": "a", "value": "x", "ground": "line"}, [], id="value on the page"),
        pytest.param("key_values", {"path": "a", "value": "x", "ground": None}, [], id="nothing to compare"),
        pytest.param(
            "key_values",
            {"path": "a", "value": "x?", "ground": "not_found"},
            [(1, "value_not_on_page", "a", "x?")],
            id="value nowhere on the page",
        ),
        pytest.param(
            "key_values",
            {"path": "a", "value": "4?2", "ground": "fuzzy"},
            [(2, "value_unreadable", "a", "4?2")],
            id="unreadable mark",
        ),
        pytest.param(
            "key_values",
            {"path": "a", "value": "42", "ground": "fuzzy"},
            [(3, "value_nearly_on_page", "a", "42")],
            id="nearly the same",
        ),
        pytest.param(
            "table_cells",
            {"row_index": 1, "column_index": 2, "text": "9", "ground": "not_found"},
            [(1, "value_not_on_page", "table 0 row 1 column 2", "9")],
            id="cell nowhere on the page",
        ),
        pytest.param(
            "key_values",
            {"path": "a", "value": None, "presence": "missing"},
            [(3, "value_missing", "a", None)],
            id="key not given",
        ),
        pytest.param(
            "tables", {"is_complete": True, "totals_wrong": 0, "lines_unused": None}, [], id="table"
        ),
        pytest.param(
            "tables",
            {
                "table_index": 2,
                "is_complete": False,
                "totals_wrong": 1,
                "lines_unused": 4,
            },
            [
                (1, "table_cut_off", "table 2", None),
                (1, "total_differs", "table 2", None),
                (2, "rows_left_out", "table 2", None),
            ],
            id="a table with everything wrong",
        ),
        pytest.param(
            "formulas",
            {"latex": r"\frac{1", "problem": "a brace is open"},
            [(3, "formula_malformed", "formula 0", r"\frac{1")],
            id="malformed formula",
        ),
        pytest.param(
            "ocr_responses",
            {"status": "partial", "reason": "Cut off."},
            [(1, "answer_partial", None, None)],
            id="partial answer",
        ),
        pytest.param("ocr_responses", {"status": "skipped", "reason": "No weights."}, [], id="skipped"),
        pytest.param("ocr_responses", {"status": "unfunded", "reason": "Budget."}, [], id="unfunded"),
        pytest.param(
            "pages",
            {"page_id": "d1-p2", "status": "rejected", "reason": "Too small."},
            [(2, "page_rejected", None, None)],
            id="page rejected",
        ),
        pytest.param(
            "ocr_responses", {"status": "ok"}, [(2, "page_without_text", None, None)], id="ok, without a line"
        ),
    ],
)
def test_review_queue(
    put: Put, query: Query, table: str, row: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    put("pages", "b1", *[{}, *([row] if table == "pages" else [])])
    if table != "pages":
        put(table, "b1", row)
    found = query(
        "SELECT priority, finding, place, value FROM marts.review_queue WHERE document_name = 'a.pdf' ORDER BY 1, 2"
    )
    assert found == expected


SELLER = {**_KEY, "path": "seller", "key": "seller", "presence": "expected", "value": None}
BUYER = {**SELLER, "path": "buyer", "key": "buyer"}
_READ = {"value": "Acme", "ground": "line"}


@pytest.mark.parametrize(
    ("values", "lines", "expects", "expected"),
    [
        pytest.param([SELLER], [], None, [("seller", 1, "")], id="without a line"),
        pytest.param([SELLER], ["Best seller", "SELLER: Acme"], None, [("seller", 1, "Best seller")], id="lines"),
        pytest.param([SELLER | {"page_id": "d1-p2"}, SELLER | _READ], [], None, [], id="on another page"),
        pytest.param([SELLER, SELLER | {"page_id": "d1-p2"}], [], None, [("seller", 1, "")], id="on no page"),
        pytest.param([SELLER, BUYER], [], '["buyer"]', [("buyer", 1, "")], id="as the route expects"),
        pytest.param([SELLER, BUYER], [], "[]", [], id="the route expects nothing"),
        pytest.param([SELLER | {"presence": "surplus"}], [], None, [], id="not asked for"),
        pytest.param([SELLER | {"presence": None}], [], None, [], id="nothing was asked for"),
        pytest.param([SELLER | {"path": "items[0].seller"}], [], None, [], id="empty cell of a list"),
        pytest.param(
            [SELLER | {"path": "items[0].seller"}, *(SELLER | _READ | {"path": f"items[{n}].seller"} for n in (1, 2))],
            [], None, [("items[0].seller", 1, "")], id="cell of a list that alone is empty",
        ),
        pytest.param(
            [*(SELLER | {"path": f"items[{n}].seller"} for n in (0, 1)),
             *(SELLER | _READ | {"path": f"items[{n}].seller"} for n in (2, 3))],
            [], None, [], id="cells of a list that are empty here and there",
        ),
        pytest.param(
            [SELLER | {"path": "items[0].seller", "presence": "missing"}], [], None,
            [("items[0].seller", 1, "")], id="key that an element does not have",
        ),
        pytest.param(
            [SELLER | {"path": "[0].seller"}, SELLER | _READ | {"path": "[1].seller"}], [], '["seller"]',
            [("[0].seller", 1, "")], id="of one record",
        ),
    ],
)  # fmt: skip
def test_a_value_that_is_missing_is_looked_at(
    put: Put, query: Query, values: Any, lines: Any, expects: str | None, expected: list[tuple[Any, ...]]
) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf", "route": "r"})
    put("pages", "b1", {"page_id": "d1-p1"}, {"page_id": "d1-p2"})
    put("routes", "b1", {"route": "r", "review_below": 0.5, "audit_share": 0.0, "expects": expects})
    put("key_values", "b1", *({"task": _KEY["task"], **value} for value in values))
    put("text_lines", "b1", *({"text": text, "line_index": number} for number, text in enumerate(lines)))
    found = query(
        "SELECT place, page_number, split_part(reason, ' A line reads: ', 2) "
        "FROM marts.review_queue WHERE finding = 'value_missing'"
    )
    assert found == expected


OWN = "Invoice 4711 of the 14th of March"


@pytest.mark.parametrize(
    ("own", "recognised", "doubt", "expected"),
    [
        pytest.param(OWN, OWN, None, [], id="the same"),
        pytest.param(OWN, "Invoice 4711 of the 14th of Marsh", None, [], id="a letter"),
        pytest.param(
            OWN, "Lqyrlfh 7844 ri wkh 47wk ri Pdufk", None, [(1, "text_layer_differs")], id="another"
        ),
        pytest.param(
            OWN, OWN + " payable within thirty days of receipt", None, [(2, "text_layer_differs")], id="more"
        ),
        pytest.param(OWN, OWN, "Form fields.", [(2, "text_layer_differs")], id="doubted"),
        pytest.param(None, OWN, "Form fields.", [], id="nothing to compare"),
    ],
)
def test_a_text_layer_that_differs_is_looked_at(
    put: Put, query: Query, own, recognised, doubt, expected
) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    put("pages", "b1", {"text_layer_doubt": doubt})
    lines = [("text_layer", own), ("multi_lan", recognised), ("text_recognition", "x")]
    put("text_lines", "b1", *({"task": task, "text": text} for task, text in lines if text))
    assert query("SELECT priority, finding FROM marts.review_queue") == expected


LINE, VALUE = (
    ("text_lines", {"text": "a"}),
    ("key_values", {**_KEY, "path": "a", "value": "x", "ground": "line"}),
)
LINES, TABLE = {"task": "text_recognition"}, {"task": "table_parsing"}
SKIPPED = {**LINES, "status": "skipped", "reason": "No weights."}


@pytest.mark.parametrize(
    ("asked", "is_blank", "read", "expected"),
    [
        pytest.param([LINES], False, [LINE], [], id="a page with text"),
        pytest.param([LINES], False, [], [(2, "page_without_text")], id="no line"),
        pytest.param(
            [LINES], False, [("text_lines", {"text": " "})], [(2, "page_without_text")], id="spaces"
        ),
        pytest.param([LINES, _KEY], False, [VALUE], [(2, "page_without_text")], id="values, and no line"),
        pytest.param([_KEY], False, [VALUE], [], id="nobody asked for lines"),
        pytest.param([TABLE], False, [], [(2, "page_without_text")], id="no cell either"),
        pytest.param([LINES], True, [], [(2, "page_blank")], id="one colour"),
        pytest.param([LINES], True, [LINE], [(1, "page_blank")], id="lines read from one colour"),
        pytest.param([], False, [], [], id="nothing asked"),
        pytest.param(
            [{**LINES, "status": "skipped", "reason": "No weights."}],
            False,
            [],
            [],
            id="skipped says why itself",
        ),
    ],
)
def test_a_page_without_text_is_a_finding(
    put: Put, query: Query, asked: list[Any], is_blank: bool, read: list[Any], expected: list[Any]
) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    put("pages", "b1", {"is_blank": is_blank})
    put("ocr_responses", "b1", *asked)
    for table, row in read:
        put(table, "b1", row)
    found = query("SELECT priority, finding FROM marts.review_queue WHERE finding LIKE 'page%'")
    assert found == expected


@pytest.mark.parametrize(("lines", "expected"), [([], ["page_without_text"]), ([{"text": "a"}], [])])
def test_a_tiled_page_is_one_page(put: Put, query: Query, lines: list[Any], expected: list[str]) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    tiles = [{"page_id": f"d1-p1-t{n}", "tile_of": "d1-p1", "page_number": 1} for n in (1, 2)]
    put("pages", "b1", {"status": "tiled"}, *tiles)
    put("ocr_responses", "b1", *({"page_id": tile["page_id"]} for tile in tiles))
    put("text_lines", "b1", *lines)
    assert [row[0] for row in query("SELECT finding FROM marts.review_queue")] == expected


MONEY = {**_KEY, "ground": "not_found", "currency": "$"}


def test_the_queue_is_ordered_by_what_is_at_risk(put: Put, query: Query) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf"})
    put("pages", "b1", {})
    put(
        "key_values",
        "b1",
        {**MONEY, "path": "fee", "value": "$10", "value_number": Decimal(10)},
        {**MONEY, "path": "total", "value": "$1000", "value_number": Decimal(1000)},
        {**_KEY, "path": "number", "value": "A-1", "ground": "not_found"},
        {**_KEY, "path": "name", "value": "x", "ground": "fuzzy"},
    )
    found = query("SELECT place, value_at_risk, currency FROM marts.review_queue ORDER BY review_order")
    assert found == [("number", None, None), ("total", 900, "$"), ("fee", 9, "$"), ("name", None, None)]


@pytest.mark.parametrize(
    ("review_below", "audit_share", "expected"),
    [
        pytest.param(0.5, 0.0, 10, id="what is in doubt"),
        pytest.param(0.05, 0.0, 0, id="a route that trusts all"),
        pytest.param(0.5, 1.0, 110, id="a route that trusts nothing"),
        pytest.param(0.5, 0.1, 10 + 10, id="a share of the others, always the same"),
    ],
)
def test_a_route_says_what_is_looked_at(
    put: Put, query: Query, review_below: float, audit_share: float, expected: int
) -> None:
    put("documents", "b1", {"document_id": "d1", "name": "a.pdf", "route": "r"})
    put("pages", "b1", {})
    put("routes", "b1", {"route": "r", "review_below": review_below, "audit_share": audit_share})
    values = [{**_KEY, "path": f"p{n}", "value": "x"} for n in range(110)]
    put(
        "key_values", "b1", *({**v, "ground": "line" if n > 9 else "not_found"} for n, v in enumerate(values))
    )
    found = query("SELECT finding, finding_id FROM marts.review_queue")
    assert len(found) == expected
    assert len({finding_id for _, finding_id in found}) == expected


def test_extraction_quality_by_route_model_and_task(put: Put, query: Query) -> None:
    put("documents", "b1", {"document_id": "d1"})
    pages = [{"page_id": f"d1-p{n}"} for n in range(1, 6)]
    put("pages", "b1", *pages)
    how = {"route": "invoices", "region": "singapore", "model": "m"}
    put("ocr_requests", "b1", *({**p, **how, **_KEY} for p in pages), {**pages[0], **how, **_TABLE})
    answers = [
        {"status": "ok", "latency_ms": 100.0, "output_tokens": 10, "cost_usd": Decimal("0.1")},
        {"status": "ok", "latency_ms": 300.0, "output_tokens": 20, "cost_usd": Decimal("0.2")},
        {"status": "partial", "latency_ms": 500.0, "reason": "Cut."},
        {"status": "skipped", "reason": "Route."},
    ]
    put("ocr_responses", "b1", *({**p, **_KEY, **a} for p, a in zip(pages, answers, strict=False)))
    grounds = ["line", "fuzzy", "not_found", None]
    put(
        "key_values",
        "b1",
        *({**pages[0], **_KEY, "path": f"v{n}", "ground": g} for n, g in enumerate(grounds)),
    )
    put("table_cells", "b1", {**pages[0], **_TABLE, "ground": "line"})
    found = query(
        "SELECT task, documents, requests, answers_ok, answers_partial, answers_failed, answers_not_asked, "
        "answers_missing, ok_rate, values_found, values_not_found, found_rate, latency_median_ms, output_tokens, "
        "cost_usd FROM marts.extraction_quality WHERE route = 'invoices' AND model = 'm' ORDER BY task"
    )
    assert found == [
        ("key_information_extraction", 1, 5, 2, 1, 0, 1, 1, 0.6667, 2, 1, 0.6667, 300, 30, Decimal("0.3")),
        ("table_parsing", 1, 1, 0, 0, 0, 0, 1, None, 1, 0, 1, None, None, None),
    ]
