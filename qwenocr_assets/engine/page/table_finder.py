"""Tables of a page: by their rulings, and where there are none by their columns."""

from collections.abc import Sequence
from dataclasses import replace

from qwenocr_assets.engine.page.borderless import find_borderless
from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.grids import Rulings
from qwenocr_assets.engine.page.layout import reads_leftwards
from qwenocr_assets.engine.page.read_page import Line, Table
from qwenocr_assets.engine.page.ruled import ruled_table
from qwenocr_assets.geometry import Box


def find_tables(lines: Sequence[Line], rulings: Rulings) -> tuple[Table, ...]:
    """The tables on an upright page from top to bottom, from its lines and what is drawn on it."""
    ruled = [table for grid in rulings.grids if (table := ruled_table(grid, lines)) is not None]
    taken = [table.bbox for table in ruled]
    free = [n for n in lines if not any(box.holds(box_of(n).middle_x, box_of(n).middle_y) for box in taken)]
    tables = sorted(
        [*ruled, *find_borderless(free, _clear_of_text(rulings.rules, free))],
        key=lambda table: table.bbox.top,
    )
    return tuple(_mirrored(table) if reads_leftwards(_texts(table)) else table for table in tables)


def _clear_of_text(rules: Sequence[Box], lines: Sequence[Line]) -> list[Box]:
    """The rules that do not run through print: strokes of small letters look like rules, too."""
    return [rule for rule in rules if not any(_runs_through(rule, box_of(line)) for line in lines)]


def _runs_through(rule: Box, box: Box) -> bool:
    return abs(rule.middle_y - box.middle_y) < 0.25 * box.height and rule.overlap_x(box) > 0.5 * box.width


def _texts(table: Table) -> list[str]:
    return [cell.text for cell in table.cells]


def _mirrored(table: Table) -> Table:
    """The table with its columns counted from the right, as Arabic and Hebrew tables are read."""
    width = max(cell.column + cell.column_span for cell in table.cells)
    cells = (replace(cell, column=width - cell.column - cell.column_span) for cell in table.cells)
    return Table(tuple(sorted(cells, key=lambda cell: (cell.row, cell.column))), table.bbox)
