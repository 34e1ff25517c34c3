"""Two machines on one bucket and one database: own process numbers, host and home where that is allowed.

They run different batches at once, each publishes what it loaded against the other, and then they run one batch.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import duckdb
import pytest
from upath import UPath

from deploy.local_cluster.processes import on_machine
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.places.published import published_file
from tests.cli.slow_account import HeldAccount, start
from tests.cluster.conftest import picture

pytestmark = pytest.mark.slow

PAGES = 3
TASKS = 3


class Machine:
    """A machine of a name, with a home of its own, that reads folders of the project (`tests.cluster.machine`)."""

    def __init__(self, name: str, home: Path, project: Path, url: str, data: UPath, ledger: str) -> None:
        home.mkdir()
        self.name, self._start = name, partial(start, project, url)
        self._environment = {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "QWENOCR_DATA": str(data),
            "QWENOCR_LEDGER": ledger,
            "QWENOCR_DECODERS": "0",
        }

    def read(self, *folders: str) -> "subprocess.Popen[str]":
        """Read and publish the first, and wait with the next."""
        command = on_machine(self.name, [sys.executable, "-m", "tests.cluster.machine", *folders])
        return self._start(command=command, **self._environment)


def wait_for_line(run: "subprocess.Popen[str]", said: str) -> None:
    """Until the run says it."""
    assert run.stdout is not None
    lines = []
    for line in run.stdout:
        if said in line:
            return
        lines.append(line)
    pytest.fail("".join(lines))


def go_on(run: "subprocess.Popen[str]") -> None:
    """Let it read the next folder."""
    assert run.stdin is not None
    run.stdin.write("\n")
    run.stdin.flush()


def ended(*runs: "subprocess.Popen[str]") -> None:
    """Wait until runs have ended, well."""
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), "\n".join(said)


def test_two_machines_pay_once_and_publish_all(
    project: Path,
    tmp_path: Path,
    bucket: UPath,
    empty_postgres: str,
    served: Callable[..., AbstractContextManager[str]],
) -> None:
    for number in range(3 * PAGES):
        page = project / f"in{number // PAGES}" / f"{number}.png"
        page.parent.mkdir(exist_ok=True)
        page.write_bytes(picture(number))
    account = HeldAccount()
    with served(account) as url:
        one, other = (
            Machine(name, tmp_path / name, project, url, bucket, empty_postgres) for name in ("one", "other")
        )
        first, second = runs = [one.read("in0", "in2"), other.read("in1", "in2")]
        for run in runs:
            account.wait_for(2 * PAGES * TASKS, run)  # both are asking
        account.answers = True
        for run in runs:
            wait_for_line(run, "done")
        assert account.account.bill.total.calls == 2 * PAGES * TASKS

        account.answers = False
        go_on(first)
        account.wait_for(3 * PAGES * TASKS, first)
        go_on(second)
        wait_for_line(second, "is being run by process")
        assert account.arrived == 3 * PAGES * TASKS
        account.answers = True
        ended(first, second)
        assert account.account.bill.total.calls == 3 * PAGES * TASKS
    with duckdb.connect(str(published_file(DataFolder(bucket))), read_only=True) as warehouse:
        [pages] = warehouse.execute("SELECT count(DISTINCT page_id) FROM core.text_lines").fetchall()
        [rows] = warehouse.execute("SELECT count(*) FROM core.ocr_responses").fetchall()
    assert pages == (2 * PAGES,)
    assert rows == (2 * PAGES * TASKS,)
