"""Two homes of Dagster with one storage of runs and one state database, as two machines have them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg
import pytest

from qwenocr_assets.defs.running.dead_runs import close_dead_runs
from qwenocr_assets.state.database import sqlite_url
from tests.cli.slow_account import HeldAccount, start, write_pages

pytestmark = pytest.mark.slow


def home(folder: Path, runs: Path) -> str:
    folder.mkdir()
    (folder / "dagster.yaml").write_text(
        f"telemetry: {{enabled: false}}\nstorage: {{sqlite: {{base_dir: {runs}}}}}\n", encoding="utf-8"
    )
    return str(folder)


def test_a_living_run_of_another_home_is_left_alone_and_a_killed_one_is_closed(
    project: Path, tmp_path: Path, served: Callable[..., AbstractContextManager[str]]
) -> None:
    write_pages(project / "in", 1)
    a, b = (home(tmp_path / name, tmp_path / "runs") for name in "ab")
    ledger = sqlite_url(project / "data" / "ledger.db")
    account = HeldAccount()
    with served(account) as url, dg.DagsterInstance.from_config(b) as instance:
        command = start(project, url, DAGSTER_HOME=a)
        account.wait_for(1, command)
        [run] = instance.get_runs()
        assert close_dead_runs(instance, ledger) == []
        assert [r.status for r in instance.get_runs()] == [dg.DagsterRunStatus.STARTED]
        command.kill()
        command.communicate()
        assert close_dead_runs(instance, ledger) == [run.run_id]
        assert [r.status for r in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
