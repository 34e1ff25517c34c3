"""Requests that ended without an answer: which of them are asked again, by a person or after a while by themselves."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

import pyarrow.compute as pc

from qwenocr_assets.qwenocr.errors import RunRefused
from qwenocr_assets.rows import OcrResponseRow
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import count_rows, read_all_batches, read_table

RETRIED = (AnswerStatus.FAILED, AnswerStatus.UNFUNDED, AnswerStatus.MISSING)
"""What is asked again when nobody says otherwise: everything that may end differently."""

_PAUSES = tuple(timedelta(hours=hours) for hours in (0.25, 1, 4, 16, 24))
"""Until what failed is asked again: after the first run, the second, and so on."""

_COLUMNS = ("request_key", "status", "error_class", "attempts_in_all")
_FAILED_COLUMNS = ("batch_id", "status", "attempts_in_all", "answered_at")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Requests of one batch that are to be asked again."""

    batch_id: str
    request_keys: frozenset[str] | None
    """None for a batch whose run ended before it came to its answers: all of it is to be done."""


def unanswered(
    data: DataFolder,
    batch_ids: Iterable[str],
    statuses: Collection[AnswerStatus] = RETRIED,
    classes: Collection[str] = (),
    *,
    most_attempts: int | None = None,
) -> list[Unanswered]:
    """The requests with one of these statuses, by batch; with `classes`, only those with such an error.

    With `most_attempts`, those that failed after so many calls are left out. All of a batch whose run was ended before
    it came to its answers is missing.
    """
    found = []
    for batch_id in batch_ids:
        if count_rows(data, OCR_RESPONSES, batch_id) is None:
            if AnswerStatus.MISSING in statuses and not classes:
                found.append(Unanswered(batch_id, None))
            continue
        keys = frozenset(
            row["request_key"]
            for row in read_table(data, OCR_RESPONSES, batch_id, _COLUMNS)
            if row["status"] in statuses
            and (not classes or row["error_class"] in classes)
            and not (most_attempts is not None and _is_given_up(row, most_attempts))
        )
        if keys:
            found.append(Unanswered(batch_id, keys))
    return found


def _is_given_up(row: OcrResponseRow, most_attempts: int) -> bool:
    return row["status"] == AnswerStatus.FAILED and (row.get("attempts_in_all") or 0) >= most_attempts


@dataclass(frozen=True, slots=True)
class FailedBatch:
    """A batch with requests that failed and are not given up."""

    batch_id: str
    requests: int
    attempts: int
    """Calls made for that one of them that was asked least often."""
    last_at: datetime
    """When the last of them failed, UTC."""


def failed_batches(data: DataFolder, *, most_attempts: int) -> list[FailedBatch]:
    """The batches with requests that failed after less than `most_attempts` calls, those of longest ago first.

    What a refused key or arrears made fail is left out: somebody has to mend that first.
    """
    failed = (pc.field("status") == AnswerStatus.FAILED.value) & (
        pc.field("error_class") != RunRefused.__name__
    )
    by_batch: dict[str, list[OcrResponseRow]] = defaultdict(list)
    for row in read_all_batches(data, OCR_RESPONSES, _FAILED_COLUMNS, failed):
        if not _is_given_up(row, most_attempts):
            by_batch[row["batch_id"]].append(row)
    found = [
        FailedBatch(
            batch_id,
            len(rows),
            min(row["attempts_in_all"] or 0 for row in rows),
            max(row["answered_at"] or datetime.min for row in rows).replace(tzinfo=UTC),
        )
        for batch_id, rows in by_batch.items()
    ]
    return sorted(found, key=lambda batch: batch.last_at)


def due_at(batch: FailedBatch, calls_a_run: int, runs_since: int = 0) -> datetime:
    """When a batch is to be asked again: the pause grows with each run, up to a day.

    `runs_since` are runs after the last answer, which came to none.
    """
    runs = max(1, ceil(batch.attempts / calls_a_run))
    pauses = [_PAUSES[min(run, len(_PAUSES)) - 1] for run in range(runs, runs + runs_since + 1)]
    return batch.last_at + sum(pauses, timedelta())
