"""Which requests `qwenocr retry` asks again."""

from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.qwenocr.records import Status
from qwenocr_assets.qwenocr.unanswered import RETRIED, Unanswered, unanswered
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

ROWS = {
    "first": [("a", "ok", None, 1), ("b", "failed", "Throttled", 4), ("c", "rejected", "PageRefused", 1)],
    "second": [("d", "unfunded", "Unfunded", 12), ("e", "missing", None, 0), ("f", "partial", None, 1)],
    "poisoned": [("g", "failed", "Retryable", 12)],
}


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    data = DataFolder(UPath(tmp_path))
    for batch, rows in ROWS.items():
        trace = {"batch_id": batch, "document_id": "x", "page_id": "x", "task": "x", "attempts": 1}
        write_table(
            data,
            OCR_RESPONSES,
            batch,
            [
                {**trace, "request_key": k, "status": s, "error_class": c, "attempts_in_all": n}
                for k, s, c, n in rows
            ],
        )
    return data


@pytest.mark.parametrize(
    ("batches", "statuses", "classes", "keys"),
    [
        (["first", "second"], RETRIED, [], "bde"),
        (["first"], RETRIED, [], "b"),
        (["first", "second"], [Status.REJECTED, Status.PARTIAL], [], "cf"),
        (["first", "second"], RETRIED, ["Throttled"], "b"),
        (["first", "second"], RETRIED, ["Unreadable"], ""),
    ],
    ids=["what may end differently", "a batch", "statuses", "a class", "no such class"],
)
def test_what_is_asked_again(
    data: DataFolder, batches: list[str], statuses: list[Status], classes: list[str], keys: str
) -> None:
    found = unanswered(data, batches, statuses, classes)
    assert sorted(key for batch in found for key in batch.request_keys or ()) == list(keys)


@pytest.mark.parametrize(
    ("most_attempts", "keys"),
    [(None, "bdeg"), (12, "bde"), (4, "de")],
    ids=["by a person", "at the cap", "below"],
)
def test_what_was_given_up_is_asked_again_only_by_a_person(
    data: DataFolder, most_attempts: int | None, keys: str
) -> None:
    found = unanswered(data, ROWS, most_attempts=most_attempts)
    assert sorted(key for batch in found for key in batch.request_keys or ()) == list(keys)


@pytest.mark.parametrize(
    ("statuses", "classes", "is_found"),
    [(RETRIED, [], True), ([Status.FAILED], [], False), (RETRIED, ["Throttled"], False)],
    ids=["missing", "another status", "a class of error"],
)
def test_all_of_a_batch_that_was_killed_early_is_missing(
    data: DataFolder, statuses: list[Status], classes: list[str], is_found: bool
) -> None:
    assert unanswered(data, ["killed"], statuses, classes) == (
        [Unanswered("killed", None)] if is_found else []
    )
