"""What benches measure with: CPU and memory of whole process trees, and the line that states a goal."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parents[1]
"""This checkout."""
REPEATS = 3
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Median CPU and wall seconds of a few runs, with child processes."""
    results = []
    for _ in range(REPEATS):
        cpu, wall = cpu_clock(), time.perf_counter()
        run()
        results.append((cpu_clock() - cpu, time.perf_counter() - wall))
    return statistics.median(r[0] for r in results), statistics.median(r[1] for r in results)


def cpu_clock() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_tree_mb(command: Sequence[str | Path]) -> float:
    """Peak resident memory of a command and its descendants, looked at every 20 ms."""
    process = subprocess.Popen(command)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, tree_mb(process.pid))
        time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return peak


def tree_mb(root: int) -> float:
    """Resident memory of a process and its descendants now, in MiB."""
    pages = 0
    for pid in _tree(root):
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * _PAGE_BYTES / 2**20


def _tree(root: int) -> set[int]:
    """A process and its descendants."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def tree_cpu_seconds(root: int) -> float:
    """CPU time of a process, its descendants and those of them that have ended."""
    ticks = 0
    for pid in _tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def other_checkout() -> Path | None:
    """The checkout to measure against, if `BENCH_AGAINST` (or `--against`) names one."""
    named = os.environ.get("BENCH_AGAINST")
    return Path(named).resolve() if named else None


def costs_with(checkout: Path, script: str, argument: str | Path) -> dict[str, float]:
    """The seconds by name that a script of this `bench/` prints when it runs on the code of a checkout."""
    run = subprocess.run(
        [sys.executable, HERE / "bench" / script, argument],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=True,
    )
    costs: dict[str, float] = json.loads(run.stdout)
    return costs


def goal(name: str, figure: float, limit: float, unit: str) -> str:
    """`<part>.<goal> <figure> <goal> ok|short`."""
    return f"{name} {figure:.3f} {unit} (goal ≤ {limit:g}) {'ok' if figure <= limit else 'short'}"
