"""Shapes near those that were seen: other names, other brackets, other wrappers. None gives coordinates as text."""

from typing import Any

import pytest

from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.completeness import incomplete
from qwenocr_assets.tables.flatten import AnsweredPage

TEXT, VALUES, DOCUMENT = Task.TEXT_RECOGNITION, Task.KEY_INFORMATION_EXTRACTION, Task.DOCUMENT_PARSING
SIZE = (1654, 2339)


def chat(text: str | None, **beside: Any) -> dict[str, Any]:
    return {
        "choices": [{"message": {"role": "assistant", "content": text, **beside}, "finish_reason": "stop"}]
    }


def native(text: str, result: Any = None, **beside: Any) -> dict[str, Any]:
    item = {"text": text, **beside, **({} if result is None else {"ocr_result": result})}
    return {"output": {"choices": [{"message": {"content": [item]}, "finish_reason": "stop"}]}}


def read(task: Task, body: Any, schema: Any = None) -> tuple[str | None, dict[str, list[Any]]]:
    answer = parse_answer(body, SIZE)
    page = AnsweredPage("batch", "document", "document/1", SIZE, {task: ("key", answer)}, schema)
    (rows,) = flatten_document([page], on_page=lambda: None)
    return incomplete(task, answer), {name: list(found) for name, found in rows.items() if found}


LINES = "合计 (498, 123, 20, 300, 90)\n税 (498, 163, 20, 300, 90)"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (LINES, ["合计", "税"]),
        (f"{LINES}\n余 (498, 20", ["合计", "税"]),
        ("合计 (498,123,20,300,90)； 税额 (498,163,20,300,90)", ["合计", "税额"]),
        ("合计\n(498,123,20,300,90)\n税\n(498,163,20,300,90)", ["合计", "税"]),
        ("[498,123,20,300,90] 合计\n[498,163,20,300,90] 税", ["合计", "税"]),
        ("<498><123><20><300><90> 合计", ["合计"]),
        ("<ref>合计</ref><box>(10,20),(300,40)</box>", ["合计"]),
        ("10,20,300,20,300,40,10,40,合计\n10,50,300,50,300,70,10,70,税", ["合计", "税"]),
        ('```json\n[{"bbox_2d": [10, 20, 300, 40], "text_content": "Tea"}]\n```', ["Tea"]),
        ('{"words_info": [{"text": "a", "location": [1, 2, 30, 2, 30, 10, 1, 10]}], "count": 1}', ["a"]),
        ('[[[[1, 2], [30, 2], [30, 10], [1, 10]], ["abc", 0.98]]]', ["abc"]),
        ('Here are the lines:\n[{"rotate_rect": "<498><123><20><300><90>", "text": "a"}]', ["a"]),
        ("[{'rotate_rect': [498, 123, 20, 300, 90], 'text': 'a'}]", ["a"]),
    ],
)
def test_lines_with_places_are_lines_with_boxes(text: str, lines: list[str]) -> None:
    _, rows = read(TEXT, chat(text))
    assert [row["text"] for row in rows["text_lines"]] == lines
    assert all(row["left_px"] is not None and row["ground"] == "given" for row in rows["text_lines"])
    reason, rows = read(VALUES, chat(text))
    assert (reason is not None, rows) == (True, {})


@pytest.mark.parametrize(
    "text",
    [
        "498,123,20,300,90\n498,160,20,300,90",
        "(10,20),(300,40)\n(10,50),(300,70)",
        "[[498, 123, 20, 300, 90], [498, 160, 20, 300, 90]]",
        "[[498, 123, 20, 300, 90],\n [498, 160, 20, 300, 90]]",
        '[{"pos_list": [{"rotate_rect": [740, 374, 599, 1459, 90]}]}]',
        '[{"text": "a", "style": {"x": 1}, "bbox": [1, 2, 3, 4]}]',
    ],
)
def test_places_without_lines_are_flagged_and_give_no_row(text: str) -> None:
    reason, rows = read(TEXT, chat(text))
    assert reason is not None
    assert rows == {}


