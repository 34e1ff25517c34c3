"""Atomic writes and the data folder's layout."""

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.errors import DiskFull, StorageError
from qwenocr_assets.storage.data_folder import DataFolder, require_file_system, write_atomically


@pytest.mark.parametrize("name", ["plain.json", "請求書.json", "deep/er/فاتورة.json"])
def test_a_file_is_written_whole(tmp_path: Path, name: str) -> None:
    path = UPath(tmp_path / name)
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_on_object_storage_too() -> None:
    path = UPath("memory://bucket/batches/b.json")
    write_atomically(path, b"{}")
    assert path.read_bytes() == b"{}"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = UPath(tmp_path / "a.json")
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull, match=r"no space left on the disk of .*a\.json.*Free space there"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"data folder .*data cannot be written.*QWENOCR_DATA"):
        DataFolder(UPath(tmp_path / "data")).require_writable()


def test_many_may_look_at_once_and_leave_nothing(tmp_path: Path) -> None:
    data = DataFolder(UPath(tmp_path))
    with ThreadPoolExecutor(8) as threads:
        looks = [threads.submit(data.require_writable) for _ in range(200)]
    assert [look.result() for look in looks] == [None] * 200
    assert [*tmp_path.iterdir()] == []


def test_batches_are_those_with_a_manifest(tmp_path: Path) -> None:
    data = DataFolder(UPath(tmp_path))
    assert data.batch_ids() == []
    for batch_id in ("b-2", "a-1"):
        write_atomically(data.manifest(batch_id), b"{}")
    assert data.batch_ids() == ["a-1", "b-2"]


@pytest.mark.parametrize(
    ("address", "next_step"),
    [
        ("s3://bucket/x", r"pip install 'qwenocr-assets\[s3\]'"),
        ("adl://bucket/x", "Install fsspec's file system"),
    ],
)
def test_a_bucket_that_nothing_installed_reads_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, address: str, next_step: str
) -> None:
    for module in ("s3fs", "adlfs"):
        monkeypatch.setitem(sys.modules, module, None)
    for known in ("_registry", "registry"):
        monkeypatch.setattr(import_module("fsspec.registry"), known, {})
    root = UPath(address)
    with pytest.raises(StorageError, match=next_step):
        require_file_system(root)
