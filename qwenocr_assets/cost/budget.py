"""The budget: how much may be spent per run, day, month and route, and when somebody is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from qwenocr_assets.cost.money import to_pico
from qwenocr_assets.settings import BudgetSettings


class Scopes(NamedTuple):
    """The names of the running sums that a call belongs to."""

    run: str
    day: str
    month: str
    route: str
    """A route's month."""


def scopes_of(run_id: str, day: str, route: str) -> Scopes:
    """The scopes of a call; `day` is the UTC day on which its money is set aside, as YYYY-MM-DD."""
    month = day[:7]
    return Scopes(f"run:{run_id}", f"day:{day}", f"month:{month}", f"route:{route}:{month}")


def day_of(now: float) -> str:
    """The UTC day of a time in seconds since 1970, as YYYY-MM-DD."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be spent, in pico-dollars; None is no limit. Days and months are UTC."""

    run_pico: int | None = None
    day_pico: int | None = None
    month_pico: int | None = None
    route_month_pico: Mapping[str, int] = field(default_factory=dict)
    """By route, per month."""

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
    def of_settings(cls, budget: BudgetSettings) -> "Caps":
        """The caps that pipeline.toml sets."""
        return cls.of_usd(
            run=budget.usd_per_run,
            day=budget.usd_per_day,
            month=budget.usd_per_month,
            routes=budget.usd_per_month_by_route,
        )

    def of(self, scopes: Scopes) -> Iterator[tuple[str, int]]:
        """The scopes that have a cap, with it."""
        for scope in scopes:
            if (cap := self.cap(scope)) is not None:
                yield scope, cap

    def cap(self, scope: str) -> int | None:
        """The cap of a scope by its name."""
        kind, _, rest = scope.partition(":")
        if kind == "route":
            return self.route_month_pico.get(rest.rpartition(":")[0])
        return {"run": self.run_pico, "day": self.day_pico, "month": self.month_pico}[kind]
