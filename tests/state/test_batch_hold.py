"""One run at a time on a batch: who waits, who is refused, and who may not write any more."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select, update
from upath import UPath

from qwenocr_assets.errors import BatchTaken, InUse, StorageError
from qwenocr_assets.state.batch_hold import BatchHold, hold_batch
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.state.processes import has_ended, this_process
from qwenocr_assets.state.tables.leases import LEASES
from qwenocr_assets.storage.journal import Journal
from tests.waiting import LIMIT_SECONDS


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "ledger.db")
    server: str = request.getfixturevalue("empty_postgres")
    return server


@pytest.fixture
def file(tmp_path: Path) -> UPath:
    return UPath(tmp_path / "b.jsonl.zst")


@contextmanager
def holder(url: str, file: UPath) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the batch, and writes into its file for each line that it is sent."""
    command = [sys.executable, "-m", "tests.state.holder", url, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def elsewhere(url: str, *, expires_at: float | None = None) -> None:
    """Make the holder one of another machine, whose processes nobody here can see."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(LEASES).values(process="another-boot/1/1/1"))
        if expires_at is not None:
            connection.execute(update(LEASES).values(expires_at=expires_at))
    engine.dispose()


def taken_over(url: str) -> None:
    """Leave what another run's taking leaves, in one transaction: no sign of life of the holder can come between."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(LEASES).values(holder="another run"))
    engine.dispose()


def read_lease(url: str) -> dict[str, object]:
    engine = create_engine(url)
    with engine.connect() as connection:
        row = connection.execute(select(LEASES)).one()
    engine.dispose()
    return dict(row._mapping)


def test_the_second_is_refused_and_says_who_has_the_batch(url: str) -> None:
    says = r"Intake b is being run by process \d+ on \S+ \(since .* UTC\)"
    with (
        hold_batch(url, "b"),
        hold_batch(url, "another"),
        pytest.raises(InUse, match=says),
        hold_batch(url, "b"),
    ):
        pass
    with hold_batch(url, "b"):
        pass


def test_the_second_waits_and_is_told_once(url: str) -> None:
    told: list[str] = []
    ends = threading.Event()

    def first() -> None:
        with hold_batch(url, "b"):
            began.set()
            ends.wait(LIMIT_SECONDS)

    began = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    began.wait(LIMIT_SECONDS)

    def on_wait(text: str) -> None:
        told.append(text)
        ends.set()

    with hold_batch(url, "b", wait_seconds=LIMIT_SECONDS, on_wait=on_wait):
        thread.join()
    assert len(told) == 1
    assert "Waiting for it, at most 300 s" in told[0]


def test_a_batch_of_a_killed_holder_is_free_at_once(url: str, file: UPath) -> None:
    with holder(url, file) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with hold_batch(url, "b") as hold:
            hold.check()


@pytest.mark.parametrize(("expires_in", "is_free"), [(3600.0, False), (-1.0, True)], ids=["lives", "ran out"])
def test_a_batch_held_on_another_machine_is_free_when_its_lease_runs_out(
    url: str, file: UPath, expires_in: float, is_free: bool
) -> None:
    with holder(url, file) as process:
        process.kill()
        process.wait()
        elsewhere(url, expires_at=time.time() + expires_in)
        if is_free:
            with hold_batch(url, "b"):
                return
        with pytest.raises(InUse), hold_batch(url, "b"):
            pass


def test_a_lease_that_could_not_be_given_back_is_free_at_once_for_its_own_process(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "ledger.db")
    with hold_batch(url, "b"):
        lease = read_lease(url)
    engine = create_engine(url)
    with engine.begin() as connection:  # as if giving it back had failed
        connection.execute(insert(LEASES).values(lease))
    engine.dispose()
    with hold_batch(url, "b") as again:
        again.check()


def test_a_suspended_holder_writes_nothing_after_it_has_lost_its_batch(url: str, file: UPath) -> None:
    with holder(url, file) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "rests\n"
        process.send_signal(signal.SIGSTOP)
        elsewhere(url, expires_at=0.0)
        with hold_batch(url, "b") as hold:
            with hold.writing():
                Journal(file).mend()
                Journal(file).append([{"request_key": "ours"}])
            kept = file.read_bytes()
            process.send_signal(signal.SIGCONT)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "taken\n"
            assert file.read_bytes() == kept
            hold.check()  # and it has not given back what is ours
    assert Journal(file).read()[-1] == {"request_key": "ours"}


def test_a_holder_that_has_lost_its_batch_asks_nothing_more(url: str) -> None:
    with hold_batch(url, "b", lease_seconds=0.4) as hold:
        taken_over(url)
        time.sleep(0.5)
        with pytest.raises(BatchTaken, match="taken over by another run"):
            hold.check()
        with pytest.raises(BatchTaken), hold.writing():
            pytest.fail("it must not get here")


def test_a_lease_that_ran_out_unnoticed_is_renewed_when_nobody_took_it(url: str) -> None:
    with hold_batch(url, "b") as hold:
        elsewhere(url, expires_at=0.0)
        assert hold.renew()
        with pytest.raises(InUse), hold_batch(url, "b"):
            pass


@pytest.mark.parametrize("lease_seconds", [60.0, 0.2], ids=["sure of its lease", "not sure"])
def test_while_the_lease_holds_a_broken_database_stops_no_writing(
    tmp_path: Path, lease_seconds: float
) -> None:
    database = tmp_path / "ledger.db"
    with hold_batch(sqlite_url(database), "b", lease_seconds=lease_seconds) as hold:
        _break(hold)
        time.sleep(0.3)
        if lease_seconds == 60.0:
            with hold.writing():
                return
        with pytest.raises(StorageError, match="Nobody can say whether intake b"), hold.writing():
            pass
        with pytest.raises(StorageError, match="Nobody can say whether intake b"):
            hold.check()


def _break(hold: BatchHold) -> None:
    with hold._engine.begin() as connection:
        LEASES.drop(connection)


def test_a_process_is_known_to_have_ended_only_when_it_has() -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from qwenocr_assets.state.processes import *; print(this_process()); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    if not name:
        pytest.skip("processes have no names here")
    assert not has_ended(name)
    process.communicate("\n")
    assert has_ended(name)
    assert not has_ended(this_process())
    assert has_ended(this_process() + "0")  # its number is used again
    assert not has_ended("")
    assert not has_ended("another-boot/1/1/1")
