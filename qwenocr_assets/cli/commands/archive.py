"""`qwenocr archive`: old intakes out of Dagster's list, and back."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from rich.console import Console

from qwenocr_assets.defs.running.archive import archive_batches, archived_batches, restore_batches, to_archive
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.errors import UsageError
from qwenocr_assets.settings import load_settings

_DAYS = {"d": 1, "w": 7, "y": 365}


def archive_older(console: Console, older_than: str, *, dry_run: bool) -> None:
    """Take batches that are older out of Dagster's list of partitions.

    Raises:
        UsageError: `older_than` is no age.
    """
    age = age_of(older_than)
    settings = load_settings()
    ensure_dagster_home(settings.data_folder)
    with dg.DagsterInstance.get() as instance:
        found = to_archive(
            instance,
            settings.data_folder,
            age,
            datetime.now(UTC),
            most_attempts=settings.max_attempts_in_all,
        )
        if not dry_run:
            archive_batches(instance, found.batch_ids)
    count, stay = len(found.batch_ids), found.listed - len(found.batch_ids)
    console.print(
        f"{_batches(count)} would be archived, {stay:,} would stay."
        if dry_run
        else f"{_batches(count)} archived, {stay:,} stay in Dagster's list. Data and rows are as they were."
    )
    if found.open:
        console.print(
            f"{_batches(len(found.open))} of that age stay: they run, are not in the warehouse yet, or have requests "
            "that may still be answered (`qwenocr retry`)."
        )


def restore_archived(console: Console, batch_ids: Sequence[str]) -> None:
    """Put archived batches back into Dagster's list of partitions.

    Raises:
        UsageError: a batch that is not archived.
    """
    ensure_dagster_home(load_settings().data_folder)
    with dg.DagsterInstance.get() as instance:
        archived = set(archived_batches(instance))
        if strangers := [batch for batch in batch_ids if batch not in archived]:
            raise UsageError(
                f"There is no archived intake {', '.join(strangers)}.",
                "`core.documents` has the batch_id of every document.",
            )
        restore_batches(instance, batch_ids)
    console.print(f"{_batches(len(batch_ids))} restored.")


def age_of(text: str) -> timedelta:
    """An age like `90d`, `12w` or `1y`.

    Raises:
        UsageError: it is none.
    """
    match = re.fullmatch(r"(\d{1,4})([dwy])", text.strip().lower())
    if match is None:
        raise UsageError(f"{text!r} is no age.", "Write it like 90d, 12w or 1y.")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


def _batches(count: int) -> str:
    return f"{count:,} intake{'' if count == 1 else 's'}"
