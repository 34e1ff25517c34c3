"""Which account a batch asks with: the one with most room, and then always the same.

Room is the rate that a batch may expect: what the account may call a minute, shared with the batches that are at work
on it. An account without money for the batch's dearest call, or that the service refused within the hour, is taken only
where all are so. Decided in one of the ledger's transactions, which take turns: two batches that begin at once see each
other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope, day_of
from qwenocr_assets.state.database import upsert
from qwenocr_assets.state.tables.accounts import BATCH_ACCOUNTS, REFUSALS
from qwenocr_assets.state.tables.calls import RATE_ACCOUNTS, RATE_CALLS
from qwenocr_assets.state.tables.leases import LEASES
from qwenocr_assets.state.tables.money import TOTALS

REFUSED_SECONDS = 3600.0
"""So long an account that was refused is left alone while there are others."""
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands, for a batch that looks for one."""

    account: Account
    refused: str | None
    """Why the service refused its calls within the hour."""
    has_money: bool
    """For a call of the price that was asked about."""
    is_held: bool
    """The service has just throttled it."""
    batches: int
    """Others that are at work on it."""
    calls: int
    """In the last minute."""

    def worse(self, most: float) -> tuple[bool, bool, bool, float, float]:
        """Smaller is better; `most` calls a minute are reckoned with where its limit is not known."""
        limit = self.account.requests_per_minute or most
        rate = limit / (1 + self.batches)
        return self.refused is not None, not self.has_money, self.is_held, -rate, self.calls / limit


def take_account(
    ledger: Ledger, batch_id: str, accounts: Sequence[Account], caps: Caps, needed_pico: int = 0
) -> Account:
    """The account that a batch asks with in a region, among those of it.

    It is the one that the batch has already, unless that is not listed any more, was refused, or has no money for a
    call of `needed_pico`.
    """
    [region] = {account.region.name for account in accounts}
    if len(accounts) == 1:
        return accounts[0]
    with ledger.writing() as connection:
        now = ledger.now()
        found = standings(connection, accounts, caps, now, needed_pico=needed_pico, but=batch_id)
        row = (BATCH_ACCOUNTS.c.batch_id == batch_id, BATCH_ACCOUNTS.c.region == region)
        has = connection.scalar(select(BATCH_ACCOUNTS.c.account).where(*row))
        for standing in found:
            if standing.account.name == has and standing.refused is None and standing.has_money:
                return standing.account
        taken = best(found).account
        values = {"batch_id": batch_id, "region": region, "account": taken.name, "taken_at": now}
        statement = upsert(connection, BATCH_ACCOUNTS).values(values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["batch_id", "region"], set_=values)
        )
        return taken


def best(found: Sequence[Standing]) -> Standing:
    """The one with most room; of equal ones the first that is listed."""
    most = max((s.account.requests_per_minute or 0 for s in found), default=0) or 1
    return min(found, key=lambda standing: standing.worse(most))


def standings(
    connection: Connection,
    accounts: Sequence[Account],
    caps: Caps,
    now: float,
    *,
    needed_pico: int = 0,
    but: str = "",
) -> list[Standing]:
    """How these accounts stand now; the batch `but` does not count as one at work."""
    refused: dict[str, str] = dict(
        connection.execute(
            select(REFUSALS.c.account, REFUSALS.c.reason).where(REFUSALS.c.refused_at > now - REFUSED_SECONDS)
        ).all()
    )
    at_work: dict[str, int] = dict(
        connection.execute(
            select(BATCH_ACCOUNTS.c.account, func.count(BATCH_ACCOUNTS.c.batch_id.distinct()))
            .join(LEASES, LEASES.c.batch_id == BATCH_ACCOUNTS.c.batch_id)
            .where(LEASES.c.expires_at > now, LEASES.c.batch_id != but)
            .group_by(BATCH_ACCOUNTS.c.account)
        ).all()
    )
    now_us = round(now * 1e6)
    calls: dict[str, int] = dict(
        connection.execute(
            select(RATE_CALLS.c.account, func.count())
            .where(RATE_CALLS.c.started_at_us > now_us - _MINUTE_US)
            .group_by(RATE_CALLS.c.account)
        ).all()
    )
    held = set(
        connection.scalars(select(RATE_ACCOUNTS.c.account).where(RATE_ACCOUNTS.c.held_until_us > now_us))
    )
    month = day_of(now)[:7]
    return [
        Standing(
            account,
            refused.get(account.name),
            _has_money(connection, caps, Scope(Kind.ACCOUNT, month, account.name), needed_pico),
            account.limits_scope in held,
            at_work.get(account.name, 0),
            calls.get(account.limits_scope, 0),
        )
        for account in accounts
    ]


def _has_money(connection: Connection, caps: Caps, scope: Scope, needed_pico: int) -> bool:
    cap = caps.cap(scope)
    if cap is None:
        return True
    spent = select(TOTALS.c.reserved_pico + TOTALS.c.settled_pico + TOTALS.c.uncertain_pico)
    return (connection.scalar(spent.where(TOTALS.c.scope == str(scope))) or 0) + needed_pico <= cap


def note_refusal(ledger: Ledger, batch_id: str, account: Account, reason: str) -> None:
    """The service refused every call of an account: the batch has it no more, and others leave it alone for an hour."""
    with ledger.writing() as connection:
        values = {"account": account.name, "reason": reason, "refused_at": ledger.now()}
        statement = upsert(connection, REFUSALS).values(values)
        connection.execute(statement.on_conflict_do_update(index_elements=["account"], set_=values))
        of_it = (BATCH_ACCOUNTS.c.batch_id == batch_id, BATCH_ACCOUNTS.c.account == account.name)
        connection.execute(delete(BATCH_ACCOUNTS).where(*of_it))


def note_served(ledger: Ledger, account: Account) -> None:
    """The service took an account's calls: whatever was refused before is over."""
    with ledger.writing() as connection:
        connection.execute(delete(REFUSALS).where(REFUSALS.c.account == account.name))
