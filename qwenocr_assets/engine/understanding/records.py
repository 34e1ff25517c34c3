"""Tables as records: rows under a header (line items), and the totals that stand under them."""

from collections.abc import Sequence
from dataclasses import dataclass

from qwenocr_assets.engine.page.layout import joined
from qwenocr_assets.engine.page.read_page import Cell, Table
from qwenocr_assets.engine.understanding.labels import concepts_of, is_known, meant, normalised

_SUMS = frozenset({"subtotal", "tax", "total", "discount", "shipping", "cash", "change"})
_FORM = 12
"""One of as many texts that ends with a colon makes a table a form."""
_FILLED, _NUMERIC = 0.6, 0.7
"""Share of the rows in which a column of records is filled, and share of its texts that are numbers."""


@dataclass(frozen=True, slots=True)
class Records:
    """A table whose rows are records."""

    table: Table
    header: tuple[str, ...]
    """Label of each column; "" where the header is empty."""
    rows: tuple[tuple[str, ...], ...]
    """Texts of each record, column by column."""
    sums: tuple[tuple[str, str], ...]
    """Label and value of rows such as "Total 12.50", which are no records."""


def records_of(table: Table) -> Records | None:
    """The records of a table; None for a form, whose rows are labels and values."""
    grid = _grid(table)
    depth = _header_depth(table, grid)
    body = grid[depth:]
    if not body:
        return None
    header = tuple(
        joined(dict.fromkeys(row[column] for row in grid[:depth] if row[column]))
        for column in range(len(grid[0]))
    )
    if not _is_header(header, body, depth):
        return None
    sums = {index: found for index, row in enumerate(body) if (found := _sum(row)) is not None}
    rows = tuple(tuple(row) for index, row in enumerate(body) if index not in sums)
    return Records(table, header, rows, tuple(sums.values())) if rows else None


def _grid(table: Table) -> list[list[str]]:
    """Texts by row and column; a cell over several rows stands in each, one over several columns in the first."""
    height = max(cell.row + cell.row_span for cell in table.cells)
    width = max(cell.column + cell.column_span for cell in table.cells)
    grid = [[""] * width for _ in range(height)]
    for cell in table.cells:
        for row in range(cell.row, cell.row + cell.row_span):
            grid[row][cell.column] = cell.text
    for cell in _upper_header(table):
        for column in range(cell.column, cell.column + cell.column_span):
            grid[cell.row][column] = cell.text
    return grid


def _upper_header(table: Table) -> list[Cell]:
    return [cell for cell in table.cells if cell.row == 0 and cell.column_span > 1]


def _header_depth(table: Table, grid: Sequence[Sequence[str]]) -> int:
    """How many rows the header has: two where a cell of the first spans columns that the second names."""
    spanned = _upper_header(table)
    if not spanned or len(grid) < 3:
        return 1
    return 2 if not any(is_number(text) for text in grid[1]) else 1


def _is_header(header: Sequence[str], body: Sequence[Sequence[str]], depth: int) -> bool:
    named = [label for label in header if label]
    if any(is_number(label) or label.endswith((":", "：")) for label in named):
        return False
    known = sum(is_known(label) for label in named)
    if len(header) == 2:
        first_column_known = sum(is_known(row[0]) or row[0].endswith((":", "：")) for row in body)
        return known == 2 and 2 * first_column_known < len(body)
    if len(body) == 1 and depth == 1:  # labels over their values, unless the columns are those of line items
        return bool(
            _concepts(header) & {"description"} and _concepts(header) & {"quantity", "amount", "unit price"}
        )
    return 2 * len(named) > len(header) and not _is_form(body) and (known >= 2 or _has_numbers(body))


def _is_form(body: Sequence[Sequence[str]]) -> bool:
    """Whether labels with colons stand among the cells, as no record has them."""
    texts = [text for row in body for text in row if text]
    return _FORM * sum(text.endswith((":", "：")) for text in texts) > len(texts)


def _has_numbers(body: Sequence[Sequence[str]]) -> bool:
    """Whether a column behind the first holds numbers in most of the rows."""
    columns = [[text for text in column if text] for column in list(zip(*body, strict=True))[1:]]
    return any(
        len(texts) >= _FILLED * len(body) and sum(map(is_number, texts)) >= _NUMERIC * len(texts)
        for texts in columns
    )


def _concepts(labels: Sequence[str]) -> set[str]:
    return {name for label in labels for name in concepts_of(normalised(label))}


def _sum(row: Sequence[str]) -> tuple[str, str] | None:
    filled = [text for text in row if text]
    if len(filled) == 2 and len(row) > 2 and any(c.isdigit() for c in filled[1]):
        label = filled[0].rstrip(" :：")
        if concepts_of(meant(label)) & _SUMS:
            return label, filled[1]
    return None


def is_number(text: str) -> bool:
    """Whether a text is an amount, a count or a date: mostly digits."""
    digits = sum(c.isdigit() for c in text)
    letters = sum(c.isalpha() for c in text)
    return digits > 0 and digits > 2 * letters
