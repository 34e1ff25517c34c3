"""Two runs of one batch at once, each with a Dagster instance of its own: one waits for the other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.cli.slow_account import HeldAccount, start, write_pages

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("killed", [False, True], ids=["the first ends", "the first is killed"])
def test_two_runs_of_one_batch_pay_once(
    project: Path, served: Callable[..., AbstractContextManager[str]], killed: bool
) -> None:
    write_pages(project / "in", 1)
    account = HeldAccount()
    with served(account) as url:
        first = start(project, url, DAGSTER_HOME=str(project.parent / "one"), QWENOCR_CONCURRENCY="1")
        account.wait_for(1, first)
        second = start(project, url, DAGSTER_HOME=str(project.parent / "two"), QWENOCR_CONCURRENCY="1")
        assert second.stdout is not None
        while "is being run by process" not in second.stdout.readline():
            assert second.poll() is None
        assert account.arrived == 1
        if killed:
            first.kill()
        account.answers = True
        for run, code in ((first, -9 if killed else 0), (second, 0)):
            said = run.communicate(timeout=120)[0]
            assert run.returncode == code, said
    paid = account.paid()
    assert len(set(paid)) == 3
    assert len(paid) <= 3 + killed  # the call that was in flight at the kill
