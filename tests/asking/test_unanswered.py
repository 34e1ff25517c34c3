"""Which requests `qwenocr retry` asks again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.asking.unanswered import RETRIED, FailedBatch, Unanswered, failed_batches, unanswered
from qwenocr_assets.qwenocr.errors import ServiceFault, classify
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.compaction import compact
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROWS = {
    "first": [("a", "ok", None, 1), ("b", "failed", "Throttled", 4), ("c", "rejected", "PageRefused", 1)],
    "second": [("d", "unfunded", "Unfunded", 12), ("e", "missing", None, 0), ("f", "partial", None, 1)],
    "poisoned": [("g", "failed", "Retryable", 12)],
}


def put(data: DataFolder, batch: str, rows: list[tuple[str, str, str | None, int]]) -> None:
    trace = {"batch_id": batch, "document_id": "x", "page_id": "x", "task": "x", "attempts": 1}
    answers = [
        {
            **trace,
            "request_key": key,
            "status": status,
            "error_class": error,
            "attempts_in_all": n,
            "answered_at": NOW,
        }
        for key, status, error, n in rows
    ]
    write_table(data, OCR_RESPONSES, batch, answers)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    data = DataFolder(UPath(tmp_path))
    for batch, rows in ROWS.items():
        put(data, batch, rows)
    return data


@pytest.mark.parametrize(
    ("batches", "statuses", "classes", "keys"),
    [
        (["first", "second"], RETRIED, [], "bde"),
        (["first"], RETRIED, [], "b"),
        (["first", "second"], [AnswerStatus.REJECTED, AnswerStatus.PARTIAL], [], "cf"),
        (["first", "second"], RETRIED, ["Throttled"], "b"),
        (["first", "second"], RETRIED, ["Unreadable"], ""),
    ],
    ids=["what may end differently", "a batch", "statuses", "a class", "no such class"],
)
def test_what_is_asked_again(
    data: DataFolder, batches: list[str], statuses: list[AnswerStatus], classes: list[str], keys: str
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
    [(RETRIED, [], True), ([AnswerStatus.FAILED], [], False), (RETRIED, ["Throttled"], False)],
    ids=["missing", "another status", "a class of error"],
)
def test_all_of_a_batch_that_was_killed_early_is_missing(
    data: DataFolder, statuses: list[AnswerStatus], classes: list[str], is_found: bool
) -> None:
    assert unanswered(data, ["killed"], statuses, classes) == (
        [Unanswered("killed", None)] if is_found else []
    )


def test_batches_with_failures_are_found_as_they_are_now(data: DataFolder) -> None:
    expected = [FailedBatch("first", 1, 4, NOW)]
    assert failed_batches(data, most_attempts=12) == expected
    for number in range(16):  # so many are worth it
        put(data, f"fine-{number}", [("z", "ok", None, 1)])
    assert compact(data, [OCR_RESPONSES], now=datetime.now(UTC) + timedelta(days=30))
    assert failed_batches(data, most_attempts=12) == expected
    put(data, "first", [("b", "ok", None, 5)])  # the compacted file still has it as it was
    assert failed_batches(data, most_attempts=12) == []


def test_what_healed_overnight_is_asked_again_by_itself(data: DataFolder) -> None:
    """The service said that a field was missing: it failed, and is not refused for good."""
    refused = classify(ServiceFault(400, "InvalidParameter", "Required field missing."))
    put(data, "third", [("h", "failed", type(refused).__name__, 2), ("i", "failed", "RunRefused", 1)])
    assert [b.requests for b in failed_batches(data, most_attempts=12) if b.batch_id == "third"] == [1]
    [found] = unanswered(data, ["third"], RETRIED, [type(refused).__name__])
    assert found == Unanswered("third", frozenset("h"))
