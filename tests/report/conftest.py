"""A batch with everything a report has to show, and everything that could break out of it."""

import io
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.report.write import Report, write_report
from qwenocr_assets.schemas import TABLES, ColumnType
from qwenocr_assets.storage.data_folder import DataFolder, write_atomically
from qwenocr_assets.storage.table_files import write_table

BATCH = "a-batch"
EVIL = "</title></svg></td><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>\x00\"&'"
EVIL_NAME = "in/<script>window.broken = 1</script> \"%41#?&' 請求書.png"
ARABIC_NAME = "forms/فاتورة.pdf"

_FILLING: dict[ColumnType, Any] = {
    ColumnType.TEXT: "",
    ColumnType.INTEGER: 0,
    ColumnType.BOOLEAN: False,
    ColumnType.JSON: "{}",
    ColumnType.USD: Decimal(0),
    ColumnType.TIMESTAMP: datetime(2026, 11, 20, 9),
}


def box(left: float, top: float, right: float, bottom: float) -> dict[str, float]:
    return {"left_px": left, "top_px": top, "right_px": right, "bottom_px": bottom}


def put(data: DataFolder, table: str, *rows: dict[str, Any]) -> None:
    """Write the batch's rows of a table; a row of page d1-p2 belongs to document d1 and is its page 2."""
    schema = TABLES[table]
    filled = []
    for row in rows:
        page_id = row.get("page_id") or "d1-p1"
        base = {c.name: _FILLING[c.type] for c in schema.columns if not c.nullable}
        base |= {"batch_id": BATCH, "page_id": page_id, "document_id": page_id.partition("-")[0]}
        base |= {"page_number": int(page_id.rpartition("-p")[2])}
        filled.append({k: v for k, v in (base | row).items() if k in schema.column_names})
    write_table(data, schema, BATCH, filled)


def page_image(data: DataFolder, name: str, kind: str = "PNG", size: tuple[int, int] = (400, 300)) -> str:
    sink = io.BytesIO()
    Image.new("L", size, 250).save(sink, kind)
    write_atomically(data.root / "pages" / name, sink.getvalue())
    return f"pages/{name}"


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return write_batch(tmp_path / "data")


