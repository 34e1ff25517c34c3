"""A document with all that was read from it, as JSON for programs."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import DOCUMENTS, KEY_VALUES, OCR_RESPONSES, PAGES, TABLE_CELLS, TEXT_LINES
from qwenocr_assets.storage.table_files import read_table

_BOX = ("left_px", "top_px", "right_px", "bottom_px")


def documents_json(environment: Environment, batch_id: str) -> list[dict[str, Any]]:
    """All documents of a batch."""
    documents = read_table(environment.data, DOCUMENTS, batch_id)
    return [document_json(environment, batch_id, row["document_id"]) for row in documents]


def document_json(environment: Environment, batch_id: str, document_id: str) -> dict[str, Any]:
    """A document with all that was read from it: pages, values, cells and lines with their boxes in page pixels.

    `ground` says where on the page a value was found (docs/trust.md); the trust in it comes with the next publish.
    """
    data = environment.data
    of_this = pc.field("document_id").isin(pa.array([document_id], pa.string()))

    def rows(schema: Any, *columns: str) -> list[dict[str, Any]]:
        found = read_table(data, schema, batch_id, where=of_this)
        return [_plain({name: row.get(name) for name in columns}, row) for row in found]

    (document,) = read_table(data, DOCUMENTS, batch_id, where=of_this)
    return {
        "document_id": document_id,
        "batch_id": batch_id,
        "name": document["name"],
        "route": document["route"],
        "status": document["status"],
        "reason": document["reason"],
        "pages": rows(PAGES, "page_id", "page_number", "status", "reason", "width_px", "height_px"),
        "answers": rows(OCR_RESPONSES, "page_id", "task", "status", "reason", "cost_usd"),
        "key_values": rows(
            KEY_VALUES, "page_id", "path", "value", "value_type", "value_number", "value_date", "currency",
            "presence", "typed_doubt", "ground", "ground_score",
        ),
        "table_cells": rows(
            TABLE_CELLS, "page_id", "table_index", "row_index", "column_index", "text", "number", "is_header", "ground",
        ),
        "text_lines": rows(TEXT_LINES, "page_id", "task", "line_index", "text"),
    }  # fmt: skip


def _plain(named: dict[str, Any], row: Any) -> dict[str, Any]:
    """The named columns as JSON has them: amounts as text, so that no digit is lost; the box as four numbers."""
    written = {
        name: f"{value.normalize():f}"
        if isinstance(value, Decimal)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else value
        for name, value in named.items()
    }
    sides = [row.get(side) for side in _BOX]
    if "left_px" in row:
        written["box_px"] = None if None in sides else sides
    return written
