"""Files of one machine's disk lie beside data that is elsewhere, under their hashes."""

from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.intake.files import read_unchanged
from qwenocr_assets.intake.originals import keep_originals
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps.intake import manifests_of
from qwenocr_assets.storage.data_folder import DataFolder


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "請求書 [1].png").write_bytes(b"one")
    (folder / "b.png").write_bytes(b"two")
    return folder


def test_another_machine_reads_the_copies(scans: Path, bucket: UPath) -> None:
    data = DataFolder(bucket)
    (manifest,) = manifests_of([scans], load_settings())
    kept = keep_originals(data, manifest)
    assert kept.batch_id == manifest.batch_id
    for path in scans.iterdir():
        path.unlink()
    assert [read_unchanged(f.uri, f.sha256) for f in kept.files] == [b"two", b"one"]
    assert all(f.uri.startswith(f"{bucket}/originals/") for f in kept.files)
    assert keep_originals(data, kept) == kept


def test_what_changes_under_the_copying_stays_for_the_step_that_says_so(scans: Path, tmp_path: Path) -> None:
    (manifest,) = manifests_of([scans], load_settings())
    (scans / "b.png").write_bytes(b"altered")
    kept = keep_originals(DataFolder(UPath(f"memory://{tmp_path.name}")), manifest)
    assert [f.uri.partition(":")[0] for f in kept.files] == ["file", "memory"]


def test_data_on_this_machine_needs_no_copies(scans: Path, tmp_path: Path) -> None:
    (manifest,) = manifests_of([scans], load_settings())
    assert keep_originals(DataFolder(UPath(tmp_path / "data")), manifest) is manifest
