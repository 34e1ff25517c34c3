"""What `qwenocr doctor` says of the scripts that the embedded engine can read."""

from pathlib import Path

import pytest

from qwenocr_assets.cli.commands import doctor
from qwenocr_assets.engine.reading import tesseract


@pytest.mark.parametrize(
    ("languages", "found", "good"),
    [
        pytest.param(["ara", "kor"], "Korean (Hangul), Arabic", True, id="data-of-two"),
        pytest.param(["osd"], "is not installed", False, id="data-of-none"),
        pytest.param([], "is not installed", False, id="no-data"),
    ],
)
def test_scripts_are_those_with_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, languages: list[str], found: str, good: bool
) -> None:
    for name in languages:
        (tmp_path / f"{name}.traineddata").touch()
    monkeypatch.setattr(tesseract, "tessdata_folder", lambda: tmp_path if languages else None)
    monkeypatch.setattr(tesseract, "find_spec", lambda name: name)
    told = doctor._scripts()
    assert (told.good, found in told.found) == (good, True), told
