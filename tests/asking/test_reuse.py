"""Answers of other batches: of several answers to one request the one worth most, wherever its file lies."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.asking.reuse import answers_of_other_batches
from qwenocr_assets.cost.quote_totals import answered_keys
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage import compaction
from qwenocr_assets.storage.compaction import compact
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.journal import Journal
from qwenocr_assets.storage.last_written import journals_ahead
from qwenocr_assets.storage.table_files import write_table

Asking = tuple[str, str, int] | None
"""Batch, status, and hour of the answer; None: compact."""


def write(data: DataFolder, batch_id: str, status: str, hour: int) -> None:
    row = {
        "batch_id": batch_id,
        "document_id": "d",
        "page_id": "d-0001",
        "task": "text_recognition",
        "request_key": "k",
        "status": status,
        "attempts": 1,
        "latency_ms": 1.0,
        "region": "singapore",
        "model": "m",
        "catalogue_version": "v",
        "cost_usd": Decimal(1),
        "answered_at": datetime(2026, 11, 1, hour),
    }
    write_table(data, OCR_RESPONSES, batch_id, [row])


@pytest.mark.parametrize(
    ("askings", "expected"),
    [
        pytest.param([("a", "ok", 1)], ("ok", "a"), id="one"),
        pytest.param(
            [("a", "rejected", 1), None, ("a", "ok", 2)], ("ok", "a"), id="asked again after compaction"
        ),
        pytest.param(
            [("z", "rejected", 1), None, ("z", "ok", 2)], ("ok", "z"), id="the same, sorted after compacted-"
        ),
        pytest.param(
            [("compacted-0a1b2c3d4e5f", "rejected", 1), None, ("compacted-0a1b2c3d4e5f", "ok", 2)],
            ("ok", "compacted-0a1b2c3d4e5f"),
            id="of a folder called compacted",
        ),
        pytest.param(
            [("a", "ok", 1), None, ("a", "failed", 2)], None, id="what is out of date is not an answer"
        ),
        pytest.param([("a", "ok", 1), ("b", "rejected", 2)], ("ok", "a"), id="a text before a refusal"),
        pytest.param([("a", "rejected", 2), ("b", "ok", 1)], ("ok", "b"), id="whatever the names"),
        pytest.param([("b", "rejected", 2), ("a", "ok", 1)], ("ok", "a"), id="whatever the order"),
        pytest.param([("a", "partial", 2), ("b", "ok", 1)], ("ok", "b"), id="all of it before a part"),
        pytest.param([("a", "ok", 2), ("b", "ok", 1)], ("ok", "a"), id="the newest of equals"),
        pytest.param([("mine", "ok", 1)], None, id="one's own is not another's"),
        pytest.param([("mine", "ok", 1), None, ("a", "ok", 2)], ("ok", "a"), id="nor compacted"),
        pytest.param([], None, id="nothing yet"),
    ],
)
def test_the_answer_that_counts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    askings: list[Asking],
    expected: tuple[str, str] | None,
) -> None:
    monkeypatch.setattr(compaction, "_LEAST_FILES", 1)
    data = DataFolder(UPath(tmp_path))
    for asking in askings:
        if asking is None:
            compact(data, [OCR_RESPONSES], now=datetime.now(UTC) + timedelta(days=30))
        else:
            write(data, *asking)
    found = answers_of_other_batches(data, {"k", "never asked"}, "mine")
    assert {key: (record.status.value, record.reused_from) for key, record in found.items()} == (
        {"k": expected} if expected else {}
    )
    assert all(record.cost_usd == 0 for record in found.values())
    last = {a[0]: AnswerStatus(a[1]) for a in askings if a}
    assert answered_keys(data, ["k"]) == ({"k"} if any(s.is_final for s in last.values()) else set())


def test_no_question_needs_no_files(tmp_path: Path) -> None:
    assert answers_of_other_batches(DataFolder(UPath(tmp_path)), set(), "mine") == {}


def journalled(status: str, hour: int, key: str = "k") -> dict[str, object]:
    record = AnswerRecord(
        key, Task.TEXT_RECOGNITION, AnswerStatus(status), "singapore", "m", "v", 1, 1.0,
        datetime(2026, 11, 1, hour, tzinfo=UTC), Decimal(1), raw="{}",
    )  # fmt: skip
    return record.to_json()


@pytest.mark.parametrize("address", ["disk", "memory"])
@pytest.mark.parametrize(
    ("rows", "journals", "expected"),
    [
        pytest.param([], [("a", "ok", 1)], ("ok", "a"), id="interrupted before its rows"),
        pytest.param([("a", "failed", 1)], [("a", "ok", 2)], ("ok", "a"), id="interrupted when asked again"),
        pytest.param(
            [("b", "rejected", 1)], [("a", "ok", 1)], ("ok", "a"), id="worth more than another's rows"
        ),
        pytest.param(
            [("b", "ok", 2)], [("a", "partial", 1)], ("ok", "b"), id="worth less than another's rows"
        ),
        pytest.param([], [("a", "failed", 1)], None, id="nothing final"),
        pytest.param([], [("a", "ok", 1), ("a", "failed", 2)], None, id="no more what it last was"),
        pytest.param([], [("mine", "ok", 1)], None, id="one's own"),
    ],
)
def test_answers_in_journals_of_interrupted_runs_count(
    tmp_path: Path,
    address: str,
    rows: list[tuple[str, str, int]],
    journals: list[tuple[str, str, int]],
    expected: tuple[str, str] | None,
) -> None:
    data = DataFolder(UPath(tmp_path if address == "disk" else f"memory://{tmp_path.name}"))
    for row in rows:
        write(data, *row)
    for batch_id, status, hour in journals:
        Journal(data.journal("text_recognition", batch_id)).append(
            [journalled(status, hour), journalled("ok", hour, "another question")]
        )
    found = answers_of_other_batches(data, {"k"}, "mine")
    assert {key: (record.status.value, record.reused_from) for key, record in found.items()} == (
        {"k": expected} if expected else {}
    )
    assert all((record.cost_usd, record.attempts) == (0, 0) for record in found.values())


def test_only_journals_that_are_ahead_of_their_rows_are_read(tmp_path: Path) -> None:
    data = DataFolder(UPath(tmp_path))
    for batch_id in ("a", "b"):
        Journal(data.journal("text_recognition", batch_id)).append([journalled("ok", 1)])
        os.utime(data.journal("text_recognition", batch_id).path, (1, 1))
    write(data, "a", "ok", 1)
    assert [batch_id for batch_id, _ in journals_ahead(data, ["text_recognition", "multi_lan"])] == ["b"]
