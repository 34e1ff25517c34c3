"""Jobs and lines as they stand in the database, each change in one transaction.

    planned ──▶ uploaded ──▶ creating ──▶ running ──▶ ended ──▶ closed
       │            │            │
       └────────────┴────────────┴──▶ closed      refused or cancelled before the service had it

A line waits until it is `answered` (there is a final answer, or a final error) or `left` (it may be asked again).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from qwenocr_assets.asking.batch_api.funds import Funds
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.tables.jobs import JOBS, LINES

_MOST_KEYS_A_QUERY = 500


class JobState(StrEnum):
    """How far a job has come."""

    PLANNED = "planned"
    """Its lines and their money are set aside; nothing has left this machine."""
    UPLOADED = "uploaded"
    CREATING = "creating"
    """The service may have been told: it has to be looked for before it is told again."""
    RUNNING = "running"
    ENDED = "ended"
    """The service has ended it; its results wait to be collected."""
    CLOSED = "closed"


class LineState(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Job:
    """One row of `batch_jobs`."""

    job_id: str
    batch_id: str
    region: str
    model: str
    state: JobState
    completion_window: str
    input_file_id: str | None
    service_id: str | None
    status: str | None
    output_file_id: str | None
    error_file_id: str | None
    completed: int
    failed: int
    problem: str | None
    cancel_asked: bool
    planned_at: float
    attempt_at: float | None
    submitted_at: float | None
    next_poll_at: float | None
    poll_seconds: float | None
    ended_at: float | None
    account: str | None

    @property
    def owner(self) -> str:
        """The name of the account that handed it over: only that can collect it."""
        return self.account or self.region

    @property
    def name(self) -> str:
        """What the service shows as its name (`ds_name`), and what it is found by."""
        return f"qwenocr-{self.job_id}"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of `batch_lines`; `entry_id` is its money in the ledger, None where it costs nothing."""

    batch_id: str
    request_key: str
    task: Task
    pays: bool
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Planned:
    """What became of the lines that were to be planned."""

    job_id: str | None
    """None when nothing is left for a file."""
    lines: int = 0
    shared: int = 0
    """Wait for the answer of another intake batch's line."""
    unfunded: tuple[str, ...] = ()
    """Request keys that the budget refused."""


class Database(Protocol):
    """The ledger's database: writers take turns, and what one has read is true until it commits."""

    def writing(self) -> AbstractContextManager[Connection]: ...

    def reading(self) -> AbstractContextManager[Connection]: ...

    def now(self) -> float:
        """Seconds since 1970."""


Found = TypeVar("Found")


