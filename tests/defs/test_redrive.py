"""What failed is asked again by itself: when, and what exactly."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from qwenocr_assets.defs.jobs import REDRIVE_JOB
from qwenocr_assets.defs.redrive import redrive
from qwenocr_assets.engine.app import NAMED_FAULTS, Call
from qwenocr_assets.qwenocr.unanswered import FailedBatch, due_at
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

    soon = datetime.now(UTC) + timedelta(minutes=5)
    later = soon + timedelta(hours=1)
    assert isinstance(redrive(settings, soon), dg.SkipReason)
    result = redrive(settings, later)
    assert isinstance(result, dg.SensorResult)
    [request] = result.run_requests or []
    assert request.partition_key == batch_id
    again = redrive(settings, later)
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
    assert isinstance(redrive(settings, later + timedelta(days=2)), dg.SkipReason)


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


def test_failures_are_listed_by_class_with_their_money(pipeline: Any) -> None:
    pipeline.faults = lambda call: NAMED_FAULTS["inspection_failed"] if call.number == 1 else None
    pipeline.draw("letters/a.png", "a")
    pipeline.run()
    [check] = pipeline.instance.event_log_storage.get_asset_check_summary_records(
        [dg.AssetCheckKey(dg.AssetKey(OCR_RESPONSES.name), "every_page_answered")]
    ).values()
    evaluation = check.last_check_execution_record.event.dagster_event.event_specific_data
    assert not evaluation.passed
    assert "| rejected | PageRefused | 1 | 1 | 0" in evaluation.metadata["failures_by_class"].value


def test_a_run_is_ended_only_after_it_had_time_to_drain() -> None:
    import yaml

    monitoring = yaml.safe_load(Path("deploy/dagster.yaml").read_text())["run_monitoring"]
    assert monitoring["cancel_timeout_seconds"] > load_settings().drain_seconds
    assert monitoring["max_runtime_seconds"] > 3600
