"""What is drawn on an upright page: ruled grids, cell by cell, and rules that stand alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.geometry import Quads
from qwenocr_assets.geometry import Box


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a ruled grid: its place, its spans, and the box between its rulings in pixels."""

    row: int
    column: int
    row_span: int
    column_span: int
    box: Box


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table without its text: at least two rows and two columns."""

    box: Box
    cells: tuple[GridCell, ...]
    columns_at: tuple[float, ...]
    """x of every vertical ruling in pixels, from left to right."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """What is drawn on a page: grids, and horizontal rules outside them as boxes."""

    grids: tuple[Grid, ...] = ()
    rules: tuple[Box, ...] = ()


def cut_at_rulings(quads: Quads, rulings: Rulings) -> Quads:
    """Boxes of an upright page; those that were drawn across a vertical ruling of a grid are cut there."""
    parts = [part for corners in quads for part in _cut(corners, rulings)]
    return np.array(parts) if parts else quads


def _cut(corners: NDArray[np.float64], rulings: Rulings) -> list[Quads]:
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    box = Box(left, top, right, bottom)
    cells = [
        cell.box
        for grid in rulings.grids
        for cell in grid.cells
        if cell.box.top <= box.middle_y <= cell.box.bottom and cell.box.overlap_x(box) > 0.5 * box.height
    ]
    if len(cells) < 2:
        return [corners]
    parts = []
    for cell in cells:
        a, b = max(box.left, cell.left + 2), min(box.right, cell.right - 2)
        parts.append(np.array([[a, top], [b, top], [b, bottom], [a, bottom]]))
    return parts
