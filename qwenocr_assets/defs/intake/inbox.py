"""New files in the inbox become intake batches."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

import dagster as dg

from qwenocr_assets.defs.jobs import ocr_batch
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.running.archive import archived_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.inbox.batches import Bounds, KnownBatch, batches_after
from qwenocr_assets.intake.inbox.index import InboxIndex, open_index
from qwenocr_assets.intake.inbox.look import Patience, look_at_inbox
from qwenocr_assets.intake.inbox.status import what_waits
from qwenocr_assets.intake.left_out import LeftOut
from qwenocr_assets.outgoing import visible
from qwenocr_assets.settings import Settings

_MOST_RUNS_A_TICK = 10
"""Submitting a run takes the daemon about 0.1 s, and a tick may take 60 s."""
_BATCHES_AT_ONCE = 200
"""Batches that Dagster is asked about at a time, after its cursor was reset."""
_PARTITION_TAG = "dagster/partition"
_ENDED_BADLY = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def inbox_sensor(where_free: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor that watches the inbox.

    It runs by itself where reading is free. With a cloud region a person switches it on in the UI: from then on every
    file that is dropped costs money.
    """

    @dg.sensor(
        name="inbox_sensor",
        job=ocr_batch,
        minimum_interval_seconds=30,
        default_status=where_free,
        description="Starts a run for new files once they stop changing.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, environment: dg.ResourceParam[Environment]
    ) -> dg.SensorResult | dg.SkipReason:
        return watch_inbox(
            environment.settings,
            context.cursor,
            datetime.now(UTC),
            lambda batch_ids: run_already(context.instance, batch_ids),
        )

    return sensor


def watch_inbox(
    settings: Settings,
    cursor: str | None,
    now: datetime,
    run_already: Callable[[Sequence[str]], Collection[str]] = lambda _: (),
    patience: Patience | None = None,
) -> dg.SensorResult | dg.SkipReason:
    """One look at the inbox.

    Batches are written as manifests first and asked to run afterwards, in the order in which they became known; the
    batch id is the run key, and the cursor is the place in that order. So a crash between the two, a reset cursor or
    a lost index neither loses a batch nor runs it twice.
    """
    data, inbox = settings.data_folder, settings.inbox_folder
    if not inbox.exists():
        return dg.SkipReason(visible(f"{inbox} does not exist yet: make it, and drop files there."))
    bounds = Bounds(settings.batch_max_files, settings.batch_max_bytes, settings.batch_max_wait_seconds)
    with open_index(settings.inbox_index_url, inbox, LeftOut(tuple(settings.leave_out))) as index:
        look_at_inbox(index, data, bounds, settings.settle_seconds, now, patience)
        due, place = _due(index, _place(cursor, index), run_already)
        waiting = what_waits(index)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=batch.batch_id,
                partition_key=batch.batch_id,
            )
            for batch in due
        ],
        dynamic_partitions_requests=(
            [intake_batches.build_add_request([batch.batch_id for batch in due])] if due else []
        ),
        cursor=f"{index.index_id}:{place}",
        skip_reason=None if due else visible(waiting),
    )


def run_already(instance: dg.DagsterInstance, batch_ids: Sequence[str]) -> set[str]:
    """Of these batches those with a run that is under way or went well, whoever started it, and the archived ones."""
    runs = instance.get_runs(
        dg.RunsFilter(job_name=ocr_batch.name, tags={_PARTITION_TAG: list(batch_ids)}),
    )
    archived = set(archived_batches(instance)) & set(batch_ids)
    return archived | {run.tags[_PARTITION_TAG] for run in runs if run.status not in _ENDED_BADLY}


def _due(
    index: InboxIndex, place: int, run_already: Callable[[Sequence[str]], Collection[str]]
) -> tuple[list[KnownBatch], int]:
    """The batches to ask for now, and the place in the order that is reached with them."""
    due: list[KnownBatch] = []
    while batches := batches_after(index, place, _BATCHES_AT_ONCE):
        done = run_already([batch.batch_id for batch in batches])
        for batch in batches:
            if batch.batch_id not in done:
                if len(due) == _MOST_RUNS_A_TICK:
                    return due, place
                due.append(batch)
            place = batch.batch_seq
    return due, place


def _place(cursor: str | None, index: InboxIndex) -> int:
    """The place in the order of batches that a cursor stands for; the beginning if it is of another index."""
    index_id, _, place = (cursor or "").partition(":")
    return int(place) if index_id == index.index_id and place.isdecimal() else 0
