"""Steps that write what came of an intake batch: one run at a time."""

import contextlib
from collections.abc import Iterator

import dagster as dg

from qwenocr_assets.defs.progress import Progress
from qwenocr_assets.settings import load_settings
from qwenocr_assets.state.batch_hold import BatchHold, hold_batch


@contextlib.contextmanager
def held_batch(context: dg.AssetExecutionContext, progress: Progress) -> Iterator[BatchHold]:
    """The step's batch for itself; while another run has it, whoever watches is told.

    Raises:
        BatchInUse: another run had it for longer than `batch_wait_seconds`.
        ConfigurationError, StorageError: the database cannot be opened.
    """
    settings = load_settings()

    def tell(message: str) -> None:
        context.log.warning(message)
        progress.note(message)

    with hold_batch(
        settings.ledger_url, context.partition_key, wait_seconds=settings.batch_wait_seconds, on_wait=tell
    ) as hold:
        yield hold
