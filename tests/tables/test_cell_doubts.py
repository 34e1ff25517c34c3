"""What speaks against the text of a cell, each with its like that is in order."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from qwenocr_assets.tables.doubts.cells import cells_with_doubtful_text
from qwenocr_assets.tables.doubts.cuts import cells_cut_apart

PITCH = 40


def doubts(
    *rows: str, tops: Sequence[int] = (), lefts: Sequence[Sequence[int]] = ()
) -> dict[str, str | None]:
    """What is doubtful of a table, cells parted by `|`; `Text*3` is three columns wide.

    Where its rows stand, and the texts of its first rows, may be told; others stand evenly, and letters are 10 wide.
    """
    cells: list[dict[str, Any]] = []
    for row_index, row in enumerate(rows):
        column = 0
        for text in row.split("|"):
            text, _, span = text.strip().partition("*")
            top = tops[row_index] if tops else PITCH * row_index
            left = lefts[row_index][column] if row_index < len(lefts) else 300 * column
            box = {"left_px": left, "top_px": top, "right_px": left + 10 * len(text), "bottom_px": top + 20}
            cells.append(
                {"task": "t", "table_index": 0, "row_index": row_index, "column_index": column, **box,
                 "column_span": int(span or 1), "is_header": row_index == 0, "text": text,
                 "number": Decimal(text) if text.isdecimal() else None}
            )  # fmt: skip
            column += int(span or 1)
    found = {cell["text"]: cell["text_doubt"] for cell in cells_cut_apart(cells_with_doubtful_text(cells))}
    return {text: doubt for text, doubt in found.items() if doubt}


NOTE = "Source: the office of statistics of a country, of the year before last."


@pytest.mark.parametrize(
    ("rows", "doubt", "texts"),
    [
        pytest.param(["Item | Price", "Tea . . . | 3", "Nuts | 4", "Figs | 5", "Dates | 6"],
                     "dotted_leader", {"Tea . . ."}, id="a leader"),
        pytest.param(["Item | Price", "Tea . . | 3", "Nuts.... | 4", "Figs | 5"],
                     "dotted_leader", {"Tea . .", "Nuts....", "Figs"}, id="a column with leaders"),
        pytest.param(["Item | Price", "Tea, etc. | 3", "No. | 4", "... | 5"], None, set(), id="dots that lead nowhere"),
        pytest.param(["Item | Price", "Tea | 3", NOTE], "title_or_note", {NOTE}, id="a note"),
        pytest.param([NOTE, "Item | Price", "Tea | 3"], "title_or_note", {NOTE}, id="a title"),
        pytest.param(["Item | Price", NOTE, "Tea | 3"], None, set(), id="a long text within"),
        pytest.param(["Item | Price", f"{NOTE} | 3"], None, set(), id="a long text in a row"),
        pytest.param(["Item | Price", "Tea | 3", "See the notes below."], "title_or_note", {"See the notes below."},
                     id="a sentence at the end"),
        pytest.param(["Output:", "| 2024 | 2025", "Tea | 3 | 4"], "title_or_note", {"Output:"}, id="a short title"),
        pytest.param(["Output", "Tea | 3", "Total"], None, set(), id="lone labels"),
        pytest.param([NOTE, "Tea"], None, set(), id="a table of one column"),
        pytest.param(["| Percent", "| who", "Group | borrowed", "All | 44"],
                     "header_in_parts", {"Percent", "who", "Group", "borrowed"}, id="a header in parts"),
        pytest.param(["| 10,000-", "Group | 14,999", "All | 44"],
                     "header_in_parts", {"10,000-", "Group", "14,999"}, id="a range in parts"),
        pytest.param(["| Year*2", "Group | first | second", "All | 4 | 5"], None, set(), id="a header over two"),
        pytest.param(["| Price", "Group | EUR", "All | 4"], None, set(), id="a unit under a header"),
        pytest.param(["Item | Price", "tea | 3", "nuts | 4"], None, set(), id="lower case"),
        pytest.param(["Item | Price", "[1996 | =", "Nuts (raw) | -"], "broken_text", {"[1996", "="}, id="broken"),
        pytest.param(["Item | Price", "a) Tea | 3", "12) Nuts | (4)"], None, set(), id="items that are counted"),
    ],
)  # fmt: skip
def test_doubts(rows: list[str], doubt: str | None, texts: set[str]) -> None:
    assert doubts(*rows) == dict.fromkeys(texts, doubt)


GROUPS = ["Item | Use", "Old ropes | Boats", "Nails | Houses", "Bolts | Bridges", "Screws | Chairs"]


@pytest.mark.parametrize(
    ("rows", "doubt", "texts"),
    [
        pytest.param([*GROUPS, "and nuts | tables"], "row_goes_on", {"Screws", "Chairs", "and nuts", "tables"},
                     id="in lower case"),
        pytest.param([*GROUPS[:2], "Nails and | Houses", "Pins | Sheds", *GROUPS[3:]], "row_goes_on",
                     {"Nails and", "Houses", "Pins", "Sheds"}, id="an end that wants more"),
        pytest.param([*GROUPS[:3], "(of iron) | Bridges", *GROUPS[4:]], "row_goes_on",
                     {"Nails", "Houses", "(of iron)", "Bridges"}, id="a bracket for itself"),
        pytest.param(["(of iron) | 4", "Nails | 3", "Bolts | 2", "Screws | 1"], "row_goes_on", {"(of iron)"},
                     id="the rest of what was left above"),
        pytest.param(["Item | Price", "Tea from | 3", "the south | 4", "Nuts | 3", "Figs | 5", "Dates | 6"],
                     "row_goes_on", {"Tea from", "the south"}, id="a label among numbers"),
        pytest.param(["Plan | Cost", "Ropes | $1.1M", "Nails |", "(of iron) | $0.3M", "Pins | $0.9M", "Bolts | 0"],
                     "row_goes_on", {"Nails", "(of iron)"}, id="a label among amounts that are no numbers"),
        pytest.param(["Item | Price", *(f"Tea {i} | {i}" for i in range(5)), "nuts | 8"], "row_goes_on",
                     {"Tea 4", "nuts"}, id="a label in lower case"),
        pytest.param([*GROUPS[:3], "| Bridges", *GROUPS[4:]], "row_goes_on", {"Nails", "Houses", "Bridges"},
                     id="a text alone"),
        pytest.param([*GROUPS[:3], "Of iron", *GROUPS[4:]], None, set(), id="a heading"),
        pytest.param(["item | use", "ropes | boats", "nails | houses", "bolts | bridges", "pins | sheds"], None, set(),
                     id="all in lower case"),
        pytest.param(["Item | Price", "Tea | 3", "(a) | 4", "Nuts | 4", "Figs | 5", "Dates | 6"], None, set(),
                     id="a counter in brackets"),
        pytest.param(["品名 | 用途", "縄 | 船", "釘 | 家", "針 | 服", "板 | 床"], None, set(), id="no capitals at all"),
        pytest.param(["Substance | Fre | quency of use | Never", "Tea | 1 | 2 | 3", "Nuts | 3 | 4 | 5"],
                     "headers_apart", {"Fre", "quency of use"}, id="a header in lower case"),
        pytest.param(["substance | often | seldom", "Tea | 1 | 2", "Nuts | 3 | 4"], None, set(),
                     id="headers in lower case"),
    ],
)  # fmt: skip
def test_cuts_in_a_text(rows: list[str], doubt: str | None, texts: set[str]) -> None:
    assert doubts(*rows) == dict.fromkeys(texts, doubt)


NEAR = (0, 40, 80, 104, 144)
"""Tops of rows of which the fourth stands near the third."""


@pytest.mark.parametrize(
    ("rows", "tops", "lefts", "doubt", "texts"),
    [
        pytest.param(GROUPS, NEAR, [], "row_goes_on", {"Nails", "Houses", "Bolts", "Bridges"}, id="a near row"),
        pytest.param(GROUPS, range(0, 120, 24), [], None, set(), id="all near"),
        pytest.param(["Item | Use", "Ropes | 3", "Nails | 4", "Bolts | 5", "Pins | 6"], NEAR, [], None, set(),
                     id="a near row of numbers"),
        pytest.param(["Age | Old | Sites | New | Grounds", "Tea | 1 | 2 | 3 | 4"], (), [(0, 300, 345, 600, 645)],
                     "headers_apart", {"Old", "Sites", "New", "Grounds"}, id="near headers"),
        pytest.param(["Age | Old | Sites | New | Grounds", "Tea | 1 | 2 | 3 | 4"], (), [(0, 40, 80, 140, 180)],
                     None, set(), id="headers that are all near"),
        pytest.param(["Age | Old | Sites | New", *(f"Tea | 1{i} | new | 4" for i in range(4))], (),
                     [(0, 300, 345, 600), *[(0, 310, 345, 600)] * 4], None, set(), id="columns that are near"),
    ],
)  # fmt: skip
def test_cuts_that_places_show(
    rows: list[str], tops: Sequence[int], lefts: list[Sequence[int]], doubt: str | None, texts: set[str]
) -> None:
    assert doubts(*rows, tops=tops, lefts=lefts) == dict.fromkeys(texts, doubt)
