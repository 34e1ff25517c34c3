"""Workers that ask a service which bills, loses answers and never says so; some of them are killed half way.

python -m tests.cost.crowd URL BILL SEED CALLS THREADS
"""

import os
import random
import sys
import threading
from pathlib import Path

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Refused
from qwenocr_assets.cost.lease import living_lease
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.qwenocr.prices import Price, Tokens
from tests.cost.conftest import call

CAPS = Caps(
    day_pico=60_000,
    month_pico=100_000,
    route_month_pico={"invoices": 40_000},
    account_month_pico={"a": 25_000, "b": 50_000},
)
WORST = 1_000


def work(ledger: Ledger, lease_id: str, bill: Path, seed: int, calls: int, *, may_be_killed: bool) -> None:
    """Make calls one after the other. What the service bills is written down by the service, before it answers."""
    chance = random.Random(seed)
    for number in range(calls):
        worst = chance.randint(1, WORST)
        route = chance.choice(["invoices", "receipts"])
        asked = call(
            f"{seed}-{number}",
            worst_pico=worst,
            route=route,
            run_id=f"{seed}",
            price=Price(1, 1),
            account=chance.choice(["a", "b"]),
        )
        outcome = ledger.reserve(asked, CAPS, lease_id)
        if isinstance(outcome, Refused):
            continue
        if may_be_killed and chance.random() < 0.02:
            os._exit(9)  # before it was sent
        fate = chance.choice(["answered"] * 4 + ["refused", "lost on the way there", "lost on the way back"])
        if fate in ("answered", "lost on the way back"):
            billed = chance.randint(0, worst)
            with bill.open("ab", buffering=0) as file:
                file.write(f"{outcome.entry_id} {billed}\n".encode())
            if may_be_killed and chance.random() < 0.02:
                os._exit(9)  # after it was billed
        if fate == "answered":
            ledger.settle(outcome.entry_id, Tokens(billed, 0))
        elif fate == "refused":
            ledger.release(outcome.entry_id)
        else:
            ledger.lose(outcome.entry_id, fate)


def crowd(url: str, bill: Path, seed: int, calls: int, threads: int, *, may_be_killed: bool = False) -> None:
    """So many threads of this process, on one ledger."""
    with Ledger.open(url) as ledger, living_lease(ledger) as lease_id:
        workers = [
            threading.Thread(
                target=work,
                args=(ledger, lease_id, bill, seed * 100 + number, calls),
                kwargs={"may_be_killed": may_be_killed},
            )
            for number in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    url, bill, seed, calls, threads = sys.argv[1:]
    crowd(url, Path(bill), int(seed), int(calls), int(threads), may_be_killed=True)
