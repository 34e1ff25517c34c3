"""Documents into rows of `document_blocks` and `formulas`, and the places of their tables."""

from collections.abc import Sequence
from typing import Any

from qwenocr_assets.qwenocr.tasks import Form
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.answer_text import unfenced
from qwenocr_assets.tables.cell_grid import TableRows
from qwenocr_assets.tables.document.parts import Document, Formula, Where
from qwenocr_assets.tables.formula_check import formula_problem
from qwenocr_assets.tables.latex.end import is_prose
from qwenocr_assets.tables.places.line_boxes import box_columns
from qwenocr_assets.tables.trace import Trace


def block_rows(document: Document, trace: Trace) -> list[Row]:
    """One row per block."""
    base = trace.columns()
    return [
        {
            **base,
            "block_index": index,
            "block_type": block.type,
            "level": block.level,
            "text": block.text,
            "latex": block.source,
            "kind": block.kind,
            **_place(block.where),
        }
        for index, block in enumerate(document.blocks)
    ]


def formula_rows(document: Document, text: str, trace: Trace) -> list[Row]:
    """One row per formula of the answer, display and inline.

    An answer `text` that should be a formula and has no delimiter is one display formula.
    """
    base = trace.columns()
    found = document.formulas
    if not found and trace.task.spec.form is Form.FORMULA:
        bare = unfenced(text).strip()
        found = (Formula(bare, display=True),) if bare and not is_prose(bare) else ()
    return [
        {
            **base,
            "formula_index": index,
            "display": formula.display,
            "latex": formula.latex,
            "problem": formula_problem(formula.latex),
            **_place(formula.where),
        }
        for index, formula in enumerate(found)
    ]


def with_places(rows: TableRows, places: Sequence[Where]) -> TableRows:
    """Tables and cells with the boxes of their tables, where the answer says where these are.

    A cell's own place is in no answer: that of its table is, until it is found among recognised lines.
    """
    if not any(where.box for where in places):
        return rows
    tables = [{**row, **_place(where)} for row, where in zip(rows.tables, places, strict=True)]
    cells: list[Row] = []
    for cell in rows.cells:
        where = places[cell["table_index"]]
        cells.append(cell if where.box is None else {**cell, **_place(where)})
    return TableRows(tables, cells)


def _place(where: Where) -> dict[str, Any]:
    box = {} if where.box is None else box_columns(where.box)
    return {**box, "box_doubt": where.doubt}
