"""Errors planted in the engine's answers, through the whole pipeline: the queue holds them, and little else."""

import hashlib
from pathlib import Path

import pytest

from bench.drawn_pages import KINDS, SIZE_PX
from bench.trust import Document, run
from qwenocr_assets.engine.page.read_page import Line, ReadPage


class TruthfulReader:
    """Gives the lines that were drawn: recognising takes seconds a page, and `python -m bench trust` does it."""

    def __init__(self, documents: list[Document]) -> None:
        self._pages = {document.sha256: document.page for document in documents}

    def read(self, image: bytes) -> ReadPage:
        page = self._pages[hashlib.sha256(image).hexdigest()]
        lines = []
        for line in page["lines"]:
            left, top, right, bottom = map(float, line["bbox"])
            lines.append(Line(line["text"], (left, top, right, top, right, bottom, left, bottom), 0.99))
        return ReadPage(*SIZE_PX, 0, 0.0, tuple(lines), tuple(lines))


@pytest.mark.slow
def test_the_queue_holds_what_was_planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWENOCR_PROJECT", "")  # the run sets its own; this puts back what was there
    documents = [Document(f"{kind}/{n}.png", *draw(n)) for kind, draw in KINDS.items() for n in range(2)]
    found = run(documents, 5, TruthfulReader(documents), tmp_path)
    assert {kind for _, kind in found.values} == {"right", "digit", "swapped", "dropped"}
    assert found.share(wrong=True) >= 0.95
    assert found.share(wrong=False) <= 0.10
    assert len(found.rows) == len(documents)
