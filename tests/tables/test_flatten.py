"""A page with all its answers → the rows of the five tables."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import ROW_TABLES
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage

PageRows = Callable[[dict[Task, Answer]], dict[str, list[dict[str, Any]]]]


def word(text: str, left: float, top: float, right: float, bottom: float) -> Word:
    return Word(text, Quad.of((left, top, right, bottom)), None)


LINES = Answer("", words=(word("Total: $5.00", 0, 0, 120, 10), word("Bolt", 0, 20, 40, 30)))


def test_values_and_cells_are_grounded_among_the_lines_of_the_page(
    page_rows: PageRows,
) -> None:
    rows = page_rows(
        {
            Task.KEY_INFORMATION_EXTRACTION: Answer('{"total": "$5.00", "name": "Nut", "note": null}'),
            Task.TABLE_PARSING: Answer("<table><tr><td>Bolt</td><td></td></tr></table>"),
            Task.ADVANCED_RECOGNITION: LINES,
        }
    )
    assert [(row["path"], row.get("ground"), row.get("right_px")) for row in rows["key_values"]] == [
        ("total", "within_line", 120),
        ("name", "not_found", None),
        ("note", None, None),
    ]
    assert [(row["text"], row.get("ground"), row.get("top_px")) for row in rows["table_cells"]] == [
        ("Bolt", "line", 20),
        ("", None, None),
    ]


def test_without_lines_nothing_is_said_about_the_ground(
    page_rows: PageRows,
) -> None:
    rows = page_rows({Task.KEY_INFORMATION_EXTRACTION: Answer('{"a": "x"}')})
    assert rows["key_values"][0].get("ground") is None


def test_plain_text_gives_ground_without_a_box(page_rows: PageRows) -> None:
    answers = {
        Task.KEY_INFORMATION_EXTRACTION: Answer('{"a": "x", "b": "z"}'),
        Task.MULTI_LAN: Answer("x y"),
    }
    rows = page_rows(answers)["key_values"]
    assert [(row["ground"], row.get("left_px")) for row in rows] == [
        ("within_line", None),
        ("not_found", None),
    ]


def test_plain_text_is_matched_to_the_boxes_of_the_page(page_rows: PageRows) -> None:
    rows = page_rows({Task.MULTI_LAN: Answer("Bolt\nNut"), Task.ADVANCED_RECOGNITION: LINES})["text_lines"]
    assert [(row["task"], row["text"], row.get("ground"), row.get("top_px")) for row in rows[-2:]] == [
        ("multi_lan", "Bolt", "line", 20),
        ("multi_lan", "Nut", "not_found", None),
    ]


def test_each_row_names_its_own_task_and_request(
    page_rows: PageRows,
) -> None:
    document = r"\section{A} \begin{tabular}{c} b \end{tabular} $c$"
    rows = page_rows(
        {
            Task.DOCUMENT_PARSING: Answer(document),
            Task.TABLE_PARSING: Answer("<table><tr><td>d</table>"),
            Task.FORMULA_RECOGNITION: Answer("$$e$$"),
            Task.TEXT_RECOGNITION: Answer("f"),
            Task.MULTI_LAN: Answer("g"),
        }
    )
    found = {
        (name, row["task"], row["request_key"].removeprefix("key of ")) for name in rows for row in rows[name]
    }
    assert found == {
        ("document_blocks", "document_parsing", "document_parsing"),
        ("formulas", "document_parsing", "document_parsing"),
        ("formulas", "formula_recognition", "formula_recognition"),
        ("tables", "document_parsing", "document_parsing"),
        ("tables", "table_parsing", "table_parsing"),
        ("table_cells", "document_parsing", "document_parsing"),
        ("table_cells", "table_parsing", "table_parsing"),
        ("text_lines", "text_recognition", "text_recognition"),
        ("text_lines", "multi_lan", "multi_lan"),
    }


@pytest.mark.parametrize(
    ("text", "table", "count"),
    [
        ('```json\n{"a": "x", "b": "y"}\n```', "key_values", 2),
        ("a\nb\nc", "text_lines", 3),
        ("[sic] a\nb", "text_lines", 2),
        ("{}", "text_lines", 1),
    ],
)
def test_a_custom_prompt_gives_values_where_it_answers_in_json(
    page_rows: PageRows,
    text: str,
    table: str,
    count: int,
) -> None:
    rows = page_rows({Task.CUSTOM_PROMPT: Answer(text)})
    assert {name: len(found) for name, found in rows.items() if found} == {table: count}


def test_a_page_without_answers_has_every_table(
    page_rows: PageRows,
) -> None:
    assert page_rows({}) == {table.name: [] for table in ROW_TABLES}


fragments = st.lists(
    st.sampled_from(
        [
            *(
                "```json\n",
                "```html\n",
                "```latex\n",
                "\n```",
                "{",
                "}",
                "[",
                "]",
                '"a": ',
                '"x"',
                ",",
                "null",
                "1,234.50",
            ),
            *(
                "<table>",
                "<tr>",
                "<td rowspan=2 colspan=3>",
                "</td>",
                "</table>",
                "</",
                "&nbsp;",
                "¥5",
                "2024年1月2日",
            ),
            *(
                "\\begin{tabular}{c}",
                "\\end{tabular}",
                " & ",
                " \\\\ ",
                "$$",
                "\\section{",
                "\\item ",
                "\n\n",
                "\x00",
            ),
        ]
    ),
    max_size=25,
).map("".join)
texts = st.text() | fragments | st.text(st.characters(categories=["Cs", "Ll", "Po", "Nd"]))


@given(st.dictionaries(st.sampled_from(Task), texts))
def test_any_text_gives_rows_that_fit_the_tables(answered: Any) -> None:
    answers = {task: ("key", Answer(text)) for task, text in answered.items()}
    answers[Task.ADVANCED_RECOGNITION] = ("key", LINES)
    page = AnsweredPage("batch", "document", "document/1", (200, 100), answers)
    (found,) = flatten_document([page], on_page=lambda: None)
    for table in ROW_TABLES:
        rows = found[table.name]
        pa.Table.from_pylist([dict(row) for row in rows], schema=table.arrow).validate(full=True)
        for row in rows:
            assert set(row) <= set(table.column_names)
            required = [column.name for column in table.columns if not column.nullable]
            assert all(row.get(name) is not None for name in required)
        keys = [tuple(row[name] for name in table.primary_key) for row in rows]
        assert len(set(keys)) == len(keys), f"{table.name}: rows share a primary key"
