"""What keeping books costs, and whether the caps hold: the ledger beside the ways that are usual elsewhere.

The naive ways: one transaction for every write, and looking at the sum first and spending afterwards.
"""

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from qwenocr_assets.cost.budget import Caps
from qwenocr_assets.cost.entries import Reserved
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import open_purse
from qwenocr_assets.cost.scopes import day_of, scopes_of
from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.images import ImageBytes
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.qwenocr.requests import Request
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.state.database import sqlite_url
from tests.cost.conftest import Clock, call
from tests.cost.test_ledger_stories import Story

CALLS = 3_000
WORST = 1_000
REQUEST = Request(ImageBytes(b"x", "image/png"), Task.TEXT_RECOGNITION)
STORIES = 1_000


def main() -> None:
    """Measure on SQLite, in a folder of the system's disk."""
    with tempfile.TemporaryDirectory(prefix="qwenocr-money-") as folder:
        cpu_ms, rate = _purse(Path(folder) / "purse.db")
        _one_by_one(Path(folder) / "single.db")
        over, naive_over = _crowds(Path(folder))
        broken = _stories(Path(folder) / "stories.db")
    _goal("cpu_ms_per_call", f"{cpu_ms:.2f}", "<=1", cpu_ms <= 1)
    _goal("calls_per_s", f"{rate:.0f}", ">=200", rate >= 200)
    _goal("overspent_pico", str(over), "0", over == 0)
    _goal(f"broken_of_{STORIES}_stories", str(broken), "0", broken == 0)
    print(f"(who looks first and spends afterwards overspends by {naive_over / (20 * WORST):.0%} of the cap)")


def _goal(name: str, figure: str, goal: str, reached: bool) -> None:
    print(f"money.{name} {figure} {goal} {'ok' if reached else 'short'}")


def _purse(path: Path) -> tuple[float, float]:
    """CPU a call at 64 in flight with answers after 0.3 s, and calls a second when answers come at once."""

    async def work(ledger: Ledger, seconds: float) -> None:
        calls = {f"k{n}": call(f"k{n}", worst_pico=WORST, price=Price(1, 1)) for n in range(CALLS)}
        waiting = iter(calls)
        async with open_purse(ledger, Caps(day_pico=10**15), calls) as purse:

            async def worker() -> None:
                for key in waiting:
                    hold = await purse.reserve(REQUEST, key)
                    assert hold is not None
                    await asyncio.sleep(seconds)
                    await hold.settle(Usage(300, 100, 400), None)

            await asyncio.gather(*(worker() for _ in range(64)))

    async def nothing(seconds: float) -> None:
        waiting = iter(range(CALLS))

        async def worker() -> None:
            for _ in waiting:
                await asyncio.sleep(seconds)

        await asyncio.gather(*(worker() for _ in range(64)))

    with Ledger.open(sqlite_url(path)) as ledger:
        idle = _cpu(lambda: asyncio.run(nothing(0.3)))
        busy = _cpu(lambda: asyncio.run(work(ledger, 0.3)))
        started = time.perf_counter()
        asyncio.run(work(ledger, 0.0))
        rate = CALLS / (time.perf_counter() - started)
    cpu_ms = (busy - idle) / CALLS * 1_000
    print(
        f"purse, 64 in flight:        {cpu_ms:.2f} ms CPU a call (reserve and settle), {rate:,.0f} calls/s at most"
    )
    return cpu_ms, rate


def _one_by_one(path: Path) -> None:
    """Two transactions a call."""

    def work(ledger: Ledger) -> None:
        for number in range(CALLS // 3):
            outcome = ledger.reserve(call(f"k{number}", price=Price(1, 1)), Caps(day_pico=10**15), "lease")
            assert isinstance(outcome, Reserved)
            ledger.settle(outcome.entry_id, Tokens(300, 100))

    with Ledger.open(sqlite_url(path)) as ledger:
        started = time.perf_counter()
        cpu = _cpu(lambda: work(ledger)) / (CALLS // 3) * 1_000
        rate = CALLS // 3 / (time.perf_counter() - started)
    print(f"a transaction for each:     {cpu:.2f} ms CPU a call, {rate:,.0f} calls/s")


def _crowds(folder: Path) -> tuple[int, int]:
    """The most by which 16 threads overspent a cap in 20 runs: ours, and looking first and spending afterwards."""
    cap = 20 * WORST
    overs: dict[str, int] = {"ours": 0, "naive": 0}
    for way in overs:
        for seed in range(20):
            with Ledger.open(sqlite_url(folder / f"{way}-{seed}.db")) as ledger:
                spend = _ours if way == "ours" else _naive
                _in_threads(16, lambda n, s=seed, i=ledger, f=spend: f(i, cap, s * 100 + n))
                day = scopes_of("", day_of(ledger.now()), "", "").day
                overs[way] = max(overs[way], ledger.sums([day])[day].spent_pico - cap)
    print(f"16 threads, most overspent: {overs['ours']} pico-dollars; looking first: {overs['naive']}")
    return overs["ours"], overs["naive"]


def _ours(ledger: Ledger, cap: int, seed: int) -> None:
    for number in range(4):
        asked = call(f"{seed}-{number}", worst_pico=WORST, price=Price(1, 1))
        outcome = ledger.reserve(asked, Caps(day_pico=cap), "lease")
        if isinstance(outcome, Reserved):
            ledger.settle(outcome.entry_id, Tokens(random.Random(seed).randint(1, WORST), 0))


def _naive(ledger: Ledger, cap: int, seed: int) -> None:
    day = scopes_of("", day_of(ledger.now()), "", "").day
    for number in range(4):
        if ledger.sums([day])[day].spent_pico + WORST <= cap:
            asked = call(f"{seed}-{number}", worst_pico=WORST, price=Price(1, 1))
            outcome = ledger.reserve(asked, Caps(), "lease")  # only written down
            assert isinstance(outcome, Reserved)
            ledger.settle(outcome.entry_id, Tokens(WORST, 0))


def _in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _stories(path: Path) -> int:
    """How many of a thousand random stories of answers, losses and crashes end with a broken cap or bill."""
    clock = Clock()
    started = time.perf_counter()
    with Ledger.open(sqlite_url(path), clock=clock) as ledger:
        story = type("Story", (Story,), {"ledger": ledger, "clock": clock})
        try:
            run_state_machine_as_test(
                story,
                settings=settings(
                    max_examples=STORIES,
                    stateful_step_count=20,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    database=None,
                ),
            )
        except AssertionError as error:
            print(f"a broken story: {error}")
            return 1
    print(f"{STORIES} random stories:        {time.perf_counter() - started:.0f} s")
    return 0


def _cpu(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
