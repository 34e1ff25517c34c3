"""What failed is asked again by itself, after a pause that grows."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from qwenocr_assets.asking.unanswered import FailedBatch, due_at, failed_batches
from qwenocr_assets.defs.jobs import ocr_batch, redrive_batch
from qwenocr_assets.defs.running.dead_runs import BrokenOff, broken_off
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import visible
from qwenocr_assets.settings import Settings
from qwenocr_assets.statuses import AnswerStatus

_MOST_RUNS_A_TICK = 10
"""Submitting a run takes the daemon about 0.1 s, and a tick may take 60 s."""

_AFTER_DEATHS = tuple(timedelta(hours=hours) for hours in (0, 0.25, 1, 4, 16))
"""Until a batch is run again whose run died: the first time, the second, and so on; then a person has to look."""


def redrive_failed(where_free: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor that asks again for what failed.

    It runs by itself where reading is free. With a cloud region a person switches it on in the UI.
    """

    @dg.sensor(
        name="redrive_failed",
        jobs=[redrive_batch, ocr_batch],
        minimum_interval_seconds=300,
        default_status=where_free,
        description="Asks again for what failed: after a quarter of an hour, then an hour, four, sixteen, then daily, "
        "until max_attempts_in_all calls are made. An intake whose run died is run again at once, then after such "
        "pauses, five times at most.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
    ) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        return redrive(
            environment.settings,
            now,
            lambda batch: runs_since(context.instance, batch),
            broken_off(context.instance, now),
        )

    return sensor


def redrive(
    settings: Settings,
    now: datetime,
    runs: Callable[[FailedBatch], Sequence[dg.DagsterRun]],
    died: Sequence[BrokenOff] = (),
) -> dg.SensorResult | dg.SkipReason:
    """Runs for the batches whose pause is over, but for those that are being run: all of those whose run died.

    `runs` are the runs of a batch since it failed. Those that came to no answer lengthen the pause as well. The run
    key names the state of a batch, so each is run once in it.
    """
    due = [_whole_run(batch) for batch in died if _is_due(batch, now)][:_MOST_RUNS_A_TICK]
    broken = {batch.batch_id for batch in died}
    failed = failed_batches(settings.data_folder, most_attempts=settings.max_attempts_in_all)
    for batch in failed:
        if len(due) == _MOST_RUNS_A_TICK:
            break
        if batch.batch_id in broken or due_at(batch, settings.max_attempts) > now:
            continue
        ended = runs(batch)
        if all(run.is_finished for run in ended) and due_at(batch, settings.max_attempts, len(ended)) <= now:
            due.append(_run_request(batch, len(ended)))
    if not due:
        waiting = sum(batch.requests for batch in failed)
        return dg.SkipReason(
            visible(f"{waiting} failed requests wait until they are asked again.")
            if waiting
            else "Nothing has failed."
        )
    return dg.SensorResult(run_requests=due)


def runs_since(instance: dg.DagsterInstance, batch: FailedBatch) -> Sequence[dg.DagsterRun]:
    """The runs of a batch that began after its last answer, whatever started them."""
    tags = {"dagster/partition": batch.batch_id}
    return instance.get_runs(dg.RunsFilter(tags=tags, created_after=batch.last_at))


def _is_due(batch: BrokenOff, now: datetime) -> bool:
    return batch.deaths <= len(_AFTER_DEATHS) and batch.at + _AFTER_DEATHS[batch.deaths - 1] <= now


def _whole_run(batch: BrokenOff) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{batch.batch_id}-after-{batch.run_id}",
        partition_key=batch.batch_id,
        job_name=ocr_batch.name,
        tags={"qwenocr/after": batch.run_id},
    )


def _run_request(batch: FailedBatch, runs: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{batch.batch_id}-{batch.last_at.isoformat()}-{runs}",
        partition_key=batch.batch_id,
        job_name=redrive_batch.name,
        run_config={"ops": {"ocr_answers": {"config": {"only_statuses": [AnswerStatus.FAILED.value]}}}},
        tags={"qwenocr/asked_again": str(batch.requests)},
    )
