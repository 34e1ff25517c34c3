"""What failed is asked again by itself, after a pause that grows."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import dagster as dg

from qwenocr_assets.asking.unanswered import FailedBatch, due_at, failed_batches
from qwenocr_assets.defs.jobs import redrive_batch
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import visible
from qwenocr_assets.settings import Settings
from qwenocr_assets.statuses import AnswerStatus

_MOST_RUNS_A_TICK = 10
"""Submitting a run takes the daemon about 0.1 s, and a tick may take 60 s."""


def redrive_failed(where_free: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor that asks again for what failed.

    It runs by itself where reading is free. With a cloud region a person switches it on in the UI.
    """

    @dg.sensor(
        name="redrive_failed",
        job=redrive_batch,
        minimum_interval_seconds=300,
        default_status=where_free,
        description="Asks again for what failed: after a quarter of an hour, then an hour, four, sixteen, then daily, "
        "until max_attempts_in_all calls are made.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
    ) -> dg.SensorResult | dg.SkipReason:
        return redrive(
            environment.settings, datetime.now(UTC), lambda batch: runs_since(context.instance, batch)
        )

    return sensor


def redrive(
    settings: Settings, now: datetime, runs: Callable[[FailedBatch], Sequence[dg.DagsterRun]]
) -> dg.SensorResult | dg.SkipReason:
    """Runs for the batches whose pause is over, but for those that are being run.

    `runs` are the runs of a batch since it failed. Those that came to no answer lengthen the pause as well. The run
    key names the state of a batch, so each is run once in it.
    """
    failed = failed_batches(settings.data_folder, most_attempts=settings.max_attempts_in_all)
    due: list[dg.RunRequest] = []
    for batch in failed:
        if due_at(batch, settings.max_attempts) > now:
            continue
        ended = runs(batch)
        if all(run.is_finished for run in ended) and due_at(batch, settings.max_attempts, len(ended)) <= now:
            due.append(_run_request(batch, len(ended)))
        if len(due) == _MOST_RUNS_A_TICK:
            break
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


def _run_request(batch: FailedBatch, runs: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{batch.batch_id}-{batch.last_at.isoformat()}-{runs}",
        partition_key=batch.batch_id,
        run_config={"ops": {"ocr_answers": {"config": {"only_statuses": [AnswerStatus.FAILED.value]}}}},
        tags={"qwenocr/failed": str(batch.requests)},
    )