class Jobs:
    """All jobs of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> float:
        return self._database.now()

    # planning

    def plan(
        self,
        batch_id: str,
        lines: Sequence[tuple[str, Task]],
        *,
        region: str,
        model: str,
        window: str,
        funds: Funds,
        account: str | None = None,
    ) -> Planned:
        """Write down a job for these request keys before anything is sent, with its money, in one transaction.

        Keys that wait in a job already are not planned again. Without `account`, it is the region's only one.
        """
        unfunded: list[str] = []
        with self._database.writing() as connection:
            keys = [key for key, _ in lines]
            waiting = _waiting(connection, keys)
            job_id = _job_id(batch_id, keys, _times_planned(connection, keys))
            rows, shared = [], []
            for number, (key, task) in enumerate(lines):
                row = {
                    "job_id": job_id,
                    "batch_id": batch_id,
                    "request_key": key,
                    "number": number,
                    "task": task.value,
                    "state": LineState.WAITING.value,
                }
                if key in waiting:
                    other_job, batches = waiting[key]
                    if batch_id not in batches:
                        shared.append(row | {"job_id": other_job, "pays": 0, "entry_id": None})
                    continue
                entry_id = funds.reserve(connection, key, job_id)
                if entry_id is None:
                    unfunded.append(key)
                    continue
                rows.append(row | {"pays": 1, "entry_id": entry_id or None})
            if rows:
                connection.execute(
                    insert(JOBS).values(
                        job_id=job_id,
                        batch_id=batch_id,
                        region=region,
                        account=account,
                        model=model,
                        state=JobState.PLANNED.value,
                        completion_window=window,
                        planned_at=self.now(),
                    )
                )
            if rows or shared:
                connection.execute(insert(LINES), [*rows, *shared])
        return Planned(job_id if rows else None, len(rows), len(shared), tuple(unfunded))

    # moving a job on

    def change(self, job: Job, state: JobState | None = None, **values: Any) -> bool:
        """Change a job if it still stands as it was read; False when another process was first."""
        with self._database.writing() as connection:
            return _change(connection, job, state, values)

    def close_unsent(
        self, job: Job, problem: str, funds: Funds, *, lines: Iterable[Line] | None = None, **values: Any
    ) -> bool:
        """Give up a job that the service never had: its lines are left, their money is free."""
        with self._database.writing() as connection:
            if not _change(connection, job, JobState.CLOSED, {"problem": problem, **values}):
                return False
            for line in lines or _lines(connection, job.job_id):
                leave(connection, job.job_id, line, problem, funds)
            return True

    def leave_lines(self, job: Job, reasons: Mapping[str, str], funds: Funds) -> None:
        """Give up single lines of a job that is not sent yet, by request key."""
        with self._database.writing() as connection:
            for line in _lines(connection, job.job_id):
                if line.request_key in reasons:
                    leave(connection, job.job_id, line, reasons[line.request_key], funds)

    def write(self, work: Callable[[Connection], None]) -> None:
        """Do this in one transaction."""
        with self._database.writing() as connection:
            work(connection)

    def read(self, look: Callable[[Connection], Found]) -> Found:
        """What this finds in one state of the database."""
        with self._database.reading() as connection:
            return look(connection)

    def close_if_done(self, job: Job) -> bool:
        """Close an ended job none of whose lines waits any more."""
        with self._database.writing() as connection:
            still = select(LINES.c.job_id).where(
                LINES.c.job_id == job.job_id, LINES.c.state == LineState.WAITING.value
            )
            if connection.execute(still.limit(1)).first() is not None:
                return False
            return _change(connection, job, JobState.CLOSED, {})

    # looking

    def get(self, job_id: str) -> Job | None:
        """A job by its id, the beginning of it, or the service's id; None when there is none or several."""
        named = JOBS.c.job_id.startswith(job_id, autoescape=True) | (JOBS.c.service_id == job_id)
        found = self._select(select(JOBS).where(named).limit(2))
        return found[0] if len(found) == 1 else None

    def all(self, *states: JobState, batch_id: str | None = None) -> list[Job]:
        """Jobs in these states (without any, all), the oldest first; with `batch_id`, those its requests wait in."""
        query = select(JOBS).order_by(JOBS.c.planned_at, JOBS.c.job_id)
        if states:
            query = query.where(JOBS.c.state.in_([s.value for s in states]))
        if batch_id is not None:
            query = query.where(
                JOBS.c.job_id.in_(
                    select(LINES.c.job_id).where(
                        LINES.c.batch_id == batch_id, LINES.c.state == LineState.WAITING.value
                    )
                )
            )
        return self._select(query)

    def lines(self, job_id: str, *, batch_id: str | None = None) -> list[Line]:
        """The lines of a job that wait, in the order of its file; with `batch_id`, only that intake batch's."""
        with self._database.reading() as connection:
            return _lines(connection, job_id, batch_id)

    def line_counts(self, job_id: str) -> dict[str, int]:
        """How many lines of a job's file are in which state."""
        query = (
            select(LINES.c.state, func.count())
            .where(LINES.c.job_id == job_id, LINES.c.pays == 1)
            .group_by(LINES.c.state)
        )
        with self._database.reading() as connection:
            return {state: count for state, count in connection.execute(query)}  # noqa: C416  rows are no pairs

    def waiting_keys(self, batch_id: str) -> set[str]:
        """Request keys of an intake batch that wait in a job."""
        query = select(LINES.c.request_key).where(
            LINES.c.batch_id == batch_id, LINES.c.state == LineState.WAITING.value
        )
        with self._database.reading() as connection:
            return set(connection.scalars(query))

    def times_left(self, batch_id: str) -> dict[str, int]:
        """How often each request key of an intake batch came back from a job without an answer."""
        query = (
            select(LINES.c.request_key, func.count())
            .where(LINES.c.batch_id == batch_id, LINES.c.state == LineState.LEFT.value)
            .group_by(LINES.c.request_key)
        )
        with self._database.reading() as connection:
            return {key: count for key, count in connection.execute(query)}  # noqa: C416  rows are no pairs

    def intake_batches(self, job_id: str) -> list[str]:
        """Intake batches with requests that wait in a job."""
        query = (
            select(LINES.c.batch_id)
            .where(LINES.c.job_id == job_id, LINES.c.state == LineState.WAITING.value)
            .distinct()
        )
        with self._database.reading() as connection:
            return sorted(connection.scalars(query))

    def _select(self, query: Any) -> list[Job]:
        with self._database.reading() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]


