"""What the pipeline itself costs, with an engine that answers at once: from files to the published warehouse.

The naive way beside it is the same work called straight, without Dagster: the difference is Dagster's share. The
goal for that share counts reading a batch; publishing happens once for a burst of batches.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import partitions, second_run

PAGES_A_BATCH = (100, 500)
RUNS = 3


def main() -> None:
    """Measure in fresh processes, so that start-up is part of the wall time as it is for a person."""
    print("one batch of one-page images, instant engine, launch to published warehouse; CPU after start-up")
    walls: dict[int, float] = {}
    shares: dict[int, float] = {}
    for count in PAGES_A_BATCH:
        inside = [_measured("dagster", count) for _ in range(RUNS)]
        bare = [_measured("straight", count) for _ in range(RUNS)]
        walls[count] = statistics.median(m.wall for m in inside)
        print(f"  {count} pages: {walls[count]:.1f} s wall")
        for half in ("read", "publish"):
            with_dagster = statistics.median(getattr(m, half) for m in inside)
            straight = statistics.median(getattr(m, half) for m in bare)
            share = max(0.0, (with_dagster - straight) / with_dagster)
            print(
                f"    {half}: {with_dagster:.2f} s CPU in Dagster, {straight:.2f} s straight, share {share:.1%}"
            )
            if half == "read":
                shares[count] = share
    second_run.main()
    partitions.main()
    subprocess.run([sys.executable, "-m", "bench.inbox"], check=True)  # by itself: its memory is measured
    _goal("batch_100_wall_s", f"{walls[100]:.1f}", "<15", walls[100] < 15)
    _goal("dagster_cpu_share_500", f"{shares[500]:.1%}", "<10%", shares[500] < 0.10)


@dataclass(frozen=True)
class Measured:
    """Wall seconds from launch to exit; CPU seconds of the two halves after imports and start-up."""

    wall: float
    read: float
    publish: float


def _goal(name: str, figure: str, goal: str, reached: bool) -> None:
    print(f"intake.{name} {figure} {goal} {'ok' if reached else 'short'}")


def _measured(way: str, count: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        _write_images(Path(folder) / "images", count)
        environment = {
            **os.environ,
            "QWENOCR_DATA": f"{folder}/data",
            "DAGSTER_HOME": f"{folder}/dagster",
            "QWENOCR_REGION": "local",
        }
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "bench.intake", way, f"{folder}/images"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - started
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        read, publish = done.stdout.split()[-2:]
        return Measured(wall, float(read), float(publish))


def _write_images(folder: Path, count: int) -> None:
    """One-page images, each with its own content, of the size of a phone's screenshot of a receipt."""
    from PIL import Image, ImageDraw

    folder.mkdir(parents=True)
    for number in range(count):
        image = Image.new("L", (1240, 1754), 255)
        ImageDraw.Draw(image).text((100, 100), f"page {number}", fill=0)
        image.save(folder / f"page-{number:05}.png", compress_level=1)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _work(way: str, images: Path) -> None:
    """The measured process: the whole way once, with or without Dagster."""
    from bench.instant_engine import straight, with_dagster

    with {"dagster": with_dagster, "straight": straight}[way]() as halves:
        started = _cpu()
        halves.read(images)
        between = _cpu()
        halves.publish()
        print(between - started, _cpu() - between)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _work(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
