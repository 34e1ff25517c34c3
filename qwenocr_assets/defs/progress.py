"""Progress inside Dagster: what is noted stands in the run's log too."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import dagster as dg

from qwenocr_assets.environment.progress import Advance, Progress
from qwenocr_assets.outgoing import visible


@dataclass(frozen=True, slots=True)
class LoggedProgress:
    """Shows stages as `shown` does; notes go there and into the log."""

    shown: Progress
    context: dg.OpExecutionContext | dg.AssetExecutionContext

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        return self.shown.stage(name, total)

    def note(self, message: str) -> None:
        self.context.log.warning(visible(message))
        self.shown.note(message)
