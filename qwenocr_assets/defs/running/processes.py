"""Runs of processes that died: closed before the next run starts, so that nobody takes them for running.

A process that runs jobs holds a lock file as long as it lives; the system lets go of it however the process ends.
Its runs carry the file's name as a tag.
"""

import contextlib
import fcntl
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

PROCESS_TAG = "qwenocr/process"

_NO_TIMEOUT = {"dagster/max_runtime": "0"}
"""The daemon cannot end such a process: it would only call its run failed, while it goes on."""

_UNFINISHED = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)


@contextlib.contextmanager
def living_process(dagster_home: Path) -> Iterator[dict[str, str]]:
    """The tags for runs of this process, while it lives in the context."""
    folder = dagster_home / "processes"
    folder.mkdir(exist_ok=True)
    path = folder / uuid.uuid4().hex
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield {PROCESS_TAG: path.name, **_NO_TIMEOUT}
        finally:
            path.unlink()


def close_dead_runs(instance: dg.DagsterInstance, dagster_home: Path) -> list[str]:
    """Mark the runs of dead processes as failed; returns their ids."""
    closed = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        process = run.tags.get(PROCESS_TAG)
        if process is not None and not _lives(dagster_home / "processes" / process):
            instance.report_run_failed(run, "The process that ran it ended without finishing.")
            closed.append(run.run_id)
    return closed


def _lives(lock: Path) -> bool:
    try:
        file = lock.open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    with contextlib.suppress(FileNotFoundError):
        lock.unlink()
    return False
