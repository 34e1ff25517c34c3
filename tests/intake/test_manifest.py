import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.manifest import (
    Manifest,
    ManifestFile,
    cut_batches,
    manifests_of_folder,
    newest_versions,
    read_manifest,
    slug,
    write_manifest,
)
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.storage.data_folder import DataFolder

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of `abc`, as the standard gives it."""


def cut(root, **limits) -> list[Manifest]:
    return cut_batches(UPath(root), find_files(UPath(root)), **limits)


def test_files_are_identified_by_content(inbox):
    root = inbox({"a.txt": b"abc"})
    (batch,) = cut(root)
    assert batch.created_from == str(root)
    assert [(f.name, f.size_bytes, f.sha256, f.unreadable_reason) for f in batch.files] == [
        ("a.txt", 3, ABC, None)
    ]
    assert batch.batch_id == "inbox-" + batch.batch_id[-12:]


BEFORE = {"a.png": b"a", "b/c.pdf": b"c"}


@pytest.mark.parametrize(
    ("after", "same"),
    [
        pytest.param(BEFORE, True, id="untouched"),
        pytest.param({"b/c.pdf": b"c", "a.png": b"a"}, True, id="made-in-another-order"),
        pytest.param({"a.png": b"A", "b/c.pdf": b"c"}, False, id="content-changed"),
        pytest.param({"a2.png": b"a", "b/c.pdf": b"c"}, False, id="renamed"),
        pytest.param({"a.png": b"a"}, False, id="one-less"),
        pytest.param({"a.png": b"c", "b/c.pdf": b"a"}, False, id="contents-swapped"),
    ],
)
def test_the_same_files_make_the_same_batch(inbox, after, same):
    (before,) = cut(inbox(BEFORE, "In Box"))
    (again,) = cut(inbox(after, "in-box"))
    assert (before.batch_id == again.batch_id) is same


def test_touching_a_file_changes_nothing(inbox):
    root = inbox(BEFORE)
    (before,) = cut(root)
    os.utime(root / "a.png", (1, 1))
    (after,) = cut(root)
    assert before.batch_id == after.batch_id
    assert before != after


@pytest.mark.parametrize(
    ("sizes", "max_files", "max_bytes", "batches"),
    [
        pytest.param([], 2, 100, [], id="nothing"),
        pytest.param([1, 1, 1], 2, 100, [[1, 1], [1]], id="by-count"),
        pytest.param([40, 40, 40], 9, 80, [[40, 40], [40]], id="by-bytes"),
        pytest.param([40, 41, 40], 9, 80, [[40], [41], [40]], id="one-byte-too-many"),
        pytest.param([10, 500, 10], 9, 100, [[10], [500], [10]], id="a-file-above-the-limit-alone"),
        pytest.param([0, 0, 0], 9, 100, [[0, 0, 0]], id="empty-files"),
    ],
)
def test_where_batches_are_cut(inbox, sizes, max_files, max_bytes, batches):
    root = inbox({f"{number}.bin": bytes(size) for number, size in enumerate(sizes)})
    manifests = cut(root, max_files=max_files, max_bytes=max_bytes)
    assert [[f.size_bytes for f in m.files] for m in manifests] == batches
    assert len({m.batch_id for m in manifests}) == len(batches)


def test_a_file_that_may_not_be_read_does_not_stop_the_others(as_nobody):
    (as_nobody / "a.txt").write_bytes(b"abc")
    (as_nobody / "locked.txt").write_bytes(b"abc")
    (as_nobody / "locked.txt").chmod(0)
    (first,) = cut(as_nobody)
    readable, locked = first.files
    assert readable.unreadable_reason is None
    assert "permission denied" in locked.unreadable_reason
    assert locked.sha256 != ABC
    assert cut(as_nobody)[0].batch_id == first.batch_id
    (as_nobody / "locked.txt").chmod(0o600)
    assert cut(as_nobody)[0].batch_id != first.batch_id


def test_a_file_that_vanishes_is_said(inbox):
    root = inbox({"a.txt": b"abc", "b.txt": b"abc"})
    found = list(find_files(UPath(root)))
    (root / "b.txt").unlink()
    (batch,) = cut_batches(UPath(root), found)
    assert [f.unreadable_reason for f in batch.files] == [None, "The file vanished before it could be read."]


def test_a_file_that_grew_is_recorded_as_it_was_read(inbox):
    root = inbox({"a.txt": b"a"})
    found = list(find_files(UPath(root)))
    (root / "a.txt").write_bytes(b"abc")
    (batch,) = cut_batches(UPath(root), found)
    assert (batch.files[0].size_bytes, batch.files[0].sha256) == (3, ABC)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
manifest_files = st.builds(
    ManifestFile,
    name=text,
    uri=text,
    size_bytes=st.integers(0, 2**40),
    sha256=text,
    modified_at=st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    unreadable_reason=st.none() | text,
)


@given(files=st.lists(manifest_files, max_size=4), folder=text)
def test_what_is_written_is_read_again(tmp_path_factory, files, folder):
    data = DataFolder(UPath(tmp_path_factory.getbasetemp() / "data"))
    manifest = Manifest("inbox-0123456789ab", folder, tuple(files))
    write_manifest(data, manifest)
    assert read_manifest(data, manifest.batch_id) == manifest
    assert data.batch_ids() == [manifest.batch_id]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "no manifest", id="missing"),
        pytest.param(b"{", "cannot be read", id="no-json"),
        pytest.param(b"[]", "cannot be read", id="other-json"),
        pytest.param(b'{"batch_id": "x", "created_from": "y"}', "files", id="incomplete"),
    ],
)
def test_a_manifest_that_cannot_be_read(tmp_path, content, words):
    data = DataFolder(UPath(tmp_path))
    if content is not None:
        data.manifest("x").parent.mkdir()
        data.manifest("x").write_bytes(content)
    with pytest.raises(StorageError, match=words):
        read_manifest(data, "x")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("Inbox", "inbox"),
        ("Rechnungen März 2024", "rechnungen-märz-2024"),
        ("請求書（2024年）", "請求書-2024年"),
        ("हिन्दी", "हिन्दी"),
        ("a...b|c,d:e", "a-b-c-d-e"),
        ("../../etc", "etc"),
        ("  ", "batch"),
        ("", "batch"),
        ("x" * 100, "x" * 40),
    ],
)
def test_slugs(folder, expected):
    assert slug(folder) == expected


@given(st.text())
def test_slugs_hold_nothing_that_dagster_or_file_systems_dislike(folder):
    found = slug(folder)
    assert found
    assert not set(found) & set('/\\:*?"<>|,.\0\n\r\t\a\b\f\v ')
    assert not any(0xD800 <= ord(c) <= 0xDFFF for c in found)
    assert len(found.encode()) <= 200
    assert slug(found) == found


def test_an_unreadable_file_is_no_empty_file(inbox):
    root = inbox({"a.txt": b""})
    found = list(find_files(UPath(root)))
    (empty,) = cut_batches(UPath(root), found)
    (unreadable,) = cut_batches(UPath(root), [replace(found[0], unreadable_reason="because")])
    assert empty.batch_id != unreadable.batch_id


@pytest.mark.parametrize(
    ("contents", "versions"),
    [
        pytest.param([b"a"], [1], id="new"),
        pytest.param([b"a", b"a"], [1, 1], id="unchanged"),
        pytest.param([b"a", b"b", b"b"], [1, 2, 2], id="changed"),
        pytest.param([b"a", b"b", b"a", b"b"], [1, 2, 3, 4], id="back-and-forth"),
    ],
)
def test_versions_of_a_name(inbox, contents, versions):
    manifests: list[Manifest] = []
    for content in contents:
        manifests += cut(inbox({"a.png": content}), known=newest_versions(manifests))
    assert [m.files[0].version for m in manifests] == versions
    assert len({m.batch_id for m in manifests}) == max(versions)


def test_a_manifest_from_before_there_were_versions(inbox, tmp_path):
    data = DataFolder(UPath(tmp_path / "data"))
    (manifest,) = cut(inbox({"a.png": b"a"}))
    write_manifest(data, manifest)
    path = data.manifest(manifest.batch_id)
    path.write_text(path.read_text().replace('"version": 1', '"size_bytes": 1'))
    assert read_manifest(data, manifest.batch_id) == manifest


def test_the_manifests_of_a_folder(inbox, tmp_path):
    data = DataFolder(UPath(tmp_path / "data"))
    root, other = inbox({"a.png": b"a"}), inbox({"b.png": b"b"}, "In Box")
    (manifest,) = cut(root)
    for made in (manifest, *cut(other)):
        write_manifest(data, made)
    data.manifest("inbox-0123456789ab").write_text("{")
    assert list(manifests_of_folder(data, UPath(root))) == [manifest]
