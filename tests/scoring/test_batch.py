"""A batch's rows against its truths."""

import json
from typing import Any

import pytest

from qwenocr_assets.geometry import Quad
from qwenocr_assets.scoring.batch import BatchScores, nested, score_batch
from qwenocr_assets.scoring.lines import Line
from qwenocr_assets.scoring.truth import Truth, TruthFolder, TruthPage
from qwenocr_assets.tables.grid import Cell

PLACE = {"batch_id": "b", "document_id": "d", "page_id": "p1"}
SCHEMA = json.dumps({"result_schema": {"total": ""}})


def line(text: str, page: int = 1, index: int = 0, **more: Any) -> dict[str, Any]:
    place = {**PLACE, "page_id": f"p{page}", "task": "advanced_recognition"}
    return {**place, "line_index": index, "reading_index": 0, "text": text, **more}


def scored(
    truth: Truth,
    task: str = "advanced_recognition",
    options: str = "{}",
    page_count: int = 1,
    ignores_case: bool = False,
    **tables: Any,
) -> BatchScores:
    """A document of so many pages with these rows, against a truth."""
    numbers = range(1, page_count + 1)
    rows = {
        "documents": [
            {
                "batch_id": "b",
                "document_id": "d",
                "name": "a.png",
                "sha256": "0",
                "status": "accepted",
                "route": "r",
            }
        ],
        "pages": [{"document_id": "d", "page_id": f"p{n}", "page_number": n, "dpi": 100.0} for n in numbers],
        "ocr_requests": [
            {
                **PLACE,
                "page_id": f"p{n}",
                "task": task,
                "route": "r",
                "region": "local",
                "model": "m",
                "options": options,
            }
            for n in numbers
        ],
        **tables,
    }
    return score_batch(rows, TruthFolder((truth,), ()), ignores_case=ignores_case)


def values(found: BatchScores) -> dict[str, tuple[float, float]]:
    return {row["metric"]: (row["errors"], row["total"]) for row in found.rows}


PAGES = (TruthPage("one"), TruthPage("two"))


@pytest.mark.parametrize(
    ("pages", "lines", "page_count", "errors"),
    [
        pytest.param(PAGES, [line("one"), line("two", 2)], 2, 0, id="page by page"),
        pytest.param(PAGES, [line("two"), line("one", 2)], 2, 6, id="pages changed places"),
        pytest.param(PAGES, [line("one")], 2, 3, id="a page without an answer"),
        pytest.param(PAGES, [line("one")], 1, 3, id="a page that is not there"),
        pytest.param(
            (TruthPage("one two"),), [line("one"), line("two", 2)], 2, 0, id="one text for all pages"
        ),
        pytest.param(
            (TruthPage("a b"),), [line("b", reading_index=1), line("a", index=1)], 1, 0, id="in reading order"
        ),
    ],
)
def test_text(pages: tuple[TruthPage, ...], lines: Any, page_count: int, errors: float) -> None:
    found = scored(Truth("a", pages), page_count=page_count, text_lines=lines)
    assert values(found)["cer"][0] == errors


CAPITALS = TruthPage(
    "TOTAL ÉTÉ", (Line("TOTAL ÉTÉ", Quad.of([0, 0, 90, 20])),), ((Cell(0, 0, 1, 1, False, "TOTAL"),),)
)
READ_CELL = {
    "table_index": 0,
    "row_index": 0,
    "column_index": 0,
    "row_span": 1,
    "column_span": 1,
    "is_header": False,
}


