"""Which rows of a table are its header, and what heads each cell."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol


class HeadedCell(Protocol):
    """What this module needs to know of a cell; see `cell_grid.Cell`."""

    @property
    def row(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def row_span(self) -> int: ...
    @property
    def column_span(self) -> int: ...
    @property
    def is_header(self) -> bool: ...
    @property
    def text(self) -> str: ...


class Headers(NamedTuple):
    """A table's header rows, and per cell, in order, the texts that head it, joined with ` > `."""

    row_count: int
    """Rows at the top that are headers."""
    above: list[str | None]
    beside: list[str | None]


_JOINT = " > "
_MOST_HEADER_ROWS = 4
_YEARS = range(1900, 2101)


def headed(
    cells: Sequence[HeadedCell], numbers: Sequence[Decimal | None], row_count: int, column_count: int
) -> Headers:
    """The headers of a table, marked (`th`, `thead`) or recognised.

    The service marks none (product guide, section Table parsing: all cells are `td`), so the top rows of a table
    without any mark are its header when they name every column, hold no number but years, and there is a column below
    that holds only numbers (at least one). Without such a column nothing tells a header from data. A header has
    several rows where its cells span rows, or columns that the next row divides.
    """
    marked = any(cell.is_header for cell in cells)
    header_rows = _marked_rows(cells, row_count) if marked else _recognised_rows(cells, numbers, row_count)
    if not marked and not header_rows:
        nothing: list[str | None] = [None] * len(cells)
        return Headers(0, nothing, nothing)
    paths, above_band = _column_paths(cells, header_rows, column_count)
    above = [paths[c.column] if c.row >= header_rows else above_band(c) for c in cells]
    beside: list[str | None] = [None] * len(cells)
    if marked:
        leading = [c for c in cells if c.is_header and c.row >= header_rows]
        if leading:
            beside = [_row_path(cell, leading) if cell.row >= header_rows else None for cell in cells]
    return Headers(header_rows, above, beside)


def _marked_rows(cells: Sequence[HeadedCell], row_count: int) -> int:
    """Rows at the top that hold only header cells; a row without cells of its own belongs to the one above."""
    plain = [cell.row for cell in cells if not cell.is_header]
    last = max((cell.row for cell in cells), default=0)
    return min([*plain, last + 1, row_count])


def _recognised_rows(cells: Sequence[HeadedCell], numbers: Sequence[Decimal | None], row_count: int) -> int:
    spanned = _closed(cells, 1)
    divided = spanned
    while divided < _MOST_HEADER_ROWS and any(
        c.column_span > 1 for c in cells if c.row + c.row_span == divided
    ):
        divided = _closed(cells, divided + 1)
    for depth in dict.fromkeys((divided, spanned)):
        if depth < row_count and depth <= _MOST_HEADER_ROWS and _heads(cells, numbers, depth):
            return depth
    return 0


def _closed(cells: Sequence[HeadedCell], depth: int) -> int:
    """The rows from the top that no cell leaves downwards, at least `depth`."""
    for cell in cells:  # row by row
        if cell.row >= depth:
            break
        depth = max(depth, cell.row + cell.row_span)
    return depth


def _heads(cells: Sequence[HeadedCell], numbers: Sequence[Decimal | None], depth: int) -> bool:
    named: set[int] = set()
    numeric: set[int] = set()
    other: set[int] = set()
    width = names = 0
    for cell, number in zip(cells, numbers, strict=True):
        width = max(width, cell.column + cell.column_span)
        if cell.row >= depth:
            if cell.text:
                (other if number is None else numeric).add(cell.column)
            continue
        if number is not None and (cell.row == 0 or number not in _YEARS):
            return False
        if cell.text and cell.row + cell.row_span == depth:
            named.update(range(cell.column, cell.column + cell.column_span))
            names += 1
    is_title = names == 1 < width
    return len(named) == width and not is_title and bool(numeric - other)


def _column_paths(
    cells: Sequence[HeadedCell], header_rows: int, column_count: int
) -> tuple[list[str | None], Callable[[HeadedCell], str | None]]:
    """Per column the headers above it, and the same for a cell of the header itself."""
    columns: list[list[HeadedCell]] = [[] for _ in range(column_count)]
    for cell in cells:
        if cell.row >= header_rows:
            break
        if cell.text:
            for column in range(cell.column, cell.column + cell.column_span):
                columns[column].append(cell)

    def above_band(cell: HeadedCell) -> str | None:
        return _joined(c.text for c in columns[cell.column] if c.row < cell.row)

    return [_joined(cell.text for cell in column) for column in columns], above_band


def _row_path(cell: HeadedCell, leading: Sequence[HeadedCell]) -> str | None:
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
