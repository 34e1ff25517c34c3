"""The program on a disk that is really full: it says so, spoils nothing, and goes on when there is space again.

`QWENOCR_SMALL_DISK` lists the megabytes that are free in one run after the other, like `0.1,0.5,1,2,4,8`.
"""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from qwenocr_assets.errors import ExitCode
from tests.cli.slow_account import HeldAccount

pytestmark = pytest.mark.slow

_log = logging.getLogger(__name__)

MEGABYTES = os.environ.get("QWENOCR_SMALL_DISK", "1.2").split(",")
SAYS_WHAT_TO_DO = re.compile(r"(no space left|disk is full).*(run the same command|run again)", re.IGNORECASE)
LOST = re.compile(r"(\d+) answers could not be saved")
NAMESPACE = ("unshare", "--map-root-user", "--mount")


def can_mount(folder: Path) -> bool:
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "small", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def test_a_disk_without_space(
    tmp_path: Path, served: Callable[..., AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no disk can be mounted here: that needs a user namespace")
    account = HeldAccount()
    account.answers = True
    with served(account) as url:
        monkeypatch.setenv("QWENOCR_REGION", "singapore")
        monkeypatch.setenv("QWENOCR_BASE_URL", f"{url}/api/v1")
        monkeypatch.setenv("DASHSCOPE_API_KEY_SINGAPORE", "sk-test")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("QWENOCR_DRAIN_SECONDS", "1")
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        command = [*NAMESPACE, sys.executable, "-m", "tests.cli.small_disk", str(tmp_path), *MEGABYTES]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *runs, lines = [json.loads(line) for line in done.stdout.splitlines()]
    lost = 0
    for run in runs[:-1]:
        said = " ".join(run["said"].split())
        _log.info("%s MB free: code %d, …%s", run["free_mb"], run["code"], said[-400:])
        assert "Traceback" not in said, said[-2000:]
        assert run["code"] == 0 or SAYS_WHAT_TO_DO.search(said), (run["free_mb"], said[-2000:])
        lost += sum(int(number) for number in LOST.findall(said))
    assert runs[0]["code"] == ExitCode.STORAGE
    assert runs[-1]["code"] == 0, runs[-1]["said"]
    assert lines == [1]
    paid = account.paid()
    assert len(set(paid)) == 3
    assert len(paid) <= 3 + lost
