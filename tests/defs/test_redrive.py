"""What failed is asked again by itself: when, and what exactly."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import dagster as dg
import pytest

from qwenocr_assets.asking.unanswered import FailedBatch, due_at, failed_batches
from qwenocr_assets.defs.jobs import BATCH_JOB, REDRIVE_JOB
from qwenocr_assets.defs.ocr.redrive import redrive, runs_since
from qwenocr_assets.emulator import NAMED_FAULTS, Call
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import read_table

NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [
        (0, timedelta(minutes=15)),
        (4, timedelta(minutes=15)),
        (5, timedelta(hours=1)),
        (8, timedelta(hours=1)),
        (12, timedelta(hours=4)),
        (16, timedelta(hours=16)),
        (20, timedelta(days=1)),
        (10_000, timedelta(days=1)),
    ],
)
def test_the_pause_grows_with_each_run(attempts: int, pause: timedelta) -> None:
    assert due_at(FailedBatch("a", 1, attempts, NOW), calls_a_run=4) == NOW + pause


@pytest.mark.parametrize(("runs_since", "hours"), [(0, 0.25), (1, 1.25), (2, 5.25), (3, 21.25), (5, 69.25)])
def test_runs_that_came_to_no_answer_lengthen_the_pause(runs_since: int, hours: float) -> None:
    due = due_at(FailedBatch("a", 1, 4, NOW), 4, runs_since)
    assert due == NOW + timedelta(hours=hours)


def test_what_failed_is_asked_again_after_its_pause_until_it_is_given_up(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("QWENOCR_MAX_ATTEMPTS_IN_ALL", "2")
    pipeline.settings = settings = load_settings()
    asked: list[str] = []

    def faults(call: Call) -> Any:
        task = str(call.body["parameters"]["ocr_options"]["task"])
        asked.append(task)
        return NAMED_FAULTS["internal_error"] if task == "multi_lan" else None

    pipeline.faults = faults
    pipeline.draw("letters/手紙.png", "a letter")
    batch_id, outcome = pipeline.run()
    assert outcome.success
    asked.clear()
    runs = partial(runs_since, pipeline.instance)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    later = soon + timedelta(hours=1)
    assert isinstance(redrive(settings, soon, runs), dg.SkipReason)
    result = redrive(settings, later, runs)
    assert isinstance(result, dg.SensorResult)
    [request] = result.run_requests or []
    assert request.partition_key == batch_id
    again = redrive(settings, later, runs)
    assert isinstance(again, dg.SensorResult)
    assert [r.run_key for r in again.run_requests or []] == [request.run_key]

    done = pipeline.definitions.resolve_job_def(REDRIVE_JOB).execute_in_process(
        run_config=request.run_config,
        instance=pipeline.instance,
        partition_key=batch_id,
        resources=pipeline.resources,
    )
    assert done.success
    assert asked == ["multi_lan"]
    rows = {r["task"]: r for r in read_table(settings.data_folder, OCR_RESPONSES, batch_id)}
    assert rows["advanced_recognition"]["status"] == "ok"
    assert (rows["multi_lan"]["status"], rows["multi_lan"]["attempts_in_all"]) == ("failed", 2)
    assert isinstance(redrive(settings, later + timedelta(days=2), runs), dg.SkipReason)


@pytest.mark.parametrize(
    ("config", "sent"),
    [
        ({"only_statuses": ["failed"]}, 1),
        ({"only_classes": ["Retryable"]}, 1),
        ({"only_classes": ["Throttled"]}, 0),
        ({"only_statuses": ["unfunded"]}, 0),
    ],
    ids=["a status", "a class", "another class", "another status"],
)
def test_a_person_says_what_is_asked_again(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, config: dict[str, list[str]], sent: int
) -> None:
    monkeypatch.setenv("QWENOCR_MAX_ATTEMPTS", "1")
    pipeline.settings = load_settings()
    calls: list[Call] = []

    def faults(call: Call) -> Any:
        calls.append(call)
        return NAMED_FAULTS["internal_error"] if len(calls) == 1 else None

    pipeline.faults = faults
    pipeline.draw("letters/a.png", "a")
    batch_id, _ = pipeline.run()
    before = len(calls)
    done = pipeline.definitions.resolve_job_def(REDRIVE_JOB).execute_in_process(
        run_config={"ops": {"ocr_answers": {"config": config}}},
        instance=pipeline.instance,
        partition_key=batch_id,
        resources=pipeline.resources,
    )
    assert done.success
    assert len(calls) - before == sent


def test_a_run_that_came_to_no_answer_is_followed_by_another(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_MAX_ATTEMPTS", "1")
    pipeline.settings = settings = load_settings()
    pipeline.faults = lambda _: NAMED_FAULTS["internal_error"]
    pipeline.draw("letters/a.png", "a")
    batch_id, _ = pipeline.run()
    [failed] = failed_batches(settings.data_folder, most_attempts=12)
    runs = partial(runs_since, pipeline.instance)
    keys = []
    for hours, status in ((1, dg.DagsterRunStatus.FAILURE), (2, dg.DagsterRunStatus.STARTED)):
        found = redrive(settings, failed.last_at + timedelta(hours=hours), runs)
        assert isinstance(found, dg.SensorResult)
        keys += [request.run_key for request in found.run_requests or []]
        tags = {"dagster/partition": batch_id}
        pipeline.instance.add_run(dg.DagsterRun(REDRIVE_JOB, status=status, tags=tags))
    assert keys == [f"{batch_id}-{failed.last_at.isoformat()}-{number}" for number in (0, 1)]
    # the last one is under way
    assert isinstance(redrive(settings, failed.last_at + timedelta(days=9), runs), dg.SkipReason)


def test_what_a_refused_key_made_fail_waits_for_somebody(pipeline: Any) -> None:
    pipeline.faults = lambda _: NAMED_FAULTS["invalid_key"]
    pipeline.draw("letters/a.png", "a")
    batch_id, outcome = pipeline.run()
    assert outcome.error is not None
    whole = pipeline.definitions.resolve_job_def(BATCH_JOB)
    rows = whole.get_subset(asset_selection={dg.AssetKey(OCR_RESPONSES.name)})
    assert rows.execute_in_process(
        instance=pipeline.instance, partition_key=batch_id, resources=pipeline.resources
    ).success
    assert "RunRefused" in {
        r["error_class"] for r in read_table(pipeline.settings.data_folder, OCR_RESPONSES, batch_id)
    }
    assert failed_batches(pipeline.settings.data_folder, most_attempts=12) == []
