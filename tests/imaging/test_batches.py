"""Whole batches over worker processes: the same rows as in one process, whatever the files do."""

import hashlib
from dataclasses import replace

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.imaging.batches import batch_page_rows, examine_files
from qwenocr_assets.imaging.decoder_words import DECODER_WORDS
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.schemas import PAGES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table
from qwenocr_assets.workers.pool import Workers, run_here
from tests.imaging.crashing import crashing_pages
from tests.waiting import LIMIT_SECONDS

TEXT = b"BT /F 24 Tf 50 400 Td (Page %d of it) Tj ET"


@pytest.fixture(scope="module")
def workers():
    with Workers(2, DECODER_WORDS, memory_mb=1024, silence_seconds=LIMIT_SECONDS) as pool:
        yield pool


@pytest.fixture
def batch(tmp_path):
    """Take files in and make their pages: `batch(run, files)` gives the rows of both tables."""

    def make(run, files: dict[str, bytes], recipe: Recipe = Recipe(dpi=50), data: str = "data"):  # noqa: B008
        inbox = tmp_path / "inbox"
        inbox.mkdir(exist_ok=True)
        for name, content in files.items():
            if not (inbox / name).exists():  # its time of change is in the rows
                (inbox / name).write_bytes(content)
        (manifest,) = cut_batches(UPath(inbox), find_files(UPath(inbox)))
        documents = document_rows(manifest, (), lambda given: examine_files(run, given, recipe))
        accepted = [row for row in documents if row["status"] == "accepted"]
        folder = DataFolder(UPath(tmp_path / data))
        return documents, batch_page_rows(run, folder, accepted, lambda _: recipe)

    return make


def test_workers_make_what_one_process_makes(batch, workers, encoded, gradient, pdf_page, tmp_path):
    frames = [Image.new("L", (30, 40), level) for level in range(40)]
    files = {
        "a.png": encoded(gradient(), "PNG"),
        "b.pdf": pdf_page(*[TEXT % number for number in range(40)]),
        "c.tif": encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "d.txt": b"text",
        "e.png": encoded(gradient("L", 20, 5000), "PNG"),
    }
    spread = batch(workers.run, files)
    assert spread == batch(run_here, files, data="other")
    documents, pages = spread
    assert [row["page_number"] for row in pages] == [1, *range(1, 41), *range(1, 41), *[1] * 7]
    assert [row["status"] for row in pages] == ["ready"] * 81 + ["tiled"] + ["ready"] * 6
    assert write_table(DataFolder(UPath(tmp_path / "data")), PAGES, "b", pages) == len(pages)
    for row in pages:
        if row["status"] == "ready":
            stored = (tmp_path / "data" / row["uri"]).read_bytes()
            assert hashlib.sha256(stored).hexdigest() == row["sha256"]
    assert len(documents) == 5


@pytest.mark.parametrize(
    ("fatal", "rejected"),
    [
        pytest.param((3,), [3], id="one-page"),
        pytest.param((1, 20), [1, 20], id="two-pages"),
        pytest.param((2, 3, 4), [2, 3, *range(4, 17)], id="given-up-at-the-third"),
    ],
)
def test_a_page_that_crashes_costs_that_page(tmp_path, pdf_page, workers, fatal, rejected):
    path = tmp_path / "a.pdf"
    content = pdf_page(*[TEXT % number for number in range(20)])
    path.write_bytes(content)
    document = {
        "batch_id": "b",
        "document_id": "d",
        "uri": f"file://{path}",
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": "application/pdf",
        "page_count": 20,
    }

    def run(jobs):
        workers.run(replace_function(job) for job in jobs)

    def replace_function(job):
        finish = job.finish
        return replace(
            job,
            function=crashing_pages,
            arguments=(fatal, *job.arguments),
            finish=lambda ended: [replace_function(following) for following in finish(ended)],
        )

    rows = batch_page_rows(run, DataFolder(UPath(tmp_path / "data")), [document], lambda _: Recipe(dpi=30))
    assert [row["page_number"] for row in rows] == list(range(1, 21))
    assert [row["page_number"] for row in rows if row["status"] == "rejected"] == rejected
    assert all("crashed its decoder" in row["reason"] for row in rows if row["status"] == "rejected")


def test_a_password_from_the_settings(batch, workers, locked_pdf):
    content = locked_pdf(user="sesame", owner="boss")
    documents, _ = batch(workers.run, {"a.pdf": content})
    assert "needs a password" in documents[0]["reason"]
    assert "QWENOCR_PDF_PASSWORDS" in documents[0]["reason"]
    documents, _ = batch(workers.run, {"a.pdf": content}, Recipe(passwords=("wrong",)))
    assert "none of the 1" in documents[0]["reason"]
    assert "wrong" not in documents[0]["reason"]
    _, pages = batch(workers.run, {"a.pdf": content}, Recipe(passwords=("wrong", "sesame")))
    assert [page["status"] for page in pages] == ["ready"]


def test_what_only_its_owner_may_change_is_read(batch, locked_pdf):
    _, pages = batch(run_here, {"a.pdf": locked_pdf(user="", owner="boss")})
    assert [page["status"] for page in pages] == ["ready"]
