"""The sample documents as a perfect reader would answer about them: a warehouse in a second, without any engine.

The rows come from `data/truth/` through the pipeline's own flattening. Times, tokens and prices are invented, and so is
what goes wrong: one answer that breaks off, one that timed out, one that nobody asked for.
"""

import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, OCR_RESPONSES, PAGES, TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import Row, write_table
from qwenocr_assets.tables.batch import flatten_batch

DATA = Path(__file__).resolve().parents[1] / "data"
BATCH = "samples"

_LINES = (Task.ADVANCED_RECOGNITION,)
ROUTES: Mapping[str, tuple[Task, ...]] = {
    "invoices": (*_LINES, Task.KEY_INFORMATION_EXTRACTION, Task.TABLE_PARSING),
    "forms": (*_LINES, Task.KEY_INFORMATION_EXTRACTION, Task.TABLE_PARSING),
    "tickets": (*_LINES, Task.KEY_INFORMATION_EXTRACTION),
    "receipts": (*_LINES, Task.KEY_INFORMATION_EXTRACTION),
    "office": (*_LINES, Task.KEY_INFORMATION_EXTRACTION),
    "tables": (*_LINES, Task.TABLE_PARSING),
    "papers": (*_LINES, Task.DOCUMENT_PARSING),
    "formulas": (Task.FORMULA_RECOGNITION,),
    "languages": (*_LINES, Task.MULTI_LAN),
    "letters": (*_LINES, Task.MULTI_LAN),
    "scans": (*_LINES, Task.MULTI_LAN),
}
"""Tasks by the folder of the document."""

_FAILED = ("languages/ko.png", Task.MULTI_LAN)
_SKIPPED = ("languages/ar.png", Task.MULTI_LAN)
_BROKEN_OFF = ("tables/load-table-30-rows.png", Task.TABLE_PARSING)

_MISREAD = {"receipts/taxi-receipt.jpg": {"发票号码": "0837?526", "金额": "82.40元"}}
"""Values that the reader got wrong: one it could not read, one it made up."""

Truth = dict[str, Any]


def write_samples(data: DataFolder) -> None:
    """Write the table files of one batch with all samples."""
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    answers: dict[str, Answer] = {}
    for truth in _truths():
        _add_document(truth, tables, answers)
    for name, reason in (
        ("broken/broken.pdf", "The PDF is damaged. Open it in a viewer; if that fails too, get it again."),
        ("broken/not-an-image.png", "The file is plain text, whatever its name says. Convert it to PDF."),
    ):
        tables["documents"].append(_document(name) | {"status": "rejected", "reason": reason})
    tables |= flatten_batch(tables["ocr_requests"], tables["pages"], answers, on_page=lambda: None)
    for name, schema in TABLES.items():
        write_table(data, schema, BATCH, tables[name])


