"""The inbox: every content that lies still is in one batch, whatever is dropped, changed, moved, lost or killed."""

import os
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.inbox import batches as cutting
from qwenocr_assets.intake.inbox import listing
from qwenocr_assets.intake.inbox.batches import Bounds
from qwenocr_assets.intake.inbox.look import Patience
from qwenocr_assets.intake.inbox.status import inbox_status, what_waits
from qwenocr_assets.intake.left_out import USUAL, LeftOut
from qwenocr_assets.intake.manifest import (
    cut_batches,
    manifests_of_folder,
    newest_versions,
    write_manifest,
)
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.storage.data_folder import DataFolder
from tests.intake.inbox_world import SETTLE, Inbox


@pytest.fixture(params=["local", "bucket", "bucket, Postgres"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Inbox:
    """The same of a local folder and of a bucket, whose index is in the ledger's database."""
    root = UPath(tmp_path / "in") if request.param == "local" else UPath(f"memory://{tmp_path.name}/in")
    root.mkdir(parents=True)
    url = f"sqlite:///{tmp_path}/data/inbox.db"
    if "Postgres" in request.param:
        url = request.getfixturevalue("empty_postgres")
    return Inbox(root, DataFolder(UPath(tmp_path / "data")), url)


@pytest.fixture
def local(tmp_path: Path) -> Inbox:
    (tmp_path / "in").mkdir()
    return Inbox(
        UPath(tmp_path / "in"), DataFolder(UPath(tmp_path / "data")), f"sqlite:///{tmp_path}/data/inbox.db"
    )


def test_files_that_lie_still_are_batched_once(inbox: Inbox) -> None:
    inbox.drop("a.png", "one")
    inbox.drop("new/請求書.png", "two")
    inbox.drop("new/half.png.part", "not yet")
    inbox.look()
    assert inbox.batched() == []
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == [("a.png", 1), ("new/請求書.png", 1)]
    assert inbox.counts() == {"batched": 2}


def left_out(inbox: Inbox) -> int:
    with inbox.index() as index:
        return inbox_status(index, 0).left_out


def test_what_holds_no_documents_is_left_out_and_counted(inbox: Inbox) -> None:
    for name in ("a.png", "b.png.filepart", "@eaDir/a.png", "new/#recycle/c.png", "new/d.bak"):
        inbox.drop(name, name)
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == [("a.png", 1), ("new/d.bak", 1)]
    assert left_out(inbox) == 3


def test_a_folder_that_is_left_out_from_now_on_vanishes_and_can_be_taken_back(inbox: Inbox) -> None:
    inbox.drop("drafts/a.png", "one")
    for _ in range(3):
        inbox.look()
    assert inbox.counts() == {"batched": 1}
    inbox.left_out = LeftOut(("drafts",))
    for _ in range(3):
        inbox.look(400)
    assert (inbox.counts(), left_out(inbox)) == ({"vanished": 1}, 1)
    inbox.left_out = USUAL
    for _ in range(3):
        inbox.look(400)
    assert (inbox.counts(), left_out(inbox)) == ({"batched": 1}, 0)
    assert len(inbox.batched()) == 1


def test_a_file_that_grows_is_not_taken_before_it_lies_still(inbox: Inbox) -> None:
    for text in ("a", "ab", "abc"):
        inbox.drop("a.png", text)
        inbox.look()
        assert inbox.batched() == []
    inbox.look(SETTLE - 1)
    assert inbox.batched() == []
    inbox.look(1)
    assert inbox.batched() == [("a.png", 1)]


@pytest.mark.parametrize(
    ("change", "batched"),
    [
        pytest.param({"a.png": "other"}, [("a.png", 1), ("a.png", 2)], id="changed"),
        pytest.param({"b.png": "first"}, [("a.png", 1)], id="copied"),
        pytest.param({"a.png": None, "b.png": "first"}, [("a.png", 1)], id="moved"),
        pytest.param({"a.png": None}, [("a.png", 1)], id="vanished"),
        pytest.param(
            {"a.png": "other", "b.png": "first"},
            [("a.png", 1), ("a.png", 2), ("b.png", 1)],
            id="renamed-and-new",
        ),
    ],
)
def test_what_happens_after_a_document_was_read(
    inbox: Inbox, change: dict[str, str | None], batched: list[tuple[str, int]]
) -> None:
    inbox.drop("a.png", "first")
    inbox.look()
    inbox.look()
    inbox.read_all()
    for name, text in change.items():
        if text is None:
            (inbox.root / name).unlink()
        else:
            inbox.drop(name, text)
    for _ in range(3):
        inbox.look(400)
    assert inbox.batched() == batched


def test_back_to_an_earlier_content_is_a_version_of_its_own(inbox: Inbox) -> None:
    for text in ("first", "second!", "first", "second!"):
        inbox.drop("a.png", text)
        for _ in range(3):
            inbox.look(400)
    assert inbox.batched() == [("a.png", 1), ("a.png", 2), ("a.png", 3), ("a.png", 4)]


def test_states_are_told_apart(inbox: Inbox) -> None:
    for name in ("kept.png", "moved.png", "gone.png"):
        inbox.drop(name, name)
    inbox.look()
    inbox.look()
    inbox.read_all()
    inbox.drop("copy.png", "kept.png")
    inbox.drop("new.png", "moved.png")
    for name in ("moved.png", "gone.png"):
        (inbox.root / name).unlink()
    inbox.look()
    inbox.look()
    inbox.drop("just now.png", "x")
    inbox.look()
    assert inbox.counts() == {"batched": 1, "copy": 1, "moved": 1, "vanished": 2, "waiting": 1}
    with inbox.index() as index:
        named = {file.name: file for file in inbox_status(index, 10).files}
        assert "1 waiting until unchanged" in what_waits(index)
    assert named["copy.png"].original == "kept.png"
    assert named["new.png"].original == "moved.png"
    assert {named["gone.png"].state, named["moved.png"].state} == {"vanished"}


def test_what_moved_before_it_was_read_is_a_document_of_its_own(inbox: Inbox) -> None:
    """Its batch can no longer find it, so nobody has its content yet."""
    inbox.drop("a.png", "first")
    inbox.look()
    inbox.look()
    (inbox.root / "a.png").unlink()
    inbox.drop("b.png", "first")
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == [("a.png", 1), ("b.png", 1)]


def test_a_list_of_urls_under_another_name_is_no_copy(inbox: Inbox) -> None:
    for name in ("monday.urls.txt", "tuesday.urls.txt"):
        inbox.drop(name, "https://host.example/latest.pdf")
        inbox.look()
        inbox.look()
    assert inbox.batched() == [("monday.urls.txt", 1), ("tuesday.urls.txt", 1)]


def test_a_copy_outlives_its_original(inbox: Inbox) -> None:
    inbox.drop("a.png", "first")
    inbox.drop("b.png", "first")
    inbox.look()
    inbox.look()
    assert inbox.batched() == [("a.png", 1)]
    (inbox.root / "a.png").unlink()  # before its batch was read
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == [("a.png", 1), ("b.png", 1)]


def test_what_comes_back_unchanged_is_known(local: Inbox) -> None:
    local.drop("folder/a.png", "first")
    local.look()
    local.look()
    (Path(local.root.path) / "folder").rename(local.root.path + " elsewhere")
    local.look()
    assert local.states() == {"folder/a.png": "vanished"}
    Path(local.root.path + " elsewhere").rename(Path(local.root.path) / "folder")
    local.look()
    local.look()
    assert local.batched() == [("folder/a.png", 1)]
    assert local.counts() == {"batched": 1}


@pytest.mark.parametrize(
    ("sizes", "bounds", "batches"),
    [
        pytest.param([1] * 10, Bounds(4, 1000, 0), [4, 4, 2], id="by-count"),
        pytest.param([400] * 5, Bounds(100, 1000, 0), [2, 2, 1], id="by-bytes"),
        pytest.param([2000, 1, 2000], Bounds(100, 1000, 0), [1, 1, 1], id="larger-than-a-batch"),
        pytest.param([1] * 10, Bounds(4, 1000, 3600), [4, 4], id="the-rest-waits-to-fill"),
        pytest.param([1] * 3, Bounds(4, 1000, 3600), [], id="too-few-yet"),
        pytest.param([1] * 3, Bounds(4, 1000, 60), [3], id="waited-long-enough"),
    ],
)
def test_bounds_of_batches(inbox: Inbox, sizes: list[int], bounds: Bounds, batches: list[int]) -> None:
    inbox.bounds = bounds
    for number, size in enumerate(sizes):
        inbox.drop(f"{number:03}.png", f"{number:03}".ljust(size) if size > 2 else chr(ord("a") + number))
    for _ in range(3):
        inbox.look()
    assert sorted((len(m.files) for m in inbox.manifests()), reverse=True) == batches


def test_a_look_without_time_goes_on_where_the_last_one_stopped(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_CHUNK", 7)
    for number in range(60):
        inbox.drop(f"{number % 3}/{number:02}.png", str(number))
    looks = 0
    while not looks or set(inbox.counts()) != {"batched"}:
        looks += 1
        assert looks < 200
        inbox.look(SETTLE, Patience(0, 0, 0, 0, 0) if looks % 9 else Patience())
    assert looks > 9
    assert len(inbox.batched()) == 60


def test_a_lost_index_is_made_again_from_the_manifests(inbox: Inbox) -> None:
    inbox.drop("a.png", "first")
    inbox.drop("b/c.png", "third")
    inbox.look()
    inbox.look()
    inbox.drop("a.png", "second!")
    for _ in range(3):
        inbox.look(400)
    before = inbox.batched()
    for path in Path(inbox.data.root.path).glob("inbox.db*"):
        path.unlink()
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == before == [("a.png", 1), ("a.png", 2), ("b/c.png", 1)]
    assert inbox.counts() == {"batched": 2}


def test_a_batch_that_qwenocr_run_cut_meanwhile_is_learnt(inbox: Inbox) -> None:
    inbox.drop("a.png", "first")
    inbox.look()
    known = newest_versions(manifests_of_folder(inbox.data, inbox.root))
    for manifest in cut_batches(inbox.root, list(find_files(inbox.root)), known=known):
        write_manifest(inbox.data, manifest)
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == [("a.png", 1)]


def test_a_manifest_that_cannot_be_read_stops_nothing(inbox: Inbox) -> None:
    inbox.drop("a.png", "first")
    broken = inbox.data.manifest("in-0123456789ab")
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    inbox.look()
    inbox.look()
    broken.unlink()
    assert inbox.batched() == [("a.png", 1)]


def test_a_file_that_does_not_open_waits_and_is_said(as_nobody: Path) -> None:
    data = as_nobody / "data"
    data.mkdir()
    (as_nobody / "in" / "closed").mkdir(parents=True)
    (as_nobody / "in" / "locked.png").write_text("x")
    (as_nobody / "in" / "locked.png").chmod(0)
    (as_nobody / "in" / "closed").chmod(0)
    inbox = Inbox(UPath(as_nobody / "in"), DataFolder(UPath(data)), f"sqlite:///{data}/inbox.db")
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == []
    with inbox.index() as index:
        reasons = {file.name: file.reason for file in inbox_status(index, 10).files}
    assert reasons == {
        "locked.png": "The file cannot be read: permission denied.",
        "closed/": "This folder cannot be read: permission denied.",
    }
    (as_nobody / "in" / "locked.png").chmod(0o600)
    (as_nobody / "in" / "closed").chmod(0o700)
    (as_nobody / "in" / "closed" / "b.png").write_text("y")
    for _ in range(3):
        inbox.look(400)
    assert inbox.batched() == [("closed/b.png", 1), ("locked.png", 1)]


def test_a_file_too_large_to_be_processed_is_not_read(local: Inbox) -> None:
    path = Path(local.root.path) / "huge.tif"
    path.touch()
    os.truncate(path, 20 * 2**40 // 4)  # 5 TiB of nothing
    local.look()
    local.look()
    assert local.batched() == [("huge.tif", 1)]


def test_a_damaged_index_is_said_with_what_to_do(local: Inbox) -> None:
    Path(local.data.root.path).mkdir()
    (Path(local.data.root.path) / "inbox.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="cannot be used") as caught:
        local.look()
    assert "Delete inbox.db" in str(caught.value.next_step)


def test_a_change_in_place_is_found_although_its_folder_stands_still(local: Inbox) -> None:
    local.drop("a.png", "first")
    os.utime(local.root.path, (1, 1))
    local.look()
    local.look()
    local.drop("a.png", "12345")
    for _ in range(3):
        local.look(400)
    assert local.batched() == [("a.png", 1), ("a.png", 2)]


@pytest.mark.parametrize("killed", ["note_batch", "write_manifest"])
def test_a_look_that_dies_while_cutting_loses_nothing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    inbox.drop("a.png", "first")
    inbox.look()
    with monkeypatch.context() as patched:
        patched.setattr(cutting, killed, _die)
        with pytest.raises(KeyboardInterrupt):
            inbox.look()
    inbox.drop("b.png", "second")
    for _ in range(3):
        inbox.look()
    assert inbox.batched() == [("a.png", 1), ("b.png", 1)]


def _die(*_: object) -> None:
    raise KeyboardInterrupt
