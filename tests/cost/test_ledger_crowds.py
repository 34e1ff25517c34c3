"""Threads and processes on one ledger, on SQLite and Postgres: the cap holds at every instant, whoever is killed."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qwenocr_assets.cost.lease import LEASE_SECONDS, living_lease
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope
from qwenocr_assets.statuses import LedgerState
from tests.cost.crowd import CAPS, WORST, crowd

ROOT = Path(__file__).parents[2]


def watch(ledger: Ledger, running: Callable[[], bool]) -> int:
    """Look at the sums again and again until nobody works any more; returns how often."""
    looks = 0
    while True:
        last = not running()
        scopes = _scopes(ledger)
        for scope, sums in ledger.sums(scopes).items():
            cap = CAPS.cap(scope)
            assert cap is None or sums.spent_pico <= cap, scope
        looks += 1
        if last:
            return looks
        time.sleep(0.002)


def _scopes(ledger: Ledger) -> list[Scope]:
    from sqlalchemy import select

    from qwenocr_assets.state.tables.money import TOTALS

    with ledger.reading() as connection:
        return [Scope.parse(key) for key in connection.scalars(select(TOTALS.c.scope))]


def settle_by_the_bill(ledger: Ledger, bill: Path) -> None:
    """Everybody is gone: what is uncertain is looked up on the bill, and then both say the same."""
    billed: dict[int, int] = {}
    for line in bill.read_text().splitlines():
        entry_id, amount = map(int, line.split())
        assert entry_id not in billed, "billed twice"
        billed[entry_id] = amount
    entries = ledger.entries()
    assert not [e for e in entries if e["state"] == LedgerState.RESERVED]
    for entry in entries:
        amount_or_none = billed.get(entry["entry_id"])
        if entry["state"] == LedgerState.SETTLED:
            assert entry["settled_pico"] == amount_or_none
        elif entry["state"] == LedgerState.RELEASED:
            assert amount_or_none is None
        else:
            state = LedgerState.RELEASED if amount_or_none is None else LedgerState.SETTLED
            assert ledger.reconcile(entry["entry_id"], state, amount_or_none, "bill")
    months = [scope for scope in _scopes(ledger) if scope.kind is Kind.MONTH]
    sums = ledger.sums(months).values()
    assert sum(s.settled_pico for s in sums) == sum(billed.values()) > 0
    assert sum(s.spent_pico for s in sums) == sum(billed.values())
    for account in CAPS.account_month_pico:
        months = [s for s in _scopes(ledger) if (s.kind, s.named) == (Kind.ACCOUNT, account)]
        on_its_bill = sum(billed.get(e["entry_id"], 0) for e in entries if e["account"] == account)
        assert sum(s.settled_pico for s in ledger.sums(months).values()) == on_its_bill > 0


def test_sixteen_threads(ledger_url: str, tmp_path: Path) -> None:
    import threading

    bill = tmp_path / "bill"
    working = threading.Thread(target=crowd, args=(ledger_url, bill, 1, 25, 16))
    with Ledger.open(ledger_url) as ledger:
        working.start()
        watch(ledger, working.is_alive)
        settle_by_the_bill(ledger, bill)
        spent = next(s for scope, s in ledger.sums(_scopes(ledger)).items() if scope.kind is Kind.DAY)
        assert spent.spent_pico <= 60_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_sixteen_workers_in_four_processes_some_of_them_killed(
    ledger_url: str, tmp_path: Path, seed: int
) -> None:
    bill = tmp_path / "bill"
    with Ledger.open(ledger_url) as ledger:
        program = [sys.executable, "-m", "tests.cost.crowd", ledger_url, str(bill)]
        processes = [
            subprocess.Popen([*program, str(seed * 10 + number), "25", "4"], cwd=ROOT) for number in range(4)
        ]
        watch(ledger, lambda: any(p.poll() is None for p in processes))
        assert {p.returncode for p in processes} <= {0, 9}
        with (  # the next process, after the leases of the dead, makes uncertain what they left behind
            Ledger.open(ledger_url, clock=lambda: time.time() + 2 * LEASE_SECONDS) as later,
            living_lease(later),
        ):
            pass
        settle_by_the_bill(ledger, bill)
        assert max(e["reserved_pico"] for e in ledger.entries()) <= WORST
