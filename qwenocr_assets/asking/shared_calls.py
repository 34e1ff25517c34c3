"""The state of an account in a database, for processes that share the account.

SQLite (one machine) or Postgres. Every decision is one short transaction that has the
account to itself, so a process that dies leaves nothing behind but its calls of the last second. Times are microseconds
UTC: by this machine's clock with SQLite, by the server's with Postgres.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import sqlalchemy as sql

from qwenocr_assets.errors import StorageError
from qwenocr_assets.qwenocr.limits.account import Account, Rules
from qwenocr_assets.qwenocr.limits.pace import Pace, Started, remembered_seconds
from qwenocr_assets.state.database import database_time, open_database, upsert
from qwenocr_assets.state.tables.calls import RATE_ACCOUNTS, RATE_CALLS

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_KEPT_SECONDS = 60.0
_CLOCK_WENT_BACK_SECONDS = 1.0

# Built once: SQLAlchemy needs longer to build a statement than SQLite to run it.
_ACCOUNT: sql.BindParameter[str] = sql.bindparam("this_account")
_READ_ACCOUNT = sql.select(RATE_ACCOUNTS).where(RATE_ACCOUNTS.c.account == _ACCOUNT)
_LOCK_ACCOUNT = _READ_ACCOUNT.with_for_update()
_WRITE_ACCOUNT = sql.update(RATE_ACCOUNTS).where(RATE_ACCOUNTS.c.account == _ACCOUNT)
_READ_CALLS = (
    sql.select(RATE_CALLS.c.started_at_us, RATE_CALLS.c.tokens)
    .where(RATE_CALLS.c.account == _ACCOUNT, RATE_CALLS.c.started_at_us > sql.bindparam("since_us"))
    .order_by(RATE_CALLS.c.started_at_us)
)
_ADD_CALL = sql.insert(RATE_CALLS)
_CORRECT_CALL = sql.update(RATE_CALLS).where(RATE_CALLS.c.id == sql.bindparam("this_call"))
_REMOVE_CALL = sql.delete(RATE_CALLS).where(RATE_CALLS.c.id == sql.bindparam("this_call"))
_FORGET_CALLS = sql.delete(RATE_CALLS).where(
    RATE_CALLS.c.account == _ACCOUNT,
    sql.not_(RATE_CALLS.c.started_at_us.between(sql.bindparam("since_us"), sql.bindparam("until_us"))),
)


@dataclass(slots=True, eq=False)
class _StoredStart(Started):
    id: int


class SharedCalls:
    """The calls of one account, as all processes with this database see them.

    `url` is that of the ledger's database; `account` names what the service limits: host and model. Use it as a
    context manager, or close it. Opening raises what `open_database` does, and waiting for a call raises StorageError
    when the database fails; what is told afterwards is only logged then: an answer is worth more than its token count.
    `clock` tells the seconds since 1970, in the transaction that decides.
    """

    def __init__(
        self, url: str, account: str, clock: Callable[[sql.Connection], float] = database_time
    ) -> None:
        self._account = account
        self._clock = clock
        self._this = {"this_account": account}
        self._engine = open_database(url, durable=False)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rate-calls")
        self._ready = False

    def close(self) -> None:
        self._thread.shutdown()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def reserve(self, rules: Rules, tokens: int) -> Started | float:
        asked = asyncio.ensure_future(self._run(lambda: self._reserve(rules, tokens)))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            started = await asked
            if isinstance(started, _StoredStart):
                await self._tell(lambda: self._give_back(rules, started))
            raise

    async def answered(self, rules: Rules, started: Started, tokens: int) -> None:
        await self._tell(lambda: self._answered(rules, started, tokens))

    async def throttled(self, rules: Rules, started: Started, *, burst: bool) -> bool:
        return await self._tell(lambda: self._throttled(rules, started, burst=burst)) is not False

    async def restart(self, rules: Rules) -> None:
        await self._tell(lambda: self._restart(rules))

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _tell(self, work: Callable[[], _T]) -> _T | None:
        try:
            return await self._run(work)
        except StorageError as error:
            _log.warning("%s", error)
            return None

    def _reserve(self, rules: Rules, tokens: int) -> Started | float:
        with self._change(rules) as (connection, account, now):
            started = account.reserve(rules, now, tokens)
            if not isinstance(started, Started):
                return started
            call = {"account": self._account, "started_at_us": _us(now), "tokens": tokens}
            added = connection.execute(_ADD_CALL, call).inserted_primary_key
            assert added is not None
            kept = max(_KEPT_SECONDS, remembered_seconds(rules.limits))
            self._forget(connection, now - kept, now + _CLOCK_WENT_BACK_SECONDS)
            return _StoredStart(now, tokens, added[0])

    def _answered(self, rules: Rules, started: Started, tokens: int) -> None:
        with self._change(rules) as (connection, account, _):
            account.answered(rules, started, tokens)
            connection.execute(_CORRECT_CALL, {"this_call": _id(started), "tokens": started.tokens})

    def _give_back(self, rules: Rules, started: Started) -> None:
        with self._change(rules) as (connection, account, _):
            account.give_back(rules, started)
            connection.execute(_REMOVE_CALL, {"this_call": _id(started)})

    def _throttled(self, rules: Rules, started: Started, *, burst: bool) -> bool:
        with self._change(rules) as (_, account, now):
            return account.throttled(rules, now, started, burst=burst)

    def _restart(self, rules: Rules) -> None:
        with self._change(rules) as (_, account, now):
            account.restart(rules, now)

    @contextlib.contextmanager
    def _change(self, rules: Rules) -> Iterator[tuple[sql.Connection, Account, float]]:
        """The account's state, to be changed while no other process can, and the time."""
        with self._alone() as connection:
            now = self._clock(connection)
            account = self._load(connection, rules, now)
            before = _columns(account)
            yield connection, account, now
            after = _columns(account)
            if after != before:
                connection.execute(_WRITE_ACCOUNT, {**self._this, **after})

    @contextlib.contextmanager
    def _alone(self) -> Iterator[sql.Connection]:
        """A transaction that no other process of this account is in at the same time."""
        try:
            if not self._ready:
                self._prepare()
                self._ready = True
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(_LOCK_ACCOUNT, self._this)
                yield connection
        except StorageError as error:
            raise StorageError(
                f"{error.message} Without it, the calls of {self._account} cannot be shared.", error.next_step
            ) from error

    def _prepare(self) -> None:
        row = {"account": self._account, **_columns(Account())}
        with self._engine.begin() as connection:
            connection.execute(upsert(connection, RATE_ACCOUNTS).values(row).on_conflict_do_nothing())

    def _load(self, connection: sql.Connection, rules: Rules, now: float) -> Account:
        since_us = _us(now - remembered_seconds(rules.limits))
        calls = connection.execute(_READ_CALLS, {**self._this, "since_us": since_us})
        recent = deque(Started(at_us / 1e6, tokens) for at_us, tokens in calls)
        if recent and recent[-1].at > now + _CLOCK_WENT_BACK_SECONDS:
            self._forget(connection, now - _KEPT_SECONDS, now)
            return Account()
        row = connection.execute(_READ_ACCOUNT, self._this).one()
        return Account(
            pace=Pace(row.calls_due_us / 1e6, row.tokens_due_us / 1e6, recent),
            share=row.share,
            rises_from=row.rises_from_us / 1e6,
            rise=row.rise,
            held_until=row.held_until_us / 1e6,
            pause_seconds=row.pause_seconds,
            throttled_at=row.throttled_at_us / 1e6,
            busy_until=row.busy_until_us / 1e6,
        )

    def _forget(self, connection: sql.Connection, since: float, until: float) -> None:
        """Remove the account's calls outside of this time."""
        connection.execute(_FORGET_CALLS, {**self._this, "since_us": _us(since), "until_us": _us(until)})


def _columns(account: Account) -> dict[str, Any]:
    return {
        "calls_due_us": _us(account.pace.calls_due),
        "tokens_due_us": _us(account.pace.tokens_due),
        "share": account.share,
        "rises_from_us": _us(account.rises_from),
        "rise": account.rise,
        "held_until_us": _us(account.held_until),
        "pause_seconds": account.pause_seconds,
        "throttled_at_us": _us(account.throttled_at),
        "busy_until_us": _us(account.busy_until),
    }


def _us(seconds: float) -> int:
    """Microseconds since 1970; what never was comes out as 1970."""
    return round(max(0.0, seconds) * 1e6)


def _id(started: Started) -> int:
    assert isinstance(started, _StoredStart)
    return started.id
