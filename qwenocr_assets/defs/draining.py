"""Ending a step that asks: by Ctrl-C, by SIGTERM, or from Dagster's UI, which interrupts the run's process."""

import contextlib
from collections.abc import Iterator

import dagster as dg

from qwenocr_assets.asking.draining import Drain, draining_on_signals
from qwenocr_assets.defs.progress import Progress
from qwenocr_assets.settings import load_settings


@contextlib.contextmanager
def draining(context: dg.AssetExecutionContext, progress: Progress) -> Iterator[Drain]:
    """A drain for this step; at its end an interrupt goes on to Dagster, which ends the run."""
    seconds = load_settings().drain_seconds

    def tell() -> None:
        message = (
            f"Stopping: answers on their way are awaited for at most {seconds:g} s, and nothing more is asked. "
            "Interrupt again to stop at once."
        )
        context.log.warning(message)
        progress.note(message)

    with draining_on_signals(seconds, tell) as drain:
        yield drain
