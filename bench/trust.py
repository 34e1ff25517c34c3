"""Planted errors over the wire: how many of the wrong values the review queue holds, and how many of the right ones.

Rendered invoices, tickets, receipts and tables go through the real pipeline: files, pages, the client, the wire,
answers, rows, rules, warehouse. The engine reads the lines itself, gives the values that stand on the page, and spoils
a tenth (`emulator.corrupting`). A value counts as queued when it has a row of its own in the queue; one that was
left out, when its list or table has one.

The factors and the threshold were chosen on `CALIBRATION` (TRUST_CALIBRATE=1 measures that); the figures are those of
`REPORT`, other documents and seeds.
"""

import hashlib
import json
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import httpx
from upath import UPath

from bench.drawn_pages import KINDS
from bench.sample_warehouse import _table
from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.launch import register_batch, run_batch, run_publish
from qwenocr_assets.emulator import Corruption
from qwenocr_assets.engine.app import create_app
from qwenocr_assets.engine.page.read_page import ReadPage
from qwenocr_assets.engine.reading.reader import Reader
from qwenocr_assets.engine.reading.weights import Reading
from qwenocr_assets.engine.wire.values import Answer, OcrRequest
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.geometry import Quad
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import value_path
from qwenocr_assets.settings import load_settings

REPOSITORY = Path(__file__).parents[1]
SAMPLE_FOLDERS = ("invoices", "tickets", "receipts", "tables")
SHARE = 0.10

PIPELINE = """
[[routes]]
name = "invoices"
match = "invoices/**"
tasks = ["advanced_recognition", "key_information_extraction", "table_parsing"]
audit_share = 0
rules = [
    { name = "total present", field = "total", required = true },
    { name = "invoice date", field = "invoice_date", type = "date", at_least = 2000-01-01 },
    { name = "amounts", field = "items[*].amount", type = "number" },
    { name = "tax adds up", sql = "abs(subtotal + tax - total) <= 0.01" },
    { name = "items add up", sql = '''abs(list_sum("items[*].amount") - subtotal) <= 0.01''' },
]

[[routes]]
name = "tickets"
match = ["tickets/**", "receipts/**"]
tasks = ["advanced_recognition", "key_information_extraction"]
audit_share = 0

[[routes]]
name = "tables"
match = "tables/**"
tasks = ["advanced_recognition", "table_parsing"]
audit_share = 0
"""
"""As the project's own, with nothing drawn for audit: that is not what is measured."""


@dataclass(frozen=True)
class Suite:
    """Which documents, spoiled with which seeds; `drawn` is how many of each kind, from which number on."""

    seeds: tuple[int, ...]
    first_drawn: int
    drawn: int
    samples: bool = True


CALIBRATION = Suite(seeds=(1, 2), first_drawn=0, drawn=4)
REPORT = Suite(seeds=(11, 12), first_drawn=100, drawn=4)


@dataclass(frozen=True)
class Document:
    """A file whose truth is known."""

    name: str
    content: bytes
    page: dict[str, Any]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def documents(suite: Suite) -> Iterator[Document]:
    for folder in SAMPLE_FOLDERS if suite.samples else ():
        for path in sorted((REPOSITORY / "data" / "samples" / folder).iterdir()):
            name = f"{folder}/{path.name}"
            truth = json.loads((REPOSITORY / "data" / "truth" / name).with_suffix(".json").read_text("utf-8"))
            yield Document(name, path.read_bytes(), truth["pages"][0])
    for kind, draw in KINDS.items():
        for number in range(suite.first_drawn, suite.first_drawn + suite.drawn):
            yield Document(f"{kind}/{'worn-' if number % 2 else ''}{number}.png", *draw(number))


