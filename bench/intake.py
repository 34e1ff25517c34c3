"""What the pipeline itself costs, with an engine that answers at once: from files to the published warehouse.

The naive way beside it is the same work called straight, without Dagster: the difference is Dagster's share.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGES_A_BATCH = (100, 500)
RUNS = 3


def main() -> None:
    """Measure in fresh processes, so that start-up is part of the wall time as it is for a person."""
    print("one batch of one-page images, instant engine, launch to published warehouse")
    walls: dict[int, float] = {}
    shares: dict[int, float] = {}
    for count in PAGES_A_BATCH:
        with_dagster = [_measured("dagster", count) for _ in range(RUNS)]
        straight = [_measured("straight", count) for _ in range(RUNS)]
        walls[count] = statistics.median(wall for wall, _, _ in with_dagster)
        inside = statistics.median(job for _, _, job in with_dagster)
        bare = statistics.median(job for _, _, job in straight)
        shares[count] = max(0.0, (inside - bare) / inside)
        print(
            f"  {count} pages: {walls[count]:.1f} s wall from launch; CPU of the work {inside:.2f} s in Dagster, "
            f"{bare:.2f} s straight ({(inside - bare) / count * 1000:.1f} ms a page apart)"
        )
    _goal("batch_100_wall_s", f"{walls[100]:.1f}", "<15", walls[100] < 15)
    _goal("dagster_cpu_share_500", f"{shares[500]:.1%}", "<10%", shares[500] < 0.10)


def _goal(name: str, figure: str, goal: str, reached: bool) -> None:
    print(f"intake.{name} {figure} {goal} {'ok' if reached else 'short'}")


def _measured(way: str, count: int) -> tuple[float, float, float]:
    """Wall seconds from launch, CPU seconds of the process, CPU seconds of the work after imports."""
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
        cpu, job = done.stdout.split()[-2:]
        return wall, float(cpu), float(job)


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

    with {"dagster": with_dagster, "straight": straight}[way]() as run:
        before = _cpu()
        run(images)
        print(_cpu(), _cpu() - before)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _work(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