@pytest.mark.parametrize(
    "text",
    [
        "A = (1, 2, 3, 4)\nB = (20, 40, 60, 80)",
        "Room (10, 20, 30, 40)",
        "2019,120,300,45,10\n2020,130,320,46,33",
        "12.5, 13.1, 14, 100",
        "Call (020) 123 456 78, 10\nhello",
        "See [1] (2, 3)\nB [2] (4, 5, 6, 7) is\nplain\nmore",
    ],
)
def test_numbers_of_a_page_stay_its_text(text: str) -> None:
    reason, rows = read(TEXT, chat(text))
    assert (reason, [row["text"] for row in rows["text_lines"]]) == (None, text.splitlines())


@pytest.mark.parametrize(
    ("answer", "schema", "values", "says"),
    [
        (
            '{"Total": {"text": "5.00", "rbox": [1, 2, 3, 4, 90]}, "items": [{"name": "Tea", "bbox": [1, 2, 3, 4]}]}',
            None,
            {"Total": "5.00", "items[0].name": "Tea"},
            "came with their places",
        ),
        ('{"location": "Paris", "box": "12"}', None, {"location": "Paris", "box": "12"}, None),
        (
            '{"invoices": [{"no": "A"}, {"no": "B"}], "count": 2, "page": {"n": "1"}}',
            {"no": ""},
            {"[0].no": "A", "[1].no": "B", "count": "2", "page.n": "1"},
            None,
        ),
    ],
    ids=["places beside values", "words that name places", "a wrapper with more than one key"],
)  # fmt: skip
def test_values(answer: str, schema: Any, values: dict[str, str], says: str | None) -> None:
    reason, rows = read(VALUES, chat(answer), schema)
    assert {row["path"]: row["value"] for row in rows["key_values"]} == values
    assert (reason is None) is (says is None)
    assert (says or "") in (reason or "")


PICTURE = "https://x.oss-cn-beijing.aliyuncs.com/page_0?Expires=1&OSSAccessKeyId=LT&Signature=ab"


@pytest.mark.parametrize(
    "text", [PICTURE, f"![]({PICTURE})", f"[page]({PICTURE})", f'<p><img src="{PICTURE}"/></p>']
)
@pytest.mark.parametrize("task", [TEXT, VALUES, DOCUMENT])
def test_a_pictures_address_is_never_read(task: Task, text: str) -> None:
    reason, rows = read(task, chat(text))
    assert reason is not None
    assert rows == {}


def layout(kind: str, text: str, markdown: str = "", **more: Any) -> dict[str, Any]:
    return {"pageNum": 0, "type": kind, "text": text, "markdownContent": markdown, **more}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (native("a\na\na", processed_text="a"), "took repeats out"),
        (chat("a\na\na", ocr_result={"processed_text": "a"}), "took repeats out"),
        (native("a", highlights=[{"a": 1}]), "not known here (highlights)"),
        (chat("a", ocr_result={"regions": "b"}), "not known here (ocr_result.regions)"),
        (native("", {"kv_result": {"a": "b"}}), "key values, which were not asked for"),
        (native("# T\n\nOne two three four five six", {"layouts": [layout("title", "T")]}), "words that no layout has"),
        (native("a", {"layouts": [layout("text", "a"), layout("text", "b", pageNum=1)]}), "layouts of 2 pages"),
        (native("a", {"layouts": [layout("text", "a"), layout("text", "", f"![]({PICTURE})")]}), "a part of the page"),
        (chat("# T\n\n$$x^2 + \\frac{1}{2"), "the formula ends without $$"),
        (chat("# T\n\n| a | b |\n|---|---|\n| 1 | 2"), "the table breaks off inside a row"),
    ],
)  # fmt: skip
def test_what_is_doubtful_says_so(body: Any, says: str) -> None:
    reason, _ = read(DOCUMENT, body)
    assert reason is not None
    assert says in reason


def test_an_empty_text_beside_a_processed_one_is_read() -> None:
    reason, rows = read(TEXT, chat(None, ocr_result={"processed_text": "a\nb"}))
    assert (reason, [row["text"] for row in rows["text_lines"]]) == (None, ["a", "b"])


