"""The budget: how much may be spent per run, day, month, route and account, and when an alert is sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from qwenocr_assets.cost.scopes import Kind, Scope
from qwenocr_assets.qwenocr.prices import to_pico
from qwenocr_assets.settings import AccountSettings, BudgetSettings


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be spent, in pico-dollars; None is no limit. Days and months are UTC."""

    run_pico: int | None = None
    day_pico: int | None = None
    month_pico: int | None = None
    route_month_pico: Mapping[str, int] = field(default_factory=dict)
    """By route, per month."""
    account_month_pico: Mapping[str, int | None] = field(default_factory=dict)
    """By account that is listed and used, per month."""
    accounts_together: tuple[str, ...] = ()
    """Of those, the accounts of the region that is set: a batch takes one of them."""

    @classmethod
    def of_usd(
        cls,
        *,
        run: Decimal | None = None,
        day: Decimal | None = None,
        month: Decimal | None = None,
        routes: Mapping[str, Decimal] | None = None,
    ) -> "Caps":
        """Caps in US dollars."""

        def pico(usd: Decimal | None) -> int | None:
            return None if usd is None else to_pico(usd)

        by_route = {route: to_pico(usd) for route, usd in (routes or {}).items()}
        return cls(pico(run), pico(day), pico(month), by_route)

    @classmethod
    def of_settings(
        cls,
        budget: BudgetSettings,
        together: Sequence[AccountSettings] = (),
        others: Sequence[AccountSettings] = (),
    ) -> "Caps":
        """The caps that pipeline.toml sets: also of the accounts of its region, and of those of others."""
        caps = cls.of_usd(
            run=budget.usd_per_run,
            day=budget.usd_per_day,
            month=budget.usd_per_month,
            routes=budget.usd_per_month_by_route,
        )
        by_account = {
            account.name: None if account.usd_per_month is None else to_pico(account.usd_per_month)
            for account in (*together, *others)
        }
        return replace(
            caps, account_month_pico=by_account, accounts_together=tuple(account.name for account in together)
        )

    @property
    def largest_of_accounts_pico(self) -> int | None:
        """The most that any one account of the region may spend in a month; None where one has no cap."""
        caps = [self.account_month_pico.get(name) for name in self.accounts_together]
        capped = [cap for cap in caps if cap is not None]
        return max(capped) if capped and len(capped) == len(caps) else None

    def of(self, scopes: Iterable[Scope]) -> Iterator[tuple[Scope, int]]:
        """The scopes that have a cap, with it."""
        for scope in scopes:
            if (cap := self.cap(scope)) is not None:
                yield scope, cap

    def cap(self, scope: Scope) -> int | None:
        """The most that may be spent in a scope."""
        match scope.kind:
            case Kind.RUN:
                return self.run_pico
            case Kind.DAY:
                return self.day_pico
            case Kind.MONTH:
                return self.month_pico
            case Kind.ROUTE:
                return self.route_month_pico.get(scope.named)
            case Kind.ACCOUNT:
                return self.account_month_pico.get(scope.named)
