"""All answers of a page into the rows of the row tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
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
from qwenocr_assets.tables.html.tables import html_tables
from qwenocr_assets.tables.json.text import is_answered_in_json
from qwenocr_assets.tables.key_values import key_values
from qwenocr_assets.tables.latex.blocks import document_blocks, formulas, read_document
from qwenocr_assets.tables.places.grounding import ground_cells, ground_key_values, ground_lines
from qwenocr_assets.tables.places.page_lines import PageLines
from qwenocr_assets.tables.row_checks import judged_tables
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
    """The page's rows by table name, with every row table present; nothing is grounded yet.

    Any text gives rows or none, never an error. A custom prompt's answer that is JSON gives key values, any other
    text lines.
    """
    tables: dict[str, list[Row]] = {table.name: [] for table in ROW_TABLES}
    for task, (request_key, answer) in page.answers.items():
        trace = Trace(page.batch_id, page.document_id, page.page_id, task, request_key)
        for name, rows in _rows(answer, trace, page).items():
            tables[name].extend(rows)
    return tables


def lines_of(tables: Mapping[str, Sequence[Row]]) -> PageLines:
    """The lines a page's values are looked for among: those with boxes, else what any other task read as text."""
    rows = tables[TEXT_LINES.name]
    boxed = [row for row in rows if row["task"] == Task.ADVANCED_RECOGNITION.value]
    return PageLines(boxed or rows)


def ground(
    tables: dict[str, list[Row]], lines: PageLines, elsewhere: Mapping[str, PageLines] = MappingProxyType({})
) -> dict[str, list[Row]]:
    """A page's rows with values, cells and lines given their places among its lines, and its tables judged.

    `elsewhere` are the lines of the document's other pages, by page id.
    """
    texts = tables[TEXT_LINES.name]
    placed = [row for row in texts if row["task"] == Task.ADVANCED_RECOGNITION.value]
    others = [row for row in texts if row["task"] != Task.ADVANCED_RECOGNITION.value]
    cells = ground_cells(tables[TABLE_CELLS.name], lines, elsewhere)
    return {
        **tables,
        PARSED_TABLES.name: judged_tables(tables[PARSED_TABLES.name], cells, lines.boxes),
        TEXT_LINES.name: [*placed, *ground_lines(others, lines)] if placed and others else texts,
        KEY_VALUES.name: ground_key_values(tables[KEY_VALUES.name], lines, elsewhere),
        TABLE_CELLS.name: cells,
    }


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
