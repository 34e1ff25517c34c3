"""The documents of an intake batch scored: rows of its tables against the truths of a folder."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task
from qwenocr_assets.rows import (
    AcceptedDocumentRow,
    DocumentBlockRow,
    OcrRequestRow,
    PageRow,
    RowsByTable,
    ScoreRow,
    TableCellRow,
    TextLineRow,
)
from qwenocr_assets.schemas import R, is_accepted
from qwenocr_assets.scoring.boxed import boxed_character_errors
from qwenocr_assets.scoring.case import rows_without_case, truth_without_case
from qwenocr_assets.scoring.differences import as_json, cell_differences, field_differences
from qwenocr_assets.scoring.fields import by_label, field_scores, merged
from qwenocr_assets.scoring.json_objects import nested
from qwenocr_assets.scoring.lines import Line, line_scores
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.teds import table_scores
from qwenocr_assets.scoring.text import character_errors, word_errors
from qwenocr_assets.scoring.truth import Truth, TruthFolder, TruthPage
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.values.notation import UNDECLARED, Notation

TABLES_READ = (
    "documents",
    "pages",
    "ocr_requests",
    "text_lines",
    "key_values",
    "table_cells",
    "document_blocks",
)
"""The tables that scores are made from."""

_Scored = Literal["text", "fields", "tables"]

_SCORED_AS: dict[Form, tuple[_Scored, ...]] = {
    Form.LINES: ("text",),
    Form.TEXT: ("text",),
    Form.KEY_VALUES: ("fields",),
    Form.TABLES: ("tables",),
    Form.DOCUMENT: ("text", "tables"),
    Form.FORMULA: (),  # no truth says what a formula is
}
"""What answers are compared with; free ones with whatever they turned out to hold."""

_HELD: dict[_Scored, Literal["text_lines", "key_values", "table_cells"]] = {
    "text": "text_lines",
    "fields": "key_values",
    "tables": "table_cells",
}
"""The table that shows it of a free answer."""


@dataclass(frozen=True, slots=True)
class BatchScores:
    """What came of scoring a batch."""

    rows: list[ScoreRow]
    """Rows of `scores`."""
    without_truth: list[str]
    """Names of documents that were read and that no truth is about."""
    used: set[str]
    """Names of the truths that were needed."""


def score_batch(
    tables: RowsByTable,
    truths: TruthFolder,
    *,
    least_iou: float = 0.5,
    ignores_case: bool = False,
    notations: Mapping[str, Notation] | None = None,
) -> BatchScores:
    """Score each accepted document of a batch that has a truth, task by task.

    `tables` holds the batch's rows of `TABLES_READ`; with `ignores_case`, large and small letters are alike;
    `notations` says by route how numbers and dates are written. What was asked and not answered counts as empty.
    """
    compared = rows_without_case(tables) if ignores_case else tables
    given = cast(Mapping[str, Sequence[Mapping[str, Any]]], compared)
    documents = {name: _by_document(given.get(name, ())) for name in TABLES_READ}
    found = BatchScores([], [], set())
    for document in tables["documents"]:
        if not is_accepted(document):
            continue
        truth = truths.find(document["name"], document["sha256"])
        if truth is None:
            found.without_truth.append(document["name"])
            continue
        found.used.add(truth.name)
        rows = {name: documents[name][document["document_id"]] for name in TABLES_READ}
        truth = truth_without_case(truth) if ignores_case else truth
        notation = (notations or {}).get(document["route"], UNDECLARED)
        found.rows.extend(_document_rows(document, cast(RowsByTable, rows), truth, least_iou, notation))
    return found


def _by_document(rows: Iterable[R]) -> defaultdict[str, list[R]]:
    grouped: defaultdict[str, list[R]] = defaultdict(list)
    for row in rows:
        grouped[row["document_id"]].append(row)
    return grouped


def _document_rows(
    document: AcceptedDocumentRow, rows: RowsByTable, truth: Truth, least_iou: float, notation: Notation
) -> Iterator[ScoreRow]:
    pages = sorted((p for p in rows["pages"] if p.get("tile_of") is None), key=lambda p: p["page_number"])
    requests: dict[str, OcrRequestRow] = {}
    for request in rows["ocr_requests"]:
        requests.setdefault(request["task"], request)
    for task, request in requests.items():
        of_task: RowsByTable = {
            "text_lines": [row for row in rows["text_lines"] if row["task"] == task],
            "key_values": [row for row in rows["key_values"] if row["task"] == task],
            "table_cells": [row for row in rows["table_cells"] if row["task"] == task],
            "document_blocks": [row for row in rows["document_blocks"] if row["task"] == task],
        }
        for score in _scores(task, request, pages, of_task, truth, least_iou, notation):
            yield {
                "batch_id": document["batch_id"],
                "document_id": document["document_id"],
                "task": task,
                "truth": truth.name,
                "route": request["route"],
                "region": request["region"],
                "model": request["model"],
                "options": request["options"],
                "dpi": min(
                    (dpi for p in pages if p.get("renderer") and (dpi := p.get("dpi")) is not None),
                    default=None,
                ),
                "metric": score.metric.value,
                "score": score.value,
                "errors": float(score.errors),
                "total": float(score.total),
                "differences": orjson.dumps(as_json(score.differences)).decode()
                if score.differences
                else None,
                "better": "lower" if score.metric.is_error_rate else "higher",
            }


def _scores(
    task: str,
    request: OcrRequestRow,
    pages: Sequence[PageRow],
    rows: RowsByTable,
    truth: Truth,
    least_iou: float,
    notation: Notation,
) -> Iterator[Score]:
    scored = _scored_as(Task(task), rows)
    if "text" in scored:
        yield from _text_scores(pages, rows, truth, least_iou)
    if "fields" in scored:
        has_schema = bool(orjson.loads(request["options"] or "{}").get("result_schema"))
        preferred = (truth.fields, truth.key_values) if has_schema else (truth.key_values, truth.fields)
        wanted = next((fields for fields in preferred if fields), None)
        if wanted is not None:
            values = _by_page(rows["key_values"])
            answer = merged(nested(values[page["page_id"]]) for page in pages)
            if not has_schema:
                answer, wanted = by_label(answer), by_label(wanted)
            for score in field_scores(answer, wanted, notation):
                if score.metric is Metric.FIELD_F1:
                    yield score._replace(differences=tuple(field_differences(answer, wanted, notation)))
                else:
                    yield score
    if "tables" in scored:
        by_page = _by_page(rows["table_cells"])
        yield from added(
            score
            for page, wanted in _side_by_side(pages, truth)
            if wanted.tables is not None
            for score in _table_scores(_grids(by_page[page["page_id"]] if page else []), wanted.tables)
        )


def _table_scores(answer: Sequence[Sequence[Cell]], truth: Sequence[Sequence[Cell]]) -> Iterator[Score]:
    for score in table_scores(answer, truth):
        if score.metric is Metric.TEDS:
            yield score._replace(differences=tuple(cell_differences(answer, truth)))
        else:
            yield score


def _scored_as(task: Task, rows: RowsByTable) -> tuple[_Scored, ...]:
    form = task.spec.form
    if form is Form.FREE:
        return tuple(scored for scored, table in _HELD.items() if rows[table])
    if form not in _SCORED_AS:
        raise MissingForm(form, "scoring/batch.py")
    return _SCORED_AS[form]


def added(scores: Iterable[Score]) -> list[Score]:
    """Scores of pages as those of their document: counts of the same metric add up."""
    totals: dict[Metric, Score] = {}
    for score in scores:
        before = totals.get(score.metric, Score(score.metric, 0, 0))
        totals[score.metric] = Score(
            score.metric,
            before.errors + score.errors,
            before.total + score.total,
            before.differences + score.differences,
        )
    return list(totals.values())


def _text_scores(pages: Sequence[PageRow], rows: RowsByTable, truth: Truth, least_iou: float) -> list[Score]:
    lines, blocks = _by_page(rows["text_lines"]), _by_page(rows["document_blocks"])
    scores: list[Score | None] = []
    if len(truth.pages) == 1 and len(pages) > 1 and truth.pages[0].text is not None:
        # one text for all pages
        text = "\n".join(_text(lines[page["page_id"]], blocks[page["page_id"]]) for page in pages)
        scores += [measure(text, truth.pages[0].text) for measure in (character_errors, word_errors)]
        return added(score for score in scores if score is not None)
    for page, wanted in _side_by_side(pages, truth):
        page_id = page["page_id"] if page else ""
        if wanted.text is not None:
            text = _text(lines[page_id], blocks[page_id])
            scores += [measure(text, wanted.text) for measure in (character_errors, word_errors)]
        if wanted.lines and not blocks[page_id]:
            answer = [_line(row, page) for row in lines[page_id]]
            scores += line_scores(answer, wanted.lines, least_iou)
            scores.append(boxed_character_errors(answer, wanted.lines))
    return added(score for score in scores if score is not None)


def _side_by_side(pages: Sequence[PageRow], truth: Truth) -> Iterator[tuple[PageRow | None, TruthPage]]:
    """Each page of the truth with the page of that number; None when the document has none."""
    by_number = {page["page_number"]: page for page in pages}
    for number, wanted in enumerate(truth.pages, 1):
        yield by_number.get(number), wanted


def _by_page(rows: Iterable[R]) -> defaultdict[str, list[R]]:
    grouped: defaultdict[str, list[R]] = defaultdict(list)
    for row in rows:
        grouped[row["page_id"]].append(row)
    return grouped


def _text(lines: Sequence[TextLineRow], blocks: Sequence[DocumentBlockRow]) -> str:
    """A page's text in reading order."""
    ordered = sorted(lines, key=lambda row: (row.get("reading_index") or 0, row["line_index"]))
    texts = [row["text"] for row in ordered] or [
        row["text"] for row in sorted(blocks, key=lambda row: row["block_index"])
    ]
    return "\n".join(texts)


def _line(row: TextLineRow, page: PageRow | None) -> Line:
    """A line with its corners on the original, where truths have theirs."""
    corners = row.get("quad_px")
    if corners is None:
        return Line(row["text"])
    quad = Quad(*corners)
    to_original = page.get("to_original") if page is not None else None
    return Line(row["text"], quad if to_original is None else quad.mapped(to_original))


def _grids(cells: Iterable[TableCellRow]) -> list[list[Cell]]:
    tables: dict[int, list[Cell]] = defaultdict(list)
    for row in cells:
        place = (row["row_index"], row["column_index"], row["row_span"], row["column_span"])
        tables[row["table_index"]].append(Cell(*place, row["is_header"], row["text"]))
    return [tables[index] for index in sorted(tables)]
