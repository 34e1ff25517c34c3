"""The rows of an intake batch as the documents of a report."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.report.findings import Evidence, evidence
from qwenocr_assets.report.languages import language_of_document
from qwenocr_assets.report.marks import Marker, place_of
from qwenocr_assets.report.pages import page_view
from qwenocr_assets.report.views import Cost, DocumentView, Failure, Finding, PageView, State
from qwenocr_assets.rows import DocumentRow, OcrResponseRow, RowsByTable
from qwenocr_assets.schemas import (
    DOCUMENTS,
    OCR_REQUESTS,
    OCR_RESPONSES,
    PAGES,
    ROUTES,
    ROW_TABLES,
    VALIDATION_RESULTS,
    TableSchema,
)
from qwenocr_assets.statuses import AnswerStatus, DocumentStatus, PageStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.warehouse.connect import Readable

_SHOWN_TABLES: tuple[TableSchema[Any], ...] = (
    DOCUMENTS,
    PAGES,
    OCR_REQUESTS,
    OCR_RESPONSES,
    *ROW_TABLES,
    VALIDATION_RESULTS,
    ROUTES,
)
_LOST = (AnswerStatus.REJECTED, AnswerStatus.FAILED, AnswerStatus.MISSING)
_NOT_WHOLE = (AnswerStatus.PARTIAL, AnswerStatus.SKIPPED, AnswerStatus.UNFUNDED)
_ORDER: tuple[State, ...] = ("failed", "doubtful", "fine")


def documents_of_batch(
    data: DataFolder,
    batch_id: str,
    *,
    only: Collection[str] | None = None,
    warehouse: Readable | None = None,
) -> Iterator[DocumentView]:
    """The documents of a batch, or those with these ids, in no order; `warehouse` is the published one, if open."""
    of_these = None if only is None else pc.field("document_id").isin(pa.array(only, pa.string()))
    tables = cast(
        RowsByTable,
        {
            t.name: read_table(data, t, batch_id, where=of_these if "document_id" in t.column_names else None)
            for t in _SHOWN_TABLES
        },
    )
    known = evidence(data, tables, warehouse)
    of_document = _grouped(tables, "document_id")
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in known.findings:
        findings[finding.document_id].append(finding)

    least: dict[str, float] = {}
    for (page_id, _, _), (_, trust) in known.trust.items():
        least[page_id] = min(trust, least.get(page_id, 1.0))

    for document in tables["documents"]:
        own_rows = of_document[document["document_id"]]
        trusts = [least[p["page_id"]] for p in own_rows["pages"] if p["page_id"] in least]
        view = _document(document, own_rows, findings[document["document_id"]], known)
        yield replace(view, least_trust=min(trusts, default=None))


def doubtful_first(document: DocumentView) -> tuple[int, int, int, str]:
    """To sort by: failed documents, then doubtful ones by what is most against them, then by name."""
    worst = min((finding.priority for finding, _ in document.findings), default=9)
    return _ORDER.index(document.state), worst, -len(document.findings), document.name


def _document(
    document: DocumentRow, rows: RowsByTable, findings: Sequence[Finding], known: Evidence
) -> DocumentView:
    texts = [row["text"] for row in rows["text_lines"]] or [row["value"] or "" for row in rows["key_values"]]
    language = language_of_document(texts)
    marker = Marker(known, findings, language)
    pages = _pages(rows, marker)
    anchors = {
        (page.page_id, mark_task, place): anchor
        for page, places in pages
        for (mark_task, place), anchor in places.items()
    }
    return DocumentView(
        batch_id=document["batch_id"],
        document_id=document["document_id"],
        name=document["name"],
        file_name=file_name(document["name"], document["document_id"]),
        route=document["route"],
        media_type=document["media_type"],
        language=language,
        state=_state(rows, findings),
        findings=tuple((f, _anchor(f, anchors, [page for page, _ in pages])) for f in findings),
        failures=tuple(_failures(document, rows)),
        costs=tuple(_costs(rows["ocr_responses"])),
        pages=tuple(page for page, _ in pages),
        line_count=_lines_read(pages),
        value_count=len(rows["key_values"]) + len(rows["table_cells"]),
        least_trust=None,
    )


def _lines_read(pages: Sequence[tuple[PageView, Any]]) -> int:
    """Lines of all pages; of tasks that both read a page's lines, those of the one that found more."""
    return sum(max((len(text.lines) for text in page.texts), default=0) for page, _ in pages)


