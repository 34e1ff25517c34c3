"""Requests that ended without an answer: which of them a person wants to ask again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qwenocr_assets.qwenocr.records import Status
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import count_rows, read_table

RETRIED = (Status.FAILED, Status.UNFUNDED, Status.MISSING)
"""What is asked again when nobody says otherwise: everything that may end differently."""

_COLUMNS = ("request_key", "status", "error_class", "attempts_in_all")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Requests of one batch that are to be asked again."""

    batch_id: str
    request_keys: frozenset[str] | None
    """None for a batch whose run ended before it came to its answers: all of it is to be done."""


def unanswered(
    data: DataFolder,
    batch_ids: Iterable[str],
    statuses: Collection[Status] = RETRIED,
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
            if Status.MISSING in statuses and not classes:
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


def _is_given_up(row: Mapping[str, Any], most_attempts: int) -> bool:
    return row["status"] == Status.FAILED and (row.get("attempts_in_all") or 0) >= most_attempts
