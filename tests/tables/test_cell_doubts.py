"""What speaks against the text of a cell, each with its like that is in order."""

from typing import Any

import pytest

from qwenocr_assets.tables.doubts.cells import cells_with_doubtful_text


def doubts(*rows: str) -> dict[str, str | None]:
    """What is doubtful of a table, cells parted by `|`; `Text*3` is three columns wide."""
    cells: list[dict[str, Any]] = []
    for row_index, row in enumerate(rows):
        column = 0
        for text in row.split("|"):
            text, _, span = text.strip().partition("*")
            place = {"task": "t", "table_index": 0, "row_index": row_index, "column_index": column}
            cells.append({**place, "column_span": int(span or 1), "is_header": row_index == 0, "text": text})
            column += int(span or 1)
    found = {cell["text"]: cell["text_doubt"] for cell in cells_with_doubtful_text(cells)}
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
