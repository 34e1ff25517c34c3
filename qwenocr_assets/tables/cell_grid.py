"""Tables of an answer, HTML or LaTeX, and rows of `tables` and `table_cells` from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.cell_numbers import CellNumbers, cell_numbers
from qwenocr_assets.tables.doubts.unread import is_unreadable, nearly_numbers
from qwenocr_assets.tables.grid import Grid
from qwenocr_assets.tables.headers import headed
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.values.notation import NO_NUMBER, UNDECLARED, UNREADABLE, Notation


class Place(NamedTuple):
    """A cell of another table."""

    table: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """A table of an answer."""

    cells: Grid
    row_count: int
    is_complete: bool = True
    """False when the answer breaks off inside it; spans may then reach below the last row."""
    caption: str | None = None
    parent: Place | None = None
    """The cell it stands in."""

    @property
    def column_count(self) -> int:
        return max((cell.column + cell.column_span for cell in self.cells), default=0)


class TableRows(NamedTuple):
    """Rows of the tables `tables` and `table_cells`."""

    tables: list[dict[str, Any]]
    cells: list[Row]


def table_rows(tables: Iterable[ParsedTable], trace: Trace, notation: Notation = UNDECLARED) -> TableRows:
    """Rows of `tables` and `table_cells`, without boxes; tables are numbered in the order given."""
    base = trace.columns()
    batch_id, document_id, page_id, task, request_key = base.values()
    rows = TableRows([], [])
    for table_index, table in enumerate(tables):
        typed = cell_numbers(table.cells, notation)
        headers = headed(table.cells, typed.likely, table.row_count, table.column_count)
        doubts = _doubts(table.cells, typed, headers.row_count)
        parent = table.parent
        rows.tables.append(
            {
                **base,
                "table_index": table_index,
                "row_count": table.row_count,
                "column_count": table.column_count,
                "header_row_count": headers.row_count,
                "cell_count": len(table.cells),
                "is_complete": table.is_complete,
                "caption": table.caption,
                "parent_table_index": parent and parent.table,
                "parent_row_index": parent and parent.row,
                "parent_column_index": parent and parent.column,
            }
        )
        for at, (cell, number, above, beside) in enumerate(
            zip(table.cells, typed.numbers, headers.above, headers.beside, strict=True)
        ):
            row, column, row_span, column_span, is_header, text = cell
            rows.cells.append(
                {  # written out: twice as fast as with **base, and there are very many
                    "batch_id": batch_id,
                    "document_id": document_id,
                    "page_id": page_id,
                    "task": task,
                    "request_key": request_key,
                    "table_index": table_index,
                    "row_index": row,
                    "column_index": column,
                    "row_span": row_span,
                    "column_span": column_span,
                    "is_header": is_header or row < headers.row_count,
                    "text": text,
                    "number": number,
                    "typed_doubt": doubts.get(at),
                    "text_doubt": None,
                    "column_header": above,
                    "row_header": beside,
                }
            )
    return rows


def _doubts(cells: Grid, typed: CellNumbers, header_rows: int) -> dict[int, str]:
    """What speaks against the numbers of cells, or that they have none, by the cell's index."""
    texts = [cell.text for cell in cells]

    def column(at: int) -> int | None:
        cell = cells[at]
        return None if cell.row < header_rows or cell.is_header else cell.column

    found = dict.fromkeys(nearly_numbers(texts, typed.numbers, column), NO_NUMBER)
    found |= typed.doubts
    return found | {at: UNREADABLE for at, text in enumerate(texts) if is_unreadable(text)}
