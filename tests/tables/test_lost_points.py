"""Digits only, in line with amounts that have a point → said, not mended."""

import json
from typing import Any

import pytest

from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage


def doubts(
    texts: tuple[str, ...], rights: tuple[int, ...] | None, *, as_table: bool
) -> dict[str, str | None]:
    """What is doubtful of a column, its texts on the page with their right edge there (not on the page without)."""
    if as_table:
        rows = "".join(f"<tr><td>Rope {text}<td>{text}</tr>" for text in texts)
        task, answer = Task.TABLE_PARSING, Answer(f"<table><tr><td>Item<td>Price</tr>{rows}</table>")
    else:
        task = Task.KEY_INFORMATION_EXTRACTION
        answer = Answer(json.dumps({"items": [{"price": text} for text in texts]}))
    words = tuple(
        Word(text, (right - 50, y, right, y, right, y + 10, right - 50, y + 10), None)
        for text, right, y in zip(texts, rights or (), range(100, 1000, 20), strict=False)
    )
    answers: dict[Task, Any] = {
        task: ("t", answer),
        Task.ADVANCED_RECOGNITION: ("l", Answer("", words=words)),
    }
    page = AnsweredPage("batch", "document", "page", (1000, 1000), answers)
    (tables,) = flatten_document([page], on_page=lambda: None)
    rows_of = tables["table_cells"] if as_table else tables["key_values"]
    return {str(row.get("text", row.get("value"))): row["typed_doubt"] for row in rows_of}


@pytest.mark.parametrize("as_table", [True, False], ids=["table", "values"])
@pytest.mark.parametrize(
    ("texts", "rights", "doubtful"),
    [
        pytest.param(("147.95", "12.50", "14795"), (500, 500, 500), "14795", id="right-aligned"),
        pytest.param(("147.95", "12.50", "14795"), (500, 502, 498), "14795", id="nearly so"),
        pytest.param(("147.95", "12.50", "14796"), (500, 500, 460), None, id="elsewhere"),
        pytest.param(("147.95", "12.50", "14795"), (500, 500, 460), "14795", id="elsewhere, the same digits"),
        pytest.param(("147.95", "12.50", "14795"), None, "14795", id="a column without boxes"),
        pytest.param(("147,95 €", "12,50 €", "14795"), (500, 500, 500), "14795", id="decimal comma"),
        pytest.param(("١٤٧٫٩٥", "١٢٫٥٠", "١٤٧٩٥"), (500, 500, 500), "١٤٧٩٥", id="Arabic digits"),
        pytest.param(
            ("１４７．９５", "１２．５０", "１４７９５"), (500, 500, 500), "１４７９５", id="full width"
        ),
        pytest.param(("3.50", "2.50", "050"), (500, 500, 500), "050", id="less than one"),
        pytest.param(("147.95", "12.50", "5"), (500, 500, 500), None, id="too short for cents"),
        pytest.param(("147.95", "14795", "12345"), (500, 500, 500), None, id="one amount shows no column"),
        pytest.param(("1.5", "2.25", "3.125", "1234"), (500,) * 4, None, id="measures of any precision"),
        pytest.param(("12.50", "3.50", "100", "200", "300"), (500,) * 5, None, id="most have none"),
    ],
)
def test_a_point_that_got_lost(
    texts: tuple[str, ...], rights: tuple[int, ...] | None, doubtful: str | None, as_table: bool
) -> None:
    found = doubts(texts, rights, as_table=as_table)
    wanted = {doubtful: "maybe_without_point"} if doubtful else {}
    assert {text: doubt for text, doubt in found.items() if doubt} == wanted


@pytest.mark.parametrize(
    ("line", "right", "is_doubtful"),
    [
        pytest.param("8091", 500, True, id="right-aligned"),
        pytest.param("8091", 400, False, id="elsewhere"),
        pytest.param("1250", 400, True, id="the digits of another amount"),
        pytest.param("80 91", 400, True, id="a gap where the point belongs"),
        pytest.param("RM 80 91", 400, True, id="with a currency"),
        pytest.param("Lot 80 91", 400, False, id="with words"),
        pytest.param("1 234", 400, False, id="a gap that sets off thousands"),
        pytest.param("٨٠ ٩١", 400, True, id="Arabic digits"),
        pytest.param("999999", 500, False, id="more than the largest amount by far"),
        pytest.param("80.91", 500, False, id="an amount"),
        pytest.param("12", 500, False, id="too short for cents"),
    ],
)
def test_a_line_that_lost_its_point(line: str, right: int, is_doubtful: bool) -> None:
    texts = (("Tea 147.95", 500), ("12.50", 500), ("$3.00", 500), (line, right))
    words = tuple(
        Word(text, (edge - 50, y, edge, y, edge, y + 10, edge - 50, y + 10), None)
        for y, (text, edge) in zip(range(100, 1000, 20), texts, strict=False)
    )
    page = AnsweredPage(
        "batch", "document", "page", (1000, 1000),
        {Task.ADVANCED_RECOGNITION: ("l", Answer("", words=words))},
    )  # fmt: skip
    (tables,) = flatten_document([page], on_page=lambda: None)
    found = {row["text"]: row["text_doubt"] for row in tables["text_lines"]}
    assert found == dict.fromkeys(found) | ({line: "maybe_without_point"} if is_doubtful else {})
