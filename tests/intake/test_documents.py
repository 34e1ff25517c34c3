import io

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.pages import count_pages
from qwenocr_assets.intake.documents import document_id, document_rows, examining
from qwenocr_assets.intake.manifest import Manifest, cut_batches
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.schemas import DOCUMENTS
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table


def image_bytes(pillow_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, pillow_format, **options)
    return buffer.getvalue()


def more_pages() -> list[Image.Image]:
    return [Image.new("L", (40, 30), level) for level in (0, 100)]


def manifest_of(root) -> Manifest:
    (manifest,) = cut_batches(UPath(root), find_files(UPath(root)))
    return manifest


@pytest.mark.parametrize(
    ("name", "content", "media_type", "page_count"),
    [
        pytest.param("a.png", image_bytes(), "image/png", 1, id="image"),
        pytest.param("a.txt", image_bytes("JPEG"), "image/jpeg", 1, id="misnamed"),
        pytest.param(
            "a.pdf",
            image_bytes("PDF", save_all=True, append_images=more_pages()),
            "application/pdf",
            3,
            id="pdf",
        ),
        pytest.param(
            "a.tif",
            image_bytes("TIFF", save_all=True, append_images=more_pages()),
            "image/tiff",
            3,
            id="tiff",
        ),
    ],
)
def test_accepted(inbox, name, content, media_type, page_count):
    (row,) = document_rows(manifest_of(inbox({name: content})), (), examining(count_pages))
    assert (row["status"], row["media_type"], row["page_count"], row["route"]) == (
        "accepted",
        media_type,
        page_count,
        "default",
    )
    assert row["reason"] is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"Dear Sir,\n", "plain text", id="text"),
        pytest.param(b"%PDF-1.7\nnot really", "PDF cannot be read", id="broken-pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "PNG cannot be decoded", id="broken-png"),
        pytest.param(image_bytes()[:40], "PNG cannot be decoded", id="png-cut-in-its-header"),
    ],
)
def test_rejected_with_the_reason(inbox, content, words):
    (row,) = document_rows(manifest_of(inbox({"a.png": content})), (), examining(count_pages))
    assert row["status"] == "rejected"
    assert words in row["reason"]
    assert row.get("page_count") is None


def test_a_bad_file_does_not_take_a_good_one_down(inbox):
    root = inbox(
        {"bad.png": b"no", "good.png": image_bytes(), "gone.png": image_bytes(), "other.png": image_bytes()}
    )
    manifest = manifest_of(root)
    (root / "gone.png").unlink()
    (root / "other.png").write_bytes(image_bytes("JPEG"))
    rows = {row["name"]: row for row in document_rows(manifest, (), examining(count_pages))}
    assert {name: row["status"] for name, row in rows.items()} == {
        "bad.png": "rejected",
        "good.png": "accepted",
        "gone.png": "rejected",
        "other.png": "rejected",
    }
    assert "vanished" in rows["gone.png"]["reason"]
    assert "changed since" in rows["other.png"]["reason"]


def test_a_file_that_could_not_be_read_is_a_row_too(as_nobody):
    (as_nobody / "locked.png").write_bytes(image_bytes())
    (as_nobody / "locked.png").chmod(0)
    (row,) = document_rows(manifest_of(as_nobody), (), examining(count_pages))
    assert row["status"] == "rejected"
    assert "permission denied" in row["reason"]
    assert row["sha256"]


def test_a_file_above_the_limit_is_not_processed(inbox):
    manifest = manifest_of(inbox({"a.png": image_bytes()}))
    (row,) = document_rows(manifest, (), examining(count_pages, max_bytes=10))
    assert (row["status"], "larger than" in row["reason"]) == ("rejected", True)


def test_the_route_is_chosen_by_name(inbox):
    routes = (Route.model_validate({"name": "tickets", "match": "t/**", "tasks": ["table_parsing"]}),)
    rows = document_rows(
        manifest_of(inbox({"t/a.png": image_bytes(), "b.png": image_bytes()})), routes, examining(count_pages)
    )
    assert {row["name"]: row["route"] for row in rows} == {"t/a.png": "tickets", "b.png": "default"}


def test_rows_fit_the_declared_table(inbox, tmp_path):
    manifest = manifest_of(inbox({"a.png": image_bytes(), "b.png": b"text"}))
    data = DataFolder(UPath(tmp_path / "data"))
    rows = document_rows(manifest, (), examining(count_pages))
    assert write_table(data, DOCUMENTS, manifest.batch_id, rows) == 2
    read = read_table(data, DOCUMENTS, manifest.batch_id)
    assert [row["modified_at"] for row in read] == [
        f.modified_at.replace(tzinfo=None) for f in manifest.files
    ]
    assert len({row["document_id"] for row in read}) == 2


def test_counting_sees_only_accepted_types(inbox):
    asked = []

    def count(content, media_type):
        asked.append(media_type.value)
        raise RejectedInput("It is torn.", "Mend it.")

    rows = document_rows(manifest_of(inbox({"a.png": image_bytes(), "b.txt": b"text"})), (), examining(count))
    assert asked == ["image/png"]
    assert rows[0]["reason"] == "It is torn. Mend it."
    assert rows[0]["media_type"] == "image/png"


@pytest.mark.parametrize(
    ("sha256", "name", "expected"),
    [
        ("ab", "a.png", "e6f38168e13b36ff"),
        ("ab", "b.png", None),
        ("ac", "a.png", None),
    ],
)
def test_document_ids(sha256, name, expected):
    found = document_id(sha256, name)
    assert len(found) == 16
    if expected is None:
        assert found != document_id("ab", "a.png")
    else:
        assert found == expected
