"""Answers already paid for in other batches: a request that was answered anywhere is not sent again."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from qwenocr_assets.asking.records import AnswerRecord, Status
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder

_COLUMNS = [
    "batch_id",
    *(c for c in AnswerRecord.__dataclass_fields__ if c in OCR_RESPONSES.column_names),
]


def answers_of_other_batches(
    data: DataFolder, keys: Collection[str], batch_id: str
) -> dict[str, AnswerRecord]:
    """Final answers to these request keys that other batches hold, each with the batch it comes from."""
    folder = data.table_folder(OCR_RESPONSES.name)
    files = [str(p.path) for p in folder.glob("*.parquet") if p.stem != batch_id] if folder.exists() else []
    if not keys or not files:
        return {}
    final = [s.value for s in Status if s.is_final]
    wanted = (
        ds.field("request_key").isin(pa.array(keys))
        & ds.field("status").isin(pa.array(final))
        & (ds.field("batch_id") != batch_id)  # compacted files hold several batches
    )
    dataset = ds.dataset(sorted(files), schema=OCR_RESPONSES.arrow, filesystem=folder.fs, format="parquet")
    rows = dataset.to_table(columns=_COLUMNS, filter=wanted).to_pylist()
    return {row["request_key"]: _record(row) for row in rows}


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
