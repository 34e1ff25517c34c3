"""Each data folder has its own home of Dagster: what one lists and ran is not beside what another did."""

import re
from pathlib import Path

import dagster as dg
import pytest

from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.running import instance as homes
from qwenocr_assets.defs.running.instance import dagster_home, ensure_dagster_home
from qwenocr_assets.defs.running.launch import register_partition
from qwenocr_assets.settings import load_settings

NAME = intake_batches.name or ""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setattr(homes, "_set_here", None)
    return tmp_path


@pytest.mark.parametrize(
    ("data", "home"),
    [
        (None, r"\.dagster"),
        ("data", r"\.dagster"),
        ("./data/", r"\.dagster"),
        ("elsewhere/data", r"\.dagster/data-[0-9a-f]{8}"),
        ("/srv/Rechnungen 2025", r"\.dagster/rechnungen-2025-[0-9a-f]{8}"),
        ("請求書", r"\.dagster/data-[0-9a-f]{8}"),
        ("memory://bucket/scans", r"\.dagster/scans-[0-9a-f]{8}"),
    ],
)
def test_a_data_folder_has_a_home(
    project: Path, monkeypatch: pytest.MonkeyPatch, data: str | None, home: str
) -> None:
    if data is not None:
        monkeypatch.setenv("QWENOCR_DATA", data)
    found = dagster_home(load_settings().data_folder).relative_to(project.resolve()).as_posix()
    assert re.fullmatch(home, found), found


def test_one_that_is_set_wins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_DATA", "elsewhere")
    monkeypatch.setenv("DAGSTER_HOME", str(project / "mine"))
    assert dagster_home(load_settings().data_folder) == (project / "mine").resolve()


def partitions() -> set[str]:
    with dg.DagsterInstance.get() as instance:
        return set(instance.get_dynamic_partitions(NAME))


@dg.job
def nothing() -> None:
    pass


@pytest.mark.slow
def test_what_another_data_folder_did_is_not_listed_and_what_it_had_done_is_not_lost(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as it was: one home for all
    shared = ensure_dagster_home(load_settings().data_folder)
    assert shared == (project / ".dagster").resolve()
    assert "enabled: false" in (shared / "dagster.yaml").read_text()  # without a checkout as well
    with dg.DagsterInstance.get() as instance:
        run_id = nothing.execute_in_process(instance=instance).run_id
        for batch_id in ("ours", "theirs"):
            register_partition(instance, batch_id)
    (project / "other" / "batches").mkdir(parents=True)
    (project / "other" / "batches" / "theirs.json").write_text("{}")

    monkeypatch.setenv("QWENOCR_DATA", "other")
    other = ensure_dagster_home(load_settings().data_folder)
    assert other.parent == shared
    assert partitions() == {"theirs"}
    with dg.DagsterInstance.get() as instance:
        assert [run.run_id for run in instance.get_runs()] == [run_id]
        register_partition(instance, "another")
    assert partitions() == {"theirs", "another"}

    monkeypatch.setenv("QWENOCR_DATA", "a third")
    ensure_dagster_home(load_settings().data_folder)
    assert partitions() == set()

    monkeypatch.delenv("QWENOCR_DATA")
    assert ensure_dagster_home(load_settings().data_folder) == shared
    assert partitions() == {"ours", "theirs"}
    with dg.DagsterInstance.get() as instance:
        assert [run.run_id for run in instance.get_runs()] == [run_id]
