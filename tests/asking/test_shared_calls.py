"""Processes that share an account through a database, on a clock that moves when they wait: a slow machine changes
nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sql

from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.errors import StorageError
from qwenocr_assets.qwenocr.limits import AccountLimits, Limiter
from qwenocr_assets.qwenocr.limits.account import Rules
from qwenocr_assets.qwenocr.limits.pace import Started
from qwenocr_assets.state.tables.calls import RATE_ACCOUNTS, RATE_CALLS
from tests.asking.asker import CLOCK, ask, clock_of

ROOT = Path(__file__).parents[2]


def start(program: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.asking.asker", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def most_in_a_second(moments: list[float]) -> int:
    ordered = sorted(moments)
    return max(sum(start <= at < start + 1 for at in ordered[i:]) for i, start in enumerate(ordered))


def stored_starts(url: str) -> list[float]:
    engine = sql.create_engine(url)
    with engine.connect() as connection:
        starts = [row.started_at_us / 1e6 for row in connection.execute(sql.select(RATE_CALLS))]
    engine.dispose()
    return starts


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgres":
        url = request.getfixturevalue("empty_postgres")
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        CLOCK.create(connection)
        connection.execute(sql.insert(CLOCK).values(now_us=1_800_000_000_000_000))
    engine.dispose()
    return url


def reserve(calls: SharedCalls, rules: Rules) -> Started | float:
    return asyncio.run(_reserve(calls, rules))


async def _reserve(calls: SharedCalls, rules: Rules) -> Started | float:
    return await calls.reserve(rules, 1)


def change(url: str, *statements: sql.Executable) -> None:
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


@pytest.mark.parametrize(
    ("requests", "tokens_per_minute", "tokens", "per_second"),
    [
        pytest.param(1200, None, 10, 20, id="bound by calls"),
        pytest.param(None, 6_000_000, 8194, 12, id="bound by tokens"),
    ],
)
def test_who_asks_at_once_never_exceeds_together_and_wastes_nothing(
    url: str, requests: int | None, tokens_per_minute: int | None, tokens: int, per_second: int
) -> None:
    limits = AccountLimits(requests, tokens_per_minute)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ask(url, limits, tokens, calls=15), range(4)))
    starts = stored_starts(url)
    assert len(starts) == 60  # each got all that it asked for: nobody starves
    assert most_in_a_second(starts) <= per_second
    assert max(starts) - min(starts) <= 60 / (0.85 * per_second)


@pytest.mark.slow
def test_processes_never_exceed_together(url: str) -> None:
    askers = [start("ask", url, json.dumps([1200, None]), "15") for _ in range(4)]
    for asker in askers:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "ready\n"
    for asker in askers:
        asker.communicate("go\n")
        assert asker.returncode == 0
    starts = stored_starts(url)
    assert len(starts) == 60
    assert most_in_a_second(starts) <= 20


@pytest.mark.slow
def test_a_process_killed_while_it_has_the_account_blocks_nobody(url: str) -> None:
    """Killed inside its transaction: another gets its turn, and the half-made call is none."""
    stuck = start("stick", url)
    assert stuck.stdout is not None
    assert stuck.stdout.readline() == "inside\n"
    with SharedCalls(url, "host model", clock_of) as calls, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(reserve, calls, Rules(AccountLimits(60), ramp_seconds=0))
        stuck.send_signal(signal.SIGKILL)
        stuck.communicate()
        assert isinstance(waiting.result(), Started)
    assert len(stored_starts(url)) == 1


def test_a_pause_holds_for_every_process(url: str) -> None:
    rules = Rules(AccountLimits(60_000), ramp_seconds=0)

    async def main(ours: SharedCalls, theirs: SharedCalls, others: SharedCalls) -> tuple[float, bool, bool]:
        started = await ours.reserve(rules, 1)
        assert isinstance(started, Started)
        news = await ours.throttled(rules, started, burst=False)
        again = await theirs.throttled(rules, started, burst=False)
        assert isinstance(await others.reserve(rules, 1), Started)
        wait = await theirs.reserve(rules, 1)
        assert isinstance(wait, float)
        return wait, news, again

    with (
        SharedCalls(url, "a", clock_of) as ours,
        SharedCalls(url, "a", clock_of) as theirs,
        SharedCalls(url, "b", clock_of) as others,
    ):
        wait, news, again = asyncio.run(main(ours, theirs, others))
    assert 0.5 <= wait <= 1
    assert news
    assert not again


def test_reported_tokens_are_shared(url: str) -> None:
    rules = Rules(AccountLimits(None, 600_000), ramp_seconds=0)

    async def main(ours: SharedCalls, theirs: SharedCalls) -> float:
        started = await ours.reserve(rules, 100)
        assert isinstance(started, Started)
        await ours.answered(rules, started, 50_000)
        wait = await theirs.reserve(rules, 100)
        assert isinstance(wait, float)
        return wait

    with SharedCalls(url, "a", clock_of) as ours, SharedCalls(url, "a", clock_of) as theirs:
        assert asyncio.run(main(ours, theirs)) == pytest.approx(5 * 1.01, abs=0.05)


def test_a_reservation_that_was_cancelled_is_given_back(url: str) -> None:
    rules = Rules(AccountLimits(60), ramp_seconds=0)

    async def main(calls: SharedCalls) -> Started | float:
        asking = asyncio.create_task(calls.reserve(rules, 1))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return await calls.reserve(rules, 1)

    with SharedCalls(url, "a", clock_of) as calls:
        assert isinstance(asyncio.run(main(calls)), Started)
    assert len(stored_starts(url)) == 1


def test_old_calls_are_removed(url: str) -> None:
    rules = Rules(AccountLimits(60_000), ramp_seconds=0)
    with SharedCalls(url, "a", clock_of) as calls:
        for _ in range(5):
            assert isinstance(reserve(calls, rules), Started)
        change(url, sql.update(RATE_CALLS).values(started_at_us=RATE_CALLS.c.started_at_us - 70_000_000))
        assert isinstance(reserve(calls, rules), Started)
    assert len(stored_starts(url)) == 1


def test_a_clock_that_goes_back_blocks_nobody(url: str) -> None:
    rules = Rules(AccountLimits(60), ramp_seconds=0)
    hour = 3_600_000_000
    with SharedCalls(url, "a", clock_of) as calls:
        assert isinstance(reserve(calls, rules), Started)
        assert isinstance(reserve(calls, rules), float)
        change(
            url,
            sql.update(RATE_CALLS).values(started_at_us=RATE_CALLS.c.started_at_us + hour),
            sql.update(RATE_ACCOUNTS).values(
                calls_due_us=RATE_ACCOUNTS.c.calls_due_us + hour,
                busy_until_us=RATE_ACCOUNTS.c.busy_until_us + hour,
            ),
        )
        assert isinstance(reserve(calls, rules), Started)


def test_a_database_that_cannot_be_used_is_named(url: str) -> None:
    async def main(calls: SharedCalls) -> None:
        async with Limiter(AccountLimits(60), max_in_flight=1, calls=calls).slot(1):
            pass

    with SharedCalls(url, "a", clock_of) as calls:
        reserve(calls, Rules(AccountLimits(60)))
        change(url, sql.text("DROP TABLE rate_calls"))
        with pytest.raises(StorageError, match="the calls of a cannot be shared"):
            asyncio.run(main(calls))


def test_an_answer_is_worth_more_than_its_token_count(url: str, caplog: pytest.LogCaptureFixture) -> None:
    rules = Rules(AccountLimits(60))

    async def main(calls: SharedCalls) -> None:
        started = await calls.reserve(rules, 1)
        assert isinstance(started, Started)
        change(url, sql.text("DROP TABLE rate_calls"))
        await calls.answered(rules, started, 2)

    with SharedCalls(url, "a", clock_of) as calls:
        asyncio.run(main(calls))
    assert "the calls of a cannot be shared" in caplog.text
