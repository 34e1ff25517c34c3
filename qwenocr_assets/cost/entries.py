"""The ledger's entries: what happens to the money of a call, as functions on an open transaction.

Transactions that write take turns (`Ledger.writing`), so what one has read is true until it commits.

    reserve ──▶ reserved ──▶ settled     the answer came and says what it used
                   │    └──▶ released    certainly not billed
                   └──▶ uncertain        the answer or the process was lost: counts at its reserved price …
                            └──▶ settled or released     … until somebody knows better

Settled, uncertain and reserved money together never exceed a cap: the cap is checked in the transaction that sets the
money aside, against running sums that every transaction keeps. What counts is the day of the reservation (UTC).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, exists, insert, or_, select, text, update

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.scopes import Scope, Scopes, day_of, scopes_of
from qwenocr_assets.errors import UnusableDatabase
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.state.sqlite import REPLACED_STEP
from qwenocr_assets.state.tables.money import ENTRIES, LEASES, TOTALS
from qwenocr_assets.statuses import LedgerState

RECONCILED = "reconciled by a person"
"""Why an entry is closed that nobody but a person could judge."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is about to be made: what it is for, and what it may cost."""

    request_key: str
    batch_id: str
    run_id: str
    account: str
    """By its name: whose key the call carries."""
    region: str
    model: str
    task: str
    route: str
    catalogue_version: str
    price: Price
    estimated_input_tokens: int
    expected_pico: int
    worst_pico: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """Money that was set aside."""

    entry_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Money that was not there: the first cap that would have been exceeded."""

    scope: Scope
    cap_pico: int
    spent_pico: int
    """Settled, uncertain and reserved before this call."""
    needed_pico: int
    reserved_pico: int = 0
    """Of what is spent, what is only reserved: calls in flight rarely cost their worst case."""

    @property
    def may_pass_later(self) -> bool:
        """Whether there may be enough money once calls that are in flight are settled."""
        return self.spent_pico - self.reserved_pico + self.needed_pico <= self.cap_pico


@dataclass(frozen=True, slots=True)
class Sums:
    """The money of a scope, in pico-dollars."""

    reserved_pico: int = 0
    settled_pico: int = 0
    uncertain_pico: int = 0

    @property
    def spent_pico(self) -> int:
        """What counts against a cap."""
        return self.reserved_pico + self.settled_pico + self.uncertain_pico

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(
            self.reserved_pico - other.reserved_pico,
            self.settled_pico - other.settled_pico,
            self.uncertain_pico - other.uncertain_pico,
        )


def reserve(
    connection: Connection, call: Call, caps: Caps, lease_id: str, now: float, *, after: int = 0
) -> Reserved | Refused:
    """Set the worst case of a call aside, unless that would exceed a cap; `now` in seconds since 1970.

    Raises:
        UnusableDatabase: the entry is not numbered `after` one that was made before, so this ledger is an older one.
    """
    day = day_of(now)
    scopes = scopes_of(call.run_id, day, call.route, call.account)
    set_aside = Sums(reserved_pico=call.worst_pico)
    spent = _add(connection, scopes, set_aside)
    for scope, cap in caps.of(scopes):
        if spent[scope] > cap:
            _add(connection, scopes, Sums() - set_aside)
            reserved = connection.execute(_RESERVED, {"scope": str(scope)}).scalar_one()
            return Refused(scope, cap, spent[scope] - call.worst_pico, call.worst_pico, reserved)
    entry_id = connection.execute(_INSERT, _values(call, lease_id, day, now)).scalar_one()
    if entry_id <= after:
        raise _older(after)
    return Reserved(entry_id)


def asked_elsewhere(connection: Connection, call: Call, since: float) -> bool:
    """Whether a living process asks the same for another batch just now, or has had an answer since a moment."""
    return connection.execute(
        _ELSEWHERE, {"key": call.request_key, "batch": call.batch_id, "since": since}
    ).scalar_one()


def enter_settled(
    connection: Connection,
    call: Call,
    cost_pico: int,
    tokens: Tokens,
    reported_model: str | None,
    reason: str,
    asked_at: float,
    now: float,
) -> None:
    """Write a call down that was made and paid for in the past."""
    day = day_of(asked_at)
    closed = {
        "state": LedgerState.SETTLED.value,
        "settled_pico": cost_pico,
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "reported_model": reported_model,
        "closed_at": now,
        "reason": reason,
    }
    connection.execute(_INSERT, _values(call, "", day, asked_at) | closed)
    scopes = scopes_of(call.run_id, day, call.route, call.account)
    _add(connection, scopes, Sums(settled_pico=cost_pico))


def _values(call: Call, lease_id: str, day: str, now: float) -> dict[str, Any]:
    return {
        "state": LedgerState.RESERVED.value,
        "request_key": call.request_key,
        "batch_id": call.batch_id,
        "run_id": call.run_id,
        "lease_id": lease_id,
        "account": call.account,
        "region": call.region,
        "model": call.model,
        "task": call.task,
        "route": call.route,
        "catalogue_version": call.catalogue_version,
        "input_price_pico": call.price.input_pico,
        "output_price_pico": call.price.output_pico,
        "estimated_input_tokens": call.estimated_input_tokens,
        "expected_pico": call.expected_pico,
        "reserved_pico": call.worst_pico,
        "day": day,
        "reserved_at": now,
    }


def settle(
    connection: Connection,
    entry_id: int,
    tokens: Tokens,
    reported_model: str | None,
    now: float,
) -> int:
    """The answer came: the price of its usage, in pico-dollars.

    Takes the place of whatever was thought of the call before: the answer knows best.
    """
    entry = _entry(connection, entry_id)
    cost = Price(entry["input_price_pico"], entry["output_price_pico"]).cost(tokens)
    move(
        connection,
        entry,
        LedgerState.SETTLED,
        now,
        settled_pico=cost,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        reported_model=reported_model,
    )
    return cost


def set_aside(connection: Connection, entry_id: int) -> tuple[str, int]:
    """The task of an entry's call, and what was set aside for it, in pico-dollars."""
    columns = select(ENTRIES.c.task, ENTRIES.c.reserved_pico).where(ENTRIES.c.entry_id == entry_id)
    task, reserved_pico = connection.execute(columns).one()
    return task, reserved_pico


