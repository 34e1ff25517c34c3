"""A batch is replayed from its manifest, in whatever data folder."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from upath import UPath

from qwenocr_assets.defs.running.launch import register_batch, run_batch
from qwenocr_assets.errors import RejectedInput, StorageError
from qwenocr_assets.intake.manifest import cut_batches, write_manifest
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.schemas import DOCUMENTS, KEY_VALUES, PAGES, TABLE_CELLS, TEXT_LINES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps.intake import replayed
from qwenocr_assets.storage.table_files import read_table


def elsewhere(pipeline: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, manifest: Path) -> Any:
    """The pipeline over another data folder, after a run of this manifest."""
    monkeypatch.setenv("QWENOCR_DATA", str(tmp_path / "elsewhere"))
    from qwenocr_assets.definitions import build_definitions

    other = replace(pipeline, settings=load_settings(), definitions=build_definitions())
    batch = replayed(str(manifest))
    register_batch(other.instance, other.settings.data_folder, batch)
    assert run_batch(other.definitions, other.instance, batch.batch_id, other.resources).success
    return other


def test_a_manifest_gives_the_same_rows_in_another_data_folder(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipeline.draw("invoices/請求書.png", "a")
    (pipeline.inbox / "note.txt").write_text("Dear Sir,")
    batch, _ = pipeline.run()
    mailed = shutil.copy(pipeline.settings.data_folder.manifest(batch).path, tmp_path / "mailed.json")
    other = elsewhere(pipeline, monkeypatch, tmp_path, Path(mailed))
    for table in (DOCUMENTS, PAGES, TEXT_LINES, KEY_VALUES, TABLE_CELLS):
        rows = read_table(other.settings.data_folder, table, batch)
        assert rows == read_table(pipeline.settings.data_folder, table, batch)
        assert rows


def test_a_file_that_has_changed_since_is_a_row_that_says_so(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipeline.draw("letters/a.png", "a")
    pipeline.draw("letters/b.png", "b")
    root = UPath(pipeline.inbox)
    [manifest] = cut_batches(root, find_files(root))
    write_manifest(pipeline.settings.data_folder, manifest)
    pipeline.draw("letters/a.png", "quite another")
    path = Path(pipeline.settings.data_folder.manifest(manifest.batch_id).path)
    other = elsewhere(pipeline, monkeypatch, tmp_path, path)
    changed, kept = read_table(other.settings.data_folder, DOCUMENTS, manifest.batch_id)
    assert "changed since" in changed["reason"]
    assert kept["status"] == "accepted"


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        pytest.param(None, StorageError, "no manifest", id="none"),
        pytest.param(b"{}", StorageError, "cannot be read", id="no-manifest"),
        pytest.param(b"\x89PNG", StorageError, "cannot be read", id="a-picture"),
        pytest.param(
            {"batch_id": "../../evil", "created_from": "/in", "files": []},
            RejectedInput,
            "changed",
            id="an-id",
        ),
        pytest.param(
            {
                "batch_id": "in-123456789abc",
                "created_from": "/in",
                "files": [
                    {
                        "name": "a",
                        "uri": "file:///etc/passwd",
                        "size_bytes": 1,
                        "sha256": "0",
                        "modified_at": None,
                    }
                ],
            },
            RejectedInput,
            "changed",
            id="a-file",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(
    tmp_path: Path, content: Any, error: type[Exception], words: str
) -> None:
    path = tmp_path / "m.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    with pytest.raises(error, match=words):
        replayed(str(path))
