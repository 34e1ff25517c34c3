"""What is spent and what is left: of today, of this month, and of each route's and account's month."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, insert, select

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Sums
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope, day_of, scopes_of
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.prices import dollars, to_usd
from qwenocr_assets.state.tables.money import ALERTS, ENTRIES, TOTALS
from qwenocr_assets.statuses import LedgerState


@dataclass(frozen=True, slots=True)
class Period:
    """The money of a day, a month, a route's or an account's month."""

    scope: Scope
    name: str
    cap_usd: Decimal | None
    settled_usd: Decimal
    uncertain_usd: Decimal
    reserved_usd: Decimal

    @property
    def spent_usd(self) -> Decimal:
        """What counts against the cap: settled, uncertain and reserved."""
        return self.settled_usd + self.uncertain_usd + self.reserved_usd

    @property
    def remaining_usd(self) -> Decimal | None:
        """What is left; None without a cap. A lowered cap leaves nothing, not less than nothing."""
        return None if self.cap_usd is None else max(Decimal(0), self.cap_usd - self.spent_usd)


def spending(ledger: Ledger, caps: Caps) -> list[Period]:
    """Today, this month, and every route and account of this month that has a cap or cost something.

    An account that is the only one, without a cap, is left out: the month is its own.
    """
    day = day_of(ledger.now())
    scopes = scopes_of("", day, "", "")
    names = {scopes.day: f"today, {day}", scopes.month: f"this month, {day[:7]}"}
    routes = {scopes_of("", day, route, "").route for route in caps.route_month_pico}
    accounts = {scopes_of("", day, "", name).account for name in caps.account_month_pico}
    routes |= _spent_in(ledger, Kind.ROUTE, day[:7])
    accounts |= _spent_in(ledger, Kind.ACCOUNT, day[:7])
    if len(accounts) == 1 and not any(caps.of(accounts)):
        accounts.clear()
    for scope in [*sorted(routes), *sorted(accounts)]:
        names[scope] = f"{scope.kind} {scope.named}, {scope.of}"
    return [_period(scope, names[scope], caps, sums) for scope, sums in ledger.sums(names).items()]


def _spent_in(ledger: Ledger, kind: Kind, month: str) -> set[Scope]:
    query = select(TOTALS.c.scope).where(TOTALS.c.scope.like(f"{kind}:%"), TOTALS.c.scope.like(f"%:{month}"))
    with ledger.reading() as connection:
        return {Scope.parse(text) for text in connection.scalars(query)}


def _period(scope: Scope, name: str, caps: Caps, sums: Sums) -> Period:
    cap = caps.cap(scope)
    return Period(
        scope,
        name,
        None if cap is None else to_usd(cap),
        to_usd(sums.settled_pico),
        to_usd(sums.uncertain_pico),
        to_usd(sums.reserved_pico),
    )


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold of a cap that was passed."""

    period: Period
    threshold: Decimal
    """Share of the cap."""

    def __str__(self) -> str:
        spent, cap = dollars(self.period.spent_usd), dollars(self.period.cap_usd or Decimal(0))
        return f"{self.threshold:.0%} of the budget for {self.period.name} is spent: {spent} of {cap}."


def new_alerts(ledger: Ledger, caps: Caps, thresholds: Sequence[Decimal]) -> list[Alert]:
    """Thresholds that nobody was told about yet; from now on somebody was. Of several in a period, the highest."""
    passed = [alert for period in spending(ledger, caps) for alert in _passed(period, thresholds)]
    if not passed:
        return []
    with ledger.writing() as connection:
        told = {(row.scope, row.threshold) for row in connection.execute(select(ALERTS))}
        new = [a for a in passed if (str(a.period.scope), str(a.threshold)) not in told]
        if new:
            rows = [
                {"scope": str(a.period.scope), "threshold": str(a.threshold), "told_at": ledger.now()}
                for a in new
            ]
            connection.execute(insert(ALERTS), rows)
    return list({alert.period.scope: alert for alert in new}.values())


def _passed(period: Period, thresholds: Iterable[Decimal]) -> Iterator[Alert]:
    for threshold in sorted(thresholds):
        if period.cap_usd is not None and period.spent_usd >= threshold * period.cap_usd > 0:
            yield Alert(period, threshold)


@dataclass(frozen=True, slots=True)
class FreeQuotaUse:
    """What a model's free quota still holds, if the account has one: costs are never reduced by it."""

    region: str
    model: str
    ends_on: date
    tokens_left: int
    """In and out together."""


def free_quota_use(ledger: Ledger, models: Iterable[Model], activated_on: date) -> list[FreeQuotaUse]:
    """The free quotas of an account that was activated on this day (UTC), by the tokens of settled calls since then."""
    found = []
    for model in models:
        if model.free_quota is None:
            continue
        quota = model.free_quota
        begins_on = max(activated_on, quota.launched_on or activated_on)
        ends_on = begins_on + timedelta(days=quota.days)
        used = select(func.sum(ENTRIES.c.input_tokens), func.sum(ENTRIES.c.output_tokens)).where(
            ENTRIES.c.state == LedgerState.SETTLED.value,
            ENTRIES.c.region == model.region,
            ENTRIES.c.model == model.name,
            ENTRIES.c.day >= begins_on.isoformat(),
            ENTRIES.c.day < ends_on.isoformat(),
        )
        with ledger.reading() as connection:
            spent = sum(int(tokens or 0) for tokens in connection.execute(used).one())
        found.append(FreeQuotaUse(model.region, model.name, ends_on, max(0, quota.tokens - spent)))
    return found