def write_batch(root: Path) -> DataFolder:
    """The batch's tables and page images below a folder; nothing is published."""
    folder = DataFolder(UPath(root))
    write_atomically(folder.manifest(BATCH), b"{}")
    lines, key, table = "advanced_recognition", "key_information_extraction", "table_parsing"
    put(
        folder,
        "documents",
        {
            "document_id": "d1",
            "sha256": "d1",
            "uri": "file:///in/d1",
            "name": EVIL_NAME,
            "status": "accepted",
            "route": "invoices",
        },
        {
            "document_id": "d2",
            "sha256": "d2",
            "uri": "file:///in/d2",
            "name": ARABIC_NAME,
            "status": "accepted",
        },
        {
            "document_id": "d3",
            "sha256": "d3",
            "uri": "file:///in/d3",
            "name": "broken.pdf",
            "status": "rejected",
            "reason": "It ends too early.",
        },
        {
            "document_id": "d4",
            "sha256": "d4",
            "uri": "file:///in/d4",
            "name": "fine.tif",
            "status": "accepted",
            "route": "letters",
        },
    )
    ready = {"status": "ready", "media_type": "image/png", "width_px": 400, "height_px": 300}
    put(
        folder,
        "pages",
        {"page_id": "d1-p1", "uri": page_image(folder, "a.png"), **ready},
        {"page_id": "d2-p1", "uri": page_image(folder, "b.png"), **ready},
        {"page_id": "d2-p2", "uri": "pages/lost.png", **ready},
        {"page_id": "d4-p1", "uri": page_image(folder, "c.tif", "TIFF"), **ready, "media_type": "image/tiff"},
    )
    answer = {"status": "ok", "input_tokens": 1000, "output_tokens": 200, "cost_usd": Decimal("0.000123")}
    put(
        folder,
        "ocr_responses",
        {"page_id": "d1-p1", "task": key, **answer},
        {"page_id": "d1-p1", "task": lines, **answer, "reused_from": "b0", "cost_usd": Decimal(0)},
        {"page_id": "d2-p1", "task": key, **answer},
        {"page_id": "d4-p1", "task": lines, **answer},
    )
    put(
        folder,
        "text_lines",
        {
            "page_id": "d1-p1",
            "task": lines,
            "line_index": 0,
            "reading_index": 1,
            "text": EVIL,
            "quad_px": [10.0, 10.0, 90.0, 12.0, 90.0, 30.0, 10.0, 28.0],
            "ground": "given",
            **box(10, 10, 90, 30),
        },
        {"page_id": "d1-p1", "task": lines, "line_index": 1, "reading_index": 0, "text": "請求書のご案内"},
        {"page_id": "d1-p1", "task": "multi_lan", "line_index": 0, "text": "without a box"},
        {"page_id": "d2-p1", "task": lines, "line_index": 0, "text": "فاتورة رقم ٥", **box(9, 9, 99, 29)},
        {"page_id": "d4-p1", "task": lines, "line_index": 0, "text": "All is well.", **box(9, 9, 99, 29)},
    )
    value = {"page_id": "d1-p1", "task": key, "value_type": "text"}
    put(
        folder,
        "key_values",
        {
            **value,
            "path": "total",
            "value": EVIL,
            "ground": "line",
            "ground_score": 1.0,
            **box(10, 40, 90, 60),
        },
        {**value, "path": f'a["{EVIL}"]', "value": "made up", "ground": "not_found", "ground_score": 0.2},
        {
            **value,
            "path": "tax",
            "value": "1?",
            "ground": "fuzzy",
            "ground_score": 0.5,
            **box(10, 70, 90, 90),
        },
        {**value, "path": "seller", "value": None, "presence": "missing"},
        {
            **value,
            "path": "items[0].price",
            "value": "12.50",
            "value_number": Decimal("12.5"),
            "ground": "line",
            "ground_score": 1.0,
            **box(10, 100, 50, 120),
        },
        {**value, "path": "items[1].name", "value": "bolt", "ground": "line", **box(60, 130, 90, 150)},
        {
            "page_id": "d2-p1",
            "task": key,
            "value_type": "text",
            "path": "الرقم",
            "value": "٥",
            "ground": "other_page",
            "ground_page_id": "d2-p2",
            **box(5, 5, 25, 25),
        },
    )
    put(
        folder,
        "tables",
        {
            "task": table,
            "row_count": 3,
            "column_count": 3,
            "header_row_count": 1,
            "is_complete": False,
            **box(200, 100, 390, 200),
        },
    )
    put(
        folder,
        "table_cells",
        *(
            {
                "task": table,
                "row_index": row,
                "column_index": column,
                "row_span": row_span,
                "column_span": column_span,
                "is_header": row == 0,
                "text": text,
                "ground": "line",
                "ground_score": 1.0,
                **box(200 + 60 * column, 100 + 30 * row, 250 + 60 * column, 120 + 30 * row),
            }
            for row, column, row_span, column_span, text in (
                (0, 0, 1, 1, "Site"),
                (0, 1, 1, 2, "Year"),
                (1, 0, 2, 1, EVIL),
                (1, 1, 1, 1, "1"),
                (1, 2, 1, 1, "2"),
                (2, 1, 1, 1, "3"),
                (2, 2, 1, 1, "4"),
            )
        ),
    )
    put(folder, "document_blocks", {"block_type": "title", "text": EVIL, "latex": ""})
    put(folder, "formulas", {"latex": r"\frac{a}{b} < c", "problem": "a brace too many"})
    put(
        folder,
        "validation_results",
        {"rule": "r1", "severity": "error", "outcome": "failed", "path": "tax", "reason": EVIL},
        {
            "rule": "r2",
            "severity": "warn",
            "outcome": "missing",
            "reason": "There is no IBAN.",
            "page_id": None,
        },
    )
    return folder


@pytest.fixture
def reported(data: DataFolder, tmp_path: Path) -> Callable[..., Report]:
    """Write the batch's report."""
    return lambda **options: write_report(data, [BATCH], UPath(tmp_path / "report"), **options)


@pytest.fixture
def report(reported: Callable[..., Report]) -> Report:
    return reported()
