"""The inbox sensor under a million files: how long its looks take, and how much memory.

The naive way beside it walks the whole inbox and asks for every file's size and time, which is what any way without a
memory of folders has to do at each look, before it compares anything.
"""

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FILES = int(os.environ.get("QWENOCR_BENCH_INBOX_FILES", "1000000"))
"""Files under the inbox; a fifth of them once more in one flat folder."""
A_FOLDER = 1_000
A_BATCH = 1_000
"""Files in a batch: four times the default, since cutting writes a manifest each and is no look's steady work."""
STEADY_TICKS = 12
"""Half a minute apart: every folder comes to be listed again meanwhile, though nothing in it has changed."""


def main() -> None:
    """Make the files, look until all are in batches, then look at an inbox that stands still, and at a burst."""
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder) / "data" / "inbox"
        took = _timed(lambda: _make_files(inbox, FILES, A_FOLDER))
        print(f"{FILES:,} files in folders of {A_FOLDER:,}, made in {took:.0f} s")
        print(
            f"  naive: walk and look at each: {_timed(lambda: _walk(inbox)):.1f} s, before anything is compared"
        )
        ticks = _Ticks(Path(folder) / "data")
        _measure_first(ticks)
        worst = _measure_steady(ticks)
        _measure_burst(ticks, inbox, FILES // 10)
        shutil.rmtree(inbox)
        flat = Path(folder) / "flat" / "inbox"
        _make_files(flat, FILES // 5, FILES // 5)
        print(f"{FILES // 5:,} files in one folder")
        ticks = _Ticks(Path(folder) / "flat")
        _measure_first(ticks)
        worst = max(worst, _measure_steady(ticks))
        (flat / "one more.png").write_bytes(b"one more")
        print(f"  one more file: {ticks.take():.2f} s")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _goal("inbox_steady_tick_s", f"{worst:.2f}", "<=5", worst <= 5)
    _goal("inbox_memory_mb", f"{memory:.0f}", "<=500", memory <= 500)


class _Ticks:
    """Looks of the sensor at one inbox, half a minute apart by its clock."""

    def __init__(self, data: Path) -> None:
        from qwenocr_assets.settings import load_settings

        self._settings = load_settings(data=str(data), batch_max_files=A_BATCH)
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self._cursor: str | None = None
        self.runs: list[int] = []

    def take(self) -> float:
        """One look; returns its seconds."""
        from qwenocr_assets.defs.intake.inbox import watch_inbox

        self._now += timedelta(seconds=30)
        started = time.perf_counter()
        result: Any = watch_inbox(self._settings, self._cursor, self._now)
        took = time.perf_counter() - started
        self._cursor = result.cursor
        self.runs.append(len(result.run_requests or []))
        return took

    def until_batched(self) -> Iterator[float]:
        """Looks until nothing is left to list, hash or cut."""
        while True:
            yield self.take()
            counts, unlisted = self.status()
            if not (unlisted or counts["waiting"] or counts["ready"]):
                return

    def status(self) -> tuple[dict[str, int], int]:
        from qwenocr_assets.intake.inbox.index import open_index
        from qwenocr_assets.intake.inbox.status import inbox_status

        with open_index(self._settings.inbox_index_url, self._settings.inbox_folder) as index:
            found = inbox_status(index, 0)
        return {str(state): count for state, count in found.counts.items()}, found.unlisted_folders

    @property
    def batches(self) -> int:
        return len(self._settings.data_folder.batch_ids())


def _measure_first(ticks: _Ticks) -> None:
    took = list(ticks.until_batched())
    print(
        f"  first tick {took[0]:.1f} s; all in {ticks.batches:,} batches after {len(took)} ticks, "
        f"{sum(took):.0f} s, the longest {max(took):.1f} s; at most {max(ticks.runs)} runs a tick"
    )


def _measure_steady(ticks: _Ticks) -> float:
    time.sleep(3)  # a folder that changed just now may change once more without showing it
    took = [ticks.take() for _ in range(STEADY_TICKS)]
    print(f"  nothing new: {statistics.median(took):.2f} s a tick, the longest {max(took):.2f} s")
    return max(took)


def _measure_burst(ticks: _Ticks, inbox: Path, count: int) -> None:
    before = ticks.batches
    _make_files(inbox / "burst", count, A_FOLDER)
    took = list(ticks.until_batched())
    print(
        f"  burst of {count:,} new files: {ticks.batches - before:,} batches after {len(took)} ticks, "
        f"the longest {max(took):.1f} s; at most {max(ticks.runs)} runs a tick"
    )


def _make_files(root: Path, count: int, a_folder: int) -> None:
    """Tiny files, each with its own content."""
    for number in range(count // a_folder):
        folder = root / f"{number // 100:03}" / f"{number % 100:02}" if count > a_folder else root
        folder.mkdir(parents=True)
        for place in range(a_folder):
            file = os.open(f"{folder}/scan {place:06}.png", os.O_CREAT | os.O_WRONLY)
            os.write(file, f"{folder} {place}".encode())
            os.close(file)


def _walk(root: Path) -> None:
    for folder, _, files in os.walk(root):
        for file in files:
            os.stat(f"{folder}/{file}")  # noqa: PTH116  the naive way is a fast one


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _goal(name: str, figure: str, goal: str, reached: bool) -> None:
    print(f"intake.{name} {figure} {goal} {'ok' if reached else 'short'}")


if __name__ == "__main__":
    sys.exit(main())
