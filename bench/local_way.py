"""Everything but the API, from a PDF to rows in DuckDB: ours, and what one writes first, in one run.

Both take the same answer, of 43 lines with boxes, for every page. Neither sends anything; both build the request body.
"""

import base64
import io
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
import pdf2image
from upath import UPath

from bench.measuring import cpu_seconds, goal
from qwenocr_assets.asking.batch_answers import answers_of, image_sizes, read_answers
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.imaging.batches import batch_page_rows
from qwenocr_assets.imaging.pages import count_pages
from qwenocr_assets.imaging.pdf.document import poppler
from qwenocr_assets.imaging.recipe import DEFAULT_RECIPE
from qwenocr_assets.intake.documents import document_rows, examining
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.request_bodies import request_body
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, PAGES, ROW_TABLES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.tables.batch import flatten_batch
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.workers.pool import run_here

TASK = Task.ADVANCED_RECOGNITION
ROUTE = Route(name="lines", tasks=(TASK,))
WORDS = [
    {
        "text": f"Invoice line {n}: 1,284.50",
        "location": [100, 40 * n, 900, 40 * n, 900, 40 * n + 30, 100, 40 * n + 30],
        "rotate_rect": [500, 40 * n + 15, 30, 800, 90],
    }
    for n in range(43)
]
ANSWER = {
    "output": {
        "choices": [
            {
                "finish_reason": "stop",
                "message": {
                    "role": "assistant",
                    "content": [{"ocr_result": {"words_info": WORDS}, "text": "x"}],
                },
            }
        ]
    },
    "usage": {"input_tokens": 2000, "output_tokens": 900},
    "request_id": "0",
}
RAW = json.dumps(ANSWER)

_PAGES = 60
_FEW_PAGES = 3


def goals(text_pdf: Callable[[int], bytes], scan_pdf: Callable[[int], bytes]) -> list[str]:
    """`text_pdf` and `scan_pdf` make PDFs of so many pages. The naive way takes seconds a page, so it gets few."""
    if not poppler.is_installed():
        print("poppler is not installed: no comparison of the whole local way")
        return []
    lines = []
    for name, make, limit in (("scan", scan_pdf, 0.02), ("text", text_pdf, 0.12)):
        good, first = (
            cpu_seconds(partial(way, make(pages)))[0] / pages
            for way, pages in ((ours, _PAGES), (naive, _FEW_PAGES))
        )
        print(f"whole local way, {name} PDF: {good * 1e3:.1f} ms CPU a page, naive {first * 1e3:.0f}")
        lines.append(goal(f"pages.local_way_{name}", good / first, limit, "× naive"))
    return lines


def ours(pdf: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "in" / "a.pdf").write_bytes(pdf)
        data, catalogue = DataFolder(UPath(folder / "data")), load_catalogue()
        model = catalogue.model("singapore")
        (manifest,) = cut_batches(UPath(folder / "in"), find_files(UPath(folder / "in")))
        batch = manifest.batch_id
        documents = document_rows(manifest, (ROUTE,), examining(count_pages))
        pages = batch_page_rows(run_here, data, documents, lambda _: DEFAULT_RECIPE)
        requests = request_rows(documents, pages, (ROUTE,), model, catalogue)
        records = []
        for page, request in zip(pages, requests, strict=True):
            image = ImageBytes((data.root / page["uri"]).read_bytes(), page["media_type"])
            request_body(Protocol.NATIVE, model.name, image, TASK, RequestOptions())
            records.append(
                AnswerRecord(
                    request["request_key"], TASK, AnswerStatus.OK, "singapore", model.name, catalogue.version,
                    1, 900.0, datetime.now(UTC), Decimal("0.001"), raw=RAW,
                ).to_json()
            )  # fmt: skip
        Journal(data.journal(TASK, batch)).append(records)
        answers = answers_of(read_answers([data.journal(TASK, batch)]), image_sizes(requests, pages))
        tables = flatten_batch(requests, pages, answers, on_page=lambda: None)
        for schema, rows in ((DOCUMENTS, documents), (PAGES, pages), (OCR_REQUESTS, requests)):
            write_table(data, schema, batch, rows)
        for schema in ROW_TABLES:
            write_table(data, schema, batch, tables[schema.name])
        load_changes(data, folder / "warehouse.duckdb")


def naive(pdf: bytes) -> None:
    """pdf2image, Pillow's PNG, the standard library's base64 and JSON, one INSERT a line."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/lines.duckdb") as con:
        con.execute("create table lines (page integer, line integer, text varchar, quad double[])")
        for number, image in enumerate(pdf2image.convert_from_bytes(pdf, dpi=200)):
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
            message = {"role": "user", "content": [{"image": url}]}
            json.dumps({"model": "m", "input": {"messages": [message]}}).encode()
            words = json.loads(RAW)["output"]["choices"][0]["message"]["content"][0]["ocr_result"][
                "words_info"
            ]
            con.executemany(
                "insert into lines values (?, ?, ?, ?)",
                [(number, index, word["text"], word["location"]) for index, word in enumerate(words)],
            )