class RememberingReader:
    """The real reader, which reads each picture once for all seeds."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._read: dict[bytes, ReadPage] = {}

    def read(self, image: bytes) -> ReadPage:
        if image not in self._read:
            self._read[image] = self._reader.read(image)
        return self._read[image]

    def read_wider(self, image: bytes, quads: Sequence[Quad], stretched: float = 1.0) -> list[Reading]:
        return self._reader.read_wider(image, quads, stretched)


def telling_the_truth(answer: Answer, task: Task, page: dict[str, Any]) -> Answer:
    """The answer with the values that stand on the page; lines stay as they were read."""
    if task is Task.KEY_INFORMATION_EXTRACTION:
        return replace(answer, ocr_result={"kv_result": page.get("extracted") or page["key_values"]})
    if task is Task.TABLE_PARSING:
        return replace(answer, text=f"```html\n{''.join(map(_table, page['tables']))}\n```")
    return answer


@dataclass
class Found:
    """What was planted and what came of it."""

    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind of document and kind of error, `right` for none."""
    queued: Counter[tuple[str, str]] = field(default_factory=Counter)
    trusts: list[tuple[float, bool]] = field(default_factory=list)
    """Trust of each value, and whether it is right."""
    rows: list[int] = field(default_factory=list)
    """Rows of the queue for each document."""

    def add(self, other: "Found") -> None:
        self.values += other.values
        self.queued += other.queued
        self.trusts += other.trusts
        self.rows += other.rows

    def share(
        self, *, wrong: bool, document: str | None = None, kind: str | None = None, worn: bool | None = None
    ) -> float:
        """Share of the wrong (or right) values that the queue holds, of all documents or some."""

        def count(counter: Counter[tuple[str, str]]) -> int:
            return sum(
                n
                for (where, what), n in counter.items()
                if (what != "right") == wrong
                and document in (None, where)
                and kind in (None, what)
                and worn in (None, where.startswith("worn"))
            )

        return count(self.queued) / max(count(self.values), 1)


def run(given: Sequence[Document], seed: int, reader: Any, folder: Path) -> Found:
    """One seed through the whole pipeline, in an empty folder."""
    project, inbox = folder / "project", folder / "inbox"
    project.mkdir()
    (project / "pipeline.toml").write_text(PIPELINE, encoding="utf-8")
    for name in ("dbt_like_sql", "deploy"):
        (project / name).symlink_to(REPOSITORY / name)
    for document in given:
        path = inbox / document.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document.content)
    pages = {document.sha256: document.page for document in given}
    corruption = Corruption(SHARE, seed)

    def revise(request: OcrRequest, answer: Answer) -> Answer:
        page = pages[hashlib.sha256(request.image.data).hexdigest()]
        return corruption(request, telling_the_truth(answer, request.instruction.task, page))

    app = create_app(reader, revise)

    os.environ["QWENOCR_PROJECT"] = str(project)
    from qwenocr_assets.definitions import defs

    environment = Environment(load_settings(region="local"), lambda _: httpx.ASGITransport(app))
    resources = running_in(environment)
    with dg.DagsterInstance.ephemeral() as instance:
        [manifest] = cut_batches(UPath(inbox), list(find_files(UPath(inbox))))
        register_batch(instance, environment.data, manifest)
        for outcome in (
            run_batch(defs, instance, manifest.batch_id, resources),
            run_publish(defs, instance, resources),
        ):
            if not outcome.success:
                raise RuntimeError(outcome.error)
    with duckdb.connect(str(environment.data.warehouse), read_only=True) as con:
        return judge(con, corruption)


