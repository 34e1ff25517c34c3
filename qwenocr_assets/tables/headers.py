"""Which rows of a table are its header, and what heads each cell."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import takewhile
from typing import NamedTuple

from qwenocr_assets.tables.grid import Cell, Grid
from qwenocr_assets.tables.values.written import words


class Headers(NamedTuple):
    """A table's header rows, and per cell, in order, the texts that head it, joined with ` > `."""

    row_count: int
    """Rows at the top that are headers."""
    above: list[str | None]
    beside: list[str | None]


_JOINT = " > "
_MOST_HEADER_ROWS = 4
_GAPS = words(
    "n/a|na|n.a|n/d|nd|n.d|k.a|k. a|s/o|nil|none|null|void|tbd|tba|free|free of charge|included|incl|"
    "kostenlos|gratis|frei|inkl|entfällt|keine|gratuit|offert|néant|inclus|sans objet|gratuito|incluido|incluso|"
    "ninguno|nenhum|nessuno|бесплатно|нет|нет данных|включено|بدون|لا يوجد|مجاني|مجانا|无|無|なし|無し|該当なし|"
    "無料|免费|免費|サービス|赠送|贈送|同上|없음|무료|해당없음|không|không có|miễn phí|ฟรี|ไม่มี|"
    "अनुपलब्ध|मुफ़्त|निःशुल्क|אין|חינם"
)
"""What stands in a column of numbers where there is none, case-folded and without dots around."""
_LONGEST_GAP = 20
_DASHES = frozenset("-‐‑‒–—―−－ー─./…·*~ \u00a0\u3000")


def headed(cells: Grid, numbers: Sequence[Decimal | None], row_count: int, column_count: int) -> Headers:
    """The headers of a table, marked (`th`, `thead`) or recognised.

    The service marks none (product guide, section Table parsing: all cells are `td`), so the top rows of a table
    without any mark are its header when they name every column (the corner may be empty), hold no number but years,
    and there is a column below that holds more numbers than words; dashes, `N/A` and `free` are neither. Without such
    a column nothing tells a header from data. A header has several rows where its cells span rows, or columns that
    the next row divides.
    """
    marked = any(cell.is_header for cell in cells)
    header_rows = (
        _marked_rows(cells, row_count)
        if marked
        else _recognised_rows(cells, numbers, row_count, column_count)
    )
    nothing: list[str | None] = [None] * len(cells)
    if not marked and not header_rows:
        return Headers(0, nothing, nothing)
    columns = _columns(cells, header_rows, column_count)
    paths = [_joined(cell.text for cell in column) for column in columns]
    band = len(list(takewhile(lambda cell: cell.row < header_rows, cells)))
    above = [_joined(c.text for c in columns[cell.column] if c.row < cell.row) for cell in cells[:band]]
    above += [paths[column] for _, column, _, _, _, _ in cells[band:]]
    leading = [cell for cell in cells[band:] if cell.is_header] if marked else []
    if not leading:
        return Headers(header_rows, above, nothing)
    return Headers(header_rows, above, nothing[:band] + [_row_path(cell, leading) for cell in cells[band:]])


def _marked_rows(cells: Grid, row_count: int) -> int:
    """Rows at the top that hold only header cells; a row without cells of its own belongs to the one above."""
    plain = [cell.row for cell in cells if not cell.is_header]
    last = max((cell.row for cell in cells), default=0)
    return min([*plain, last + 1, row_count])


def _recognised_rows(
    cells: Grid, numbers: Sequence[Decimal | None], row_count: int, column_count: int
) -> int:
    spanned = _closed(cells, 1)
    divided = spanned
    while divided < _MOST_HEADER_ROWS and _is_divided(cells, divided):
        divided = _closed(cells, divided + 1)
    for depth in dict.fromkeys((divided, spanned)):
        if depth < row_count and depth <= _MOST_HEADER_ROWS and _heads(cells, numbers, depth, column_count):
            return depth
    return 0


def _closed(cells: Grid, depth: int) -> int:
    """The rows from the top that no cell leaves downwards, at least `depth`."""
    for cell in cells:  # row by row
        if cell.row >= depth:
            break
        depth = max(depth, cell.row + cell.row_span)
    return depth


def _is_divided(cells: Grid, depth: int) -> bool:
    """Whether a cell that ends with the first `depth` rows spans columns that the next row may name one by one."""
    band = takewhile(lambda cell: cell.row < depth, cells)
    return any(cell.column_span > 1 and cell.row + cell.row_span == depth for cell in band)


def _heads(cells: Grid, numbers: Sequence[Decimal | None], depth: int, width: int) -> bool:
    named: set[int] = set()
    names = 0
    years: set[int] = set()
    for (row, column, row_span, column_span, _, text), number in zip(cells, numbers, strict=True):
        if row >= depth:
            break
        if number is not None:
            if not _is_year(number):
                return False
            years.add(column)
        if text and row + row_span == depth:
            if is_gap(text):
                continue
            named.update(range(column, column + column_span))
            names += 1
    is_title = names == 1 < width
    unnamed = set(range(width)) - named
    # the corner over the rows' names may be empty, on the right in tables that are read from there
    if is_title or not (not unnamed or (width > 2 and unnamed in ({0}, {width - 1}))):
        return False
    numbered = list(zip(cells, numbers, strict=True))
    if years and not years.issubset(
        cell.column for cell, number in numbered if cell.row >= depth and number and not _is_year(number)
    ):
        return False  # years above nothing but years are the first row of a list of them
    numeric = {cell[1] for cell, number in numbered if number is not None and cell[0] >= depth}
    other = {cell[1] for cell, number in numbered if number is None and cell[0] >= depth and cell[5]}
    if numeric - other:
        return True
    counts = Counter(cell.column for cell, number in numbered if number is not None and cell.row >= depth)
    counts.subtract(
        cell.column
        for cell, number in numbered
        if number is None and cell.row >= depth and cell.text and not is_gap(cell.text)
    )
    return any(counts[column] > 0 for column in numeric)


def _is_year(number: Decimal) -> bool:
    """Whether a number is a year of our time, or the same in the Buddhist era."""
    return 1900 <= number <= 2100 or 2443 <= number <= 2643


def is_gap(text: str) -> bool:
    """Whether a cell says that there is nothing: a dash, `N/A`, `free`."""
    if len(text) > _LONGEST_GAP:
        return False
    return _DASHES.issuperset(text) or text.strip(" .()[]*").casefold() in _GAPS


def _columns(cells: Grid, header_rows: int, column_count: int) -> list[list[Cell]]:
    """Per column the header cells with text."""
    columns: list[list[Cell]] = [[] for _ in range(column_count)]
    for cell in takewhile(lambda cell: cell.row < header_rows, cells):
        if cell.text:
            for column in range(cell.column, cell.column + cell.column_span):
                columns[column].append(cell)
    return columns


def _row_path(cell: Cell, leading: Sequence[Cell]) -> str | None:
    return _joined(
        header.text
        for header in leading
        if header.column < cell.column
        and header.row <= cell.row < header.row + header.row_span
        and header.text
    )


def _joined(texts: Iterable[str]) -> str | None:
    distinct = dict.fromkeys(" ".join(text.split()) for text in texts)
    return _JOINT.join(distinct) or None
