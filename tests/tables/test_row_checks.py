"""Cells and lines → what speaks against a table."""

from typing import Any

import pytest

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import Answer, Word
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.tables.batch import flatten_document
from qwenocr_assets.tables.flatten import AnsweredPage


def html(*rows: str) -> str:
    """Rows of cells separated by |."""
    cells = ("".join(f"<td>{cell.strip()}</td>" for cell in row.split("|")) for row in rows)
    return "<table><tr>" + "</tr><tr>".join(cells) + "</tr></table>"


def words(*rows: str, top: float = 100) -> tuple[Word, ...]:
    """Each cell a line of 80 × 10 pixels, 100 apart; rows 20 apart."""
    return tuple(
        Word(text.strip(), Quad.of((x, y, x + 80, y + 10)), None)
        for number, row in enumerate(rows)
        for x, y, text in ((100.0 * c, top + 20 * number, cell) for c, cell in enumerate(row.split("|")))
        if text.strip()
    )


def judged(text: str, lines: tuple[Word, ...] = ()) -> dict[str, Any]:
    answers = {
        Task.TABLE_PARSING: ("t", Answer(text)),
        Task.ADVANCED_RECOGNITION: ("l", Answer("", words=lines)),
    }
    page = AnsweredPage("batch", "document", "page", (1000, 1000), answers)
    (tables,) = flatten_document([page], on_page=lambda: None)
    (row,) = tables["tables"]
    return dict(row)


ROWS = ("Item | Price", "Bolt | 1.50", "Nut | 2.50", "Total | 4.00")


@pytest.mark.parametrize(
    ("rows", "checked", "wrong"),
    [
        pytest.param(ROWS, 1, 0, id="a sum"),
        pytest.param((*ROWS[:3], "Total | 4.10"), 1, 1, id="no sum"),
        pytest.param((*ROWS[:3], "Total | 4.01"), 1, 0, id="rounded"),
        pytest.param((*ROWS[:3], "Total | "), 0, 0, id="no number"),
        pytest.param((ROWS[0], ROWS[1], ROWS[3]), 0, 0, id="one number makes no sum"),
        pytest.param(ROWS[:3], 0, 0, id="no total"),
        pytest.param(
            (*ROWS[:3], "Subtotal | 4.00", "Tax | 0.40", "Total: | 4.40"), 2, 0, id="subtotal, tax, total"
        ),
        pytest.param(
            (ROWS[0], "a | 1", "b | 2", "小計 | 3", "c | 4", "d | 5", "小計 | 9", "合計 | 12"),
            3,
            0,
            id="subtotals",
        ),
        pytest.param((*ROWS[:3], "Gesamtsumme | 4.10"), 1, 1, id="german"),
        pytest.param((*ROWS[:3], "合计金额 | 4.10"), 1, 1, id="chinese"),
        pytest.param((*ROWS[:3], "Totally new | 9.00"), 0, 0, id="a word that begins alike"),
        pytest.param(("a | 1,000.00", "b | 2,000.00", "Total (EUR) | 3,500.00"), 1, 1, id="no header"),
    ],
)
def test_totals(rows: tuple[str, ...], checked: int, wrong: int) -> None:
    found = judged(html(*rows))
    assert (found["totals_checked"], found["totals_wrong"]) == (checked, wrong)


NOTE = (
    Word("Next round in autumn.", Quad.of((0, 180, 150, 190)), None),
    Word("Page 1", Quad.of((155, 180, 180, 190)), None),
)
"""Below four rows: its first part lies under both columns."""


@pytest.mark.parametrize(
    ("answer", "page", "unused"),
    [
        pytest.param(ROWS, words(*ROWS), 0, id="all there"),
        pytest.param((*ROWS[:2], ROWS[3]), words(*ROWS), 2, id="a row is missing"),
        pytest.param(ROWS[:2], words(*ROWS), 4, id="the last rows are missing"),
        pytest.param(ROWS[:3], words(*ROWS[:3]) + words("Note", top=300), 0, id="a note far below"),
        pytest.param(ROWS, words("Heading | of page", top=60) + words(*ROWS), 0, id="a heading above"),
        pytest.param(ROWS, words(*ROWS, "Note |"), 0, id="a note right below"),
        pytest.param(ROWS, (*words(*ROWS), *NOTE), 0, id="a note of two parts that reaches over columns"),
        pytest.param(ROWS[:3], words(*ROWS[:3]) + words(ROWS[3], top=175), 0, id="a total set apart"),
    ],
)
def test_lines_that_no_cell_accounts_for(answer: tuple[str, ...], page: Any, unused: int) -> None:
    assert judged(html(*answer), page)["lines_unused"] == unused


def test_found_cells_and_the_box_around_them() -> None:
    found = judged(html(*ROWS[:2], "Washer | 9.99"), words(*ROWS[:2]))
    assert (found["cells_found"], found["cells_not_found"]) == (4, 2)
    assert [found[name] for name in ("left_px", "top_px", "right_px", "bottom_px")] == [0, 100, 180, 130]


def test_without_lines_nothing_is_said() -> None:
    found = judged(html(*ROWS))
    assert all(found.get(name) is None for name in ("cells_found", "lines_unused", "left_px"))