@pytest.mark.parametrize(
    ("task", "tables", "errors", "ignored"),
    [
        ("advanced_recognition", {"text_lines": [line("Total Été", quad_px=[0, 0, 90, 0, 90, 20, 0, 20])]},
         {"cer": 6, "wer": 2, "cer_boxes": 6, "line_f1": 0, "line_text_f1": 2},
         {"cer": 0, "wer": 0, "cer_boxes": 0, "line_f1": 0, "line_text_f1": 0}),
        ("key_information_extraction", {"key_values": [{"path": "shop", "value": "Été"}], "options": SCHEMA},
         {"field_f1": 2, "field_f1_exact": 2}, {"field_f1": 0, "field_f1_exact": 0}),
        ("table_parsing", {"table_cells": [{**READ_CELL, "text": "Total"}]},
         {"teds": 0.2667, "teds_s": 0}, {"teds": 0, "teds_s": 0}),
    ],
)  # fmt: skip
def test_case_is_left_out_where_truths_are_in_capitals(
    task: str, tables: dict[str, Any], errors: dict[str, float], ignored: dict[str, float]
) -> None:
    truth = Truth("a", (CAPITALS,), fields={"shop": "ÉTÉ"})
    options = tables.pop("options", "{}")
    rows = {name: [{**PLACE, "task": task, **row} for row in given] for name, given in tables.items()}
    for ignores, expected in ((False, errors), (True, ignored)):
        found = values(scored(truth, task, options, ignores_case=ignores, **rows))
        assert {name: round(found[name][0], 4) for name in expected} == expected


@pytest.mark.parametrize(
    ("page", "dpi"),
    [
        pytest.param({"renderer": "pdfium", "dpi": 150.0}, 150.0, id="drawn at what was asked"),
        pytest.param({"dpi": 96.0}, None, id="a picture's own"),
    ],
)
def test_scores_are_grouped_by_the_resolution_that_was_asked(page: dict[str, Any], dpi: float | None) -> None:
    pages = [{**PLACE, "page_number": 1, **page}]
    found = scored(Truth("a", PAGES[:1]), text_lines=[line("one")], pages=pages)
    assert {row["dpi"] for row in found.rows} == {dpi}


def test_boxes_are_compared_on_the_original() -> None:
    truth = Truth("a", (TruthPage(None, (Line("x", Quad.of([100, 100, 300, 140])),)),))
    page = {**PLACE, "page_number": 1, "to_original": [2.0, 0.0, 100.0, 0.0, 2.0, 100.0]}
    found = scored(truth, text_lines=[line("x", quad_px=[0, 0, 100, 0, 100, 20, 0, 20])], pages=[page])
    assert values(found)["line_f1"] == (0, 2)


@pytest.mark.parametrize(
    ("options", "value", "right"),
    [
        pytest.param(SCHEMA, {"path": "total", "value": "5"}, True, id="by the schema's keys"),
        pytest.param("{}", {"path": "Total due", "value": "5"}, True, id="by the labels"),
        pytest.param("{}", {"path": "TOTAL DUE:", "value": "5"}, True, id="by what labels say"),
        pytest.param("{}", {"path": "total", "value": "5"}, False, id="a schema's key where none was asked"),
    ],
)
def test_fields_go_by_what_was_asked(options: str, value: dict[str, str], right: bool) -> None:
    truth = Truth("a", fields={"total": "5"}, key_values={"Total due": "5"})
    task = "key_information_extraction"
    found = scored(truth, task, options, key_values=[{**PLACE, "task": task, **value}])
    assert values(found)["field_f1"] == (0 if right else 2, 2)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param({"total": "1"}, {"total": "1"}, id="flat"),
        pytest.param({"a.b": "1", "a.c": "2"}, {"a": {"b": "1", "c": "2"}}, id="an object"),
        pytest.param({"items[1].n": "b", "items[0].n": "a"}, {"items": [{"n": "a"}, {"n": "b"}]}, id="rows"),
        pytest.param({"tags[0]": "a", "tags[2]": "c"}, {"tags": ["a", "c"]}, id="a list with a gap"),
        pytest.param({'items[0]["No. \\"1\\""]': "x"}, {"items": [{'No. "1"': "x"}]}, id="a key in brackets"),
        pytest.param({"total": "1", "total#2": "2"}, {"total": "1", "total#2": "2"}, id="a key twice"),
        pytest.param({"a": None}, {}, id="absent"),
        pytest.param({"[0].a": "1", "[1].b": "2"}, {"a": "1", "b": "2"}, id="a list of objects"),
    ],
)
def test_nested(rows: dict[str, str | None], expected: Any) -> None:
    assert nested([{"path": path, "value": value} for path, value in rows.items()]) == expected


def test_what_has_no_truth_is_named() -> None:
    found = scored(Truth("b", PAGES), text_lines=[line("one")])
    assert (found.rows, found.without_truth, found.used) == ([], ["a.png"], set())
