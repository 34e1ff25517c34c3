"""One run at a time on an intake batch: a lease in the database that all processes share.

Whoever holds a batch renews its lease; it is free again when it was not renewed in time, or at once when its holder ran
on this machine and has ended. A holder that has lost its batch (a suspended process, a machine cut off) finds out
before its next question and before its next write.
"""

import contextlib
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from qwenocr_assets.errors import BatchTaken, InUse, StorageError
from qwenocr_assets.state.database import database_time, open_database
from qwenocr_assets.state.heartbeat import beating
from qwenocr_assets.state.processes import has_ended, this_process
from qwenocr_assets.state.sqlite import IMPATIENT, SILENT_SECONDS
from qwenocr_assets.state.tables.leases import LEASES

LEASE_SECONDS = 60.0
"""So long after its last sign of life a holder is taken for dead, where nothing else tells."""
_BEATS_PER_LEASE = 4
_POLL_SECONDS = 0.5

_OPEN_HERE: set[str] = set()
"""Holders of this process whose context is open."""


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who has a batch."""

    name: str
    taken_at: float

    def __str__(self) -> str:
        return f"{self.name} (since {datetime.fromtimestamp(self.taken_at, UTC):%H:%M:%S} UTC)"


class BatchHold:
    """A batch that is ours. Threads may share it."""

    def __init__(self, engine: Engine, batch_id: str, lease_seconds: float) -> None:
        self._engine = engine
        self._impatient = engine.execution_options(**{IMPATIENT: True})
        self._batch_id = batch_id
        self._lease_seconds = lease_seconds
        self.holder = uuid.uuid4().hex
        self._sure_until = 0.0

    def check(self) -> None:
        """Make sure that the batch is still ours; the database is asked only when the lease may have run out.

        Raises:
            BatchTaken: another run has it.
            StorageError: the lease may have run out and the database cannot be asked.
        """
        if time.monotonic() < self._sure_until:
            return
        try:
            renewed = self.renew()
        except StorageError as error:
            raise self._unsure(error) from error
        if not renewed:
            raise self._taken()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """What is written in here is written while the batch is ours: no other run can take it before the end.

        As long as the lease has not run out, a database that fails stops nobody: what is paid for is kept.

        Raises:
            BatchTaken: another run has it.
            StorageError: the lease may have run out and the database cannot be asked.
        """
        with contextlib.ExitStack() as stack:
            try:
                sure = time.monotonic() < self._sure_until - SILENT_SECONDS
                connection = stack.enter_context((self._impatient if sure else self._engine).connect())
                self._take_turn(connection)
                holder = connection.scalar(select(LEASES.c.holder).where(LEASES.c.batch_id == self._batch_id))
            except StorageError as error:
                if time.monotonic() >= self._sure_until:
                    raise self._unsure(error) from error
            else:
                if holder != self.holder:
                    raise self._taken()
            yield

    def renew(self) -> bool:
        """Say that this run lives; False when the batch is no longer its own."""
        before = time.monotonic()
        with self._engine.begin() as connection:
            self._take_turn(connection)
            expires_at = database_time(connection) + self._lease_seconds
            ours = (LEASES.c.batch_id == self._batch_id) & (LEASES.c.holder == self.holder)
            renewed = (
                connection.execute(update(LEASES).where(ours).values(expires_at=expires_at)).rowcount == 1
            )
        self._sure_until = before + self._lease_seconds if renewed else 0.0
        return renewed

    def take(self) -> _Holder | None:
        """Take the batch unless a living run has it; returns that one."""
        before = time.monotonic()
        with self._engine.begin() as connection:
            self._take_turn(connection)
            now = database_time(connection)
            held = connection.execute(select(LEASES).where(LEASES.c.batch_id == self._batch_id)).one_or_none()
            if held is not None and held.expires_at > now and not _is_abandoned(held.process, held.holder):
                return _Holder(held.host, held.taken_at)
            connection.execute(delete(LEASES).where(LEASES.c.batch_id == self._batch_id))
            connection.execute(
                insert(LEASES).values(
                    batch_id=self._batch_id,
                    holder=self.holder,
                    host=f"process {os.getpid()} on {socket.gethostname()}",
                    process=this_process(),
                    taken_at=now,
                    expires_at=now + self._lease_seconds,
                )
            )
        self._sure_until = before + self._lease_seconds
        return None

    def give_back(self) -> None:
        """Let others have it."""
        with self._engine.begin() as connection:
            connection.execute(delete(LEASES).where(LEASES.c.holder == self.holder))

    def _take_turn(self, connection: Connection) -> None:
        """Keep all others from this batch until the transaction ends; on SQLite every transaction does that."""
        if connection.dialect.name == "postgresql":
            connection.execute(_POSTGRES_TURN, {"name": f"batch {self._batch_id}"})

    def _taken(self) -> BatchTaken:
        return BatchTaken(
            f"Intake {self._batch_id} was taken over by another run: this one stood still for over "
            f"{self._lease_seconds:g} s, or was cut off from the database.",
            "What it had saved is kept. Let the other run finish, then run the same command.",
        )

    def _unsure(self, error: StorageError) -> StorageError:
        return StorageError(
            f"Nobody can say whether intake {self._batch_id} is still this run's. {error.message}",
            error.next_step,
        )


def _is_abandoned(process: str, holder: str) -> bool:
    """Whether nobody has a batch any more although its lease runs: its process ended, or could not give it back."""
    ours = process != "" and process == this_process()
    return has_ended(process) or (ours and holder not in _OPEN_HERE)


_POSTGRES_TURN = text("SELECT pg_advisory_xact_lock(hashtext(:name))")


@contextlib.contextmanager
def hold_batch(
    url: str,
    batch_id: str,
    *,
    wait_seconds: float = 0.0,
    on_wait: Callable[[str], object] = lambda _: None,
    lease_seconds: float = LEASE_SECONDS,
    doing: str = "",
) -> Iterator[BatchHold]:
    """Have a batch for as long as the context is open. While another run has it, `on_wait` is told, once.

    What else only one may work on is leased in the same way, under an id that no batch has: `doing` says to people
    what is done there, like "The warehouse is being written".

    Raises:
        InUse: another run had it for longer than `wait_seconds`.
        ConfigurationError, StorageError: the database cannot be opened.
    """
    engine = open_database(url, durable=False)
    hold = BatchHold(engine, batch_id, lease_seconds)
    _OPEN_HERE.add(hold.holder)
    try:
        try:
            _take_or_wait(hold, doing or f"Intake {batch_id} is being run", wait_seconds, on_wait)
        except InUse:
            raise
        except StorageError as error:
            raise StorageError(
                f"Nobody can say whether another run has {batch_id}, so nothing is done. {error.message}",
                error.next_step,
            ) from error
        try:
            with beating(hold.renew, lease_seconds / _BEATS_PER_LEASE, "batch-lease"):
                yield hold
        finally:
            # a lease that cannot be given back runs out by itself, and is free at once for this process
            with contextlib.suppress(StorageError):
                hold.give_back()
    finally:
        _OPEN_HERE.discard(hold.holder)
        engine.dispose()


def _take_or_wait(hold: BatchHold, doing: str, wait_seconds: float, on_wait: Callable[[str], object]) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while other := hold.take():
        if time.monotonic() >= deadline:
            raise InUse(
                f"{doing} by {other}.",
                "Wait until that run ends, or stop it; then run the same command. What it saves is not paid again.",
            )
        if not told:
            on_wait(f"{doing} by {other}. Waiting for it, at most {wait_seconds:g} s.")
            told = True
        time.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
