"""A list of URLs through the whole pipeline."""

from typing import Any

import pytest

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import DOCUMENTS, TEXT_LINES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.steps.finished import is_finished, note_finished
from qwenocr_assets.storage.table_files import read_table
from tests.intake.web import serving


def test_what_a_list_names_is_read_once(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_URL_NETWORKS", "127.0.0.0/8,fd00::/8")
    pipeline.settings = settings = load_settings()
    drawn = pipeline.draw("a.png", "a")
    with serving() as web:
        web.pages["/a.png"] = drawn.read_bytes()
        drawn.unlink()
        (pipeline.inbox / "letters").mkdir()
        (pipeline.inbox / "letters" / "a.urls.txt").write_text(f"{web.url}/a.png\n{web.url}/late.png\n")
        batch, outcome = pipeline.run()
        assert outcome.success
        assert outcome.sent == 2  # the tasks of the route letters
        note_finished(Environment(settings), batch)
        assert not is_finished(Environment(settings), batch), "what is not fetched yet is worth another run"

        web.pages = {"/late.png": web.pages["/a.png"]}
        again, outcome = pipeline.run()
        assert (again, outcome.sent) == (batch, 0), "one page's bytes, and all its tasks are answered"
        note_finished(Environment(settings), batch)
    documents = read_table(settings.data_folder, DOCUMENTS, batch)
    assert [(row["uri"].rpartition("/")[2], row["status"]) for row in documents] == [
        ("a.png", "accepted"),
        ("late.png", "accepted"),
    ]
    lines = read_table(settings.data_folder, TEXT_LINES, batch)
    assert {row["document_id"] for row in lines} == {row["document_id"] for row in documents}
