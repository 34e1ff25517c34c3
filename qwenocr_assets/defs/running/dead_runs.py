"""Runs whose process died: closed, on whatever machine it was, so that nobody takes them for running."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import visible
from qwenocr_assets.state.run_beats import dead_runs

DIED_TAG = "qwenocr/died"
"""On a run that was closed because its process was dead."""

COMMAND_TAG = "qwenocr/command"

BY_COMMAND = {COMMAND_TAG: "yes", "dagster/max_runtime": "0"}
"""Tags of runs in a command's own process. The daemon cannot end it: it would only call its run failed, while it goes
on. And nobody but its person starts it again."""

# a run that is starting is the launcher's: pulling an image may take longer than a silence may last
_WORKING = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED)


def close_dead_runs(instance: dg.DagsterInstance, database_url: str) -> list[str]:
    """Mark the runs of dead processes as failed; returns their ids.

    Raises:
        ConfigurationError, StorageError: the database of signs of life cannot be opened or asked.
    """
    unfinished = [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=_WORKING))]
    closed = []
    for run_id, why in dead_runs(database_url, unfinished).items():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:  # it ended while we looked
            continue
        instance.add_run_tags(run_id, {DIED_TAG: "yes"})
        instance.report_run_failed(run, f"{why} What was answered is saved.")
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
        closed.append(run_id)
    return closed


_PARTITION_TAG = "dagster/partition"
_REMEMBERED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A batch whose last run died, whatever that run was about."""

    batch_id: str
    run_id: str
    """Its last run."""
    deaths: int
    """Runs of it that died one after the other."""
    at: datetime
    """When the last was closed, UTC."""


def broken_off(instance: dg.DagsterInstance, now: datetime) -> list[BrokenOff]:
    """The batches whose last run died in the last week; not those of commands, whose person saw it."""
    died: dict[str, list[dg.RunRecord]] = defaultdict(list)
    closed = dg.RunsFilter(
        tags={DIED_TAG: "yes"}, statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - _REMEMBERED
    )
    for record in instance.get_run_records(closed):
        tags = record.dagster_run.tags
        if _PARTITION_TAG in tags and COMMAND_TAG not in tags:
            died[tags[_PARTITION_TAG]].append(record)
    found = []
    for batch_id, records in died.items():
        dead = {record.dagster_run.run_id for record in records}
        deaths = _leading_dead(
            instance.get_runs(dg.RunsFilter(tags={_PARTITION_TAG: batch_id}), limit=len(dead) + 1), dead
        )
        if deaths:
            last = max(records, key=lambda record: record.create_timestamp)
            found.append(
                BrokenOff(
                    batch_id, last.dagster_run.run_id, deaths, last.update_timestamp.astimezone(now.tzinfo)
                )
            )
    return found


def _leading_dead(runs: Sequence[dg.DagsterRun], dead: set[str]) -> int:
    """How many of the newest runs died, before one that did not."""
    return next((number for number, run in enumerate(runs) if run.run_id not in dead), len(runs))


@dg.sensor(
    name="close_dead_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs as failed that have given no sign of life for three minutes, or whose process has ended. "
    "redrive_failed goes on with their intakes.",
)
def dead_runs_sensor(
    context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
) -> dg.SkipReason:
    """One look at the runs that should be working."""
    closed = close_dead_runs(context.instance, environment.database_url)
    return dg.SkipReason(
        f"Closed: {visible(', '.join(closed))}." if closed else "Every run gives signs of life."
    )
