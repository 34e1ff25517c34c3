"""Rows of a table that may have lost or won a cell, so that the others stand in wrong columns.

A row that is longer than the others is one, and a shorter one with words where the others have numbers, or the reverse.
Rows of one cell are headings, and what stands above the first row of numbers is a header. A table of few rows shows
how long they are by its header: of those below it, one that is longer is ragged where another is not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.headers import is_gap

RAGGED_ROW: Final = "ragged_row"
_FEWEST: Final = 4
"""Rows of a table that shows how long its rows are."""
_MOST_ALIKE: Final = 0.6
"""Share of a table's rows that are of one length where another length says something."""


def cells_in_ragged_rows(cells: Sequence[Row]) -> list[Row]:
    """Rows of `table_cells` with `text_doubt` set where nothing else is said against them and their row is ragged."""
    found = set(_in_ragged_rows(cells))
    return [
        {**cell, "text_doubt": RAGGED_ROW} if at in found and cell["text_doubt"] is None else cell
        for at, cell in enumerate(cells)
    ]


def _in_ragged_rows(cells: Sequence[Row]) -> Iterator[int]:
    """The filled cells of rows that may have lost or won a cell, so that the others stand in wrong columns."""
    tables: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, cell in enumerate(cells):
        tables[cell["task"], cell["table_index"]].append(at)
    for places in tables.values():
        rows: dict[int, list[int]] = defaultdict(list)
        widths: Counter[int] = Counter()
        for at in places:
            cell = cells[at]
            for row in range(cell["row_index"], cell["row_index"] + min(cell["row_span"], len(places))):
                widths[row] += cell["column_span"]
            rows[cell["row_index"]].append(at)
        (usual, alike), *_ = Counter(widths[row] for row in rows).most_common(1)
        if len(rows) < _FEWEST:
            yield from _longer_than_the_header(cells, rows, widths)
            continue
        if alike == len(rows) or alike < _MOST_ALIKE * len(rows):
            continue
        kinds = _kinds(cells, [at for row, own in rows.items() if widths[row] == usual for at in own])
        first = min(
            (
                cells[at]["row_index"]
                for at in places
                if cells[at]["number"] is not None
                and not cells[at]["is_header"]
                and widths[cells[at]["row_index"]] == usual
            ),
            default=0,
        )
        for row, own in rows.items():
            filled = [at for at in own if cells[at]["text"].strip()]
            if row < first or len(filled) < 2 or widths[row] == usual:
                continue
            if widths[row] > usual or any(_is_of_another_kind(cells[at], kinds) for at in filled):
                yield from filled


def _longer_than_the_header(
    cells: Sequence[Row], rows: Mapping[int, Sequence[int]], widths: Mapping[int, int]
) -> Iterator[int]:
    """The filled cells of rows that are longer than the header, where not all of them are alike."""
    header = [row for row, own in rows.items() if all(cells[at]["is_header"] for at in own)]
    body = [row for row in rows if row not in header]
    if header and (len(body) == 1 or len({widths[row] for row in body}) > 1):
        named = widths[max(header)]
        longer = [row for row in body if widths[row] > named]
        yield from (at for row in longer for at in rows[row] if cells[at]["text"].strip())


def _kinds(cells: Sequence[Row], places: Sequence[int]) -> dict[int, bool]:
    """Of columns that hold nothing but numbers, or nothing but words, which it is."""
    numbers: Counter[int] = Counter()
    all_of: Counter[int] = Counter()
    for at in places:
        cell = cells[at]
        if cell["text"].strip() and not cell["is_header"] and not is_gap(cell["text"]):
            all_of[cell["column_index"]] += 1
            numbers[cell["column_index"]] += cell["number"] is not None
    return {
        column: numbers[column] == count
        for column, count in all_of.items()
        if count > 1 and numbers[column] in (0, count)
    }


def _is_of_another_kind(cell: Row, kinds: dict[int, bool]) -> bool:
    is_number = kinds.get(cell["column_index"])
    return is_number is not None and not is_gap(cell["text"]) and is_number != (cell["number"] is not None)
