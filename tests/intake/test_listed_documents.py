"""Documents that lists of URLs name: fetched once, kept, looked into like files; each line ends as a row."""

import errno
import io
import ipaddress
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.imaging.batches import batch_page_rows, examine_files
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.intake.urls import listed_documents
from qwenocr_assets.intake.urls.fetching import Bounds
from qwenocr_assets.intake.urls.listed_documents import expanding, may_be_fetched_yet, readable
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.workers.pool import run_here
from tests.intake.web import Web, answer, serving
from tests.waiting import LIMIT_SECONDS

BOUNDS = Bounds(
    seconds=LIMIT_SECONDS, allowed_networks=(ipaddress.ip_network("127.0.0.1"),), buckets=("memory",)
)
RECIPE = Recipe(dpi=50)

Look = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as server:
        yield server


@pytest.fixture(params=["local", "bucket"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DataFolder]:
    if request.param == "local":
        yield DataFolder(UPath(tmp_path / "data"))
        return
    yield DataFolder(UPath("memory://data"))
    memory = fsspec.filesystem("memory")
    if memory.exists("/data"):
        memory.rm("/data", recursive=True)


@pytest.fixture
def look(inbox: Callable[..., Path], data: DataFolder) -> Look:
    """The rows of `documents` of these files."""

    def rows(files: dict[str, bytes], bounds: Bounds = BOUNDS) -> list[dict[str, Any]]:
        root = UPath(inbox(files))
        (manifest,) = cut_batches(root, find_files(root))
        examine = expanding(lambda found: examine_files(run_here, found, RECIPE), data, bounds)
        return [dict(row) for row in document_rows(manifest, (), examine)]

    return rows


def png(level: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (40, 30), level).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", content)
    return buffer.getvalue()


def test_each_line_is_a_document_or_a_reason(web: Web, look: Look, data: DataFolder) -> None:
    web.pages |= {
        "/a.png": png(),
        "/page.html": b"<html><body>Sign in</body></html>",
        "/all.zip": zipped(png()),
    }
    web.pages["/torn.png"] = png()[:-20] + b"x" * 8
    lines = [
        f"http://me:hunter2@127.0.0.1:{web.port}/a.png?page=1&sig=hunter2",
        f"{web.url}/gone.png",
        f"{web.url}/page.html",
        f"{web.url}/all.zip",
        f"{web.url}/torn.png\tinvoices/torn one",
        "http://169.254.169.254/latest/meta-data/iam/",
        "file:///etc/passwd",
        "a.png",
    ]
    rows = look({"in/march.urls.txt": "\n".join(lines).encode(), "z.png": png(9)})
    said = [(row["name"], row["status"], (row["reason"] or "")[:30]) for row in rows]
    assert said == [
        ("in/march.urls.txt/a.png", "accepted", ""),
        ("in/march.urls.txt/gone.png", "rejected", "The server answered 404 Not Fo"),
        ("in/march.urls.txt/page.html", "rejected", "Not an image or PDF: it is pla"),
        ("in/march.urls.txt/all.zip", "rejected", "It is an archive. Drop the arc"),
        ("in/march.urls.txt/invoices/torn one", "accepted", ""),
        ("in/march.urls.txt/iam", "rejected", "169.254.169.254 is a link-loca"),
        ("in/march.urls.txt/passwd", "rejected", "URLs of file are not fetched f"),
        ("in/march.urls.txt/line 8", "rejected", "The line holds no URL. Write i"),
        ("z.png", "accepted", ""),
    ]
    assert rows[0]["uri"] == f"{web.url}/a.png?page=1&sig="
    assert rows[0]["page_count"] == 1
    assert len({row["document_id"] for row in rows}) == len(rows)
    assert "hunter2" not in str(rows)
    assert [may_be_fetched_yet({"media_type": None, **row}) for row in rows] == [
        row["status"] == "rejected" for row in rows
    ]
    kept = [path for path in (data.root / "fetched").glob("**/*") if path.is_file()]
    assert not [path for path in kept if b"hunter2" in path.read_bytes()]


def test_pages_are_made_of_what_was_fetched_although_the_web_has_changed(
    web: Web, look: Look, data: DataFolder
) -> None:
    web.pages["/a.png"] = png(1)
    listed = {"a.urls.csv": f"url,name\n{web.url}/a.png,one\n".encode(), "b.png": png(2)}
    before = look(listed)
    web.pages["/a.png"] = png(200)
    after = look({})
    assert after == before
    assert web.paths() == ["/a.png"]
    pages = batch_page_rows(run_here, data, readable(data, after), lambda _: RECIPE)
    assert [page["status"] for page in pages] == ["ready", "ready"]
    assert [(data.root / page["uri"]).read_bytes() for page in pages] == [png(1), png(2)]


def test_what_was_not_fetched_is_tried_again_and_the_rest_is_not(web: Web, look: Look) -> None:
    listed = {"a.urls.txt": f"{web.url}/a.png\n{web.url}/b.png\n".encode()}
    web.pages["/a.png"] = png(1)
    assert [row["status"] for row in look(listed)] == ["accepted", "rejected"]
    web.pages["/b.png"] = png(2)
    rows = look(listed)
    assert [row["status"] for row in rows] == ["accepted", "accepted"]
    assert sorted(web.paths()) == ["/a.png", "/b.png", "/b.png"]


def test_a_url_with_two_names_is_fetched_once(web: Web, look: Look) -> None:
    web.pages["/a.png"] = png()
    rows = look({"a.urls.txt": f"{web.url}/a.png\tx\n{web.url}/a.png\ty\n".encode()})
    assert [(row["name"], row["status"]) for row in rows] == [
        ("a.urls.txt/x", "accepted"),
        ("a.urls.txt/y", "accepted"),
    ]
    assert web.paths() == ["/a.png"]
    assert rows == look({})
    assert web.paths() == ["/a.png"]


def test_a_list_under_another_name_is_fetched_anew(web: Web, look: Look) -> None:
    web.pages["/a.png"] = png(1)
    line = f"{web.url}/a.png".encode()
    look({"monday.urls.txt": line})
    web.pages["/a.png"] = png(2)
    monday, tuesday = look({"tuesday.urls.txt": line})
    assert monday["sha256"] != tuesday["sha256"]


def test_buckets(look: Look) -> None:
    fsspec.filesystem("memory").pipe("/bucket/a b.png", png())
    (row,) = look({"a.urls.jsonl": b'{"url": "memory://bucket/a b.png"}'})
    assert (row["uri"], row["status"]) == ("memory://bucket/a b.png", "accepted")


def test_a_few_are_fetched_at_once(web: Web, look: Look) -> None:
    now, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(2, timeout=LIMIT_SECONDS)

    def page(handler: Any) -> None:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        together.wait()  # two are under way at once, or nobody gets an answer
        with lock:
            now -= 1
        answer(handler, 200, png(int(handler.path[1:])))

    web.pages |= {f"/{n}": page for n in range(20)}
    rows = look({"a.urls.txt": "\n".join(f"{web.url}/{n}" for n in range(20)).encode()})
    assert [row["name"] for row in rows] == [f"a.urls.txt/{n}" for n in range(20)]
    assert {row["status"] for row in rows} == {"accepted"}
    assert 2 <= most <= 4


def test_a_full_disk_stops_the_step_and_keeps_what_was_fetched(
    web: Web, look: Look, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages |= {f"/{n}.png": png(n) for n in range(9)}
    listed = {"a.urls.txt": "\n".join(f"{web.url}/{n}.png" for n in range(9)).encode()}
    write, written = listed_documents.write_atomically, 0

    def until_full(path: UPath, content: bytes) -> None:
        nonlocal written
        written += path.suffix != ".json"
        if written > 5 and path.suffix != ".json":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(listed_documents, "write_atomically", until_full)
        with pytest.raises(OSError, match="No space left"):
            look(listed)
    before = len(web.asked)
    assert {row["status"] for row in look(listed)} == {"accepted"}
    assert len(web.asked) - before < 9


def test_damaged_notes_are_named(web: Web, look: Look, data: DataFolder) -> None:
    web.pages["/a.png"] = png()
    listed = {"a.urls.txt": f"{web.url}/a.png".encode()}
    look(listed)
    (notes,) = (data.root / "fetched" / "lists").glob("*.json")
    notes.write_bytes(b"{")
    with pytest.raises(StorageError, match="is fetched again"):
        look(listed)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.urls.txt", b"", "no URL"),
        ("a.urls.csv", b"link\nx\n", "called url"),
        ("a.urls.txt", b"\xff", "UTF-8"),
    ],
)
def test_a_list_that_is_none_is_a_row_with_the_reason(
    look: Look, name: str, content: bytes, words: str
) -> None:
    (row,) = look({name: content})
    assert (row["name"], row["status"]) == (name, "rejected")
    assert words in row["reason"]


def test_a_list_in_an_archive_is_no_list(web: Web, look: Look) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.urls.txt", f"{web.url}/a.png")
    (row,) = look({"a.zip": buffer.getvalue()})
    assert "plain text" in row["reason"]
    assert web.asked == []