def priced(connection: Connection, entry_ids: Iterable[int]) -> dict[int, tuple[Price, str]]:
    """The price that each entry's money was set aside at, and the version of the catalogue that it is from."""
    columns = (
        ENTRIES.c.entry_id,
        ENTRIES.c.input_price_pico,
        ENTRIES.c.output_price_pico,
        ENTRIES.c.catalogue_version,
    )
    rows = connection.execute(select(*columns).where(ENTRIES.c.entry_id.in_(list(entry_ids))))
    return {row[0]: (Price(row[1], row[2]), row[3]) for row in rows}


def release(connection: Connection, entry_id: int, now: float) -> None:
    """It is certain that the call was not billed."""
    entry = _entry(connection, entry_id)
    if entry["state"] in (LedgerState.RESERVED, LedgerState.UNCERTAIN):
        move(connection, entry, LedgerState.RELEASED, now)


def lose(connection: Connection, entry_id: int, reason: str, now: float) -> None:
    """Nobody knows whether the call was billed: it counts at its reserved price until somebody does."""
    entry = _entry(connection, entry_id)
    if entry["state"] == LedgerState.RESERVED:
        move(connection, entry, LedgerState.UNCERTAIN, now, reason=reason)


def reconcile(
    connection: Connection,
    entry_id: int,
    state: LedgerState,
    settled_pico: int | None,
    reason: str,
    now: float,
) -> bool:
    """Somebody has looked at the bill: close an uncertain entry as settled or released.

    Without an amount it is settled at its reserved price. False when the entry is not uncertain any more.
    """
    entry = _entry(connection, entry_id)
    if entry["state"] != LedgerState.UNCERTAIN:
        return False
    amount = entry["reserved_pico"] if settled_pico is None else settled_pico
    paid = amount if state is LedgerState.SETTLED else None
    move(connection, entry, state, now, settled_pico=paid, reason=reason)
    return True


