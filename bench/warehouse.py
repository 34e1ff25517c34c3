"""Loading, building and publishing: 1M text lines of 20,000 pages in 100 batches, then one batch more."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from upath import UPath

from bench import warehouse_faults, warehouse_search
from qwenocr_assets.schemas import DOCUMENTS, KEY_VALUES, OCR_REQUESTS, OCR_RESPONSES, PAGES, TEXT_LINES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import Row, write_table
from qwenocr_assets.warehouse.build import build_models, run_tests
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.models import load_models
from qwenocr_assets.warehouse.publish import publish, working_file

BATCHES = 100
PAGES_PER_BATCH = 200
LINES_PER_PAGE = 50
FIELDS_PER_PAGE = 10

_TASK = "advanced_recognition"
_ANSWER = (
    '{"output": {"choices": [{"message": {"content": [{"text": "' + "x" * 1500 + '"}]}}]}, "request_id": "r"}'
)


def write_batch(data: DataFolder, number: int) -> int:
    """Write the table files of a batch of one-page documents; returns the rows written."""
    batch = f"batch-{number:04}"
    pages = [
        (f"document-{number:04}-{i:03}", f"document-{number:04}-{i:03}-p1", i) for i in range(PAGES_PER_BATCH)
    ]

    def trace(document: str, page: str, task: str) -> dict[str, object]:
        key = f"{abs(hash((page, task))):032x}"
        return {"batch_id": batch, "document_id": document, "page_id": page, "task": task, "request_key": key}

    documents: list[Row] = [
        {
            "batch_id": batch, "document_id": d, "name": f"{d}.png", "uri": f"inbox/{d}.png", "sha256": "0" * 64,
            "size_bytes": 300_000, "media_type": "image/png", "page_count": 1, "route": "default",
            "status": "accepted",
        }
        for d, _, _ in pages
    ]  # fmt: skip
    images: list[Row] = [
        {
            "batch_id": batch,
            "document_id": d,
            "page_id": p,
            "page_number": 1,
            "status": "ready",
            "width_px": 1654,
        }
        for d, p, _ in pages
    ]
    requests: list[Row] = [
        trace(d, p, _TASK)
        | {
            "route": "default", "region": "local", "model": "qwen3.5-ocr", "protocol": "native", "options": "{}",
            "image_tokens": 1000, "prompt_tokens": 50, "expected_output_tokens": 500, "worst_output_tokens": 8192,
            "expected_cost_usd": Decimal("0.0003"), "worst_cost_usd": Decimal("0.002"), "catalogue_version": "1",
        }
        for d, p, _ in pages
    ]  # fmt: skip
    answered = datetime(2026, 1, 1) + timedelta(minutes=number)
    responses: list[Row] = [
        trace(d, p, _TASK)
        | {
            "status": "ok" if i % 50 else "failed", "reason": None if i % 50 else "Timed out.", "attempts": 1,
            "latency_ms": 900.0, "cost_usd": Decimal("0.000312"), "answered_at": answered, "raw": _ANSWER,
        }
        for d, p, i in pages
    ]  # fmt: skip
    lines: list[Row] = [
        trace(d, p, _TASK)
        | {
            "line_index": n, "text": f"Line {n} of page {i}: total {n * i} EUR, order {n * 7919 + i}",
            "quad_px": [100.0, 20.5 * n, 900.0, 20.5 * n, 900.0, 20.5 * n + 18, 100.0, 20.5 * n + 18],
            "left_px": 100.0, "top_px": 20.5 * n, "right_px": 900.0, "bottom_px": 20.5 * n + 18,
        }
        for d, p, i in pages
        for n in range(LINES_PER_PAGE)
    ]  # fmt: skip
    fields: list[Row] = [
        trace(d, p, "key_information_extraction")
        | {
            "path": f"items[{n // 2}].{('description', 'amount')[n % 2]}", "key": ("description", "amount")[n % 2],
            "parent_path": f"items[{n // 2}]", "list_index": n // 2, "value": str(n * i), "value_type": "number",
            "value_number": Decimal(n * i),
        }
        for d, p, i in pages
        for n in range(FIELDS_PER_PAGE)
    ]  # fmt: skip
    tables = {
        DOCUMENTS: documents, PAGES: images, OCR_REQUESTS: requests, OCR_RESPONSES: responses,
        TEXT_LINES: lines, KEY_VALUES: fields,
    }  # fmt: skip
    return sum(write_table(data, schema, batch, rows) for schema, rows in tables.items())


@contextmanager
def timed(what: str, seconds: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[what] = time.perf_counter() - start
    print(f"  {what:<28} {seconds[what]:6.2f} s")


def bring_up_to_date(data: DataFolder, label: str, seconds: dict[str, float]) -> None:
    """Load, build every model with its tests, publish."""
    working = working_file(data)
    with timed(f"{label}: load", seconds):
        load_changes(data, working)
    models = load_models(MODELS)
    with open_writer(working) as con:
        with timed(f"{label}: models", seconds):
            build_models(con, models)
        with timed(f"{label}: model tests", seconds):
            failed = [r.name for m in models.values() for r in run_tests(con, m) if not r.passed]
        if failed:
            raise SystemExit(f"Model tests failed: {failed}")
    with timed(f"{label}: publish", seconds):
        publish(working, data)


def main() -> None:
    """Print the figures, then one line per goal."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-warehouse-") as folder:
        data = DataFolder(UPath(folder))
        rows = sum(write_batch(data, number) for number in range(BATCHES))
        lines = BATCHES * PAGES_PER_BATCH * LINES_PER_PAGE
        print(f"  {lines:,} text lines, {rows:,} rows, {BATCHES} batches, {os.cpu_count()} cores")
        bring_up_to_date(data, "all", seconds)
        write_batch(data, BATCHES)
        bring_up_to_date(data, "one more", seconds)
        with timed("nothing new: load", seconds):
            load_changes(data, working_file(data))
        size = Path(folder, "warehouse.duckdb").stat().st_size
        print(f"  published file {size / 1e6:.0f} MB")
    rate = rows / seconds["all: load"]
    whole = sum(s for what, s in seconds.items() if what.startswith("all:"))
    more = sum(s for what, s in seconds.items() if what.startswith("one more:"))
    print(f"warehouse.load_rows_per_second {rate:.0f} 300000 {'ok' if rate >= 300_000 else 'short'}")
    print(f"warehouse.build_all_seconds {whole:.1f} 60 {'ok' if whole < 60 else 'short'}")
    print(f"warehouse.add_one_batch_seconds {more:.1f} 5 {'ok' if more < 5 else 'short'}")
    warehouse_search.main()
    warehouse_faults.main()


if __name__ == "__main__":
    main()
