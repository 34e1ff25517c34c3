"""Random stories of workers, accounts, answers, losses and crashes: the caps hold after every step, and the bill of
each account is met exactly."""

import itertools
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Refused, Sums
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope, scopes_of
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.statuses import LedgerState
from tests.cost.conftest import NOON, Clock, call

CAPS = Caps(
    run_pico=4_000,
    day_pico=5_000,
    month_pico=9_000,
    route_month_pico={"invoices": 6_000},
    account_month_pico={"a": 3_000, "b": None},
)
WORKERS = 16
WORST = 1_000
MONTH_SECONDS = 32 * 24 * 3600.0
LEASE_SECONDS = 120.0

_stories = itertools.count(1)


class Story(RuleBasedStateMachine):
    """Every story has a month, a batch and runs of its own, so that all of them can share one database."""

    ledger: Ledger
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.number = next(_stories)
        self.clock.seconds = NOON + self.number * MONTH_SECONDS
        self.batch = f"story-{self.number}"
        self.open: dict[int, int] = {}
        """Worker by entry, of calls that have no end yet."""
        self.worst: dict[int, int] = {}
        self.bill: dict[int, int] = {}
        """What the service bills for an entry, whether the worker knows or not."""
        self.account: dict[int, str] = {}
        """By entry, on whose bill it stands."""
        self.scopes: set[Scope] = set()

    def _run(self, worker: int) -> str:
        return f"{self.batch}-{worker % 3}"

    def _lease(self, worker: int) -> str:
        return f"{self.batch}-{worker}"

    @rule(
        worker=st.integers(0, WORKERS - 1),
        worst=st.integers(1, WORST),
        route=st.sampled_from(["invoices", "receipts"]),
        account=st.sampled_from(["a", "b"]),
    )
    def reserve(self, worker: int, worst: int, route: str, account: str) -> None:
        self.ledger.renew(self._lease(worker), "host", worker, LEASE_SECONDS)
        asked = call(
            worst_pico=worst,
            run_id=self._run(worker),
            route=route,
            batch_id=self.batch,
            price=Price(1, 1),
            account=account,
        )
        outcome = self.ledger.reserve(asked, CAPS, self._lease(worker))
        if isinstance(outcome, Refused):
            assert outcome.spent_pico + worst > outcome.cap_pico
        else:
            self.open[outcome.entry_id] = worker
            self.worst[outcome.entry_id] = worst
            self.account[outcome.entry_id] = account
        day = datetime.fromtimestamp(self.clock.seconds, UTC).date().isoformat()
        self.scopes.update(scopes_of(asked.run_id, day, route, account))

    def _some(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.open)))

    def _billed(self, entry_id: int, data: st.DataObject) -> int:
        self.bill[entry_id] = data.draw(st.integers(0, self.worst[entry_id]))
        return self.bill[entry_id]

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        entry_id = self._some(data)
        del self.open[entry_id]
        used = self._billed(entry_id, data)
        assert self.ledger.settle(entry_id, Tokens(used // 3, used - used // 3)) == used

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        entry_id = self._some(data)
        del self.open[entry_id]
        self.ledger.release(entry_id)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), billed=st.booleans())
    def lose(self, data: st.DataObject, billed: bool) -> None:
        entry_id = self._some(data)
        del self.open[entry_id]
        if billed:
            self._billed(entry_id, data)
        self.ledger.lose(entry_id, "read timeout")

    @precondition(lambda self: self.open)
    @rule(data=st.data(), billed=st.booleans())
    def crash(self, data: st.DataObject, billed: bool) -> None:
        """A worker's calls go on at the service; its lease is never renewed again."""
        dead = self.open[self._some(data)]
        for entry_id, worker in list(self.open.items()):
            if worker == dead:
                del self.open[entry_id]
                if billed:
                    self._billed(entry_id, data)
        self.clock.seconds += LEASE_SECONDS / 2
        for worker in set(self.open.values()):
            self.ledger.renew(self._lease(worker), "host", worker, LEASE_SECONDS)

    @rule(seconds=st.sampled_from([30.0, 6 * 3600.0]))
    def wait(self, seconds: float) -> None:
        self.clock.seconds += seconds

    @rule()
    def expire(self) -> None:
        self.ledger.expire()

    @rule()
    def read_the_bill(self) -> None:
        self._reconcile()

    def _reconcile(self) -> None:
        for entry in self.ledger.entries(batch_id=self.batch, state=LedgerState.UNCERTAIN):
            if entry["entry_id"] in self.open:
                continue
            billed = self.bill.get(entry["entry_id"])
            state = LedgerState.RELEASED if billed is None else LedgerState.SETTLED
            assert self.ledger.reconcile(entry["entry_id"], state, billed, "bill")

    @invariant()
    def the_sums_are_those_of_the_entries_and_within_the_caps(self) -> None:
        counted: dict[Scope, list[int]] = {scope: [0, 0, 0] for scope in self.scopes}
        for entry in self.ledger.entries(batch_id=self.batch):
            amounts = {
                LedgerState.RESERVED: (entry["reserved_pico"], 0, 0),
                LedgerState.SETTLED: (0, entry["settled_pico"], 0),
                LedgerState.UNCERTAIN: (0, 0, entry["reserved_pico"]),
                LedgerState.RELEASED: (0, 0, 0),
            }[LedgerState(entry["state"])]
            for scope in scopes_of(entry["run_id"], entry["day"], entry["route"], entry["account"]):
                counted[scope] = [a + b for a, b in zip(counted[scope], amounts, strict=True)]
        sums = self.ledger.sums(self.scopes)
        assert sums == {s: Sums(*amounts) for s, amounts in counted.items()}
        for scope in self.scopes:
            cap = CAPS.cap(scope)
            assert cap is None or sums[scope].spent_pico <= cap

    def teardown(self) -> None:
        """All processes are gone, and somebody reads the bill."""
        self.open.clear()
        self.clock.seconds += LEASE_SECONDS + 1
        self.ledger.expire()
        self._reconcile()
        runs = {scope for scope in self.scopes if scope.kind is Kind.RUN}
        sums = self.ledger.sums(runs).values()
        assert sum(s.settled_pico for s in sums) == sum(self.bill.values())
        assert all(s.reserved_pico == s.uncertain_pico == 0 for s in sums)
        for name in ("a", "b"):
            months = {scope for scope in self.scopes if scope.kind is Kind.ACCOUNT and scope.named == name}
            billed = sum(pico for entry, pico in self.bill.items() if self.account[entry] == name)
            assert sum(s.settled_pico for s in self.ledger.sums(months).values()) == billed


@pytest.fixture
def story() -> Iterator[type[Story]]:
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        with Ledger.open(sqlite_url(Path(folder) / "ledger.db"), clock=clock) as ledger:
            yield type("Story", (Story,), {"ledger": ledger, "clock": clock})


@pytest.mark.parametrize(
    "stories",
    [pytest.param(60, id="some"), pytest.param(200, id="many", marks=pytest.mark.slow)],
)
def test_every_story_ends_with_the_bill_paid(story: type[Story], stories: int) -> None:
    run_state_machine_as_test(
        story,
        settings=settings(
            max_examples=stories,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
