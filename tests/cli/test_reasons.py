"""What the summary of a run says: one line a reason, without codes; progress as lines where there is no terminal."""

import io

import pytest
from rich.console import Console

from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.cli.reasons import told_reasons

SCRIPT = (
    "InvalidParameter.UnsupportedScript (HTTP 400): The page is written in {}, which the embedded engine cannot read "
    "as it is installed: install the extra `scripts`."
)
ARABIC, KOREAN = ("ar.png", SCRIPT.format("Arabic")), ("ko.png", SCRIPT.format("Korean"))


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [ARABIC, ARABIC, KOREAN],
            ["2 documents in Arabic, Korean: run `make scripts`, or use a cloud region"],
            id="scripts-are-one-reason",
        ),
        pytest.param(
            [ARABIC],
            ["ar.png in Arabic: run `make scripts`, or use a cloud region"],
            id="one-script",
        ),
        pytest.param(
            [("q.png", "InvalidParameter.UnsupportedTask (HTTP 400): No weights for formulas. Use a cloud region.")],
            ["q.png: No weights for formulas."],
            id="no-code-first-sentence",
        ),
        pytest.param(
            [(f"{n}.pdf", "It is version 1.2 of a PDF.\nGet it again.") for n in range(5)],
            ["0.pdf, 1.pdf, 2.pdf and 2 more: It is version 1.2 of a PDF."],
            id="many-documents",
        ),
    ],
)  # fmt: skip
def test_a_line_a_reason(told: list[tuple[str, str]], lines: list[str]) -> None:
    assert list(told_reasons(told)) == lines


def test_progress_in_a_pipe_is_lines() -> None:
    now = [0.0]
    screen = io.StringIO()
    progress = BarProgress(Console(file=screen, width=20), clock=lambda: now[0])
    with progress, progress.stage("OCR answers", 30) as advance, progress.stage("Nothing", 0):
        for _ in range(30):
            now[0] += 1
            advance()
    assert screen.getvalue().splitlines() == [
        "OCR answers: 0/30", "OCR answers: 10/30", "OCR answers: 20/30", "OCR answers: 30/30 in 30 s",
    ]  # fmt: skip


def test_progress_in_a_terminal_is_bars() -> None:
    screen = io.StringIO()
    with BarProgress(Console(file=screen, width=80, force_terminal=True)) as progress:
        with progress.stage("Rows", 1) as advance:
            advance()
        progress.note("said")
    assert "1/1" in screen.getvalue()
    assert "said" in screen.getvalue()
