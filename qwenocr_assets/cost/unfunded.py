"""Batches that the budget stopped: remembered in the ledger, and resumed when there is money again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Refused
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope, day_of
from qwenocr_assets.state.tables.money import UNFUNDED


@dataclass(frozen=True, slots=True)
class UnfundedBatch:
    """A batch with calls that were refused, and what the last refusal said."""

    batch_id: str
    scope: Scope
    cap_pico: int
    needed_pico: int
    refused_at: float
    """Seconds since 1970."""


def remember(ledger: Ledger, batch_id: str, refused: Iterable[Refused]) -> None:
    """Note how a batch's run ended: what was refused, or nothing."""
    rows = [
        {
            "batch_id": batch_id,
            "scope": str(r.scope),
            "cap_pico": r.cap_pico,
            "needed_pico": r.needed_pico,
            "refused_at": ledger.now(),
        }
        for r in refused
    ]
    with ledger.writing() as connection:
        connection.execute(delete(UNFUNDED).where(UNFUNDED.c.batch_id == batch_id))
        if rows:
            connection.execute(insert(UNFUNDED), rows)


def unfunded_batches(ledger: Ledger) -> dict[str, list[UnfundedBatch]]:
    """Every batch that waits for money, with all the caps that refused it; the longest wait first."""
    with ledger.reading() as connection:
        rows = connection.execute(select(UNFUNDED).order_by(UNFUNDED.c.refused_at)).all()
    batches: dict[str, list[UnfundedBatch]] = {}
    for row in rows:
        batches.setdefault(row.batch_id, []).append(
            UnfundedBatch(**row._asdict() | {"scope": Scope.parse(row.scope)})
        )
    return batches


def may_resume(ledger: Ledger, waiting: Iterable[UnfundedBatch], caps: Caps) -> bool:
    """Whether every cap that refused a batch has room for the call it refused: raised, given back, or a new period.

    A run's cap has to be raised: a new run alone is no new money. For an account's cap another account of the region
    does as well: the batch takes that.
    """
    return all(_has_room(ledger, refusal, caps) for refusal in waiting)


def _has_room(ledger: Ledger, refusal: UnfundedBatch, caps: Caps) -> bool:
    if refusal.scope.kind is Kind.RUN:
        return caps.run_pico is None or caps.run_pico > refusal.cap_pico
    now = refusal.scope.at(day_of(ledger.now()))
    scopes = [now]
    if now.kind is Kind.ACCOUNT and caps.accounts_together:
        scopes = [replace(now, named=name) for name in caps.accounts_together]
    spent = ledger.sums(scopes)
    return any(
        (cap := caps.cap(scope)) is None or spent[scope].spent_pico + refusal.needed_pico <= cap
        for scope in scopes
    )