def _pages(rows: RowsByTable, marker: Marker) -> list[tuple[PageView, dict[tuple[str, str], str]]]:
    of_page = _grouped(rows, "page_id")
    shown = [page for page in rows["pages"] if page["status"] != PageStatus.REJECTED and not page["tile_of"]]
    shown.sort(key=lambda page: page["page_number"])
    views = [page_view(page, of_page[page["page_id"]], marker) for page in shown]
    marks = [mark for view, _ in views for mark in view.marks]
    return [
        (replace(view, marks=tuple(m for m in marks if m.box_page_id == view.page_id)), places)
        for view, places in views
    ]


def _grouped(tables: RowsByTable, column: str) -> dict[str, RowsByTable]:
    """The rows by what stands in a column; every table is there, empty where it has none."""
    groups: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {name: [] for name in tables})
    for name, rows in cast(dict[str, list[dict[str, Any]]], tables).items():
        for row in rows:
            if row.get(column):
                groups[row[column]][name].append(row)
    return cast(dict[str, RowsByTable], groups)


def _state(rows: RowsByTable, findings: Sequence[Finding]) -> State:
    answers = [row["status"] for row in rows["ocr_responses"]]
    if (
        any(document["status"] == DocumentStatus.REJECTED for document in rows["documents"])
        or any(page["status"] == PageStatus.REJECTED for page in rows["pages"])
        or any(status in _LOST for status in answers)
    ):
        return "failed"
    return "doubtful" if findings or any(status in _NOT_WHOLE for status in answers) else "fine"


def _anchor(
    finding: Finding, anchors: Mapping[tuple[str, str, str], str], pages: Sequence[PageView]
) -> str | None:
    place = place_of(finding)
    if place is not None and place in anchors:
        return anchors[place]
    return next((page.anchor for page in pages if page.page_id == finding.page_id), None)


def _failures(document: DocumentRow, rows: RowsByTable) -> Iterator[Failure]:
    if document["status"] != DocumentStatus.ACCEPTED:
        yield Failure("The document", document["status"], document["reason"] or "")
    numbers = {page["page_id"]: page["page_number"] for page in rows["pages"]}
    for page in rows["pages"]:
        if page["status"] == PageStatus.REJECTED:
            yield Failure(f"Page {page['page_number']}", page["status"], page["reason"] or "")
    answered = {(row["page_id"], row["task"]) for row in rows["ocr_responses"]}
    for row in rows["ocr_responses"]:
        if row["status"] != AnswerStatus.OK:
            subject = f"Page {numbers.get(row['page_id'], '?')}, {row['task']}"
            yield Failure(subject, row["status"], row["reason"] or row["error_class"] or "")
    for request in rows["ocr_requests"]:
        if (request["page_id"], request["task"]) not in answered:
            subject = f"Page {numbers.get(request['page_id'], '?')}, {request['task']}"
            yield Failure(
                subject, AnswerStatus.MISSING, "No answer is recorded for this request; run the intake again."
            )


def _costs(responses: Sequence[OcrResponseRow]) -> Iterator[Cost]:
    by_task: dict[str, list[OcrResponseRow]] = defaultdict(list)
    for row in responses:
        by_task[row["task"]].append(row)
    for task, rows in by_task.items():
        yield Cost(
            task=task,
            answers=len(rows),
            reused=sum(row["reused_from"] is not None for row in rows),
            input_tokens=sum(row["input_tokens"] or 0 for row in rows),
            output_tokens=sum(row["output_tokens"] or 0 for row in rows),
            usd=sum((row["cost_usd"] or Decimal(0) for row in rows), Decimal(0)),
        )


def file_name(name: str, document_id: str) -> str:
    """A document's file in the report: ASCII letters of its name, and its id against namesakes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:48].strip("-")
    return f"{words}-{document_id[:16]}.html".lstrip("-")
