"""Requests that ended without an answer: which of them a person wants to ask again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from qwenocr_assets.qwenocr.records import Status
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table

RETRIED = (Status.FAILED, Status.UNFUNDED, Status.MISSING)
"""What is asked again when nobody says otherwise: everything that may end differently."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Requests of one batch that are to be asked again."""

    batch_id: str
    request_keys: frozenset[str]


def unanswered(
    data: DataFolder,
    batch_ids: Iterable[str],
    statuses: Collection[Status] = RETRIED,
    classes: Collection[str] = (),
) -> list[Unanswered]:
    """The requests with one of these statuses, by batch; with `classes`, only those with such an error.

    A batch without responses, one that never got so far, has none.
    """
    found = []
    for batch_id in batch_ids:
        keys = frozenset(
            row["request_key"]
            for row in read_table(data, OCR_RESPONSES, batch_id)
            if row["status"] in statuses and (not classes or row["error_class"] in classes)
        )
        if keys:
            found.append(Unanswered(batch_id, keys))
    return found
