"""Somebody who asks for an account's calls on a clock in its database: `python -m tests.asking.asker ask|stick URL …`.

The clock moves only when somebody waits, by as much as he was told to wait: rates are exact, whatever the machine does.
"""

import asyncio
import json
import sys

import sqlalchemy as sql

from qwenocr_assets.asking.shared_calls import SharedCalls
from qwenocr_assets.qwenocr.limits import AccountLimits
from qwenocr_assets.qwenocr.limits.account import Rules
from qwenocr_assets.qwenocr.limits.pace import Started
from qwenocr_assets.state.database import open_database

CLOCK = sql.Table("test_clock", sql.MetaData(), sql.Column("now_us", sql.BigInteger, nullable=False))
ACCOUNT = "host model"


def clock_of(connection: sql.Connection) -> float:
    return float(connection.execute(sql.select(CLOCK.c.now_us)).scalar_one()) / 1e6


def ask(url: str, limits: AccountLimits, tokens: int, calls: int) -> None:
    """Start so many calls, each as soon as it may."""
    engine = open_database(url, durable=False)
    rules = Rules(limits, ramp_seconds=0)

    def wait_until(now_us: int) -> None:
        with engine.begin() as connection:
            connection.execute(sql.update(CLOCK).where(CLOCK.c.now_us < now_us).values(now_us=now_us))

    async def main() -> None:
        with SharedCalls(url, ACCOUNT, told_time) as shared:
            for _ in range(calls):
                while not isinstance(started := await shared.reserve(rules, tokens), Started):
                    wait_until(round((times[-1] + started) * 1e6) + 1)

    times: list[float] = []

    def told_time(connection: sql.Connection) -> float:
        times.append(clock_of(connection))
        return times[-1]

    asyncio.run(main())
    engine.dispose()


def stick(url: str) -> None:
    """Stop inside of the transaction that starts a call."""

    def stopped(connection: sql.Connection) -> float:
        sys.stdout.write("inside\n")
        sys.stdout.flush()
        sys.stdin.read()
        return clock_of(connection)

    with SharedCalls(url, ACCOUNT, stopped) as shared:
        asyncio.run(shared.reserve(Rules(AccountLimits(60), ramp_seconds=0), 1))


if __name__ == "__main__":
    program, url, *rest = sys.argv[1:]
    if program == "stick":
        stick(url)
    else:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        ask(url, AccountLimits(*json.loads(rest[0])), 10, int(rest[1]))
