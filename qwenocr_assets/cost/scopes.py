"""What money is added up by: a run, a day, a month, a route's and an account's month. Days and months are UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Self


class Kind(StrEnum):
    """What a sum is of."""

    RUN = "run"
    DAY = "day"
    MONTH = "month"
    ROUTE = "route"
    """A route's month."""
    ACCOUNT = "account"
    """An account's month."""


_NAMED = (Kind.ROUTE, Kind.ACCOUNT)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One sum. Its text is the key under which the ledger keeps it."""

    kind: Kind
    of: str
    """The run's id, the day as YYYY-MM-DD, or the month as YYYY-MM."""
    named: str = ""
    """For the month of a route or an account: its name."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.named}:{self.of}" if self.kind in _NAMED else f"{self.kind}:{self.of}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The scope of a key. Raises ValueError for what is none."""
        kind, _, of = text.partition(":")
        if kind not in _NAMED:
            return cls(Kind(kind), of)
        name, _, month = of.rpartition(":")
        return cls(Kind(kind), month, name)

    def at(self, day: str) -> "Scope":
        """The same sum on another day: a run's stays what it is."""
        match self.kind:
            case Kind.RUN:
                return self
            case Kind.DAY:
                return Scope(Kind.DAY, day)
            case Kind.MONTH | Kind.ROUTE | Kind.ACCOUNT:
                return Scope(self.kind, day[:7], self.named)


class Scopes(NamedTuple):
    """The sums that a call belongs to."""

    run: Scope
    day: Scope
    month: Scope
    route: Scope
    account: Scope


def scopes_of(run_id: str, day: str, route: str, account: str) -> Scopes:
    """The scopes of a call; `day` is the UTC day on which its money is set aside, as YYYY-MM-DD."""
    month = day[:7]
    return Scopes(
        Scope(Kind.RUN, run_id),
        Scope(Kind.DAY, day),
        Scope(Kind.MONTH, month),
        Scope(Kind.ROUTE, month, route),
        Scope(Kind.ACCOUNT, month, account),
    )


def day_of(now: float) -> str:
    """The UTC day of a time in seconds since 1970, as YYYY-MM-DD."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()
