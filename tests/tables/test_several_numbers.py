"""Cells of several numbers: rows or columns that were read as one, said for each table by what its columns are like."""

import pytest

from qwenocr_assets.tables.values.several_numbers import cells_with_several_numbers


@pytest.mark.parametrize(
    ("column", "doubtful"),
    [
        pytest.param(["1,530 1,253 2,783", "12", "15"], ["1,530 1,253 2,783"], id="rows read as one"),
        pytest.param(["3 14", "12", "15", "9"], ["3 14"], id="whole numbers, where others stand alone"),
        pytest.param(["8.5 9.1", "7.0 6.6"], ["8.5 9.1", "7.0 6.6"], id="two columns read as one"),
        pytest.param(["555 0101", "555 0102", "555 0103"], [], id="telephone numbers"),
        pytest.param(["10 000", "1 250 000", "7 500,00"], [], id="thousands parted by spaces"),
        pytest.param(["0.49 (1.27)", "0.23 (0.61)", "12"], [], id="a mean and its deviation"),
        pytest.param(["12 - 15", "3 × 4", "Shop 1 2"], [], id="other signs and words"),
    ],
)  # fmt: skip
def test_numbers_in_a_cell(column: list[str], doubtful: list[str]) -> None:
    cells = [
        {"task": "table_parsing", "table_index": 0, "column_index": 1, "text": text, "typed_doubt": None}
        for text in column
    ]
    found = cells_with_several_numbers(cells)
    assert [cell["text"] for cell in found if cell["typed_doubt"] == "several_numbers"] == doubtful
    assert [cell["text"] for cell in found] == column


def test_a_doubt_that_is_there_stays() -> None:
    cell = {
        "task": "t",
        "table_index": 0,
        "column_index": 0,
        "text": "1,5 2,5",
        "typed_doubt": "two_readings",
    }
    assert cells_with_several_numbers([cell]) == [cell]
