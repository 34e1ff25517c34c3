"""`qwenocr inbox` says in plain words where the inbox's files stand."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from qwenocr_assets.cli.commands.inbox import print_inbox
from qwenocr_assets.defs.intake.inbox import watch_inbox
from qwenocr_assets.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("QWENOCR_DATA", str(tmp_path))
    monkeypatch.setenv("QWENOCR_BATCH_MAX_WAIT_SECONDS", "0")
    (tmp_path / "inbox").mkdir()
    return load_settings()


def said(**options: bool | int) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_inbox(console, **options)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def look(settings: Settings, *seconds: int) -> None:
    for moment in seconds:
        watch_inbox(settings, None, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=moment))


def test_before_the_first_look(settings: Settings) -> None:
    assert "The inbox sensor has not run yet" in said()
    assert not (Path(settings.data) / "inbox.db").exists()


def test_where_files_stand(settings: Settings) -> None:
    inbox = Path(settings.data) / "inbox"
    (inbox / "a [red].png").write_text("one")
    (inbox / "gone.png").write_text("two")
    look(settings, 0, 30)
    (inbox / "copy.png").write_text("one")
    (inbox / "gone.png").unlink()
    look(settings, 60, 90)
    (inbox / "just now.png").write_text("three")
    look(settings, 120)
    text = said()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines == [
        str(inbox),
        "1 waiting until unchanged",
        "1 in intakes (1)",
        "1 copies of documents: not read again",
        "1 vanished; what was read from them stays",
        "copy.png: a copy of a [red].png",
        "gone.png: vanished, noted 2026-01-01 00:01 UTC",
    ]
    found = json.loads(said(as_json=True, most=1))
    assert found["counts"] == {
        "waiting": 1,
        "ready": 0,
        "batched": 1,
        "copy": 1,
        "moved": 0,
        "unreadable": 0,
        "vanished": 1,
    }
    assert [file["name"] for file in found["files"]] == ["copy.png", "gone.png"]