def test_layouts_become_blocks_with_kind_and_box() -> None:
    layouts = [
        layout("title", "Invoice", "# Invoice", pos=[{"x": 100, "y": 10}, {"x": 900, "y": 40}]),
        layout("table", "A 1", "| A |\n|---|\n| 1 |", pos=[[100, 100], [900, 100], [900, 300], [100, 300]]),
        layout("equation", "E=mc^2", "$$E=mc^2$$", pos=[100, 400, 900, 450]),
        layout("corner_note", "note"),
    ]
    reason, rows = read(DOCUMENT, native("# Invoice", {"layouts": layouts}))
    assert reason is None
    assert [(row["block_type"], row["kind"], row.get("right_px")) for row in rows["document_blocks"]] == [
        ("title", "title", 900 * 1.654),
        ("table", "table", 900 * 1.654),
        ("formula", "equation", 900 * 1.654),
        ("other", "corner_note", None),
    ]
    assert {row["box_doubt"] for row in rows["document_blocks"]} == {"unit_assumed", None}
    assert [row["bottom_px"] for row in rows["table_cells"]] == [300 * 2.339] * 2
    assert [(row["latex"], row["top_px"]) for row in rows["formulas"]] == [("E=mc^2", 400 * 2.339)]


MARKDOWN = (
    "# Title\n\nSome *text*.\n\n## Part\n\n- a\n- b\n\n"
    "| A | B |\n|---|---|\n| 1 | 2 |\n\n$$x^2$$\n\n$a_1$ costs $5."
)


def test_markdown_becomes_blocks_tables_and_formulas() -> None:
    reason, rows = read(DOCUMENT, chat(MARKDOWN))
    assert reason is None
    assert [(row["block_type"], row["level"], row["text"]) for row in rows["document_blocks"]] == [
        ("title", None, "Title"),
        ("paragraph", None, "Some text."),
        ("section", 1, "Part"),
        ("list_item", 1, "a"),
        ("list_item", 1, "b"),
        ("table", None, "A\tB\n1\t2"),
        ("formula", None, "x^2"),
        ("paragraph", None, "$a_1$ costs $5."),
    ]
    assert [row["text"] for row in rows["table_cells"]] == ["A", "B", "1", "2"]
    assert [(row["display"], row["latex"]) for row in rows["formulas"]] == [(True, "x^2"), (False, "a_1")]


@pytest.mark.parametrize(
    ("words", "boxes", "doubt"),
    [
        ([[500, 500, 20, 100, 90]], [(744, 1146, 910, 1193)], "unit_assumed"),
        ([[1500, 500, 20, 100, 90]], [(1450, 490, 1550, 510)], "from_rectangle"),
        ([[3000, 200, 20, 100, 90]], [None], "unit_unknown"),
        (["<1500><500><20><100><90>"], [(1450, 490, 1550, 510)], "from_rectangle"),
        ([[1500, 500, 100, 20]], [(1450, 490, 1550, 510)], "from_rectangle"),
        ([[1300, 2000, 1620, 2030]], [(1300, 2000, 1620, 2030)], "from_rectangle"),
    ],
    ids=["either", "pixels", "neither", "a text", "centre and size", "corners"],
)
def test_lines_without_corners_get_them_from_their_rectangle(
    words: list[Any], boxes: list[Any], doubt: str
) -> None:
    info = [{"text": "a", "rotate_rect": rectangle} for rectangle in words]
    answer = parse_answer(native("", {"words_info": info}), SIZE)
    found = [word.quad and tuple(round(v) for v in word.quad.box) for word in answer.words]
    assert (found, {word.box_doubt for word in answer.words}) == (boxes, {doubt})


def test_lines_that_have_both_show_the_unit_of_the_others() -> None:
    info = [
        {"text": "a", "rotate_rect": [500, 500, 20, 100, 90], "location": [450, 490, 550, 490, 550, 510, 450, 510]},
        {"text": "b", "rotate_rect": [500, 600, 20, 100, 90]},
    ]  # fmt: skip
    words = parse_answer(native("", {"words_info": info}), SIZE).words
    assert words[1].quad is not None
    assert tuple(round(v) for v in words[1].quad.box) == (450, 590, 550, 610)
