"""What models say beside what they read, and forms that were not asked for: each is said, and what pages say is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.flatten import AnsweredPage, flatten
from qwenocr_assets.tables.forms.answered import answered_tables

KIE = Task.KEY_INFORMATION_EXTRACTION
TABLE = Task.TABLE_PARSING
TEXT = Task.TEXT_RECOGNITION
LINES = Task.ADVANCED_RECOGNITION
DOCUMENT = Task.DOCUMENT_PARSING


def rows_of(*rows: str) -> str:
    return (
        "<table>" + "".join(f"<tr><td>{row.replace('|', '</td><td>')}</td></tr>" for row in rows) + "</table>"
    )


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (TEXT, "Line 1\n[... text continues ...]"),
        (TEXT, "Line 1\n[remaining 40 lines omitted for brevity]"),
        (TEXT, "Line 1\n...\n(The rest of the page is similar)"),
        (TEXT, "第1行\n第2行\n（以下省略）"),
        (TEXT, "Zeile 1\n(restliche Zeilen der Kürze halber weggelassen)"),
        (TEXT, "Ligne 1\n[… reste du texte …]"),
        (TEXT, "Строка 1\n[остальной текст]"),
        (TEXT, "A\nB\n..."),
        (TEXT, "A\nB\n[…]"),
        (TABLE, rows_of("Item|Price", "A|1.00", "...|...", "Z|9.00")),
        (TABLE, rows_of("品名|数量", "縄|2", "⋮|⋮", "釘|9")),
        (TABLE, rows_of("Item|Price", "A|1.00", "(rows 3 to 40 continue similarly)|")),
        (TABLE, rows_of("Item|Price", "A|1.00") + "\n... (remaining rows omitted)"),
        (TABLE, rows_of("Item|Price", "A|1.00") + "<!-- 35 more rows -->"),
        (TABLE, "| a | b |\n|---|---|\n| 1 | 2 |\n| … | … |"),
        (KIE, '{"items": [{"a": "1"}, ...]}'),
        (KIE, '{"items": [{"a": "1"}, "…"]}'),
        (KIE, '{"items": [{"a": "1"}], // more items follow\n "b": "2"}'),
    ],
)
def test_what_a_model_left_out_is_said(task: Task, text: str) -> None:
    assert (incomplete(task, Answer(text)) or "").startswith("the model says that it left something out: “")


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (TEXT, "Line 1\n\nNote: Some parts of the image are blurry and may not be accurate."),
        (TEXT, "Here is the text:\n\nA\nB\n\nPlease note that I could not read the last line of the image."),
        (TEXT, "A\nB\n\nHinweis: Der untere Teil des Bildes ist nicht lesbar."),
        (TEXT, "```\nA\nB\n```\n注意：部分文字模糊，可能不准确。"),
        (TEXT, "A\n\nЧасть текста неразборчива."),
        (TABLE, rows_of("Item|Price", "A|1.00") + "\n\nThe last column is cut off in the image."),
        (KIE, '{"a": "1"}\n\nNote: the total is not legible in the image.'),
        (KIE, '{"a": "1"}\n画像の一部が不鮮明です。'),
    ],
)
def test_what_a_model_could_not_read_is_said(task: Task, text: str) -> None:
    assert (incomplete(task, Answer(text)) or "").startswith(
        "the model says that it could not read all of it: “"
    )


@pytest.mark.parametrize(
    "text",
    [
        "The image shows an invoice from ACME with a total of 12.50 EUR.",
        "This image contains a receipt.\nTotal: 5.00",
        "这张图片显示一张发票。\n合计 500",
        "이 이미지는 영수증입니다.\n합계 500",
        "L'image montre une facture de 12,50 €.",
    ],
)
def test_a_description_is_no_reading(text: str) -> None:
    assert (incomplete(TEXT, Answer(text)) or "").startswith("the model describes the page")


@pytest.mark.parametrize(
    "text",
    [
        "[Intentionally omitted]\nSection 5",
        "Section 4 (continued)\nA (see image below)",
        "Total (other items) 5\nB ...",
        "Chapter 1 ...... 5\nChapter 2 ... 7",
        "He said ... and then continued\nwait… and so on",
        "Fruit, vegetables etc.\n(and so on)",
        "以下余白",
        "This book is about images.\n\nThe end.",
        "Photo: private\n\nAll rights reserved.",
        "if a < b and c > d\n-----\nA | B",
        "Dear Ann,\n\nThe scan arrived.\n\nYours, Bob",
        "image.png\n12 KB",
        "Name: ...\nDate: ...",
        "C:\\new\\names",
        "Smith & Sons; AT&T",
    ],
)
def test_what_pages_say_themselves_is_no_remark(text: str) -> None:
    assert incomplete(TEXT, Answer(text)) is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('["Line 1", "第2行"]', "JSON"),
        ("<p>Total: <b>5.00</b></p><p>Date</p>", "HTML"),
        (rows_of("合計|5.00"), "HTML"),
        ("A &amp; B\n日付 &lt;5&gt;", "HTML"),
        ("Line 1\\nLine 2", "JSON"),
        ("Caf\\u00e9\n日付", "JSON"),
        ("# Title\n| a | b |\n|---|:-:|\n| 1 | 2 |", "Markdown"),
    ],
)
def test_text_in_another_form_is_said(text: str, form: str) -> None:
    assert incomplete(TEXT, Answer(text)) == f"the answer is {form} instead of the text of the page"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": "1"}\nWait, I misread. Corrected:\n{"a": "2"}', "other values behind the first"),
        ('The format is {"a": "..."}.\n{"a": "1"}', "other values behind the first"),
        ("```json\n{'合計': '1'}\n```\n訂正:\n```json\n{'合計': '3'}\n```", "other values behind the first"),
        ('{"total": "1.00", "total": "2.00"}', "gives total twice, with different values"),
        ('{"b": [{"итого": "1", "итого": "2"}]}', "gives итого twice, with different values"),
        ('{"a": "1, "b": "2"}', "put together by guessing"),
        ('{"a": "1"}\nAgain:\n{"a": "1"}', None),
        ('{"total": "1.00", "total": "1.00"}', None),
        ('{"a": "1"}\n{"a": "2"}', None),
        ('{"a": "1"} (see [1])', None),
    ],
)
def test_values_that_may_be_others_are_said(text: str, reason: str | None) -> None:
    said = incomplete(KIE, Answer(text))
    assert (said is None) if reason is None else (reason in (said or ""))


@pytest.mark.parametrize(
    ("text", "others", "reason"),
    [
        ('{"合計": "12.50"}', {"key_values": {"合計": "99.99"}}, "gives 合計 otherwise than its key values"),
        ('{"a": [{"b": 5}]}', {"key_values": {"a": [{"b": "5 "}]}}, None),
        ('{"a": "5", "c": "7"}', {"key_values": {"a": "5"}}, None),
        (
            "合計 12.50\nTax 3",
            {"words": (Word("合計 12.50", None, None),)},
            "has 3, which is in none of its lines",
        ),
        ("合計 12.50", {"words": (Word("合計", None, None), Word("１２.50", None, None))}, None),
        ('[{"text": "a 5"}]', {"words": (Word("a", None, None),)}, None),
    ],
)
def test_two_parts_of_an_answer_that_disagree_are_said(
    text: str, others: dict[str, Any], reason: str | None
) -> None:
    said = incomplete(KIE if "key_values" in others else LINES, Answer(text, **others))
    assert (said is None) if reason is None else (reason in (said or ""))


@pytest.mark.parametrize(
    ("text", "lines", "is_whole"),
    [
        ("<|im_start|>assistant\nLine 1<|im_end|>", ["Line 1"], True),
        ("第1行<|endoftext|>", ["第1行"], True),
        ("Line 1</s>", ["Line 1"], True),
        ("Line 1<|im_end|>\n<|im_start|>user\nThanks", ["Line 1"], False),
    ],
)
def test_signs_of_a_chat_are_no_text(text: str, lines: list[str], is_whole: bool) -> None:
    page = AnsweredPage("batch", "document", "page", (1000, 1000), {TEXT: ("key", Answer(text))})
    assert [row["text"] for row in flatten(page)["text_lines"]] == lines
    assert (incomplete(TEXT, Answer(text)) is None) is is_whole


@pytest.mark.parametrize("order", [1, -1])
def test_tables_in_two_forms_are_both_read(order: int) -> None:
    parts = [rows_of("a|1.00"), "| 品名 | 数量 |\n|---|---|\n| 縄 | 2 |"]
    tables = answered_tables("\n\n".join(parts[::order]))
    assert [[cell.text for cell in table.cells] for table in tables] == [
        ["a", "1.00"],
        ["品名", "数量", "縄", "2"],
    ]


TRUTHS = sorted((Path(__file__).parents[2] / "data" / "truth").rglob("*.json"))


def test_no_sample_says_anything_of_itself() -> None:
    for truth in TRUTHS:
        for page in json.loads(truth.read_text(encoding="utf-8")).get("pages", []):
            said = "\n".join(line["text"] for line in page["lines"])
            assert incomplete(TEXT, Answer(said)) is None
            assert incomplete(TEXT, Answer(said.replace("\n", "\n\n"))) is None


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("# Title\n\n| a | b |\n| x | 1.00 |\n\nEnd", ["a", "b", "x", "1.00"]),
        ("| 品名 | 数量 |\n| 縄 | 2 |", ["品名", "数量", "縄", "2"]),
        ("# Title\n\n|x| < 5 and |y| > 3", []),
    ],
)
def test_a_table_of_a_document_without_its_rule(text: str, cells: list[str]) -> None:
    page = AnsweredPage("batch", "document", "page", (1000, 1000), {DOCUMENT: ("key", Answer(text))})
    assert [row["text"] for row in flatten(page)["table_cells"]] == cells
