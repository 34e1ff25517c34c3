"""Ledgers on SQLite and on a real Postgres, with a clock that tests set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qwenocr_assets.cost.entries import Call
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.qwenocr.prices import Price
from qwenocr_assets.state.database import sqlite_url

NOON = 1_767_268_800.0
"""2026-01-01 12:00 UTC."""

PRICE = Price(input_pico=70_000, output_pico=160_000)


@dataclass
class Clock:
    """Stands still until it is told otherwise."""

    seconds: float = NOON

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger's URL, on each kind of database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "ledger.db")
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, clock=clock) as opened:
        yield opened


def call(
    request_key: str = "k1",
    *,
    worst_pico: int = 1_000,
    run_id: str = "run-1",
    route: str = "invoices",
    batch_id: str = "b1",
    price: Price = PRICE,
    account: str = "singapore",
) -> Call:
    """A call that needs to say only what a test is about."""
    return Call(
        request_key=request_key,
        batch_id=batch_id,
        run_id=run_id,
        account=account,
        region="singapore",
        model="qwen-vl-ocr-2025-11-20",
        task="advanced_recognition",
        route=route,
        catalogue_version="2026-02-04",
        price=price,
        estimated_input_tokens=300,
        expected_pico=worst_pico // 2,
        worst_pico=worst_pico,
    )
