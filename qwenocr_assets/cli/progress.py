"""Progress in the terminal: a bar per stage; into a pipe, a line when a stage begins and ends and every ten seconds."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_EVERY_SECONDS = 10.0


class BarProgress:
    """Tells how far each stage of a run is that has work to do."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._bars = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    @contextlib.contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[], None]]:
        """A stage of `total` steps, open while the context is."""
        if not total:
            yield lambda: None
        elif self._console.is_terminal:
            bar = self._bars.add_task(name, total=total)
            yield lambda: self._bars.advance(bar)
        else:
            lines = _Lines(name, total, self.note, self._clock)
            yield lines.advance
            lines.end()

    def note(self, message: str) -> None:
        """A line above the bars."""
        self._bars.console.print(message, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> "BarProgress":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


class _Lines:
    """A stage as lines of a log. Stages advance from several threads."""

    def __init__(self, name: str, total: int, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._name, self._total, self._say, self._clock = name, total, say, clock
        self._done, self._lock = 0, threading.Lock()
        self._began = self._said = clock()
        say(f"{name}: 0/{total}")

    def advance(self) -> None:
        with self._lock:
            self._done += 1
            now = self._clock()
            if now - self._said < _EVERY_SECONDS or self._done >= self._total:
                return
            self._said, done = now, self._done
        self._say(f"{self._name}: {done}/{self._total}")

    def end(self) -> None:
        self._say(f"{self._name}: {self._done}/{self._total} in {self._clock() - self._began:.0f} s")
