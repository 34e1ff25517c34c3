"""Data in a bucket beside data on a disk: a batch of 100 small pages, and a journal of 400 parts.

The bucket is on a SeaweedFS of its own and the database on a Postgres of its own, both on this machine; the engine
answers at once. Batches are read in turns, each with pages of its own, after one that counts for neither. How many
requests a batch asks of the bucket does not depend on how busy the machine is.
"""

import os
import statistics
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw
from upath import UPath

from bench.instant_engine import straight
from bench.servers import bucket, environment, postgres
from qwenocr_assets.storage.journal import Journal

_PAGES, _ROUNDS, _PARTS = 100, 3, 400


def main() -> None:
    with bucket() as there, postgres() as database, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = f"{there.url}/{uuid.uuid4().hex}"
        places = {
            "disk": {"QWENOCR_DATA": str(folder / "data"), "QWENOCR_LEDGER": f"sqlite:///{folder}/ledger.db"},
            "bucket": {"QWENOCR_DATA": data, "QWENOCR_LEDGER": database},
        }
        took: dict[str, list[float]] = {place: [] for place in places}
        asked = Counter[str]()
        for number in range(1 + _ROUNDS):
            pages = _draw(folder / f"pages-{number}", number)
            for place, settings in places.items():
                with environment({**settings, "QWENOCR_REGION": "local"}), straight() as way:
                    before, begin = there.requests(), time.perf_counter()
                    way.read(pages)
                    took[place].append(time.perf_counter() - begin)
                    asked = there.requests() - before or asked
        seconds = {place: statistics.median(times[1:]) for place, times in took.items()}
        parts = _journal(UPath(f"{data}/journals/b.jsonl.zst"))
    print(", ".join(f"{_PAGES} pages on a {place} {s:.1f} s" for place, s in seconds.items()))
    print(f"{_PARTS} parts of a journal: read in {parts:.2f} s")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(asked.items()))
    print(f"requests of a batch: {asked.total()} ({kinds}; HEAD counts as GET)")
    _goal("requests_a_page", asked.total() / _PAGES, 6)
    _goal("against_disk", seconds["bucket"] / seconds["disk"], 2)
    _goal("journal_seconds", parts, 1)


def _draw(folder: Path, seed: int) -> Path:
    folder.mkdir()
    for number in range(_PAGES):
        page = Image.new("L", (310, 440), 255)
        ImageDraw.Draw(page).text((20, 20), f"page {seed} {number}", fill=0)
        page.save(folder / f"{number:03}.png")
    return folder


def _journal(path: UPath) -> float:
    journal = Journal(path)
    for number in range(_PARTS):
        journal.append([{"request_key": str(number), "raw": os.urandom(1_500).hex()}])
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        if len(journal.read()) != _PARTS:
            raise RuntimeError("records are missing")
        times.append(time.perf_counter() - begin)
    return min(times)


def _goal(name: str, figure: float, goal: float) -> None:
    print(f"buckets.{name} {figure:.2f} <={goal:g} {'ok' if figure <= goal else 'short'}")
