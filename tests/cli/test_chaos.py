"""Runs that are killed, suspended and disturbed, against a service on a bad day: nothing is lost or paid twice.

A few pages and events here; `make bench ONLY=chaos` tells the same story with 500 pages and 20 signals.
"""

from pathlib import Path

import pytest

from tests.cli.chaos import TASKS, Story

pytestmark = pytest.mark.slow

PAGES = 5


def test_killed_runs_lose_nothing_and_pay_nothing_twice(project: Path) -> None:
    told = Story(project, PAGES, ["kill", "flip", "suspend"], seed=1).tell()
    assert told.losses, "every run ended before it could be disturbed"
    assert told.asked == PAGES * TASKS
    assert not told.unanswered
    assert not told.doubled_rows
    assert not told.without_need
    assert not told.uncounted_pico
    assert not told.bad_codes
    assert told.last_code in (0, 5)
