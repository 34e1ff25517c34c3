"""All answers of a page into the rows of the row tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task, tasks_in
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
from qwenocr_assets.tables.document.reading import document_of, is_lines_instead
from qwenocr_assets.tables.document.rows import block_rows, formula_rows, with_places
from qwenocr_assets.tables.doubts.cells import cells_with_doubtful_text
from qwenocr_assets.tables.doubts.cuts import cells_cut_apart
from qwenocr_assets.tables.doubts.lines import lines_with_lost_points, with_doubts_of_lines
from qwenocr_assets.tables.doubts.lost_points import cells_with_lost_points, values_with_lost_points
from qwenocr_assets.tables.doubts.ragged import cells_in_ragged_rows
from qwenocr_assets.tables.forms.answered import answered_tables
from qwenocr_assets.tables.json.text import is_answered_in_json
from qwenocr_assets.tables.key_values import key_values
from qwenocr_assets.tables.latex.blocks import read_document
from qwenocr_assets.tables.no_answer.judging import no_answer
from qwenocr_assets.tables.places.grounding import ground_cells, ground_key_values, ground_lines
from qwenocr_assets.tables.places.page_lines import PageLines
from qwenocr_assets.tables.row_checks import judged_tables
from qwenocr_assets.tables.text_lines import text_lines
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.values.notation import UNDECLARED, Notation
from qwenocr_assets.tables.values.several_numbers import cells_with_several_numbers


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
    own_lines: Sequence[Row] = ()
    """Of a PDF page's own text, where that stands for what is seen: rows of `text_lines`."""


def flatten(page: AnsweredPage) -> dict[str, list[Row]]:
    """The page's rows by table name, with every row table present; nothing is grounded yet.

    Any text gives rows or none, never an error; a refusal gives none, and a list of lines in the place of a document
    its lines, for all that it is judged incomplete. A free answer that is JSON gives key values, any
    other text lines.

    Raises:
        MissingForm: nothing here makes rows of the form that a task answers in.
    """
    tables: dict[str, list[Row]] = {table.name: [] for table in ROW_TABLES}
    for task, (request_key, answer) in page.answers.items():
        trace = Trace(page.batch_id, page.document_id, page.page_id, task, request_key)
        is_lines = task.spec.form is Form.DOCUMENT and is_lines_instead(answer)
        if no_answer(task, answer) and not is_lines:
            continue
        for name, rows in _rows(answer, trace, page).items():
            tables[name].extend(rows)
    return tables


def lines_of(tables: Mapping[str, Sequence[Row]], own: Sequence[Row] = ()) -> PageLines:
    """The lines a page's values are looked for among: those with boxes, else the page's own, else what any other task
    read as text."""
    rows = tables[TEXT_LINES.name]
    with_boxes = tasks_in(Form.LINES)
    boxed = [row for row in rows if row["task"] in with_boxes] or [row for row in rows if _has_box(row)]
    return PageLines(boxed or own or rows)


def _has_box(row: Row) -> bool:
    return row.get("left_px") is not None


def ground(
    tables: dict[str, list[Row]], lines: PageLines, elsewhere: Mapping[str, PageLines] = MappingProxyType({})
) -> dict[str, list[Row]]:
    """A page's rows with values, cells and lines given their places among its lines, and its tables judged.

    `elsewhere` are the lines of the document's other pages, by page id.
    """
    texts = tables[TEXT_LINES.name]
    with_boxes = tasks_in(Form.LINES)
    placed = lines_with_lost_points([row for row in texts if row["task"] in with_boxes or _has_box(row)])
    others = [row for row in texts if row["task"] not in with_boxes and not _has_box(row)]
    cells = ground_cells(tables[TABLE_CELLS.name], lines, elsewhere)
    cells = with_doubts_of_lines(cells_with_several_numbers(cells_with_lost_points(cells)), placed)
    cells = cells_cut_apart(cells_in_ragged_rows(cells_with_doubtful_text(cells)))
    values = values_with_lost_points(ground_key_values(tables[KEY_VALUES.name], lines, elsewhere))
    return {
        **tables,
        PARSED_TABLES.name: judged_tables(tables[PARSED_TABLES.name], cells, lines.boxes),
        TEXT_LINES.name: [*placed, *ground_lines(others, lines)] if placed and others else placed or texts,
        KEY_VALUES.name: with_doubts_of_lines(values, placed),
        TABLE_CELLS.name: cells,
    }


def fed_by(table: str) -> tuple[Task, ...]:
    """The tasks whose answers a row table is made from; boxes of values come from the lines with positions."""
    lines = (Form.LINES,) if table in (KEY_VALUES.name, *_TABLES) else ()
    return tasks_in(*(form for form, maker in _MAKERS.items() if table in maker.fills), *lines)


def _rows(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    form = trace.task.spec.form
    if form not in _MAKERS:
        raise MissingForm(form, "tables/flatten.py")
    return _MAKERS[form].rows(answer, trace, page)


def _text_lines(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    return {TEXT_LINES.name: text_lines(answer, trace, page.page_size)}


def _key_values(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    schema = page.result_schema if trace.task.spec.takes_schema else None
    return {KEY_VALUES.name: key_values(answer, trace, schema, page.notation)}


def _answered_tables(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    return _of_tables(table_rows(answered_tables(answer.text), trace, page.notation))


def _document(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    document = document_of(answer, page.page_size)
    tables = table_rows(document.tables, trace, page.notation)
    return {
        DOCUMENT_BLOCKS.name: block_rows(document, trace),
        FORMULAS.name: formula_rows(document, answer.text, trace),
        **_of_tables(with_places(tables, document.places)),
    }


def _formula(answer: Answer, trace: Trace, _page: AnsweredPage) -> dict[str, list[Row]]:
    return {FORMULAS.name: formula_rows(read_document(answer.text), answer.text, trace)}


def _free(answer: Answer, trace: Trace, page: AnsweredPage) -> dict[str, list[Row]]:
    if not answer.words and is_answered_in_json(answer.text):
        rows = _key_values(answer, trace, page)
        if rows[KEY_VALUES.name]:
            return rows
    return _text_lines(answer, trace, page)


def _of_tables(rows: TableRows) -> dict[str, list[Row]]:
    return {PARSED_TABLES.name: list(rows.tables), TABLE_CELLS.name: rows.cells}


class _Maker(NamedTuple):
    """What makes rows of the answers in a form, and of which tables."""

    fills: tuple[str, ...]
    rows: Callable[[Answer, Trace, AnsweredPage], dict[str, list[Row]]]


_TABLES = (PARSED_TABLES.name, TABLE_CELLS.name)

_MAKERS: dict[Form, _Maker] = {
    Form.LINES: _Maker((TEXT_LINES.name,), _text_lines),
    Form.TEXT: _Maker((TEXT_LINES.name,), _text_lines),
    Form.KEY_VALUES: _Maker((KEY_VALUES.name,), _key_values),
    Form.TABLES: _Maker(_TABLES, _answered_tables),
    Form.DOCUMENT: _Maker((DOCUMENT_BLOCKS.name, FORMULAS.name, *_TABLES), _document),
    Form.FORMULA: _Maker((FORMULAS.name,), _formula),
    Form.FREE: _Maker((KEY_VALUES.name, TEXT_LINES.name), _free),
}
