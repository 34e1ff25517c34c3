"""Old intake batches leave Dagster's list of partitions, and nothing else: data, rows and history stay.

An archived batch's key is moved to a list that no asset has, in the same database. So the warehouse does not take it
for deleted, the inbox sensor does not bring it back, and a run of it does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.schema import DynamicPartitionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from pydantic import Field

from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.places.published import published
from qwenocr_assets.warehouse.query import run_query

_LISTED = intake_batches.name or ""
_ARCHIVED = f"archived_{_LISTED}"
_KEYS_A_STATEMENT = 500
_PARTITION_TAG = "dagster/partition"
_UNFINISHED = [
    status for status in dg.DagsterRunStatus if status.value not in ("SUCCESS", "FAILURE", "CANCELED")
]

_PROGRESS = """
    WITH batches AS (SELECT DISTINCT batch_id FROM core.documents),
    asked AS (SELECT batch_id, count(*) AS requests FROM core.ocr_requests GROUP BY batch_id),
    answered AS (
        SELECT batch_id, status, count(*) AS answers, min(coalesce(attempts_in_all, 0)) AS least_attempts
        FROM core.ocr_responses GROUP BY batch_id, status
    )
    SELECT batch_id, coalesce(requests, 0), status, coalesce(answers, 0), least_attempts
    FROM batches LEFT JOIN asked USING (batch_id) LEFT JOIN answered USING (batch_id)
"""
"""Of each batch in the warehouse: its requests, and by status its answers and the fewest calls made for one of them."""


@dataclass(frozen=True, slots=True)
class ToArchive:
    """Which batches of Dagster's list are old, and which of these may go."""

    batch_ids: tuple[str, ...]
    open: tuple[str, ...]
    """Old ones that stay: not in the warehouse yet, or with requests that may still be answered, or running."""
    listed: int
    """Batches in Dagster's list."""


def to_archive(
    instance: dg.DagsterInstance,
    data: DataFolder,
    older_than: timedelta,
    now: datetime,
    *,
    most_attempts: int,
) -> ToArchive:
    """The batches whose manifest was written longer ago than `older_than`: when cut, or when last given to `run`.

    A request that failed with `most_attempts` calls is given up, and holds no batch back.

    Raises:
        WarehouseError: nothing has been published yet.
    """
    listed = instance.get_dynamic_partitions(_LISTED)
    written = _written_at(data)
    old = [batch for batch in listed if batch in written and now - written[batch] > older_than]
    if not old:
        return ToArchive((), (), len(listed))
    closed = _closed(data, most_attempts) - _running(instance)
    return ToArchive(
        tuple(batch for batch in old if batch in closed),
        tuple(batch for batch in old if batch not in closed),
        len(listed),
    )


def archived_batches(instance: dg.DagsterInstance) -> list[str]:
    """The batches that are archived."""
    return list(instance.get_dynamic_partitions(_ARCHIVED))


def archive_batches(instance: dg.DagsterInstance, batch_ids: Sequence[str]) -> None:
    """Take batches out of Dagster's list."""
    _move_keys(instance, batch_ids, _LISTED, _ARCHIVED)


def restore_batches(instance: dg.DagsterInstance, batch_ids: Sequence[str]) -> None:
    """Put batches into Dagster's list, whether they were archived or are new."""
    while True:
        try:
            archived = [batch for batch in batch_ids if instance.has_dynamic_partition(_ARCHIVED, batch)]
            _move_keys(instance, archived, _ARCHIVED, _LISTED)
            instance.add_dynamic_partitions(_LISTED, batch_ids)
        except sa.exc.IntegrityError:  # another process put one of them there since Dagster looked
            continue
        return


def _move_keys(instance: dg.DagsterInstance, keys: Sequence[str], source: str, target: str) -> None:
    """Move keys from one list to another, all in one transaction; one by one each is a transaction of some ms."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        instance.add_dynamic_partitions(target, keys)
        for key in keys:
            instance.delete_dynamic_partition(source, key)
        return
    table = DynamicPartitionsTable
    with storage.index_connection() as connection:
        for begin in range(0, len(keys), _KEYS_A_STATEMENT):
            some = table.c.partition.in_(keys[begin : begin + _KEYS_A_STATEMENT])
            here = sa.select(table.c.partition).where(table.c.partitions_def_name == source, some)
            these = table.c.partition.in_(connection.execute(here).scalars().all())
            connection.execute(table.delete().where(table.c.partitions_def_name == target, these))
            connection.execute(
                table.update()
                .where(table.c.partitions_def_name == source, these)
                .values(partitions_def_name=target)
            )


def _written_at(data: DataFolder) -> Mapping[str, datetime]:
    folder = data.manifest("").parent
    if not folder.exists():
        return {}
    return {
        PurePosixPath(file.name).stem: file.modified_at
        for file in find_files(folder)
        if file.name.endswith(".json") and "/" not in file.name and file.modified_at is not None
    }


def _closed(data: DataFolder, most_attempts: int) -> set[str]:
    """The batches in the warehouse of which every request has a final answer or is given up."""
    left: dict[str, int] = {}
    for batch, requests, status, answers, least_attempts in run_query(published(data), _PROGRESS).rows:
        given_up = status == AnswerStatus.FAILED and least_attempts >= most_attempts
        closed = status is not None and (AnswerStatus(status).is_final or given_up)
        left[batch] = left.get(batch, requests) - (answers if closed else 0)
    return {batch for batch, requests in left.items() if requests == 0}


def _running(instance: dg.DagsterInstance) -> set[str]:
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    return {run.tags[_PARTITION_TAG] for run in runs if _PARTITION_TAG in run.tags}


class ArchiveConfig(dg.Config):
    """Which batches are old."""

    older_than_days: int = Field(default=90, description="Age of an intake's manifest, in days.")


@dg.op(out=dg.Out(dg.Nothing))
def archive_old_batches(
    context: dg.OpExecutionContext, config: ArchiveConfig, environment: dg.ResourceParam[Environment]
) -> None:
    """Take old batches out of Dagster's list of partitions."""
    found = to_archive(
        context.instance,
        environment.data,
        timedelta(days=config.older_than_days),
        datetime.now(UTC),
        most_attempts=environment.settings.max_attempts_in_all,
    )
    archive_batches(context.instance, found.batch_ids)
    context.add_output_metadata(
        {
            "archived": len(found.batch_ids),
            "still_open": len(found.open),
            "listed": found.listed - len(found.batch_ids),
        }
    )


@dg.job(executor_def=dg.in_process_executor)
def archive() -> None:
    """Take batches older than 90 days (unless configured) out of Dagster's list; data and rows stay."""
    archive_old_batches()


monthly_archive = dg.ScheduleDefinition(
    name="monthly_archive",
    job=archive,
    cron_schedule="0 4 1 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Archive intakes older than 90 days on the first of each month at 04:00 UTC. Off until switched on.",
)
