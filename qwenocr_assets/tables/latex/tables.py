"""LaTeX `tabular` environments as tables."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from qwenocr_assets.tables.cell_grid import ParsedTable
from qwenocr_assets.tables.grid import Cell, Grid
from qwenocr_assets.tables.latex.text import plain_text
from qwenocr_assets.tables.latex.tree import Kind, Node

TABULAR = frozenset(
    """
    tabular tabular* tabularx tabulary longtable array tblr longtblr NiceTabular supertabular xltabular tabu longtabu
    """.split()  # noqa: SIM905
)
"""Environments whose rows are cells."""

_ROW_ENDS = frozenset(("\\", "tabularnewline"))
_HEADER_ENDS = frozenset(("midrule", "endfirsthead", "endhead"))
_MOST_SPAN = 1000
_TRIM = re.compile(r"\A\s*\([^)]*\)\s*\Z")


class _Piece(NamedTuple):
    """A cell as the LaTeX writes it, before it has a place."""

    text: str
    row_span: int
    column_span: int


def tabular(node: Node, caption: str | None = None) -> ParsedTable:
    """A `tabular`-like environment as a table; the rows above a `\\midrule` or `\\endhead` are its header.

    LaTeX writes an empty cell under a `\\multirow`; it belongs to the cell above and is left out. Of an environment
    that is never closed, the cell it breaks off in is dropped, and row spans stay as written.
    """
    is_complete = node.latex.rstrip().endswith(f"\\end{{{node.name}}}")
    rows, header_rows = _rows(node.children)
    if not is_complete and rows:
        rows[-1].pop()
        if not rows[-1]:
            rows.pop()
    grid: Grid = []
    covered: dict[int, int] = {}  # column → first row that no cell from above covers
    for row, pieces in enumerate(rows):
        column = 0
        for piece in pieces:
            if covered.get(column, 0) > row and not piece.text:
                column += piece.column_span
                continue
            row_span = min(piece.row_span, len(rows) - row) if is_complete else piece.row_span
            grid.append(Cell(row, column, row_span, piece.column_span, row < header_rows, piece.text))
            for inside in range(column, column + piece.column_span):
                covered[inside] = row + row_span
            column += piece.column_span
    return ParsedTable(grid, len(rows), is_complete, caption)


def _rows(nodes: Iterable[Node]) -> tuple[list[list[_Piece]], int]:
    """The rows as written, and how many of them a rule marks as header."""
    rows: list[list[_Piece]] = []
    cells: list[list[Node]] = [[]]
    header_rows = 0
    for node in _without_rules(nodes):
        if node.kind is Kind.SPECIAL and node.name == "&":
            cells.append([])
        elif node.kind is Kind.MACRO and node.name in _ROW_ENDS:
            rows.append([_piece(cell) for cell in cells])
            cells = [[]]
        else:
            if node.kind is Kind.MACRO and node.name in _HEADER_ENDS and not header_rows:
                header_rows = len(rows)
            cells[-1].append(node)
    last = [_piece(cell) for cell in cells]
    if len(last) > 1 or last[0].text:
        rows.append(last)
    return rows, header_rows


def _without_rules(nodes: Iterable[Node]) -> Iterable[Node]:
    """The nodes without `\\cmidrule(lr){2-3}`, whose arguments stand behind it as text and group."""
    behind_rule = False
    for node in nodes:
        if node.kind is Kind.MACRO and node.name == "cmidrule":
            behind_rule = True
        elif behind_rule and node.kind is Kind.TEXT and _TRIM.match(node.plain):
            continue
        elif behind_rule and node.kind is Kind.GROUP:
            behind_rule = False
        else:
            behind_rule = False
            yield node


def _piece(nodes: list[Node]) -> _Piece:
    row_span = column_span = 1
    inside = nodes
    while True:
        macro = next(
            (n for n in inside if n.kind is Kind.MACRO and n.name in ("multicolumn", "multirow")), None
        )
        if macro is None or not macro.arguments:
            break
        count = _count(plain_text(macro.arguments[:1]))
        if macro.name == "multicolumn":
            column_span = count
        else:
            row_span = count
        last = macro.arguments[-1]
        inside = list(last.children) if len(macro.arguments) == 3 else []
    return _Piece(plain_text(nodes), row_span, column_span)


def _count(written: str) -> int:
    return min(max(int(written), 1), _MOST_SPAN) if written.isascii() and written.isdigit() else 1
