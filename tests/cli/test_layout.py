"""How tables fit a terminal: no number and no name is ever cut, whatever the width."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.cli.layout import fit
from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.cli.terminal import Terminal

PROSE = "The page is written in Arabic, which the embedded engine cannot read as it is installed."


def shown(columns, rows, width, **options):
    terminal = Terminal(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    print_rows(columns, rows, terminal, **options)
    return terminal.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("columns", "row", "width", "stay", "folded", "is_blocks"),
    [
        pytest.param(["a", "b"], ["1", "2"], 80, ["a", "b"], [], False, id="fits"),
        pytest.param(["name", "reason"], ["x" * 30, PROSE], 60, ["name", "reason"], [], False, id="prose-wraps"),
        pytest.param(
            ["document_id", "name", "batch_id"], ["d" * 30, "n" * 30, "b" * 30], 50, ["name"],
            ["document_id", "batch_id"], False, id="keys-give-way",
        ),
        pytest.param(
            ["a", "name", "b", "status"], ["1" * 20, "n" * 20, "2" * 20, "s" * 20], 72,
            ["a", "name", "status"], ["b"], False, id="names-and-states-stay",
        ),
        pytest.param(
            ["name", "value", "reason"], ["n" * 50, "v" * 27, "r" * 40], 70, ["name", "value", "reason"], [], True,
            id="too-wide-for-three-columns",
        ),
        pytest.param(
            ["route", "task", "metric", "mean", "n"],
            ["chinese-and-english-text", "key_information_extraction", "field_f1_exact", "0.9231", "14"], 80,
            ["route", "task", "metric", "mean", "n"], [], False, id="scores-at-80",
        ),
        pytest.param(
            ["page_id", "task", "document_name", "item_path", "description", "quantity", "amount", "fields"],
            ["p" * 24, "key_information", "n" * 27, "items[0]", PROSE, "150", "277.5", f"{{{PROSE}}}"],
            75,
            ["document_name", "description", "quantity", "amount"], ["page_id", "task", "item_path", "fields"], False,
            id="keys-paths-and-objects-before-amounts",
        ),
        pytest.param(
            ["document_name", "name", "kind", "status", "seller"],
            ["#" * 15, "#" * 15, "invoice", "ok", "#" * 10], 62,
            ["document_name", "status", "seller"], ["name", "kind"], False, id="said-twice-or-always-the-same",
        ),
        pytest.param(["name", "sums"], ["n" * 40, ""], 44, ["name"], ["sums"], False, id="empty-gives-way"),
    ],
)  # fmt: skip
def test_what_gives_way(columns, row, width, stay, folded, is_blocks):
    rows = [[text.replace("#", f"{number:02}") for text in row] for number in range(20)]
    layout = fit(columns, rows, width)
    assert [columns[place] for place in layout.shown] == stay
    assert [columns[place] for place in layout.folded] == folded
    assert layout.is_blocks is is_blocks


def test_few_rows_are_shown_one_record_a_block():
    text = shown([f"column {n}" for n in range(12)], [[f"value-{n}" for n in range(12)]] * 2, 80, blocks=True)
    assert all(f"value-{n}" in text for n in range(12))
    assert "not shown" not in text


@pytest.mark.parametrize(("rows", "is_blocks"), [(2, True), (20, False)])
def test_few_rows_of_much_prose_are_blocks(rows, is_blocks):
    layout = fit(["model", "details"], [["qwen-vl-ocr-2025-11-20", " ".join([PROSE] * 4)]] * rows, 60)
    assert layout.is_blocks is is_blocks


def test_texts_that_are_amounts_end_alike():
    lines = shown(
        ["period", "left"], [["today", "$8.00"], ["this month", "$100.00"]], 80, right=("left",)
    ).split("\n")
    assert [line.rstrip()[-1] for line in lines[2:4]] == ["0", "0"]
    assert len({len(line.rstrip()) for line in lines[2:4]}) == 1


def test_what_is_not_shown_is_said():
    rows = [[f"value-{n}" if n in (1, 9) else f"{row}-of-{n:02}" for n in range(12)] for row in range(10, 30)]
    text = " ".join(shown([f"column {n}" for n in range(12)], rows, 80).split())
    assert re.search(r"2 columns are not shown: .*column 11\. --wide shows all\.", text)
    assert "The same in all rows: column 1 value-1, column 9 value-9." in text


@pytest.mark.parametrize("wide", [True, False])
def test_a_pipe_and_wide_get_every_column(wide):
    terminal = Terminal(file=io.StringIO(), width=40, force_terminal=wide)
    print_rows([f"column {n}" for n in range(30)], [list(range(30))], terminal, wide=wide)
    assert "column 29" in terminal.file.getvalue()


_CELLS = st.one_of(
    st.sampled_from(["", "-1511.15", "2025-11-14", "1000000000000000"]),
    st.sampled_from(["invoices/請求書-2025-11.png", "InvalidParameter.UnsupportedScript", "n" * 36]),
    st.integers(1, 15).map(lambda count: " ".join(PROSE.split()[:count])),
)


@settings(max_examples=60)
@given(
    st.lists(st.lists(_CELLS, min_size=7, max_size=7), min_size=1, max_size=3),
    st.integers(1, 4),
    st.sampled_from([80, 100, 160]),
)
def test_whatever_is_shown_is_whole(cells, times, width):
    """Property: numbers and names of the columns that are shown are there in one piece, and no line is too long."""
    names, columns = ["document_name", "b", "c", "value", "page_id", "reason", "g"], 7
    cells = cells * times
    layout = fit(names, cells, width)
    text = shown(names, cells, width, blocks=True)
    assert sorted((*layout.shown, *layout.folded)) == list(range(columns))
    assert all(len(line) <= width for line in text.splitlines())
    for row in cells:
        for place in layout.shown:
            for word in row[place].split():
                assert word in text or not word.isascii(), (names[place], word)
