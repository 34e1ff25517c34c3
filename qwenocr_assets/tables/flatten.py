"""All answers of a page into the rows of the five row tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import (
    DOCUMENT_BLOCKS,
    FORMULAS,
    KEY_VALUES,
    PARSED_TABLES,
    ROW_TABLES,
    TABLE_CELLS,
    TEXT_LINES,
)
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.cell_grid import TableRows, table_rows
from qwenocr_assets.tables.grounding import ground_rows
from qwenocr_assets.tables.html_tables import html_tables
from qwenocr_assets.tables.json_text import is_answered_in_json
from qwenocr_assets.tables.key_values import key_values
from qwenocr_assets.tables.latex_blocks import document_blocks, formulas, read_document
from qwenocr_assets.tables.text_lines import text_lines
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.typed_values import UNDECLARED, Notation


@dataclass(frozen=True, slots=True)
class AnsweredPage:
    """One page with all its answers."""

    batch_id: str
    document_id: str
    page_id: str
    page_size: tuple[int, int]
    """Width and height of the page image, in pixels."""
    answers: Mapping[Task, tuple[str, Answer]]
    """Per task, the request key and the answer."""
    result_schema: Mapping[str, Any] | None = None
    """What key information extraction was asked for, where it was."""
    notation: Notation = UNDECLARED


def flatten(page: AnsweredPage) -> dict[str, list[Row]]:
    """The page's rows by table name, with every row table present.

    Any text gives rows or none, never an error. Values and cells are grounded among the lines of the page's
    `advanced_recognition` answer. A custom prompt's answer that is JSON gives key values, any other text lines.
    """
    tables: dict[str, list[Row]] = {table.name: [] for table in ROW_TABLES}
    for task, (request_key, answer) in page.answers.items():
        trace = Trace(page.batch_id, page.document_id, page.page_id, task, request_key)
        for name, rows in _rows(answer, trace, page).items():
            tables[name].extend(rows)
    lines = [row for row in tables[TEXT_LINES.name] if row["task"] == Task.ADVANCED_RECOGNITION.value]
    tables[KEY_VALUES.name] = ground_rows(tables[KEY_VALUES.name], lines, column="value")
    tables[TABLE_CELLS.name] = ground_rows(tables[TABLE_CELLS.name], lines, column="text")
    return tables


def _rows(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    match trace.task:
        case Task.KEY_INFORMATION_EXTRACTION:
            return {KEY_VALUES.name: key_values(answer, trace, page.result_schema, page.notation)}
        case Task.TABLE_PARSING:
            return _of_tables(table_rows(html_tables(answer.text), trace, page.notation))
        case Task.DOCUMENT_PARSING:
            document = read_document(answer.text)
            return {
                DOCUMENT_BLOCKS.name: document_blocks(answer, trace),
                FORMULAS.name: formulas(answer, trace),
                **_of_tables(table_rows(document.tables, trace, page.notation)),
            }
        case Task.FORMULA_RECOGNITION:
            return {FORMULAS.name: formulas(answer, trace)}
        case Task.CUSTOM_PROMPT if is_answered_in_json(answer.text):
            values = key_values(answer, trace, notation=page.notation)
            if values:
                return {KEY_VALUES.name: values}
    return {TEXT_LINES.name: text_lines(answer, trace, page.page_size)}


def _of_tables(rows: TableRows) -> dict[str, list[Row]]:
    return {PARSED_TABLES.name: list(rows.tables), TABLE_CELLS.name: rows.cells}
