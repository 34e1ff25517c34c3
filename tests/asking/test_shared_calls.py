"""Processes that share an account through a database, in real time."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sql

from qwenocr_assets.asking.shared_calls import RATE_ACCOUNTS, RATE_CALLS, SharedCalls
from qwenocr_assets.errors import StorageError
from qwenocr_assets.qwenocr.limits import AccountLimits, Limiter
from qwenocr_assets.qwenocr.limits.account import Rules
from qwenocr_assets.qwenocr.limits.pace import Started

ROOT = Path(__file__).parents[2]

ASKER = """
import asyncio, json, sys, time
from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.qwenocr.limits import AccountLimits, Limiter

async def main(url, requests, tokens_per_minute, tokens, seconds):
    sent = []
    with SharedCalls(url, "host model") as calls:
        limits = AccountLimits(requests, tokens_per_minute)
        limiter = Limiter(limits, max_in_flight=32, calls=calls, ramp_seconds=0)
        async def ask():
            while True:
                async with limiter.slot(tokens) as slot:
                    sent.append(time.time())
                    await asyncio.sleep(0.1)
                    slot.answered(tokens)
        print("ready", flush=True)
        sys.stdin.readline()
        tasks = [asyncio.create_task(ask()) for _ in range(8)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(sent))

asyncio.run(main(sys.argv[1], *json.loads(sys.argv[2])))
"""

Processes = list["subprocess.Popen[str]"]


def start_askers(url: str, count: int, settings: list[float | None]) -> Processes:
    """Processes that all begin to ask at the same time."""
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", ASKER, url, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(count)
    ]
    for asker in askers:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "ready\n"
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.write("go\n")
        asker.stdin.flush()
    return askers


def sent_by(askers: Processes) -> list[list[float]]:
    return [json.loads(asker.communicate(timeout=60)[0]) for asker in askers]


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
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    server: str = request.getfixturevalue("postgres")
    engine = sql.create_engine(server)
    with engine.begin() as connection:
        RATE_CALLS.drop(connection, checkfirst=True)
        RATE_ACCOUNTS.drop(connection, checkfirst=True)
    engine.dispose()
    return server


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "count", "limits", "tokens", "per_second"),
    [
        ("sqlite", 2, [1200, None], 10, 20),
        ("sqlite", 4, [1200, None], 10, 20),
        ("sqlite", 2, [None, 6_000_000], 8194, 12),
        ("postgres", 4, [1200, None], 10, 20),
    ],
    ids=["two on SQLite", "four on SQLite", "two on SQLite, bound by tokens", "four on Postgres"],
    indirect=["url"],
)
def test_processes_never_exceed_together(
    url: str, count: int, limits: list[float | None], tokens: int, per_second: int
) -> None:
    seconds = 2.5
    askers = start_askers(url, count, [*limits, tokens, seconds])
    sent = sent_by(askers)
    together = [at for one in sent for at in one]
    assert most_in_a_second(stored_starts(url)) <= per_second
    assert (
        most_in_a_second(together) <= 1.15 * per_second
    )  # a busy machine lets some of them wait for its cores
    assert len(together) >= 0.85 * per_second * seconds
    assert min(len(one) for one in sent) >= 1


@pytest.mark.slow
def test_a_killed_process_blocks_nobody(url: str) -> None:
    first, second = start_askers(url, 2, [1200, None, 10, 3.0])
    time.sleep(1)
    first.send_signal(signal.SIGKILL)
    killed_at = time.time()
    first.communicate()
    (sent,) = sent_by([second])
    assert len([at for at in sent if at >= killed_at]) >= 0.8 * 20 * 1.8


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

    with SharedCalls(url, "a") as ours, SharedCalls(url, "a") as theirs, SharedCalls(url, "b") as others:
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

    with SharedCalls(url, "a") as ours, SharedCalls(url, "a") as theirs:
        assert asyncio.run(main(ours, theirs)) == pytest.approx(5 * 1.01, abs=0.5)


def test_a_reservation_that_was_cancelled_is_given_back(url: str) -> None:
    rules = Rules(AccountLimits(60), ramp_seconds=0)

    async def main(calls: SharedCalls) -> Started | float:
        asking = asyncio.create_task(calls.reserve(rules, 1))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return await calls.reserve(rules, 1)

    with SharedCalls(url, "a") as calls:
        assert isinstance(asyncio.run(main(calls)), Started)
    assert len(stored_starts(url)) == 1


def test_old_calls_are_removed(url: str) -> None:
    rules = Rules(AccountLimits(60_000), ramp_seconds=0)
    with SharedCalls(url, "a") as calls:
        for _ in range(5):
            assert isinstance(reserve(calls, rules), Started)
        change(url, sql.update(RATE_CALLS).values(started_at_us=RATE_CALLS.c.started_at_us - 70_000_000))
        assert isinstance(reserve(calls, rules), Started)
    assert len(stored_starts(url)) == 1


def test_a_clock_that_goes_back_blocks_nobody(url: str) -> None:
    rules = Rules(AccountLimits(60), ramp_seconds=0)
    hour = 3_600_000_000
    with SharedCalls(url, "a") as calls:
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

    with SharedCalls(url, "a") as calls:
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

    with SharedCalls(url, "a") as calls:
        asyncio.run(main(calls))
    assert "the calls of a cannot be shared" in caplog.text
