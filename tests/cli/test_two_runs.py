"""Two runs of one batch at once, each with a Dagster instance of its own: one waits for the other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.cli.slow_account import WORKER, HeldAccount, start, write_pages

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("killed", [False, True], ids=["the first ends", "the first is killed"])
def test_two_runs_of_one_batch_pay_once(
    project: Path, served: Callable[..., AbstractContextManager[str]], killed: bool
) -> None:
    write_pages(project / "in", 1)
    account = HeldAccount()
    with served(account) as url:
        first = start(project, url, command=WORKER, QWENOCR_CONCURRENCY="1")
        account.wait_for(1, first)
        second = start(project, url, command=WORKER, QWENOCR_CONCURRENCY="1")
        assert second.stdout is not None
        while "is being run by process" not in second.stdout.readline():
            assert second.poll() is None
        assert account.arrived == 1
        if killed:
            first.kill()
        account.answers = True
        said = [run.communicate()[0].splitlines() for run in (first, second)]
    assert "sent 3: None" in said[1] if killed else "sent 3: None" in said[0], said
    assert killed or "sent 0: None" in said[1], said
    paid = account.paid()
    assert len(set(paid)) == 3
    assert len(paid) <= 3 + killed  # the call that was in flight at the kill
