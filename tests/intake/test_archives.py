"""Zip archives: their members are documents; tricks end in a row that says so, and nothing is unpacked to disk."""

import io
import re
import struct
import zipfile

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.pages import count_pages
from qwenocr_assets.intake import archives
from qwenocr_assets.intake.archives import member_uri, members, read_member, split_member_uri
from qwenocr_assets.intake.documents import document_rows, examining
from qwenocr_assets.intake.files import read_unchanged
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files


def png(level: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (40, 30), level).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(*files: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def rows_of(inbox, content: bytes) -> list[dict]:
    root = inbox({"invoices/march.zip": content})
    (manifest,) = cut_batches(UPath(root), find_files(UPath(root)))
    return document_rows(manifest, (), examining(count_pages))


def test_members_are_documents(inbox):
    rows = rows_of(inbox, zipped(("a.png", png()), ("sub/請求 #1.png", png(9)), ("readme.txt", b"hello")))
    assert [(row["name"], row["status"]) for row in rows] == [
        ("invoices/march.zip/a.png", "accepted"),
        ("invoices/march.zip/sub/請求 #1.png", "accepted"),
        ("invoices/march.zip/readme.txt", "rejected"),
    ]
    assert "plain text" in rows[2]["reason"]
    assert [row.get("page_count") for row in rows] == [1, 1, None]
    assert len({row["document_id"] for row in rows}) == 3
    for row, content in zip(rows, (png(), png(9)), strict=False):
        assert row["uri"].startswith("zip://")
        assert read_unchanged(row["uri"], row["sha256"]) == content
    with pytest.raises(RejectedInput, match="changed since"):
        read_unchanged(rows[0]["uri"], rows[1]["sha256"])


def encrypted(content: bytes) -> bytes:
    """The archive with the bit set that says its members are encrypted."""
    damaged = bytearray(content)
    damaged[6] |= 1
    damaged[damaged.index(b"PK\1\2") + 8] |= 1
    return bytes(damaged)


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link.png")
    info.external_attr = 0o120777 << 16
    return info


def claiming(size: int) -> bytes:
    """An archive whose directory says that its member has `size` bytes."""
    damaged = bytearray(zipped(("a.png", png())))
    at = damaged.index(b"PK\1\2")
    damaged[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(damaged)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(zipped(("../evil.png", png())), "leads out of the archive", id="parent-folder"),
        pytest.param(zipped(("/etc/evil.png", png())), "leads out of the archive", id="absolute"),
        pytest.param(zipped(("a/../../evil.png", png())), "leads out of the archive", id="parent-further-in"),
        pytest.param(zipped(("C:/evil.png", png())), "leads out of the archive", id="drive"),
        pytest.param(zipped(("..\\evil.png", png())), "leads out of the archive", id="backslash"),
        pytest.param(zipped((link(), b"/etc/passwd")), "symbolic link", id="link"),
        pytest.param(encrypted(zipped(("a.png", png()))), "encrypted", id="encrypted"),
        pytest.param(zipped(("b.png", bytes(40 * 2**20))), "only bombs do", id="ratio"),
        pytest.param(zipped(("in.zip", zipped(("a.png", png())))), "archive in an archive", id="nested"),
        pytest.param(zipped(("e.png", b"")), "empty file", id="empty-member"),
        pytest.param(claiming(3 * 2**30), "unpacks to 3,072 MiB", id="claims-too-much"),
        pytest.param(claiming(3), "damaged|cannot be|decoded|cut", id="claims-too-little"),
        pytest.param(zipped(("a.png", png()))[:-30], "cannot be opened", id="cut-short"),
        pytest.param(zipped(), "holds no files", id="nothing-in-it"),
        pytest.param(zipped(("__MACOSX/._a.png", b"x"), (".DS_Store", b"x")), "holds no files", id="litter"),
        pytest.param(zipped(*((f"{n}.png", b"") for n in range(1001))), "1,001 files", id="too-many"),
    ],
)
def test_tricks_are_rejected_with_the_reason(inbox, tmp_path, content, words):
    (row,) = rows_of(inbox, content)
    assert row["status"] == "rejected"
    assert re.search(words, row["reason"])
    assert ".." not in row["name"].split("/")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["march.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(inbox):
    rows = rows_of(inbox, zipped(("a.png", png()), ("a.png", png(1)), ("a.png", png(2))))
    assert [row["status"] for row in rows].count("rejected") == 2
    assert len({row["document_id"] for row in rows}) == 3


def test_a_bad_member_does_not_take_a_good_one_down(inbox):
    rows = rows_of(inbox, zipped(("bad.png", png()[:40]), ("../x", b"x"), ("good.png", png())))
    assert [row["status"] for row in rows] == ["rejected", "rejected", "accepted"]


def test_a_damaged_member(inbox):
    content = bytearray(zipped(("a.png", png()), ("b.png", png(3)), compression=zipfile.ZIP_STORED))
    content[60] ^= 255
    first, second = rows_of(inbox, bytes(content))
    assert "damaged at this file" in first["reason"]
    assert second["status"] == "accepted"


def test_reading_stops_at_the_limit():
    content = zipped(("a.bin", bytes(100_000)))
    with pytest.raises(RejectedInput, match="larger than"):
        read_member(content, "a.bin", max_bytes=1000)


@pytest.mark.parametrize("name", ["a.png", "sub/b c.png", "a::b.png", "100%.png", "請求#?.png"])
def test_member_uris_lead_back(name):
    assert split_member_uri(member_uri("file:///in/x.zip", name)) == ("file:///in/x.zip", name)


@pytest.mark.parametrize("uri", ["file:///a.zip", "s3://b/a.zip", "zip://broken"])
def test_plain_uris(uri):
    assert split_member_uri(uri) is None


def test_the_total_is_bounded(monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(RejectedInput, match="unpacks to"):
        list(members(zipped(("a", b"x" * 60), ("b", b"x" * 60))))
