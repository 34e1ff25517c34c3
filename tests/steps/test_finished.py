"""A batch of which nothing is left to do is left alone, until something it was made from has changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.intake.manifest import Manifest, ManifestFile, write_manifest
from qwenocr_assets.schemas import (
    DOCUMENTS,
    OCR_REQUESTS,
    OCR_RESPONSES,
    PAGES,
    ROW_TABLES,
    TEXT_LINES,
    VALIDATION_RESULTS,
)
from qwenocr_assets.steps import finished
from qwenocr_assets.steps.finished import is_finished, note_finished
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import write_table

BATCH = "請求書-1"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A data folder with one batch, every table of it written and its one request answered."""
    monkeypatch.setenv("QWENOCR_PROJECT", str(tmp_path))
    data = DataFolder(UPath(tmp_path / "data"))
    _write_manifest(data, "ab" * 32)
    for table in (DOCUMENTS, PAGES, *ROW_TABLES, VALIDATION_RESULTS):
        write_table(data, table, BATCH, [])
    write_table(data, OCR_REQUESTS, BATCH, [_TRACE | dict.fromkeys(_REQUIRED, 0) | _REQUEST])
    _answer(data, "ok")
    return data


_TRACE = dict.fromkeys(["batch_id", "document_id", "page_id", "task", "request_key"], "x")
_REQUIRED = [c.name for c in OCR_REQUESTS.columns if c.name.endswith(("_tokens", "_usd")) and not c.nullable]
_REQUEST = dict.fromkeys(["route", "region", "model", "protocol", "options", "catalogue_version"], "x")


def _write_manifest(data: DataFolder, sha256: str) -> None:
    file = ManifestFile("請求書.png", "file:///in/請求書.png", 1, sha256, None)
    write_manifest(data, Manifest(BATCH, "/in", (file,)))


def _answer(data: DataFolder, status: str) -> None:
    write_table(data, OCR_RESPONSES, BATCH, [_TRACE | {"status": status, "attempts": 1}])


@pytest.mark.parametrize(
    ("status", "left_alone"),
    [
        ("ok", True),
        ("partial", True),
        ("rejected", True),
        ("skipped", True),
        ("failed", False),
        ("unfunded", False),
        ("missing", False),
    ],
)
def test_only_final_answers_finish_a_batch(data: DataFolder, status: str, left_alone: bool) -> None:
    _answer(data, status)
    note_finished(Environment.load(), BATCH)
    assert is_finished(Environment.load(), BATCH) is left_alone


Change = Callable[[DataFolder, pytest.MonkeyPatch], object]

_CHANGES: dict[str, tuple[Change, bool]] = {
    "nothing": (lambda _, __: None, True),
    "another key": (lambda _, m: m.setenv("DASHSCOPE_API_KEY", "sk-other"), True),
    "a setting": (lambda _, m: m.setenv("QWENOCR_RENDER_DPI", "300"), False),
    "a password": (lambda _, m: m.setenv("QWENOCR_PDF_PASSWORDS", '["秘密"]'), False),
    "another region": (lambda _, m: m.setenv("QWENOCR_REGION", "singapore"), False),
    "the files": (lambda data, _: _write_manifest(data, "cd" * 32), False),
    "a table is gone": (lambda data, _: data.table_file(TEXT_LINES.name, BATCH).unlink(), False),
    "the code": (lambda _, m: m.setattr(finished, "_code", lambda: b"other"), False),
}


@pytest.mark.parametrize(("change", "left_alone"), _CHANGES.values(), ids=_CHANGES.keys())
def test_a_finished_batch_runs_again_when_what_it_was_made_from_changes(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch, change: Change, left_alone: bool
) -> None:
    note_finished(Environment.load(), BATCH)
    change(data, monkeypatch)
    assert is_finished(Environment.load(), BATCH) is left_alone


def test_a_changed_schema_of_a_route_runs_its_batches_again(data: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "pipeline.toml").write_text(
        '[[routes]]\nname = "a"\ntasks = ["key_information_extraction"]\nschema = "schema.json"\n'
    )
    (tmp_path / "schema.json").write_text('{"total": ""}')
    note_finished(Environment.load(), BATCH)
    assert is_finished(Environment.load(), BATCH)
    (tmp_path / "schema.json").write_text('{"total": "", "合計": ""}')
    assert not is_finished(Environment.load(), BATCH)


def test_a_batch_nobody_has_run_is_not_finished(data: DataFolder) -> None:
    assert not is_finished(Environment.load(), BATCH)
