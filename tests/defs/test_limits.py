"""What `deploy/dagster.yaml` limits: read by Dagster itself, from a home of its own."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.monitoring.run_monitoring import check_run_timeout

from qwenocr_assets.defs.running.dead_runs import BY_COMMAND
from tests.defs.conftest import REPOSITORY

pytestmark = pytest.mark.slow  # Dagster takes seconds to make its databases


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    shutil.copy(REPOSITORY / "deploy" / "dagster.yaml", home)
    return home


@pytest.fixture(scope="module")
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def test_runs_are_queued_and_watched(instance: dg.DagsterInstance) -> None:
    limits = instance.get_concurrency_config().run_queue_config
    assert limits is not None
    assert limits.max_concurrent_runs == 2
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_start_timeout_seconds == 180
    assert instance.run_monitoring_cancel_timeout_seconds > 60  # drain_seconds
    assert instance.run_monitoring_max_runtime_seconds == 12 * 3600


@pytest.mark.parametrize(
    ("hours", "by_command", "ended"),
    [(11, False, False), (13, False, True), (13, True, False)],
    ids=["in time", "hangs", "of the command line: lives as long as its process"],
)
def test_a_run_that_takes_too_long_is_ended(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
    by_command: bool,
    ended: bool,
) -> None:
    run = instance.create_run_for_job(_job, tags=BY_COMMAND if by_command else {})
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.PIPELINE_START.value, _job.name), run.run_id
    )
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    assert record.start_time is not None
    started = record.start_time
    monkeypatch.setattr(
        "dagster._daemon.monitoring.run_monitoring.get_current_timestamp", lambda: started + hours * 3600
    )
    check_run_timeout(
        instance, record, logging.getLogger(), float(instance.run_monitoring_max_runtime_seconds)
    )
    status = instance.get_run_by_id(run.run_id).status  # type: ignore[union-attr]
    assert (status is dg.DagsterRunStatus.FAILURE) is ended


@dg.job
def _job() -> None:
    pass
