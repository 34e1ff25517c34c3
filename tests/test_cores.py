"""Processors to work with: a container's quota counts, wherever it stands."""

from pathlib import Path

import pytest

from qwenocr_assets import cores


@pytest.mark.parametrize(
    ("files", "own", "quota"),
    [
        ({}, "0::/\n", None),
        ({"cpu.max": "max 100000"}, "0::/\n", None),
        ({"cpu.max": "150000 100000"}, "0::/\n", 1.5),
        ({"pods/a/cpu.max": "200000 100000"}, "0::/pods/a\n", 2.0),
        ({"pods/a/cpu.max": "400000 100000", "pods/cpu.max": "50000 100000"}, "0::/pods/a\n", 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/\n", None),
        (
            {"cpu/a/cpu.cfs_quota_us": "300000", "cpu/a/cpu.cfs_period_us": "100000"},
            "4:cpu,cpuacct:/a\n",
            3.0,
        ),
        ({"cpu.max": "what 1"}, "0::/\n", None),
    ],
    ids=["none", "no limit", "v2", "v2, own group", "v2, a group above", "v1, no limit", "v1", "unreadable"],
)
def test_the_least_quota_counts(files: dict[str, str], own: str, quota: float | None, tmp_path: Path) -> None:
    groups, own_file = tmp_path / "cgroup", tmp_path / "own"
    groups.mkdir()
    for name, text in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(text + "\n")
    own_file.write_text(own)
    assert cores.cpu_quota(groups, own_file) == quota


@pytest.mark.parametrize(("quota", "count"), [(None, 8), (1.5, 2), (0.2, 1), (64.0, 8)])
def test_there_are_no_more_processors_than_the_quota_pays_for(
    quota: float | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(cores, "cpu_quota", lambda: quota)
    assert cores.core_count() == count
