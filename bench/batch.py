"""10,000 requests through the emulated Batch API in three files, the process killed at random points."""

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from upath import UPath

from bench.batch_worker import BATCH, TASK
from qwenocr_assets.asking.batch_answers import read_answers
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.emulator import BatchFault, batches_in_order, create_emulator
from qwenocr_assets.emulator.testing.canned_answers import CannedAnswers
from qwenocr_assets.emulator.testing.serving import served
from qwenocr_assets.qwenocr.prices import to_usd
from qwenocr_assets.state.database import sqlite_url
from qwenocr_assets.storage.data_folder import DataFolder

_IMAGE_BYTES = 30_000
_FAULTS = (BatchFault(), BatchFault(expires_after=0.9), BatchFault(error_share=0.02, tears_results=1))
_MOST_SECONDS = 300.0


@dataclass(frozen=True)
class Measured:
    """What came of it."""

    answered: int
    billed_calls: int
    bill_usd: Decimal
    settled_usd: Decimal
    open_usd: Decimal
    kills: int
    batches: int
    peak_mb: float
    seconds: float


def measure(requests: int, files: int, kills: int, seed: int = 7) -> Measured:
    """Run the worker, killing it so often, until it ends by itself."""
    drawn = random.Random(seed)
    emulator = create_emulator(
        CannedAnswers(), region="beijing", batch_faults=batches_in_order(_FAULTS), batch_seconds=0.5
    )
    with tempfile.TemporaryDirectory() as name, served(emulator) as url:
        folder = Path(name)
        (folder / "page.png").write_bytes(drawn.randbytes(_IMAGE_BYTES))
        started, peak, killed = time.monotonic(), 0.0, 0
        command = [sys.executable, "-m", "bench.batch_worker", name, url, str(requests), str(files)]
        while True:
            worker = subprocess.Popen(command)
            # an interpreter takes about two seconds to come up
            ends_at = time.monotonic() + 1.5 + drawn.expovariate(1 / 2.0) if killed < kills else float("inf")
            while worker.poll() is None and time.monotonic() < ends_at:
                peak = max(peak, _peak_mb(worker.pid))
                if time.monotonic() - started > _MOST_SECONDS:
                    worker.kill()
                    raise TimeoutError("the worker comes to no end")
                time.sleep(0.02)
            if worker.poll() is not None:
                if worker.returncode:
                    raise RuntimeError(f"the worker ended with {worker.returncode}")
                break
            worker.kill()
            worker.wait()
            killed += 1
        records = read_answers([DataFolder(UPath(folder)).journal(TASK, BATCH)])
        with Ledger.open(sqlite_url(folder / "ledger.db")) as ledger:
            entries = ledger.entries()
        return Measured(
            answered=sum(record.status == "ok" for record in records.values()),
            billed_calls=emulator.bill.total.calls,
            bill_usd=emulator.bill.total.usd,
            settled_usd=to_usd(sum(e["settled_pico"] or 0 for e in entries)),
            open_usd=to_usd(
                sum(e["reserved_pico"] for e in entries if e["state"] in ("reserved", "uncertain"))
            ),
            kills=killed,
            batches=len(emulator.batches.all()) if emulator.batches else 0,
            peak_mb=peak,
            seconds=time.monotonic() - started,
        )


def main() -> None:
    """10,000 requests in 3 files."""
    requests = 10_000
    found = measure(requests, files=3, kills=12)
    print(
        f"{requests:,} requests, {found.batches} batches (one of them expires, one has errors), {found.kills} kills, "
        f"{found.seconds:.0f} s; bill ${found.bill_usd}, ledger ${found.settled_usd}, still open ${found.open_usd}"
    )
    once = found.answered == found.billed_calls == requests
    met = found.bill_usd == found.settled_usd and not found.open_usd
    print(f"batch.answered_once {found.answered}/{found.billed_calls} {requests} {'ok' if once else 'short'}")
    print(f"batch.bill_difference_usd {abs(found.bill_usd - found.settled_usd)} 0 {'ok' if met else 'short'}")
    print(f"batch.peak_mb {found.peak_mb:.0f} 300 {'ok' if found.peak_mb < 300 else 'short'}")


def _peak_mb(pid: int) -> float:
    """The most memory that a process ever held, by the kernel's count."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
