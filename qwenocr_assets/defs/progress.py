"""How far a stage is: told to whoever watches the run."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import dagster as dg

Advance = Callable[[], None]
"""Call it once for each piece of work done."""


class Progress(Protocol):
    """Shows stages. The command line draws bars; a run under the daemon stays quiet."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """A stage of `total` pieces of work, open while the context is."""
        ...

    def note(self, message: str) -> None:
        """Something that whoever watches should know now."""
        ...


class QuietProgress(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Shows nothing: Dagster's own event log tells which step runs."""

    @contextlib.contextmanager
    def stage(self, name: str, total: int) -> Iterator[Advance]:  # noqa: ARG002  the protocol's signature
        yield lambda: None

    def note(self, message: str) -> None:
        """Say nothing: the event log says it."""
