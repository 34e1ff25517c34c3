"""The ledger: the entries and their sums in a database, each change in one transaction."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, text, update

from qwenocr_assets.cost import entries
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Call, Refused, Reserved, Sums
from qwenocr_assets.cost.scopes import Scope
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.state.database import open_database
from qwenocr_assets.state.processes import has_ended
from qwenocr_assets.state.sqlite import READ_ONLY
from qwenocr_assets.state.tables.money import ENTRIES, LEASES, TOTALS
from qwenocr_assets.statuses import LedgerState

_POSTGRES_TURN = text("SELECT pg_advisory_xact_lock(hashtext('cost_ledger'))")
"""Held until the transaction ends; on SQLite the transaction itself takes the turn."""


class Ledger:
    """A ledger in a database. Threads may share one; every process opens its own."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._for_reading = engine.execution_options(**{READ_ONLY: True})
        self._clock = clock
        # on SQLite, the writers of one process queue here instead of polling for the file's lock
        self._turn: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()
        )

    @classmethod
    def open(cls, url: str, *, clock: Callable[[], float] = time.time) -> "Ledger":
        """Open the ledger.

        Raises:
            ConfigurationError, StorageError: as `open_database` does.
        """
        return cls(open_database(url), clock=clock)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> float:
        """Seconds since 1970, by this ledger's clock."""
        return self._clock()

    # the money of calls: see `entries`

    def reserve(self, call: Call, caps: Caps, lease_id: str) -> Reserved | Refused:
        """Set the worst case of a call aside, unless that would exceed a cap."""
        with self.writing() as connection:
            return entries.reserve(connection, call, caps, lease_id, self._clock())

    def settle(self, entry_id: int, tokens: Tokens, reported_model: str | None = None) -> int:
        """The answer came: the price of its usage, in pico-dollars."""
        with self.writing() as connection:
            return entries.settle(connection, entry_id, tokens, reported_model, self._clock())

    def release(self, entry_id: int) -> None:
        """It is certain that the call was not billed."""
        with self.writing() as connection:
            entries.release(connection, entry_id, self._clock())

    def lose(self, entry_id: int, reason: str) -> None:
        """Nobody knows whether the call was billed."""
        with self.writing() as connection:
            entries.lose(connection, entry_id, reason, self._clock())

    def reconcile(self, entry_id: int, state: LedgerState, settled_pico: int | None, reason: str) -> bool:
        """Close an uncertain entry as settled (without an amount at its reserved price) or released."""
        with self.writing() as connection:
            return entries.reconcile(connection, entry_id, state, settled_pico, reason, self._clock())

    # leases of processes

    def renew(self, lease_id: str, host: str, pid: int, seconds: float, process: str | None = None) -> None:
        """A process says that it lives, and will say so again within `seconds`.

        `process` is its name by which others on its machine can tell that it has ended.
        """
        values = {"host": host, "pid": pid, "process": process, "expires_at": self._clock() + seconds}
        with self.writing() as connection:
            known = connection.execute(update(LEASES).where(LEASES.c.lease_id == lease_id).values(values))
            if not known.rowcount:
                connection.execute(insert(LEASES).values(lease_id=lease_id, **values))

    def expire(self, *, ended: str | None = None) -> list[RowMapping]:
        """Make uncertain what dead processes had reserved, and what the lease that has `ended` still holds.

        Money of a process that cannot be asked is never free again by itself. Returns the entries as they were.
        """
        now = self._clock()
        with self.writing() as connection:
            lease_ids = [
                lease.lease_id
                for lease in connection.execute(select(LEASES)).all()
                if lease.expires_at < now or lease.lease_id == ended or has_ended(lease.process or "")
            ]
            if not lease_ids:
                return []
            of_the_dead = (ENTRIES.c.lease_id.in_(lease_ids), ENTRIES.c.state == LedgerState.RESERVED.value)
            held = connection.execute(
                select(ENTRIES).where(*of_the_dead).order_by(ENTRIES.c.entry_id)
            ).mappings()
            lost = list(held.all())
            for entry in lost:
                reason = "the process that made the call ended"
                entries.move(connection, entry, LedgerState.UNCERTAIN, now, reason=reason)
            connection.execute(delete(LEASES).where(LEASES.c.lease_id.in_(lease_ids)))
            return lost

    # looking

    def sums(self, scopes: Iterable[Scope]) -> dict[Scope, Sums]:
        """The running sums of these scopes; zeros where nothing was spent."""
        scopes = list(scopes)
        with self.reading() as connection:
            rows = connection.execute(
                select(TOTALS).where(TOTALS.c.scope.in_([str(scope) for scope in scopes]))
            ).all()
        found = {row.scope: Sums(row.reserved_pico, row.settled_pico, row.uncertain_pico) for row in rows}
        return {scope: found.get(str(scope), Sums()) for scope in scopes}

    def asked_elsewhere(self, batch_id: str) -> set[str]:
        """The request keys that living processes ask for other batches just now."""
        self.expire()
        living = select(LEASES.c.lease_id)
        query = select(ENTRIES.c.request_key).where(
            ENTRIES.c.state == LedgerState.RESERVED.value,
            ENTRIES.c.batch_id != batch_id,
            ENTRIES.c.lease_id.in_(living),
        )
        with self.reading() as connection:
            return set(connection.scalars(query))

    def entries(self, *, batch_id: str | None = None, state: LedgerState | None = None) -> list[RowMapping]:
        """Entries, of a batch or in a state, in the order in which they were reserved."""
        wanted = {"batch_id": batch_id, "state": state and state.value}
        query = select(ENTRIES).order_by(ENTRIES.c.entry_id)
        for column, value in wanted.items():
            if value is not None:
                query = query.where(ENTRIES.c[column] == value)
        with self.reading() as connection:
            return list(connection.execute(query).mappings().all())

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; an error rolls it back.

        Writers take turns: every one of them changes the month's sum, so they could not go side by side anyway, and
        in turns they cannot block each other.
        """
        with self._turn, self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(_POSTGRES_TURN)
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with self._for_reading.connect() as connection:
            yield connection
