"""Ledgers on SQLite and on a real Postgres, with a clock that tests set."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qwenocr_assets.cost.entries import Call
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.money import Price
from qwenocr_assets.storage.database import sqlite_url

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a Postgres server that runs for the tests, as a user who is not root."""
    pytest.importorskip("psycopg2", reason="no driver for Postgres is installed")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(programs[-1]) if programs else None)
    if found is None:
        pytest.skip("no Postgres server is installed")
    bin_folder = Path(found).parent
    user = None
    if os.geteuid() == 0:
        user = next((name for name in ("postgres", "nobody") if _exists(name)), None)
        if user is None:
            pytest.skip("Postgres does not run as root, and there is no other user")
    folder = Path(tempfile.mkdtemp(prefix="qwenocr-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [str(bin_folder / program), *arguments],
                user=user,
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "tests", "--auth=trust", "--no-sync", "--encoding=UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg2://tests@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger's URL, on each kind of database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "ledger.db")
    url: str = request.getfixturevalue("postgres")
    _empty(url)
    return url


def _empty(url: str) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


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
) -> Call:
    """A call that needs to say only what a test is about."""
    return Call(
        request_key=request_key,
        batch_id=batch_id,
        run_id=run_id,
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
