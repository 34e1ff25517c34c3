"""One run at a time on an intake batch or on the warehouse, for steps that write there."""

from contextlib import AbstractContextManager

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.state.batch_hold import BatchHold, hold_batch


def held(environment: Environment, batch_id: str, progress: Progress) -> AbstractContextManager[BatchHold]:
    """The batch for this step alone; while another run has it, whoever watches is told.

    Raises:
        InUse: another run had it for longer than `batch_wait_seconds`.
        ConfigurationError, StorageError: the database cannot be opened.
    """
    return hold_batch(
        environment.database_url,
        batch_id,
        wait_seconds=environment.settings.batch_wait_seconds,
        on_wait=progress.note,
    )


def writing_warehouse(environment: Environment, progress: Progress) -> AbstractContextManager[BatchHold]:
    """The warehouse's working file, and the table files that it is loaded from, for this step alone.

    Raises:
        InUse: another run had it for longer than `batch_wait_seconds`.
        ConfigurationError, StorageError: the database cannot be opened.
    """
    return hold_batch(
        environment.database_url,
        "the warehouse",
        wait_seconds=environment.settings.batch_wait_seconds,
        on_wait=progress.note,
        doing="The warehouse is being written",
    )
