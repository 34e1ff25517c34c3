import hashlib

import orjson
import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.imaging.batches import batch_page_rows
from qwenocr_assets.imaging.page_rows import page_id
from qwenocr_assets.imaging.pages import count_pages
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.documents import document_rows, examining
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.workers.pool import run_here


def page_rows(data, *documents, dpi=200):
    return batch_page_rows(run_here, data, documents, lambda document: Recipe(dpi=dpi))


@pytest.fixture
def data(tmp_path) -> DataFolder:
    return DataFolder(UPath(tmp_path / "data"))


@pytest.fixture
def documents(tmp_path, data):
    """Take files in, as the first step does: `documents({"a.png": content})` gives their rows, read from the table."""

    def make(files: dict[str, bytes]) -> list[dict]:
        inbox = tmp_path / "inbox"
        inbox.mkdir(exist_ok=True)
        for name, content in files.items():
            (inbox / name).write_bytes(content)
        (manifest,) = cut_batches(UPath(inbox), find_files(UPath(inbox)))
        write_table(data, DOCUMENTS, manifest.batch_id, document_rows(manifest, (), examining(count_pages)))
        return read_table(data, DOCUMENTS, manifest.batch_id)

    return make


def test_pages_are_stored_by_their_content(data, documents, encoded, gradient, pdf_page):
    png = encoded(gradient(), "PNG")
    image, copy, pdf = documents({"a.png": png, "b.png": png, "c.pdf": pdf_page(b"", b"0 g 9 9 99 99 re f")})
    rows = [row for document in (image, copy, pdf) for row in page_rows(data, document, dpi=72)]
    assert [row["status"] for row in rows] == ["ready"] * 4
    assert [row["page_number"] for row in rows] == [1, 1, 1, 2]
    assert len({row["page_id"] for row in rows}) == 4
    for row in rows:
        stored = (data.root / row["uri"]).read_bytes()
        assert hashlib.sha256(stored).hexdigest() == row["sha256"]
        assert len(stored) == row["size_bytes"]
    assert rows[0]["uri"] == rows[1]["uri"] == f"pages/{rows[0]['sha256'][:2]}/{rows[0]['sha256']}.png"
    assert (data.root / rows[0]["uri"]).read_bytes() == png
    assert len(list(data.root.glob("pages/*/*"))) == 3


def test_rows_fit_the_declared_table(data, documents, encoded, gradient):
    (document,) = documents({"a.gif": encoded(gradient(), "GIF")})
    assert write_table(data, PAGES, document["batch_id"], page_rows(data, document)) == 1
    (row,) = read_table(data, PAGES, document["batch_id"])
    assert (row["origin"], row["media_type"], row["width_px"], row["height_px"]) == (
        "converted",
        "image/png",
        80,
        100,
    )
    assert orjson.loads(row["changes"]) == [{"step": "convert", "from_mode": "P", "to_mode": "RGB"}]


def test_a_second_run_writes_no_image_again(data, documents, encoded, gradient):
    (document,) = documents({"a.gif": encoded(gradient(), "GIF")})
    first = page_rows(data, document)
    file = data.root / first[0]["uri"]
    before = file.stat().st_mtime_ns
    assert page_rows(data, document) == first
    assert file.stat().st_mtime_ns == before


def test_a_page_that_cannot_be_made_is_a_row_beside_the_others(data, documents, encoded):
    frames = [Image.new("L", (30, 40)), Image.new("L", (5, 5)), Image.new("L", (30, 40))]
    (document,) = documents({"a.tif": encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])})
    rows = page_rows(data, document)
    assert [(row["page_number"], row["status"]) for row in rows] == [
        (1, "ready"),
        (2, "rejected"),
        (3, "ready"),
    ]
    assert "more than 10" in rows[1]["reason"]


@pytest.mark.parametrize("happened", ["changed", "vanished"])
def test_a_document_lost_between_the_steps_is_a_row_that_says_so(
    data, documents, encoded, gradient, tmp_path, happened
):
    (document,) = documents({"a.png": encoded(gradient(), "PNG")})
    file = tmp_path / "inbox" / "a.png"
    file.unlink() if happened == "vanished" else file.write_bytes(b"other")
    (row,) = page_rows(data, document)
    assert (row["status"], row["page_id"]) == ("rejected", page_id(document["document_id"], 1))
    assert happened in row["reason"]


@pytest.mark.parametrize(("number", "expected"), [(1, "d0c-0001"), (999, "d0c-0999"), (12345, "d0c-12345")])
def test_page_ids(number, expected):
    assert page_id("d0c", number) == expected