def _add_document(truth: Truth, tables: dict[str, list[Row]], answers: dict[str, Answer]) -> None:
    document = _document(truth["document"]) | {"status": "accepted", "page_count": len(truth["pages"])}
    tables[DOCUMENTS.name].append(document)
    for number, page in enumerate(truth["pages"], 1):
        page_id = f"{document['document_id']}-{number:04}"
        width, height = _size(truth["document"], page)
        tables[PAGES.name].append(
            {
                "batch_id": BATCH, "document_id": document["document_id"], "page_id": page_id,
                "page_number": number, "status": "ready", "width_px": width, "height_px": height,
                "uri": f"pages/{page_id}.png", "media_type": "image/png",
            }
        )  # fmt: skip
        for task in ROUTES[document["route"]]:
            place = (truth["document"], task)
            answer = _answer(task, page, _MISREAD.get(truth["document"], {}), cut=place == _BROKEN_OFF)
            order = len(tables[OCR_REQUESTS.name])
            request = _request(document, page_id, task, width * height // 784, order)
            tables[OCR_REQUESTS.name].append(request)
            tables[OCR_RESPONSES.name].append(_response(request, answer, order, place))
            if place not in (_FAILED, _SKIPPED):
                answers[request["request_key"]] = answer


def _answer(task: Task, page: Truth, misread: Truth, *, cut: bool) -> Answer:
    match task:
        case Task.ADVANCED_RECOGNITION:
            return Answer(
                "", words=tuple(Word(line["text"], _quad(line.get("bbox")), None) for line in page["lines"])
            )
        case Task.KEY_INFORMATION_EXTRACTION:
            values = (page.get("extracted") or page["key_values"]) | misread
            return Answer(json.dumps(values, ensure_ascii=False), key_values=values)
        case Task.TABLE_PARSING:
            text = "".join(_table(table) for table in page["tables"])
            return Answer(text[: len(text) * 2 // 3] if cut else text)
        case Task.DOCUMENT_PARSING:
            return Answer(_latex(page))
        case Task.FORMULA_RECOGNITION:
            return Answer("\n".join(f"$${formula['latex']}$$" for formula in page["formulas"]))
    return Answer("\n".join(line["text"] for line in page["lines"]))


def _quad(box: list[float] | None) -> Quad | None:
    """Four corners; the truth gives them, or an upright box, or nothing."""
    return Quad.of(box) if box else None


def _table(table: Truth) -> str:
    rows: dict[int, str] = {}
    for cell in table["cells"]:
        kind = "th" if cell["header"] else "td"
        spans = f' rowspan="{cell["row_span"]}" colspan="{cell["column_span"]}"'
        rows[cell["row"]] = rows.get(cell["row"], "") + f"<{kind}{spans}>{html.escape(cell['text'])}</{kind}>"
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows.values()) + "</table>"


def _latex(page: Truth) -> str:
    """Numbered lines are sections; of the rest, each line is a paragraph."""
    parts = []
    for line in page["lines"]:
        text = line["text"].replace("%", r"\%").replace("&", r"\&")
        number, _, title = text.partition(" ")
        parts.append(rf"\section{{{title}}}" if number.isdigit() and len(title) < 40 else text)
    return "\n\n".join(parts)


def _request(document: Row, page_id: str, task: Task, image_tokens: int, order: int) -> dict[str, Any]:
    return {
        "batch_id": BATCH, "document_id": document["document_id"], "page_id": page_id, "task": task.value,
        "request_key": f"key-{order:03}", "route": document["route"], "region": "singapore",
        "model": "qwen-vl-ocr-2025-11-20", "protocol": "native", "options": RequestOptions().to_json(),
        "image_tokens": image_tokens, "prompt_tokens": 50, "expected_output_tokens": 500,
        "worst_output_tokens": 8192, "expected_cost_usd": Decimal("0.0003"), "worst_cost_usd": Decimal("0.002"),
        "catalogue_version": "samples",
    }  # fmt: skip


def _response(request: Row, answer: Answer, order: int, place: tuple[str, Task]) -> Row:
    trace = {name: request[name] for name in ("batch_id", "document_id", "page_id", "task", "request_key")}
    if place == _SKIPPED:
        return trace | {"status": "skipped", "attempts": 0, "reason": "The route does not ask Arabic pages."}
    answered = {
        "region": request["region"], "model": request["model"], "catalogue_version": "samples",
        "answered_at": datetime(2025, 11, 20, 9) + timedelta(hours=order // 12, seconds=order),
    }  # fmt: skip
    if place == _FAILED:
        reason = "The service did not answer in time. Run the intake again."
        return (
            trace | answered | {"status": "failed", "attempts": 4, "error_class": "Timeout", "reason": reason}
        )
    size = len(answer.text) + sum(len(word.text) for word in answer.words)
    output_tokens = 20 + size // 3
    input_tokens = request["image_tokens"] + request["prompt_tokens"]
    broken_off = place == _BROKEN_OFF
    return trace | answered | {
        "status": "partial" if broken_off else "ok", "attempts": 1 + order % 2,
        "reason": "The answer breaks off inside a table. Raise max_tokens, or split the page." if broken_off else None,
        "finish_reason": "stop", "latency_ms": 300.0 + 8 * output_tokens, "image_tokens": request["image_tokens"],
        "input_tokens": input_tokens, "output_tokens": output_tokens,
        "cost_usd": (Decimal(input_tokens) * Decimal("0.07") + Decimal(output_tokens) * Decimal("0.16")) / 1_000_000,
        "raw": json.dumps({"output": {"choices": [{"message": {"content": [{"text": answer.text}]}}]}}),
    }  # fmt: skip


def _document(name: str) -> dict[str, Any]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "batch_id": BATCH, "document_id": digest[:16], "name": name, "uri": f"data/samples/{name}", "sha256": digest,
        "size_bytes": (DATA / "samples" / name).stat().st_size, "route": name.partition("/")[0],
        "media_type": "application/pdf" if name.endswith(".pdf") else "image/png",
        "modified_at": datetime(2025, 11, 19),
    }  # fmt: skip


def _size(name: str, page: Truth) -> tuple[int, int]:
    if "width_pt" in page:
        return int(page["width_pt"]), int(page["height_pt"])
    if name.endswith(".pdf"):
        return 1240, 1754
    with Image.open(DATA / "samples" / name) as picture:
        return picture.size


@cache
def _truths() -> tuple[Truth, ...]:
    return tuple(_read_truths())


def _read_truths() -> Iterator[Truth]:
    for path in sorted((DATA / "truth").rglob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        if "document" in truth:
            yield truth if "pages" in truth else {**truth, "pages": [truth]}