def judge(con: duckdb.DuckDBPyConnection, corruption: Corruption) -> Found:
    """Compare what was planted with the warehouse."""
    found = Found()
    wrong: dict[tuple[str, str, str], str] = {}
    gone: Counter[tuple[str, str, str]] = Counter()
    for planted in corruption.planted:
        at = (planted.image_sha256, planted.task.value, written_place(planted.task, planted.place))
        if planted.kind == "dropped":
            gone[at] += 1
        else:
            wrong[at] = planted.kind
    values = con.execute("""
        SELECT pages.sha256, v.task, v.place,
               CASE WHEN documents.name LIKE '%/worn-%' THEN 'worn ' ELSE '' END || split_part(documents.name, '/', 1),
               v.trust,
               v.place IN (SELECT place FROM marts.review_queue AS q
                           WHERE q.page_id = v.page_id AND q.task = v.task AND q.trust IS NOT NULL)
        FROM marts.value_trust AS v
        JOIN core.pages ON pages.page_id = v.page_id
        JOIN core.documents ON documents.document_id = v.document_id
    """).fetchall()
    lists = set(
        con.execute("""
        SELECT pages.sha256, q.task, q.place FROM marts.review_queue AS q JOIN core.pages ON pages.page_id = q.page_id
        WHERE q.trust IS NULL
        UNION
        SELECT pages.sha256, 'key_information_extraction', regexp_extract(path, '^[^\\[]+')
        FROM core.validation_results AS r JOIN core.pages ON pages.page_id = r.page_id
        WHERE r.outcome = 'failed' AND path LIKE '%[%'
    """).fetchall()
    )
    folders = dict(
        con.execute("""
        SELECT pages.sha256,
               CASE WHEN documents.name LIKE '%/worn-%' THEN 'worn ' ELSE '' END || split_part(documents.name, '/', 1)
        FROM core.pages JOIN core.documents ON documents.document_id = pages.document_id
    """).fetchall()
    )
    for sha256, task, place, folder, trust, is_queued in values:
        kind = wrong.pop((sha256, task, place), "right")
        found.values[folder, kind] += 1
        found.queued[folder, kind] += is_queued
        found.trusts.append((trust, kind == "right"))
    if wrong:
        raise RuntimeError(f"What was planted is not in the warehouse: {sorted(wrong)[:5]}")
    for (sha256, task, place), count in gone.items():
        found.values[folders[sha256], "dropped"] += count
        found.queued[folders[sha256], "dropped"] += count * ((sha256, task, place) in lists)
    found.rows = [
        n
        for (n,) in con.execute("""
        SELECT count(q.finding_id) FROM core.documents LEFT JOIN marts.review_queue AS q
        ON q.document_id = documents.document_id GROUP BY documents.document_id
    """).fetchall()
    ]
    return found


def written_place(task: Task, place: Sequence[str | int]) -> str:
    """A planted place as `value_trust` writes it."""
    if task is Task.TABLE_PARSING:
        names = ("table", "row", "column")[: len(place)]
        return " ".join(f"{name} {at}" for name, at in zip(names, place, strict=True))
    path = ""
    for key in place:
        path = f"{path}[{key}]" if isinstance(key, int) else value_path(path, key)
    return path


def measure(suite: Suite) -> Found:
    given, reader, found = list(documents(suite)), RememberingReader(), Found()
    for seed in suite.seeds:
        with tempfile.TemporaryDirectory() as folder:
            found.add(run(given, seed, reader, Path(folder)))
    return found


BANDS = (0.0, 0.2, 0.4, 0.65, 0.8, 0.95, 1.01)


def report(found: Found) -> None:
    planted = sum(n for (_, kind), n in found.values.items() if kind != "right")
    total = found.values.total()
    print(f"{len(found.rows)} documents, {total} values, {planted} planted errors ({planted / total:.1%})")
    for kind in ("digit", "swapped", "invented", "dropped"):
        count = sum(n for (_, what), n in found.values.items() if what == kind)
        print(f"{kind:10} {count:6} values, {found.share(wrong=True, kind=kind):.1%} queued")
    for folder in sorted({where for where, _ in found.values}):
        recall, burden = (found.share(wrong=wrong, document=folder) for wrong in (True, False))
        print(f"{folder:14} {recall:.1%} of the wrong values queued, {burden:.1%} of the right ones")
    for low, high in pairwise(BANDS):
        band = [right for trust, right in found.trusts if low <= trust < high]
        if band:
            wrong = 1 - sum(band) / len(band)
            print(f"trust {low:.2f} to {min(high, 1):.2f}: {len(band):6} values, {wrong:.1%} wrong")
    print(f"queue: {statistics.mean(found.rows):.1f} rows a document, median {statistics.median(found.rows)}")


def main() -> None:
    if os.environ.get("TRUST_CALIBRATE"):
        report(measure(CALIBRATION))
        return
    report(found := measure(REPORT))
    for worn, suffix in ((False, ""), (True, "_worn")):
        recall, burden = found.share(wrong=True, worn=worn), found.share(wrong=False, worn=worn)
        print(f"trust.queue_recall{suffix} {recall:.3f} 0.95 {'ok' if recall >= 0.95 else 'short'}")
        print(f"trust.correct_queued{suffix} {burden:.3f} 0.10 {'ok' if burden <= 0.10 else 'short'}")


__all__ = ["CALIBRATION", "REPORT", "Suite", "documents", "measure", "run"]
