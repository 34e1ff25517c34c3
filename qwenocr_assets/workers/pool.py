"""A pool of worker processes: jobs run in parallel, bounded in memory and time.

A job that crashes its worker, hangs it or eats its memory costs what it worked at, not the run. Workers are plain
child processes of this interpreter (nothing is forked, so threads do no harm); they end with their parent.
The bounds guard against damage and bombs. They are no prison for code that takes a decoder over: for files from
people you do not trust at all, run the pipeline in a container.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Self

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.workers.words import Fault, Words

MEMORY_MB = 2_048
"""Address space of one worker; the largest picture that is decoded takes 512 MiB, and converting it as much again."""
SILENCE_SECONDS = 60.0
"""How long a worker may take from one value to the next."""
_START_SECONDS = 60.0
"""How long it may take to start and import what the job needs; the clock of the job begins after that."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: `reason` None when all went well; `lost` when it took its worker with it."""

    reason: RejectedInput | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A generator function to run in a worker, and what to do here with what it yields.

    The function must be importable by its name, from a module that imports little: what the worker imports counts
    against its memory. Arguments and values must pickle. `receive` and `finish` are called on
    the thread that runs the jobs; `finish` returns jobs that follow from this one.
    """

    function: Callable[..., Iterator[Any]]
    arguments: tuple[Any, ...]
    receive: Callable[[Any], None]
    finish: Callable[[Ended], Iterable["Job"]]


def run_here(jobs: Iterable[Job]) -> None:
    """Run jobs one after the other in this process, without any protection."""
    waiting = deque(jobs)
    while waiting:
        job = waiting.popleft()
        ended = Ended()
        try:
            for value in job.function(*job.arguments):
                job.receive(value)
        except RejectedInput as reason:
            ended = Ended(reason)
        waiting.extend(job.finish(ended))


@dataclass(slots=True)
class Workers:
    """Up to `count` worker processes, started when there is work for them; a context manager."""

    count: int
    words: Words
    memory_mb: int = MEMORY_MB
    silence_seconds: float = SILENCE_SECONDS
    _idle: list["_Worker"] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._idle:
            worker.close()
        self._idle.clear()

    def run(self, jobs: Iterable[Job]) -> None:
        """Run jobs until none is left. A worker waits while what it sent has not been received: that is all the
        buffer there is."""
        waiting = deque(jobs)
        busy: dict[Connection, tuple[_Worker, Job]] = {}
        try:
            while waiting or busy:
                while waiting and len(busy) < self.count:
                    worker = self._idle.pop() if self._idle else _Worker(self.memory_mb, self.words)
                    job = waiting.popleft()
                    worker.begin(job)
                    busy[worker.connection] = (worker, job)
                for connection in self._ready(busy):
                    worker, job = busy[connection]
                    ended = worker.advance(job, self.silence_seconds)
                    if ended is None:
                        continue
                    del busy[connection]
                    if ended.lost:
                        worker.close()
                    else:
                        self._idle.append(worker)
                    waiting.extend(job.finish(ended))
        finally:
            for worker, _ in busy.values():
                worker.close()

    def _ready(self, busy: dict[Connection, tuple["_Worker", Job]]) -> list[Connection]:
        """The connections of workers that sent something, ended, or were silent for too long."""
        first = min(worker.deadline for worker, _ in busy.values())
        ready = {c for c in wait(list(busy), max(0.0, first - time.monotonic())) if isinstance(c, Connection)}
        now = time.monotonic()
        ready |= {c for c, (worker, _) in busy.items() if worker.deadline <= now}
        return [connection for connection in busy if connection in ready]


class _Worker:
    """One child process and the socket to it."""

    def __init__(self, memory_mb: int, words: Words) -> None:
        self._words = words
        ours, theirs = socket.socketpair()
        with theirs:
            command = [
                sys.executable,
                "-m",
                "qwenocr_assets.workers.child",
                str(theirs.fileno()),
                str(memory_mb),
            ]
            environment = {
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "OPENBLAS_NUM_THREADS": "1",  # numpy's threads take 40 MiB of address space for each core
            }
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # so that what it starts (poppler) can be killed with it
            )
        self.connection = Connection(ours.detach())
        self.deadline = 0.0

    def begin(self, job: Job) -> None:
        self.deadline = time.monotonic() + _START_SECONDS
        with suppress(OSError):  # it died while idle: `advance` will say so
            self.connection.send((job.function, job.arguments))

    def advance(self, job: Job, seconds: float) -> Ended | None:
        """Receive one message; returns how the job ended, if it did."""
        try:
            if not self.connection.poll():
                return self._fault(Fault.SLOW, f"{seconds:g}", lost=True)
            kind, value = self.connection.recv()
        except (EOFError, OSError):
            return self._fault(Fault.CRASHED, self._how_it_died(), lost=True)
        if kind == "value":
            job.receive(value)
        if kind in ("begun", "value"):
            self.deadline = time.monotonic() + seconds
            return None
        return self._fault(*value) if kind == "fault" else Ended(value)

    def _fault(self, fault: Fault, detail: str, *, lost: bool = False) -> Ended:
        said, next_step = self._words[fault]
        return Ended(RejectedInput(said.format(detail), next_step), lost)

    def _how_it_died(self) -> str:
        code = self._process.wait()
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"exit code {code}"

    def close(self) -> None:
        self.connection.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
