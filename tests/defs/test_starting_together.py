"""Processes that start together on a project that has nothing yet, and one that stands still meanwhile."""

import fcntl
import multiprocessing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from upath import UPath

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.running.archive import archive_batches, restore_batches
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.errors import InUse
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.storage.data_folder import DataFolder
from tests.waiting import LIMIT_SECONDS

pytestmark = pytest.mark.slow  # Dagster takes seconds to make its databases

_FORK = multiprocessing.get_context("fork")
BATCHES = ["a", "b", "c"]
STARTERS = 6
DATA = DataFolder(UPath("data"))
"""`DAGSTER_HOME` is set, whatever its data folder."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _start(barrier: Any, ledger: Path) -> None:
    """What every command begins with."""
    barrier.wait(LIMIT_SECONDS)
    ensure_dagster_home(DATA)
    Ledger.open(sqlite_url(ledger)).close()
    with dg.DagsterInstance.get() as instance:
        barrier.wait(LIMIT_SECONDS)
        restore_batches(instance, BATCHES)


def _together(ledger: Path) -> list[int | None]:
    barrier = _FORK.Barrier(STARTERS)
    starters = [_FORK.Process(target=_start, args=(barrier, ledger)) for _ in range(STARTERS)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(LIMIT_SECONDS)
    return [starter.exitcode for starter in starters]


@pytest.mark.parametrize("archived", [(), ("a", "c")], ids=["new", "archived before"])
def test_any_number_may_start_together(home: Path, tmp_path: Path, archived: Sequence[str]) -> None:
    if archived:
        ensure_dagster_home(DATA)
        with dg.DagsterInstance.get() as instance:
            restore_batches(instance, BATCHES)
            archive_batches(instance, archived)
    assert _together(tmp_path / "data" / "ledger.db") == [0] * STARTERS
    with dg.DagsterInstance.get() as instance:
        assert sorted(instance.get_dynamic_partitions(intake_batches.name or "")) == BATCHES


def test_a_process_that_stands_still_while_it_makes_the_home_is_not_waited_for_without_end(
    home: Path,
) -> None:
    home.mkdir()
    with (home / ".making").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InUse, match="has been making Dagster's home"):
            ensure_dagster_home(DATA, wait_seconds=0.2)
    ensure_dagster_home(DATA)
    with dg.DagsterInstance.get() as instance:
        assert not instance.get_runs()
