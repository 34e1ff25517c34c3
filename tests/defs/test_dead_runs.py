"""Runs of processes that died are closed, and their batches run again; those of living ones are left alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import create_engine, select, update

from qwenocr_assets.defs.jobs import BATCH_JOB, REDRIVE_JOB
from qwenocr_assets.defs.ocr.redrive import redrive
from qwenocr_assets.defs.running.dead_runs import BY_COMMAND, broken_off, close_dead_runs
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.settings import load_settings
from qwenocr_assets.state.run_beats import SILENT_SECONDS, living
from qwenocr_assets.state.tables.runs import RUN_BEATS

STARTED, STARTING, SUCCESS = (
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.SUCCESS,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def silence(url: str) -> None:
    """Let every run have been silent for too long, on another machine."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            update(RUN_BEATS).values(
                process="another-boot/1/1/1", beats_at=RUN_BEATS.c.beats_at - SILENT_SECONDS - 30
            )
        )
    engine.dispose()


def add(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, batch_id: str = "b", **tags: str) -> str:
    tags = {"dagster/partition": batch_id} | tags
    return instance.add_run(dg.DagsterRun(BATCH_JOB, status=status, tags=tags)).run_id


@pytest.mark.parametrize(
    ("status", "silent", "closed"),
    [(STARTED, True, True), (STARTED, False, False), (STARTING, True, False), (SUCCESS, True, False)],
)
def test_what_works_and_is_silent_is_closed(
    url: str, status: dg.DagsterRunStatus, silent: bool, closed: bool
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = add(instance, status)
        with living(url, run_id):
            assert close_dead_runs(instance, url) == []
            if silent:
                silence(url)
            assert close_dead_runs(instance, url) == ([run_id] if closed else [])
        after = instance.get_run_by_id(run_id).status  # type: ignore[union-attr]
        assert after is (dg.DagsterRunStatus.FAILURE if closed else status)


@pytest.mark.parametrize(
    ("deaths", "hours", "asked"),
    [(1, 0, True), (2, 0.2, False), (2, 0.3, True), (5, 15, False), (5, 17, True), (6, 100, False)],
)
def test_a_batch_whose_run_died_is_run_again_at_once_then_after_pauses(
    url: str, tmp_path: Path, deaths: int, hours: float, asked: bool
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(deaths):
            last = add(instance, STARTED)
            close_dead_runs(instance, url)
            silence(url)
            assert close_dead_runs(instance, url) == [last]
        now = datetime.now(UTC) + timedelta(seconds=1)
        died = broken_off(instance, now)
        assert [(b.run_id, b.deaths) for b in died] == [(last, deaths)]
        result = redrive(load_settings(data=str(tmp_path)), now + timedelta(hours=hours), lambda _: [], died)
        if not asked:
            assert isinstance(result, dg.SkipReason)
            return
        assert isinstance(result, dg.SensorResult)
        [request] = result.run_requests or []
        assert (request.partition_key, request.job_name) == ("b", BATCH_JOB)
        assert request.run_key == f"b-after-{last}"


@pytest.mark.parametrize(
    ("tags", "after"),
    [(BY_COMMAND, None), ({}, STARTING), ({}, SUCCESS)],
    ids=["of a command", "runs again", "ran again"],
)
def test_who_is_not_run_again(url: str, tags: dict[str, str], after: dg.DagsterRunStatus | None) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        add(instance, STARTED, **tags)
        close_dead_runs(instance, url)
        silence(url)
        assert close_dead_runs(instance, url)
        if after is not None:
            add(instance, after)
        assert broken_off(instance, datetime.now(UTC)) == []


def test_every_run_gives_signs_of_life_whatever_launched_it(pipeline: Any) -> None:
    """The definitions' own resources, as a launcher's worker has them, and those of a command."""
    seen = []

    def look(environment: Environment, run_id: str) -> None:
        engine = create_engine(environment.database_url)
        with engine.connect() as connection:
            seen.extend(run_id == beat for beat in connection.scalars(select(RUN_BEATS.c.run_id)))
        engine.dispose()

    @dg.op(required_resource_keys={"environment"})
    def looking(context: dg.OpExecutionContext) -> None:
        look(context.resources.environment, context.run_id)

    @dg.job
    def job() -> None:
        looking()

    own = pipeline.definitions.resources or {}
    for resource in (own["environment"], pipeline.resources["environment"]):
        assert job.execute_in_process(instance=pipeline.instance, resources={"environment": resource}).success
    assert seen == [True, True]


def test_every_step_has_the_environment_and_with_it_signs_of_life(pipeline: Any) -> None:
    without = {
        (job.name, node.name)
        for job in pipeline.definitions.resolve_all_job_defs()
        for node in job.all_node_defs
        if isinstance(node, dg.OpDefinition) and "environment" not in node.required_resource_keys
    }
    assert without == set()


def test_the_sensor_runs_by_itself_and_redrive_may_ask_for_both_jobs(pipeline: Any) -> None:
    sensor = pipeline.definitions.get_sensor_def("close_dead_runs")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    redriving = pipeline.definitions.get_sensor_def("redrive_failed")
    assert {job.name for job in redriving.jobs} == {BATCH_JOB, REDRIVE_JOB}
    own = {"environment": (pipeline.definitions.resources or {})["environment"]}
    with dg.build_sensor_context(
        instance=pipeline.instance, resources=own, definitions=pipeline.definitions
    ) as context:
        assert "signs of life" in sensor.evaluate_tick(context).skip_message
