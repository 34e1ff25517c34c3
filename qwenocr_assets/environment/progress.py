"""How far a stage is: told to whoever watches."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

Advance = Callable[[], None]
"""Call it once for each piece of work done."""


class Progress(Protocol):
    """Shows stages and says what people should know now."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """A stage of `total` pieces of work, open while the context is."""
        ...

    def note(self, message: str) -> None:
        """Something that whoever watches should know now."""
        ...


class QuietProgress:
    """Shows and says nothing."""

    @contextlib.contextmanager
    def stage(self, name: str, total: int) -> Iterator[Advance]:  # noqa: ARG002  the protocol's signature
        yield lambda: None

    def note(self, message: str) -> None:
        """Nobody listens."""
