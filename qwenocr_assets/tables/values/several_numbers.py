"""Cells that hold the numbers of several: rows or columns of a table that were read as one."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Final

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.values.notation import SEVERAL_NUMBERS

_NUMBER: Final = r"[-+−]?[$€£¥]?[0-9][0-9.,]*%?"
_ONLY_NUMBERS: Final = re.compile(rf"{_NUMBER}(?: {_NUMBER})+")
_IN_GROUPS: Final = re.compile(r"[-+−]?[$€£¥]?[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?%?")
"""`10 000`: one number, its thousands parted by spaces."""
_AMOUNT: Final = re.compile(r"[0-9][.,][0-9]")
_HABIT: Final = 0.5
"""Share of a column's filled cells that may be written so by habit, as telephone numbers are."""


def cells_with_several_numbers(cells: Sequence[Row]) -> list[Row]:
    """Rows of `table_cells` with `typed_doubt` set where a cell has two numbers or more and nothing else.

    Numbers without point or comma count only where most of their column is not written like that.
    """
    found = {at: " ".join(cell["text"].split()) for at, cell in enumerate(cells) if _is_several(cell["text"])}
    if not found:
        return list(cells)
    filled = Counter(map(_column, (cell for cell in cells if cell["text"].strip())))
    alike: dict[Hashable, int] = defaultdict(int)
    for at in found:
        alike[_column(cells[at])] += 1

    def is_doubtful(at: int) -> bool:
        column = _column(cells[at])
        return _are_amounts(found[at]) or alike[column] <= _HABIT * filled[column]

    return [
        {**cell, "typed_doubt": SEVERAL_NUMBERS}
        if at in found and cell["typed_doubt"] is None and is_doubtful(at)
        else cell
        for at, cell in enumerate(cells)
    ]


def _is_several(text: str) -> bool:
    """Numbers in groups are one, unless they stand below each other."""
    written = " ".join(text.split())
    return _ONLY_NUMBERS.fullmatch(written) is not None and (
        "\n" in text.strip() or _IN_GROUPS.fullmatch(written) is None
    )


def _are_amounts(text: str) -> bool:
    return sum(bool(_AMOUNT.search(number)) for number in text.split()) > 1


def _column(cell: Row) -> Hashable:
    return cell["task"], cell["table_index"], cell["column_index"]
