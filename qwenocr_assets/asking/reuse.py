"""Answers already paid for in other batches: a request that was answered anywhere is not sent again.

They are looked up in the rows of all batches, and in the journals that are ahead of their rows: those of runs that were
interrupted.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.asking.records import AnswerRecord, latest_by_key
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.last_written import journals_ahead
from qwenocr_assets.storage.scan import scan

_COLUMNS = [
    "batch_id",
    *(c for c in AnswerRecord.__dataclass_fields__ if c in OCR_RESPONSES.column_names),
]

_FINAL = [status.value for status in AnswerStatus if status.is_final]
"""In the order of `Status`, so the one worth most comes first: a text before a refusal."""


def answers_of_other_batches(
    data: DataFolder, keys: Collection[str], batch_id: str
) -> dict[str, AnswerRecord]:
    """Final answers to these request keys that other batches hold, each with the batch it comes from.

    Of several answers to one request it is the one worth most, then the newest.
    """
    if not keys:
        return {}
    found = _answers_in_rows(data, keys, batch_id)
    for record in _answers_in_journals(data, set(keys), batch_id):
        known = found.get(record.request_key)
        if known is None or _worth(known) < _worth(record):
            found[record.request_key] = record
    return found


def _answers_in_rows(data: DataFolder, keys: Collection[str], batch_id: str) -> dict[str, AnswerRecord]:
    wanted = (
        pc.field("request_key").isin(pa.array(keys))
        & pc.field("status").isin(_FINAL)
        & (pc.field("batch_id") != batch_id)
    )
    rows = scan(data, OCR_RESPONSES, _COLUMNS, wanted).to_pylist()
    return {record.request_key: record for record in sorted(map(_record, rows), key=_worth)}


def _answers_in_journals(data: DataFolder, keys: Collection[str], batch_id: str) -> Iterator[AnswerRecord]:
    for other, journal in journals_ahead(data, [task.value for task in Task]):
        if other != batch_id:
            wanted = [r for r in journal.read() if r["request_key"] in keys]
            for record in latest_by_key(map(AnswerRecord.from_json, wanted)).values():
                if record.status.is_final:
                    yield _taken_over(record, other)


def _worth(record: AnswerRecord) -> tuple[int, datetime, str]:
    # rows know no time zone: all of their times are UTC
    return -_FINAL.index(record.status), record.answered_at.replace(tzinfo=UTC), record.reused_from or ""


def _record(row: dict[str, Any]) -> AnswerRecord:
    """The record behind a row of `ocr_responses`."""
    fields = {name: row[name] for name in _COLUMNS if name != "batch_id"}
    typed = {
        "task": Task(row["task"]),
        "status": AnswerStatus(row["status"]),
        "mode": Mode(row["mode"] or Mode.REAL_TIME),
    }
    return _taken_over(AnswerRecord(**{**fields, **typed}), row["batch_id"])


def _taken_over(record: AnswerRecord, batch_id: str) -> AnswerRecord:
    """Another batch's record as it is kept here: it costs nothing again."""
    return replace(
        record, reused_from=record.reused_from or batch_id, cost_usd=Decimal(0), attempts=0, attempts_before=0
    )
