"""A run that is interrupted: what is under way is awaited, everything is saved, and the ledger agrees."""

import os
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.asking.batch_answers import read_answers
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.storage.data_folder import DataFolder
from tests.cli.slow_account import WORKER, HeldAccount, start, write_pages

pytestmark = pytest.mark.slow

EXHAUSTIVE = pytest.mark.skipif(not os.environ.get("QWENOCR_INTERRUPTS"), reason="set QWENOCR_INTERRUPTS=1")
"""The second wish is shown without processes in `tests/asking/test_answering.py`."""

Served = Callable[..., AbstractContextManager[str]]


def ledger_states(project: Path) -> Counter[str]:
    with closing(sqlite3.connect(project / "data" / "ledger.db")) as database:
        return Counter(state for (state,) in database.execute("SELECT state FROM cost_entries"))


def saved(project: Path) -> int:
    data = DataFolder(UPath(project / "data"))
    return len(read_answers(data.journal(task, batch) for task in Task for batch in data.batch_ids()))


def wait_for_line(run: "subprocess.Popen[str]", text: str) -> None:
    assert run.stdout is not None
    while text not in (line := run.stdout.readline()):
        assert line, "the run ended before it said so"


@pytest.mark.parametrize(
    ("signals", "seconds", "answered", "states"),
    [
        pytest.param([signal.SIGINT], "60", True, {"settled": 2}, id="Ctrl-C"),
        pytest.param([signal.SIGTERM], "0.2", False, {"uncertain": 2}, id="SIGTERM, until the limit"),
        pytest.param(
            [signal.SIGINT, signal.SIGINT], "60", False, {"uncertain": 2}, id="Ctrl-C twice", marks=EXHAUSTIVE
        ),
    ],
)
def test_an_interrupted_run_awaits_what_is_under_way_and_goes_on_later(
    project: Path,
    served: Served,
    signals: list[signal.Signals],
    seconds: str,
    answered: bool,
    states: dict[str, int],
) -> None:
    write_pages(project / "in", 2)
    account = HeldAccount()
    with served(account) as url:
        run = start(project, url, QWENOCR_CONCURRENCY="2", QWENOCR_DRAIN_SECONDS=seconds)
        account.wait_for(2, run)
        run.send_signal(signals[0])
        wait_for_line(run, "Stopping: answers on their way are awaited")
        for again in signals[1:]:
            run.send_signal(again)
        account.answers = answered
        said = run.communicate()[0]
        assert run.returncode == 130, said
        assert "Run the same command: it goes on where this one stopped" in " ".join(said.split())
        assert account.arrived == 2
        assert saved(project) == (2 if answered else 0)
        assert ledger_states(project) == states


def test_a_run_that_is_terminated_in_the_ui_drains_as_well(project: Path, served: Served) -> None:
    write_pages(project / "in", 2)
    account = HeldAccount()
    with served(account) as url:
        run = start(project, url, command=WORKER, QWENOCR_CONCURRENCY="2")
        account.wait_for(2, run)
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
        wait_for_line(run, "Stopping: answers on their way are awaited")
        account.answers = True
        said = run.communicate()[0]
    assert "interrupted" in said.splitlines()
    assert account.arrived == 2
    assert saved(project) == 2
    assert ledger_states(project) == {"settled": 2}
