"""Reports of big batches: how long one takes, and how heavy it is.

The sample documents as a perfect reader would answer about them, copied to a batch of 1,000 (QWENOCR_BENCH_DOCUMENTS
for another number), loaded and published first, so that findings and trust come from the marts.
"""

import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

from upath import UPath

from bench.measuring import goal
from bench.sample_warehouse import BATCH, DATA, write_samples
from qwenocr_assets.report.write import write_report
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.rebuild import rebuild

DOCUMENTS = int(os.environ.get("QWENOCR_BENCH_DOCUMENTS", "1000"))
_SCAN = "pages/scan.png"
"""Stands in for the pages of PDFs."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="qwenocr-bench-") as folder:
        data = DataFolder(UPath(folder) / "data")
        _write_batch(data)
        rebuild(data, MODELS, {})
        publish(working_file(data), data)
        started = time.perf_counter()
        report = write_report(data, [BATCH], UPath(folder) / "report")
        seconds = time.perf_counter() - started
        root = Path(report.index.path).parent
        pages = [path.stat().st_size for path in (root / "documents").iterdir()]
        pictures = [path.stat().st_size for path in (root / "images").iterdir()]
        indexes = [path.stat().st_size for path in root.glob("index*.html")]
        findings = sum(len(document.findings) for document in report.documents)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(pages):,} documents, {len(pictures):,} page images, {findings:,} findings: {seconds:.1f} s")
    average_kb = sum(pages) / len(pages) / 1e3
    print(f"index {sum(indexes) / 1e3:,.0f} KB in {len(indexes)} parts; document {average_kb:,.0f} KB")
    print(f"page images {sum(pictures) / 1e6:,.0f} MB; peak memory of the process {peak_mb:,.0f} MB")
    print(goal("report.seconds_per_1000_documents", seconds * 1000 / len(pages), 30, "s"))
    print(goal("report.index_part", max(indexes) / 1e3, 500, "KB"))
    print(goal("report.document", average_kb, 100, "KB"))


def _write_batch(data: DataFolder) -> None:
    """The samples' rows, again and again under other names, until there are as many documents."""
    write_samples(data)
    rows = {name: read_table(data, schema, BATCH) for name, schema in TABLES.items()}
    shutil.copytree(DATA / "samples", data.root / "pages")
    shutil.copy(DATA / "samples" / "languages" / "en.png", data.root / _SCAN)
    names = {row["document_id"]: row["name"] for row in rows["documents"]}
    for row in rows["pages"]:
        name = names[row["document_id"]]
        row["uri"] = _SCAN if name.endswith(".pdf") else f"pages/{name}"
    rounds = -(-DOCUMENTS // len(names))
    for name, schema in TABLES.items():
        copies = []
        for number in range(rounds):
            for row in rows[name]:
                again = dict(row)
                for column in ("document_id", "page_id", "ground_page_id", "request_key"):
                    if again.get(column):
                        again[column] = f"{number:04}{again[column]}"
                if name == "documents":
                    again["name"] = f"copy {number}/{row['name']}"
                copies.append(again)
        write_table(data, schema, BATCH, copies)
