"""Runs of processes that died are closed, those of living ones are left alone."""

from pathlib import Path

import dagster as dg
import pytest

from qwenocr_assets.defs.running.processes import PROCESS_TAG, close_dead_runs, living_process


@pytest.mark.parametrize(
    ("tagged", "living", "closed"),
    [(True, False, True), (True, True, False), (False, False, False)],
    ids=["dead", "living", "not ours"],
)
def test_runs_of_dead_processes_are_closed(tmp_path: Path, tagged: bool, living: bool, closed: bool) -> None:
    with dg.DagsterInstance.ephemeral() as instance, living_process(tmp_path) as alive:
        tags = alive if living else {"qwenocr/process": "of-a-killed-process"}
        run = instance.add_run(
            dg.DagsterRun(
                job_name="ocr_batch", status=dg.DagsterRunStatus.STARTED, tags=tags if tagged else {}
            )
        )
        assert close_dead_runs(instance, tmp_path) == ([run.run_id] if closed else [])
        status = instance.get_run_by_id(run.run_id).status  # type: ignore[union-attr]
        assert (status == dg.DagsterRunStatus.FAILURE) is closed


def test_a_process_leaves_nothing_behind(tmp_path: Path) -> None:
    with living_process(tmp_path) as tags:
        assert [p.name for p in (tmp_path / "processes").iterdir()] == [tags[PROCESS_TAG]]
    assert list((tmp_path / "processes").iterdir()) == []
