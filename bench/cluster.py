"""What several workers and machines bring, and what they cost, on the servers of `make cluster`.

Three measurements: one and two workers on rendering and rows with an instant engine; a batch of 100 small pages with
data in a bucket and the state on Postgres beside the same on local disk; and the story of `tests/cluster/story.py` with
120 files, each part on a machine of its own, so that a dead worker is known by its silence only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from PIL import Image, ImageDraw

from bench.measuring import HERE, goal
from deploy.local_cluster.cluster import Cluster
from deploy.local_cluster.processes import Processes
from deploy.local_cluster.servers import start_object_store, start_postgres
from qwenocr_assets.emulator.testing.serving import served
from tests.cli.slow_account import HeldAccount
from tests.cluster import story
from tests.cluster.conftest import picture
from tests.waiting import wait_until

_FOLDERS, _SHEETS = 6, 8
_SMALL_PAGES = 100
_ROUNDS = 3
_FILES, _BATCHES = 120, 12


def main() -> None:
    """Measure all three."""
    with tempfile.TemporaryDirectory(prefix="qwenocr-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with _bucket_and_postgres(folder / "servers") as remote:
            lines = [*_workers(folder, remote), *_remote(folder, remote)]
        lines += _story(folder)
    print("\n".join(lines))


def _workers(folder: Path, remote: Mapping[str, str]) -> list[str]:
    shares = [_pdfs(folder / "pdfs" / str(number), number) for number in range(_FOLDERS)]
    warm = _pdfs(folder / "warm", _FOLDERS)
    took: dict[int, list[float]] = {1: [], 2: []}
    for round_number in range(_ROUNDS):
        for workers in took:
            data = {"QWENOCR_DATA": f"s3://bench/workers-{round_number}-{workers}"}
            parts = [shares[number::workers] for number in range(workers)]
            took[workers].append(_read(folder, warm, parts, {**remote, **data, "QWENOCR_DECODERS": "1"}))
    print(
        f"{_FOLDERS} × {_SHEETS} A4 sheets, rendering and rows by workers: {_seconds(took)}; "
        f"the machine's load is {os.getloadavg()[0]:.0f}"
    )
    share = statistics.median(two / one for one, two in zip(took[1], took[2], strict=True))
    return [goal("cluster.two_workers", share, 1 / 1.8, "× one worker's time")]


def _remote(folder: Path, remote: Mapping[str, str]) -> list[str]:
    pages, warm = folder / "small", folder / "small-warm"
    for where, numbers in ((pages, range(_SMALL_PAGES)), (warm, range(1000, 1002))):
        where.mkdir()
        for number in numbers:
            (where / f"{number}.png").write_bytes(picture(number))
    took: dict[str, list[float]] = {"local": [], "remote": []}
    for round_number in range(_ROUNDS):
        local = {"QWENOCR_DATA": str(folder / f"local-{round_number}")}
        away = {**remote, "QWENOCR_DATA": f"s3://bench/small-{round_number}"}
        for name, environment in (("local", local), ("remote", away)):
            took[name].append(_read(folder, warm, [[pages]], environment))
    print(f"{_SMALL_PAGES} small pages, bucket and Postgres beside local disk: {_seconds(took)}")
    slower = statistics.median(a / b for a, b in zip(took["remote"], took["local"], strict=True))
    return [goal("cluster.remote_batch", slower, 2.0, "× local disk's time")]


def _story(folder: Path) -> list[str]:
    project = folder / "project"
    project.mkdir()
    for name in ("dbt_like_sql", "deploy"):
        (project / name).symlink_to(HERE / name)
    account = HeldAccount()
    with served(account) as url:
        cluster = Cluster(folder / "cluster", project, story.settings(url, _FILES // _BATCHES))
        try:
            cluster.start()
            came = story.tell(cluster, account, _FILES, _BATCHES, patient=True)
        finally:
            cluster.end()
    asked = _FILES * story.TASKS
    in_flight = len(story.KILLED_WORKERS) * story.IN_FLIGHT
    print(f"{_FILES} files, two of three workers, the daemon and the code server killed: {came}")
    return [
        goal("cluster.lost", asked - came.requests, 0, "requests"),
        goal("cluster.doubled", came.rows - came.requests, 0, "rows"),
        goal("cluster.left_started", came.unfinished, 0, "runs"),
        goal("cluster.calls", came.calls - asked, in_flight, "calls over what was asked"),
        goal("cluster.bill", abs(came.arrived_pico - came.settled_pico), 0, "pico-dollars beside the ledger"),
    ]


_numbers = count()


def _read(folder: Path, warm: Path, parts: Sequence[Sequence[Path]], environment: Mapping[str, str]) -> float:
    """Seconds from the first worker's begin to the last one's end, each with its part of the folders."""
    run = folder / f"run-{next(_numbers)}"
    run.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QWENOCR_")}
    workers = []
    for number, part in enumerate(parts):
        own = {
            **inherited,
            **environment,
            "QWENOCR_REGION": "local",
            "XDG_CACHE_HOME": str(run / f"cache-{number}"),
        }
        command = [
            sys.executable,
            "-m",
            "bench.cluster_worker",
            run / f"ready-{number}",
            run / "go",
            warm,
            *part,
        ]
        workers.append(subprocess.Popen(command, env=own, cwd=HERE, stdout=subprocess.PIPE, text=True))
    wait_until(lambda: len(list(run.glob("ready-*"))) == len(parts), "the workers to be warm")
    (run / "go").touch()
    said = [worker.communicate()[0].splitlines()[-1].split() for worker in workers]
    return max(float(end) for _, end in said) - min(float(begin) for begin, _ in said)


def _pdfs(folder: Path, seed: int) -> Path:
    """A folder with a PDF of A4 pictures that are like no other folder's."""
    sheets = []
    for number in range(_SHEETS):
        sheet = Image.new("RGB", (1240, 1754), "white")
        pen = ImageDraw.Draw(sheet)
        for line in range(40):
            pen.text((60, 40 * line), f"folder {seed} sheet {number} line {line} " * 5, fill="black")
        sheets.append(sheet)
    folder.mkdir(parents=True)
    sheets[0].save(folder / "sheets.pdf", save_all=True, append_images=sheets[1:], resolution=150)
    return folder


@contextmanager
def _bucket_and_postgres(folder: Path) -> Iterator[dict[str, str]]:
    """What tells a process about both."""
    processes = Processes(folder)
    folder.chmod(0o711)
    try:
        store = start_object_store(processes, folder / "store")
        store.make_bucket("bench")
        yield {**store.environment, "QWENOCR_LEDGER": start_postgres(processes, folder / "postgres")}
    finally:
        processes.end(*reversed(processes.names()))


def _seconds(took: Mapping[object, Sequence[float]]) -> str:
    return "; ".join(f"{name}: " + ", ".join(f"{s:.1f}" for s in each) + " s" for name, each in took.items())
