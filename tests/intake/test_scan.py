import os
import subprocess
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.files import FoundFile, fingerprint, open_uri
from qwenocr_assets.intake.left_out import LeftOut
from qwenocr_assets.intake.scan import find_files


def names(root: Path | UPath) -> list[str]:
    return [file.name for file in find_files(UPath(root))]


@pytest.mark.parametrize(
    ("present", "found"),
    [
        pytest.param(["b.png", "a.png"], ["a.png", "b.png"], id="sorted"),
        pytest.param(["b/z.png", "a.png", "c.png"], ["a.png", "b/z.png", "c.png"], id="folders-among-files"),
        pytest.param(["a/b/c/d.png"], ["a/b/c/d.png"], id="deep"),
        pytest.param([".hidden.png", "x/.git/a.png", "x/b.png"], ["x/b.png"], id="dotfiles-and-dot-folders"),
        pytest.param(["a.pdf.part", "b.tmp", "c.CRDOWNLOAD", "d.pdf"], ["d.pdf"], id="unfinished-downloads"),
        pytest.param(["~$report.docx", "~report.png"], ["~report.png"], id="lock-files"),
        pytest.param(["Thumbs.db", ".DS_Store", "desktop.ini", "x.db"], ["x.db"], id="litter"),
        pytest.param(["請求書 1.pdf", "Ärger.png"], ["Ärger.png", "請求書 1.pdf"], id="any-language"),
        pytest.param([], [], id="empty-folder"),
    ],
)
def test_what_is_found(inbox, present, found):
    assert names(inbox(dict.fromkeys(present, b"x"))) == found


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/a.pdf/SYNOPHOTO_THUMB_M.jpg", "#recycle/a.pdf", "$RECYCLE.BIN/S-1-5/a.pdf", "$Recycle.Bin/a.pdf",
        ".Trash-1000/files/a.pdf", "lost+found/a.pdf", "System Volume Information/a.pdf", "x/@eaDir/a.jpg",
        "a.pdf.filepart", "a.pdf.partial", "a.pdf.download", "a.pdf.opdownload", "a.pdf.!ut", "a.pdf.!qB",
        "a.pdf.aria2", "a.pdf.download/a.pdf", "A.PDF.PART", "a.bc!",
    ],
)  # fmt: skip
def test_what_holds_no_documents_is_left_out(inbox, name):
    assert names(inbox({name: b"x", "b.pdf": b"x"})) == ["b.pdf"]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ((), ["a.bak", "drafts/b.pdf"]),
        (("*.bak",), ["drafts/b.pdf"]),
        (("Drafts",), ["a.bak"]),
        (("!*.tmp",), ["a.bak", "c.tmp", "drafts/b.pdf"]),
        (("?.bak", "dr[a-f]fts", "!c.*"), ["c.tmp"]),
    ],
)
def test_names_are_added_and_taken_back(inbox, more, found):
    root = inbox({"a.bak": b"x", "drafts/b.pdf": b"x", "c.tmp": b"x"})
    assert [file.name for file in find_files(UPath(root), LeftOut(more))] == found


def test_a_single_file_is_found_whatever_its_name(inbox):
    root = inbox({".odd.part": b"abc"})
    (file,) = find_files(UPath(root / ".odd.part"))
    assert (file.name, file.size_bytes) == (".odd.part", 3)


def test_size_time_and_address(inbox):
    root = inbox({"a b.png": b"12345"})
    os.utime(root / "a b.png", ns=(0, 1_700_000_000_123_456_789))
    (file,) = find_files(UPath(root))
    assert file == FoundFile(
        "a b.png", f"file://{root}/a b.png", 5, datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"plain.png",
        b"100%.png",
        b"a?b#c.png",
        b"a%20b.png",
        b"caf\xe9.png",
        b"new\nline.png",
        b"a::b.png",
        b"\xe8\xab\x8b.png",
    ],
)
def test_any_name_on_disk_can_be_opened_by_its_uri(tmp_path, raw):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw))
    path.write_bytes(raw)
    (file,) = find_files(UPath(tmp_path))
    file.name.encode()
    file.uri.encode()
    with open_uri(file.uri) as opened:
        assert opened.read() == raw


def test_the_same_name_composed_and_decomposed_stays_two_files(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    (tmp_path / decomposed).write_bytes(b"decomposed")
    assert names(tmp_path) == [composed]
    (tmp_path / composed).write_bytes(b"composed")
    by_name = {file.name: fingerprint(file.uri).size_bytes for file in find_files(UPath(tmp_path))}
    assert by_name == {composed: len("composed"), decomposed: len("decomposed")}


def test_links_are_followed_only_to_files_inside(inbox, tmp_path):
    root = inbox({"real.png": b"x", "sub/y.png": b"y"})
    outside = tmp_path / "secret.png"
    outside.write_bytes(b"secret")
    for link, target in {
        "inside.png": root / "real.png",
        "outside.png": outside,
        "dotdot.png": Path("../secret.png"),
        "folder": root / "sub",
        "up": tmp_path,
        "nothing.png": root / "missing.png",
        "loop.png": root / "loop.png",
    }.items():
        (root / link).symlink_to(target)
    assert names(root) == ["inside.png", "real.png", "sub/y.png"]


def test_the_folder_itself_may_be_a_link(inbox, tmp_path):
    (tmp_path / "link").symlink_to(inbox({"a.png": b"x"}))
    assert names(tmp_path / "link") == ["a.png"]


def test_pipes_and_sockets_are_no_files(inbox):
    root = inbox({"a.png": b"x"})
    os.mkfifo(root / "pipe.png")
    assert names(root) == ["a.png"]


def test_folders_deeper_than_pythons_stack(tmp_path):
    depth = 1_200
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("deep.png", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        assert names(tmp_path) == ["d/" * depth + "deep.png"]
    finally:
        subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # shutil's rmtree recurses


def test_a_folder_that_may_not_be_listed_is_said(as_nobody):
    (as_nobody / "a.png").write_bytes(b"x")
    (as_nobody / "closed").mkdir(mode=0)
    found = {file.name: file.unreadable_reason for file in find_files(UPath(as_nobody))}
    assert found["a.png"] is None
    assert "permission denied" in found["closed"]


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(StorageError, match="does not exist"):
        list(find_files(UPath(tmp_path / "nothing")))


def test_a_folder_that_may_not_be_read(as_nobody):
    (as_nobody / "closed").mkdir(mode=0)
    with pytest.raises(StorageError, match="Permission denied"):
        list(find_files(UPath(as_nobody / "closed")))


def test_buckets(request):
    root = UPath(f"memory://{request.node.name}/inbox")
    for name in ("b.png", "a/x.pdf", "a/.hidden", "c.part"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    found = list(find_files(root))
    assert [(f.name, f.size_bytes) for f in found] == [("a/x.pdf", 7), ("b.png", 5)]
    assert found[0].modified_at is not None
    assert found[0].modified_at.tzinfo is UTC
    with open_uri(found[0].uri) as file:
        assert file.read() == b"a/x.pdf"


def test_a_bucket_that_does_not_exist(request):
    with pytest.raises(StorageError, match="does not exist"):
        list(find_files(UPath(f"memory://{request.node.name}/nothing")))
