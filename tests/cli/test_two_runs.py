"""Two runs at once, each with a Dagster instance of its own: of one batch, or of the same pages in two folders."""

import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image

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


def _said(run: subprocess.Popen[str], words: str) -> None:
    """Read what a run says up to the line with these words."""
    assert run.stdout is not None
    while words not in run.stdout.readline():
        assert run.poll() is None, words


def test_the_same_pages_in_two_folders_are_paid_for_once(
    project: Path, served: Callable[..., AbstractContextManager[str]]
) -> None:
    write_pages(project / "in", 1)
    shutil.copytree(project / "in", project / "other")
    account = HeldAccount()
    with served(account) as url:
        first = start(project, url, command=WORKER, QWENOCR_CONCURRENCY="3")
        account.wait_for(3, first)
        second = start(project, url, command=(*WORKER[:-1], "other"), QWENOCR_CONCURRENCY="3")
        _said(second, "3 questions are asked by another run just now")
        account.answers = True
        said = [run.communicate()[0].splitlines() for run in (first, second)]
    assert "sent 3: None" in said[0], said
    assert "sent 0: None" in said[1], said
    assert len(account.paid()) == 3


def test_a_suspended_run_keeps_nobody_else_waiting(
    project: Path, served: Callable[..., AbstractContextManager[str]]
) -> None:
    """One of another folder does not wait at all; one of the same batch for a time that is said, and no longer."""
    write_pages(project / "in", 1)
    shutil.copytree(project / "in", project / "other")
    for picture in (project / "other").iterdir():
        Image.new("L", (700, 200), 200).save(picture)
    account = HeldAccount()
    with served(account) as url:
        first = start(project, url, command=WORKER)
        account.wait_for(3, first)
        first.send_signal(signal.SIGSTOP)
        account.answers = True
        other = start(project, url, command=(*WORKER[:-1], "other"))
        assert "sent 3: None" in other.communicate()[0].splitlines()
        same = start(project, url, command=WORKER, QWENOCR_BATCH_WAIT_SECONDS="1")
        said = same.communicate()[0]
        assert "Waiting for it, at most 1 s." in said
        assert "is being run by process" in said.splitlines()[-1], said
        first.send_signal(signal.SIGCONT)
        assert "sent 3: None" in first.communicate()[0].splitlines()
    assert len(account.paid()) == 6
