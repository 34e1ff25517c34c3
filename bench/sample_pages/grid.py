"""Tables, drawn on a sheet and noted in its truth."""

from dataclasses import dataclass
from typing import Any

from .canvas import Sheet, plain
from .faces import Type

LINE_GAP = 1.35


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` may hold line breaks; spans count rows and columns as in HTML."""

    text: str = ""
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    align: str = "left"


@dataclass(frozen=True, slots=True)
class Look:
    """How a table is drawn. `borders`: "all" cells, only "rules" above and below and under the header, "none"."""

    regular: Type
    bold: Type
    size_px: int
    row_height_px: int
    borders: str = "all"
    padding_px: int = 12
    rtl: bool = False
    header_shade: Any = None


def draw_table(
    sheet: Sheet, xy: tuple[int, int], widths_px: list[int], rows: list[list[Cell]], look: Look
) -> int:
    """Draws a table whose top left corner is `xy`; rows list only the cells that begin in them.

    Columns count in reading order: in a right-to-left table column 0 is the rightmost. Returns the y below it.
    """
    left, top = xy
    columns, height = len(widths_px), look.row_height_px
    taken: set[tuple[int, int]] = set()
    truth: list[dict[str, Any]] = []
    for row, cells in enumerate(rows):
        column = 0
        for cell in cells:
            while (row, column) in taken:
                column += 1
            covered = [(row + r, column + c) for r in range(cell.row_span) for c in range(cell.column_span)]
            if taken.intersection(covered) or column + cell.column_span > columns:
                raise ValueError(f"cell {cell.text!r} does not fit in row {row}")
            taken.update(covered)
            x0 = left + sum(widths_px[:column])
            x1 = x0 + sum(widths_px[column : column + cell.column_span])
            if look.rtl:
                x0, x1 = 2 * left + sum(widths_px) - x1, 2 * left + sum(widths_px) - x0
            y0, y1 = top + row * height, top + (row + cell.row_span) * height
            draw_cell(sheet, (x0, y0, x1, y1), cell, look)
            truth.append(
                {
                    "row": row,
                    "column": column,
                    "row_span": cell.row_span,
                    "column_span": cell.column_span,
                    "text": plain(cell.text),
                    "header": cell.header,
                    "bbox": [x0, y0, x1, y1],
                }
            )
    missing = {(r, c) for r in range(len(rows)) for c in range(columns)} - taken
    if missing:
        raise ValueError(f"no cell covers {sorted(missing)}")
    bottom = top + len(rows) * height
    if look.borders == "rules":
        for y in (top, top + height, bottom):
            sheet.rule(left, y, left + sum(widths_px), y)
    sheet.tables.append({"rows": len(rows), "columns": columns, "cells": truth})
    return bottom


def draw_cell(sheet: Sheet, box: tuple[int, int, int, int], cell: Cell, look: Look) -> None:
    x0, y0, x1, y1 = box
    if cell.header and look.header_shade is not None:
        sheet.draw.rectangle(box, fill=look.header_shade)
    if look.borders == "all":
        # one pixel further, so that the rules of neighbours fall on each other
        sheet.draw.rectangle((x0, y0, x1 + 1, y1 + 1), outline=sheet.ink, width=2)
    type_ = look.bold if cell.header else look.regular
    lines = cell.text.split("\n") if cell.text else []
    pitch = look.size_px * LINE_GAP
    y = (y0 + y1) / 2 - (len(lines) - 1) * pitch / 2
    x, anchor = {
        "left": (x0 + look.padding_px, "lm"),
        "right": (x1 - look.padding_px, "rm"),
        "center": ((x0 + x1) / 2, "mm"),
    }[cell.align]
    for line in lines:
        drawn = sheet.text((x, y), line, type_, anchor=anchor, rtl=look.rtl)
        if drawn[0] < x0 or drawn[2] > x1:
            raise ValueError(f"{line!r} is wider than its cell")
        y += pitch