def answered(connection: Connection, job_id: str, line: Line) -> None:
    """A line has its final answer."""
    _close(connection, job_id, line, LineState.ANSWERED, None)


def leave(
    connection: Connection, job_id: str, line: Line, reason: str, funds: Funds, *, may_be_billed: bool = False
) -> None:
    """A line came back without an answer."""
    _close(connection, job_id, line, LineState.LEFT, reason)
    if line.entry_id is not None:
        if may_be_billed:
            funds.lose(connection, line.entry_id, reason)
        else:
            funds.release(connection, line.entry_id)


def _close(connection: Connection, job_id: str, line: Line, state: LineState, reason: str | None) -> None:
    connection.execute(
        update(LINES)
        .where(
            LINES.c.job_id == job_id,
            LINES.c.batch_id == line.batch_id,
            LINES.c.request_key == line.request_key,
        )
        .values(state=state.value, reason=reason)
    )


def _change(connection: Connection, job: Job, state: JobState | None, values: dict[str, Any]) -> bool:
    if state is not None:
        values = values | {"state": state.value}
    changed = connection.execute(
        update(JOBS)
        .where(
            JOBS.c.job_id == job.job_id,
            JOBS.c.state == job.state.value,
            JOBS.c.attempt_at.is_not_distinct_from(job.attempt_at),
        )
        .values(**values)
    )
    return bool(changed.rowcount)


def _lines(connection: Connection, job_id: str, batch_id: str | None = None) -> list[Line]:
    query = select(LINES).where(LINES.c.job_id == job_id, LINES.c.state == LineState.WAITING.value)
    if batch_id is not None:
        query = query.where(LINES.c.batch_id == batch_id)
    rows = connection.execute(query.order_by(LINES.c.pays.desc(), LINES.c.number)).mappings()
    return [
        Line(r["batch_id"], r["request_key"], Task(r["task"]), bool(r["pays"]), r["entry_id"]) for r in rows
    ]


def _waiting(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str, set[str]]]:
    """Which of these keys wait in which job, and for which intake batches."""
    found: dict[str, tuple[str, set[str]]] = {}
    columns = select(LINES.c.request_key, LINES.c.job_id, LINES.c.batch_id)
    for group in _groups(keys):
        query = columns.where(LINES.c.request_key.in_(group), LINES.c.state == LineState.WAITING.value)
        for key, job_id, batch_id in connection.execute(query):
            found.setdefault(key, (job_id, set()))[1].add(batch_id)
    return found


def _times_planned(connection: Connection, keys: Sequence[str]) -> int:
    return sum(
        connection.scalar(select(func.count()).where(LINES.c.request_key.in_(group))) or 0
        for group in _groups(keys)
    )


def _groups(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[n : n + _MOST_KEYS_A_QUERY] for n in range(0, len(keys), _MOST_KEYS_A_QUERY))


def _job_id(batch_id: str, keys: Sequence[str], times_planned: int) -> str:
    """The same requests have the same job, until they were in one: then the next time has another."""
    parts = "\x00".join((batch_id, str(times_planned), *keys))
    return hashlib.sha256(parts.encode()).hexdigest()[:20]


def _job(row: RowMapping) -> Job:
    return Job(**{**row, "state": JobState(row["state"]), "cancel_asked": bool(row["cancel_asked"])})