def move(
    connection: Connection,
    entry: RowMapping,
    state: LedgerState,
    now: float,
    *,
    settled_pico: int | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    reported_model: str | None = None,
    reason: str | None = None,
) -> None:
    """Bring an entry into another state, and the running sums with it."""
    before = _counted(LedgerState(entry["state"]), entry["reserved_pico"], entry["settled_pico"])
    after = _counted(state, entry["reserved_pico"], settled_pico)
    connection.execute(
        _CLOSE,
        {
            "id": entry["entry_id"],
            "state": state.value,
            "settled_pico": settled_pico,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "reported_model": reported_model,
            "reason": reason,
            "closed_at": now,
        },
    )
    scopes = scopes_of(entry["run_id"], entry["day"], entry["route"], entry["account"] or "")
    _add(connection, scopes, after - before)


# compiled once each: building a statement costs more than running it
_ADD = text(
    """
    INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico)
    VALUES (:scope0, :reserved, :settled, :uncertain), (:scope1, :reserved, :settled, :uncertain),
        (:scope2, :reserved, :settled, :uncertain), (:scope3, :reserved, :settled, :uncertain),
        (:scope4, :reserved, :settled, :uncertain)
    ON CONFLICT (scope) DO UPDATE SET
        reserved_pico = cost_totals.reserved_pico + excluded.reserved_pico,
        settled_pico = cost_totals.settled_pico + excluded.settled_pico,
        uncertain_pico = cost_totals.uncertain_pico + excluded.uncertain_pico
    RETURNING scope, reserved_pico + settled_pico + uncertain_pico
    """
)
_RESERVED = select(TOTALS.c.reserved_pico).where(TOTALS.c.scope == bindparam("scope"))
_ELSEWHERE = select(
    exists().where(
        ENTRIES.c.request_key == bindparam("key"),
        ENTRIES.c.batch_id != bindparam("batch"),
        or_(
            and_(
                ENTRIES.c.state == LedgerState.RESERVED.value,
                exists().where(LEASES.c.lease_id == ENTRIES.c.lease_id),
            ),
            and_(ENTRIES.c.state == LedgerState.SETTLED.value, ENTRIES.c.closed_at >= bindparam("since")),
        ),
    )
)
_INSERT = insert(ENTRIES).returning(ENTRIES.c.entry_id)
_FIND = select(
    ENTRIES.c.entry_id,
    ENTRIES.c.state,
    ENTRIES.c.run_id,
    ENTRIES.c.day,
    ENTRIES.c.route,
    ENTRIES.c.account,
    ENTRIES.c.input_price_pico,
    ENTRIES.c.output_price_pico,
    ENTRIES.c.reserved_pico,
    ENTRIES.c.settled_pico,
).where(ENTRIES.c.entry_id == bindparam("id"))
_CLOSE = (
    update(ENTRIES)
    .where(ENTRIES.c.entry_id == bindparam("id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "state",
                "settled_pico",
                "input_tokens",
                "output_tokens",
                "reported_model",
                "reason",
                "closed_at",
            )
        }
    )
)


def _add(connection: Connection, scopes: Scopes, change: Sums) -> Mapping[Scope, int]:
    """Add to the running sums of all scopes; returns what each has spent now."""
    keys = {str(scope): scope for scope in scopes}
    values: dict[str, Any] = {f"scope{i}": key for i, key in enumerate(keys)}
    values |= {
        "reserved": change.reserved_pico,
        "settled": change.settled_pico,
        "uncertain": change.uncertain_pico,
    }
    return {keys[row[0]]: row[1] for row in connection.execute(_ADD, values)}


def _entry(connection: Connection, entry_id: int) -> RowMapping:
    entry = connection.execute(_FIND, {"id": entry_id}).mappings().one_or_none()
    if entry is None:
        raise _older(entry_id)
    return entry


def _older(entry_id: int) -> UnusableDatabase:
    return UnusableDatabase(
        f"The ledger does not know of its entry {entry_id} any more: an older copy took its place while it was used.",
        REPLACED_STEP,
    )


def _counted(state: LedgerState, reserved_pico: int, settled_pico: int | None) -> Sums:
    """Where an entry in this state counts."""
    match state:
        case LedgerState.RESERVED:
            return Sums(reserved_pico=reserved_pico)
        case LedgerState.SETTLED:
            return Sums(settled_pico=settled_pico or 0)
        case LedgerState.UNCERTAIN:
            return Sums(uncertain_pico=reserved_pico)
        case LedgerState.RELEASED:
            return Sums()
