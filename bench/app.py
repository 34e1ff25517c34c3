"""The page on 10,000 documents (QWENOCR_BENCH_DOCUMENTS for another number): how long somebody waits for it.

The sample documents as a perfect reader would answer about them, in intake batches of 256, and one document of 30
pages, loaded and published first. The page is served as `qwenocr app` serves it. A correction is saved while nothing
else goes on, and once more while the corrected batch is checked and the warehouse published in the background. Paint is
measured in headless Chromium, if one is installed.
"""

import contextlib
import os
import resource
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from upath import UPath

from bench.measuring import goal
from bench.sample_warehouse import BATCH, DATA, write_samples
from qwenocr_assets.app.server import create_app
from qwenocr_assets.emulator.testing.serving import served
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.steps.corrections import check_rules_again
from qwenocr_assets.steps.publish import publish
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from tests.report.browser import CHROMIUM, chromium
from tests.waiting import wait_until

DOCUMENTS = int(os.environ.get("QWENOCR_BENCH_DOCUMENTS", "10000"))
LISTED = 1_000
BATCH_DOCUMENTS = 256
LONG_ID, LONG_PAGES = "long", 30
TIMES = 15
_PATIENCE = 30.0
Rows = dict[str, list[dict[str, Any]]]
_KEYS = ("document_id", "page_id", "ground_page_id", "request_key")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="qwenocr-bench-app-") as folder:
        few = _environment(Path(folder) / "few", LISTED)
        with _served(few) as client:
            listed = _times(lambda _: client.get("/", params={"q": ""}))
            filtered = _times(
                lambda _: client.get("/", params={"q": "languages", "state": "failed"}), at_least="<tr><th"
            )
        print(f"{LISTED:,} documents: listed in {_told(listed)}, filtered in {_told(filtered)}")
        many = _environment(Path(folder) / "many", DOCUMENTS)
        with _served(many) as client:
            print(f"{DOCUMENTS:,} documents: listed in {_told(_times(lambda _: client.get('/')))}")
            shown = _times(lambda _: client.get(f"/documents/{LONG_ID}"))
            print(f"a document of {LONG_PAGES} pages answered in {_told(shown)}")
            painted = _painted(f"{client.base_url}documents/{LONG_ID}")
            alone = _corrected(client, many)
            print(f"a correction saved and checked in {_told(alone)}")
        with _served(many, pause_seconds=0.0) as client:
            print(f"the same while the warehouse is published: {_told(_corrected(client, many))}")
    print(f"peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    if painted:
        print(f"first paint of {LONG_PAGES} pages in {_told(painted)}")
        print(goal("app.first_paint", statistics.median(painted), 0.5, "s"))
    print(goal("app.correction_saved", statistics.median(alone) * 1e3, 150, "ms"))
    print(goal("app.listed", statistics.median(listed) * 1e3, 100, "ms"))
    print(goal("app.filtered", statistics.median(filtered) * 1e3, 100, "ms"))


def _times(ask: Callable[[int], httpx.Response], at_least: str = "") -> list[float]:
    ask(0)  # what is read once
    seconds = []
    for number in range(TIMES):
        started = time.perf_counter()
        answer = ask(number)
        seconds.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
        assert at_least in answer.text
    return seconds


def _told(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:,.0f} ms (at most {max(seconds) * 1e3:,.0f})"


def _corrected(client: httpx.Client, environment: Environment) -> list[float]:
    """A value of another document each time."""
    words = [
        {
            "batch_id": row["batch_id"], "document_id": row["document_id"], "page_id": row["page_id"],
            "task": row["task"], "place": row["path"], "verdict": "value", "value": "1.50", "shown": row["value"],
            "by": "Ada",
        }
        for batch_id in _batches(environment.data)[: TIMES + 1]
        for row in _one_per_document(environment.data, batch_id)
    ]  # fmt: skip
    asked = iter(words)

    def say(_: int) -> httpx.Response:
        answer = client.post("/api/corrections", json=next(asked))
        while answer.status_code == 409:
            answer = client.post("/api/corrections", json=next(asked))
        return answer

    return _times(say)


def _one_per_document(data: DataFolder, batch_id: str) -> list[Any]:
    found = {
        row["document_id"]: row for row in read_table(data, TABLES["key_values"], batch_id) if row["value"]
    }
    return list(found.values())[-20:]


def _painted(address: str) -> list[float]:
    """Seconds from asking for a page to its first paint, as the browser says."""
    if CHROMIUM is None:
        print("No Chromium is installed: paint is not measured.")
        return []
    script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    seconds = []
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as tab:
        for number in range(TIMES + 1):
            tab.open(f"{address}?{number}", width=1440)
            wait_until(lambda: tab.run(script) is not None, "the first paint")
            seconds.append(tab.run(script) / 1e3)
    return seconds[1:]


@contextlib.contextmanager
def _served(environment: Environment, pause_seconds: float = 3600.0) -> Iterator[httpx.Client]:
    """The page on a port; corrections are published after the pause, and not at the end."""
    going_on = threading.Event()

    def bring_up_to_date(batches: Sequence[str]) -> None:
        if going_on.is_set():
            check_rules_again(environment, batches)
            publish(environment)

    going_on.set()
    app = create_app(environment, publish=bring_up_to_date, pause_seconds=pause_seconds)
    with served(app, end_seconds=None) as address:
        try:
            with httpx.Client(base_url=f"{address}/", timeout=_PATIENCE) as client:
                yield client
        finally:
            going_on.clear()


def _environment(folder: Path, documents: int) -> Environment:
    environment = Environment.load(data=str(folder / "data"), region="local")
    started = time.perf_counter()
    _write_batches(environment.data, documents)
    publish(environment)
    print(f"{documents:,} documents written and published in {time.perf_counter() - started:,.0f} s")
    return environment


def _write_batches(data: DataFolder, documents: int) -> None:
    """The samples' rows, again and again under other names, and the long document in the last batch."""
    source = DataFolder(UPath(data.root / "source"))
    write_samples(source)
    rows: Rows = {name: [dict(r) for r in read_table(source, t, BATCH)] for name, t in TABLES.items()}
    shutil.rmtree(str(source.root))
    shutil.copytree(DATA / "samples", data.root / "pages")
    names = {row["document_id"]: row["name"] for row in rows["documents"]}
    for row in rows["pages"]:
        name = names[row["document_id"]]
        row["uri"] = "pages/languages/en.png" if name.endswith(".pdf") else f"pages/{name}"
    copies = [_copied(rows, number) for number in range(-(-documents // len(names)))]
    per_batch = max(1, BATCH_DOCUMENTS // len(names))
    for number, start in enumerate(range(0, len(copies), per_batch)):
        lot = copies[start : start + per_batch]
        if start + per_batch >= len(copies):
            lot.append(_long(rows, LONG_PAGES))
        _write(data, f"batch-{number:04}", lot)


def _write(data: DataFolder, batch_id: str, lot: Sequence[Rows]) -> None:
    for name, schema in TABLES.items():
        write_table(
            data, schema, batch_id, [row | {"batch_id": batch_id} for rows in lot for row in rows[name]]
        )


def _copied(rows: Rows, number: int) -> Rows:
    copies: Rows = {}
    for name, table in rows.items():
        copies[name] = [row | {k: f"{number:05}{row[k]}" for k in _KEYS if row.get(k)} for row in table]
    for document in copies["documents"]:
        document["name"] = f"copy {number}/{document['name']}"
        document["sha256"] = f"{number:05}{document['sha256']}"
    return copies


def _long(rows: Rows, pages: int) -> Rows:
    """A document whose pages are all the invoice, with its lines, values and table."""
    (invoice,) = (d for d in rows["documents"] if d["name"] == "invoices/invoice-acme.png")
    found: Rows = {name: [] for name in rows}
    found["documents"] = [
        invoice | {"document_id": LONG_ID, "name": "thirty-pages.pdf", "page_count": pages, "sha256": LONG_ID}
    ]
    for number in range(1, pages + 1):
        for name, table in rows.items():
            if name == "documents":
                continue
            for row in table:
                if row.get("document_id") == invoice["document_id"]:
                    again = row | {k: f"long-{number}-{row[k]}" for k in _KEYS if row.get(k)}
                    again["document_id"] = LONG_ID
                    found[name].append(again | ({"page_number": number} if name == "pages" else {}))
    return found


def _batches(data: DataFolder) -> list[str]:
    return sorted(path.stem for path in data.table_file("documents", "any").parent.iterdir())
