"""`qwenocr archive` as a person types it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.mark.slow
def test_a_batch_is_archived_and_restored(command: Command, project: Path) -> None:
    (project / "note.txt").write_text("Dear Sir,")  # rejected: no engine has to be loaded
    assert command("run", "note.txt").returncode == 4
    [manifest] = (project / "data" / "batches").glob("*.json")
    assert "1 intake archived, 0 stay" in command("archive", "--older-than", "0d").stdout
    assert "1 intake restored" in command("archive", "--restore", manifest.stem).stdout
