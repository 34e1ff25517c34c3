"""Answers already paid for in other batches: a request that was answered anywhere is not sent again."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.asking.records import AnswerRecord, Status
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.scan import scan

_COLUMNS = [
    "batch_id",
    *(c for c in AnswerRecord.__dataclass_fields__ if c in OCR_RESPONSES.column_names),
]

_FINAL = [status.value for status in Status if status.is_final]
"""In the order of `Status`, so the one worth most comes first: a text before a refusal."""


def answers_of_other_batches(
    data: DataFolder, keys: Collection[str], batch_id: str
) -> dict[str, AnswerRecord]:
    """Final answers to these request keys that other batches hold, each with the batch it comes from.

    Of several answers to one request it is the one worth most, then the newest.
    """
    if not keys:
        return {}
    wanted = (
        pc.field("request_key").isin(pa.array(keys))
        & pc.field("status").isin(_FINAL)
        & (pc.field("batch_id") != batch_id)
    )
    rows = scan(data, OCR_RESPONSES, _COLUMNS, wanted).to_pylist()
    return {row["request_key"]: _record(row) for row in sorted(rows, key=_worth)}


def _worth(row: dict[str, Any]) -> tuple[int, datetime, str]:
    return -_FINAL.index(row["status"]), row["answered_at"] or datetime.min, row["batch_id"]


def _record(row: dict[str, Any]) -> AnswerRecord:
    """The record behind a row of `ocr_responses`, marked as taken over: it costs nothing again."""
    fields = {name: row[name] for name in _COLUMNS if name != "batch_id"}
    return AnswerRecord(
        **{
            **fields,
            "task": Task(row["task"]),
            "status": Status(row["status"]),
            "mode": Mode(row["mode"] or Mode.REAL_TIME),
            "reused_from": row["reused_from"] or row["batch_id"],
            "cost_usd": Decimal(0),
            "attempts": 0,
        }
    )
