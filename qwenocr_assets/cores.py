"""How many processors there are to work with."""

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def core_count() -> int:
    """Processors that this process may use: those it may run on, and no more than its container's time is worth."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return there if quota is None else max(1, min(there, ceil(quota)))


def cpu_quota(cgroups: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> float | None:
    """Processors' time that a container's quota is worth, like 1.5; None without one.

    It stands in `cpu.max` (cgroup v2) or `cpu.cfs_quota_us` (v1) of the process's group or one above it; the least
    counts. A quota does not change which processors a process may run on.
    """
    found = [quota for folder in _folders(cgroups, own) if (quota := _quota_of(folder)) is not None]
    return min(found, default=None)


def _folders(cgroups: Path, own: Path) -> Iterator[Path]:
    """The group's folders and those above them; inside a container the own group is the root."""
    yield from (cgroups, cgroups / "cpu")
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root = cgroups
        elif "cpu" in controllers.split(","):
            root = cgroups / "cpu"
        else:
            continue
        group = PurePosixPath(path.lstrip("/"))
        yield from (root / part for part in (group, *group.parents))


def _quota_of(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")
            )
        return None if quota in ("max", "-1") else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
