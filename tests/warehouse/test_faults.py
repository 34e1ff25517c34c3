"""Kill -9 at random points, and readers under load. The bench does the same 100 and 200 times."""

from pathlib import Path

import pytest

from bench.warehouse_faults import Steps, kill_at_random, read_under_load

pytestmark = pytest.mark.slow


def test_the_sequence_writes_removes_and_writes_again() -> None:
    steps = Steps(batches=4)
    assert steps.state(0) == {"b0000": (0, 1)}
    assert steps.state(4) == {"b0000": (4, 6), "b0001": (1, 8), "b0002": (2, 15), "b0003": (3, 22)}
    assert (steps.batch(6), "b0002" in steps.state(8), "b0002" in steps.state(9)) == ("b0002", True, False)


def test_killed_at_random_points_what_is_published_is_always_a_whole_state(tmp_path: Path) -> None:
    report = kill_at_random(tmp_path, kills=6)
    assert (report.mixed, report.stuck) == ([], [])
    assert report.kills == 6


def test_readers_under_load_see_whole_and_current_states_only(tmp_path: Path) -> None:
    report = read_under_load(tmp_path, batches=8, readers=2)
    assert (report.reader_errors, report.old_snapshots) == ([], [])
    assert report.published == 7
    assert report.opened > 7
