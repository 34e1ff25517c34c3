"""Two machines on one bucket and one database: own process numbers, host, home and Dagster home where that is allowed.

They run different batches at once, each publishes what it loaded against the other, and then they run one batch.
"""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import pytest
from upath import UPath

from deploy.local_cluster.processes import on_machine
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.places.published import published_file
from tests.cli.slow_account import PROGRAM, WORKER, HeldAccount, start
from tests.cluster.conftest import picture

pytestmark = pytest.mark.slow

PAGES = 3
TASKS = 3


class Machine:
    """A machine of a name, with a home and a Dagster home of its own."""

    def __init__(self, name: str, home: Path, project: Path, url: str, data: UPath, ledger: str) -> None:
        self.name, self.home, self.project, self.url = name, home, project, url
        home.mkdir()
        self.environment = {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "DAGSTER_HOME": str(home / "dagster"),
            "QWENOCR_DATA": str(data),
            "QWENOCR_LEDGER": ledger,
            "QWENOCR_DECODERS": "1",
        }

    def run(self, folder: str) -> "subprocess.Popen[str]":
        """`qwenocr run` of a folder of the project."""
        return self._start(PROGRAM, "run", folder)

    def read(self, folder: str) -> "subprocess.Popen[str]":
        """Only the job of its batch."""
        return self._start(*WORKER[:-1], folder)

    def _start(self, *command: str) -> "subprocess.Popen[str]":
        return start(self.project, self.url, command=on_machine(self.name, command), **self.environment)


def ended(*runs: "subprocess.Popen[str]") -> list[str]:
    """What runs said that ended well."""
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), "\n".join(said)
    return said


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
        runs = [one.run("in0"), other.run("in1")]
        for run in runs:
            account.wait_for(2 * PAGES * TASKS, run)  # both are asking
        account.answers = True
        ended(*runs)
        assert account.account.bill.total.calls == 2 * PAGES * TASKS

        account.answers = False
        first = one.read("in2")
        account.wait_for(3 * PAGES * TASKS, first)
        second = other.read("in2")
        assert second.stdout is not None
        assert any("is being run by process" in line for line in second.stdout)
        assert account.arrived == 3 * PAGES * TASKS
        account.answers = True
        ended(first, second)
        assert account.account.bill.total.calls == 3 * PAGES * TASKS
    with duckdb.connect(str(published_file(DataFolder(bucket))), read_only=True) as warehouse:
        [pages] = warehouse.execute("SELECT count(DISTINCT page_id) FROM core.text_lines").fetchall()
        [rows] = warehouse.execute("SELECT count(*) FROM core.ocr_responses").fetchall()
    assert pages == (2 * PAGES,)
    assert rows == (2 * PAGES * TASKS,)
