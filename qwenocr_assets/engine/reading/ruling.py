"""Rulings found on an upright page: the grids that drawn lines form, and the rules that stand alone."""

from collections.abc import Sequence
from itertools import pairwise, product

import cv2
import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.page.grids import Grid, GridCell, Rulings
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.geometry import Box

Mask = NDArray[np.bool_]

_LEAST_RULE = 2.5
"""Length of the shortest horizontal rule in text heights; print has no straight stroke that long."""
_LEAST_UPRIGHT = 1.2
"""Length of the shortest vertical rule in text heights."""
_WAVER = 3
"""Pixels by which a stroke may waver across its direction: a page is never quite level."""
_JOINED = 7
"""Rules whose ends are less than this many pixels apart belong together."""
_THICKEST = 0.5
"""A rule is thinner than this many text heights."""
_LEAST_CONTRAST = 18
"""A rule is darker than the paper by this much, of 255."""
_DRAWN = 0.6
"""A side of a cell counts as ruled when this part of it is drawn."""


def find_rulings(picture: Picture, text_height: float) -> Rulings:
    """Grids and lone horizontal rules of an upright page whose lines of text are `text_height` pixels high."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    ink = _thin(grey, max(int(_THICKEST * text_height), 5))
    across = _opened(ink, (max(int(_LEAST_RULE * text_height), 20), 1), (1, _WAVER))
    down = _opened(ink, (1, max(int(_LEAST_UPRIGHT * text_height), 14)), (_WAVER, 1))
    either = cv2.dilate((across | down).astype(np.uint8), np.ones((_JOINED, _JOINED), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(either, connectivity=8)
    grids: list[Grid] = []
    rules: list[Box] = []
    for label, (x, y, width, height, _) in enumerate(stats[1:], start=1):
        inside = labels[y : y + height, x : x + width] == label
        part_across = across[y : y + height, x : x + width] & inside
        part_down = down[y : y + height, x : x + width] & inside
        grid = _grid(part_across, part_down, text_height, (int(x), int(y)))
        if grid is not None:
            grids.append(grid)
        elif width >= 4 * text_height:
            rules += _rules(part_across, text_height, (int(x), int(y)))
    grids.sort(key=lambda g: (g.box.top, g.box.left))
    return Rulings(tuple(_outermost(grids)), tuple(sorted(rules, key=lambda r: r.top)))


def _thin(grey: Picture, size: int) -> Mask:
    """Strokes thinner than `size` pixels and darker than what is around them.

    A filled area is no stroke, nor is the rim of paper around white letters on it.
    """
    kernel = np.ones((size, size), np.uint8)
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel) >= _LEAST_CONTRAST, np.bool_)


def _opened(ink: Mask, length: tuple[int, int], slack: tuple[int, int]) -> Mask:
    """Strokes at least as long as `length` (width, height); a stroke may waver by `slack` pixels across."""
    wide = cv2.dilate(ink.astype(np.uint8), np.ones((slack[1], slack[0]), np.uint8))
    kernel = np.ones((length[1], length[0]), np.uint8)
    return np.asarray(cv2.morphologyEx(wide, cv2.MORPH_OPEN, kernel) > 0, np.bool_)


def _rules(across: Mask, text_height: float, origin: tuple[int, int]) -> list[Box]:
    """The horizontal rules of a drawing that is no grid: a line, or the upper and lower sides of a frame."""
    x, y = origin
    thickest = max(0.35 * text_height, 6)
    rules = []
    for at in _runs(np.flatnonzero(_anywhere(across, 1)), 1):
        along = np.flatnonzero(_anywhere(across[at[0] : at[-1] + 1], 0))
        if len(at) <= thickest and along[-1] - along[0] >= 4 * text_height:
            rules.append(Box(*map(float, (x + along[0], y + at[0], x + along[-1] + 1, y + at[-1] + 1))))
    return rules


def _runs(positions: NDArray[np.int64], gap: int) -> list[NDArray[np.int64]]:
    """Positions in order, parted where they are more than `gap` apart."""
    return np.split(positions, np.flatnonzero(np.diff(positions) > gap) + 1) if len(positions) else []


def _grid(across: Mask, down: Mask, text_height: float, origin: tuple[int, int]) -> Grid | None:
    tolerance = max(int(0.4 * text_height), 3)
    ys = _positions(across.sum(axis=1), 1.5 * _LEAST_RULE * text_height, tolerance)
    xs = _positions(down.sum(axis=0), _LEAST_UPRIGHT * text_height, tolerance)
    if len(xs) < 1 or len(ys) < 1:
        return None
    # A table may be open at its sides, at its top or at its foot: its rules end where the sides would be.
    xs = _with_open_sides(xs, _anywhere(across, 0), 1.5 * text_height)
    ys = _with_open_sides(ys, _anywhere(down, 1), 0.9 * text_height)
    xs, ys = _bounding(xs, ys, down, tolerance), _bounding(ys, xs, across.T, tolerance)
    if len(xs) < 3 or len(ys) < 3:
        return None
    cells = _merged_cells(across, down, xs, ys, tolerance)
    if len(cells) < 3:
        return None
    x, y = origin
    return Grid(
        Box(x + xs[0], y + ys[0], x + xs[-1], y + ys[-1]),
        tuple(
            GridCell(
                row,
                column,
                row_span,
                column_span,
                Box(x + xs[column], y + ys[row], x + xs[column + column_span], y + ys[row + row_span]),
            )
            for row, column, row_span, column_span in cells
        ),
        tuple(float(x + v) for v in xs),
    )


def _positions(drawn: NDArray[np.int64], least: float, tolerance: int) -> list[int]:
    """Where rulings run: centres of the peaks of `drawn` (pixels drawn at each position), `tolerance` apart."""
    at = np.flatnonzero(drawn >= least)
    return [round(float(np.average(run, weights=drawn[run]))) for run in _runs(at, tolerance)]


def _with_open_sides(positions: list[int], drawn: Mask, least: float) -> list[int]:
    at = np.flatnonzero(drawn)
    if len(at) and positions[0] - at[0] >= least:
        positions = [int(at[0]), *positions]
    if len(at) and at[-1] - positions[-1] >= least:
        positions = [*positions, int(at[-1])]
    return positions


def _bounding(at: list[int], between: Sequence[int], drawn: Mask, tolerance: int) -> list[int]:
    """Those of the rulings `at` that run from one of the rulings across to the next; strokes of letters do not.

    `drawn` has the direction of the rulings first. The outermost stay: an open side has no ruling.
    """

    def runs_through(position: int) -> bool:
        strip = _anywhere(drawn[:, max(position - tolerance, 0) : position + tolerance + 1], 1)
        return any(_is_drawn(strip[start:end], tolerance) for start, end in pairwise(between))

    return [at[0], *(position for position in at[1:-1] if runs_through(position)), *at[1:][-1:]]


def _merged_cells(
    across: Mask, down: Mask, xs: Sequence[int], ys: Sequence[int], tolerance: int
) -> list[tuple[int, int, int, int]]:
    """(row, column, row span, column span) of each cell; neighbours without a ruling between them are one cell."""
    rows, columns = len(ys) - 1, len(xs) - 1
    groups = {place: {place} for place in product(range(rows), range(columns))}

    def join(one: tuple[int, int], other: tuple[int, int]) -> None:
        if groups[one] is not groups[other]:
            groups[one] |= groups[other]
            for place in groups[other]:
                groups[place] = groups[one]

    for row, column in product(range(rows), range(columns)):
        top, bottom, left, right = ys[row], ys[row + 1], xs[column], xs[column + 1]
        if column + 1 < columns:
            side = down[top:bottom, max(right - tolerance, 0) : right + tolerance + 1]
            if not _is_drawn(_anywhere(side, 1), tolerance):
                join((row, column), (row, column + 1))
        if row + 1 < rows:
            side = across[max(bottom - tolerance, 0) : bottom + tolerance + 1, left:right]
            if not _is_drawn(_anywhere(side, 0), tolerance):
                join((row, column), (row + 1, column))

    cells: list[tuple[int, int, int, int]] = []
    for group in {id(g): g for g in groups.values()}.values():
        (first_row, first_column), (last_row, last_column) = (
            (min(r for r, _ in group), min(c for _, c in group)),
            (max(r for r, _ in group), max(c for _, c in group)),
        )
        spans = last_row - first_row + 1, last_column - first_column + 1
        if spans[0] * spans[1] == len(group):
            cells.append((first_row, first_column, *spans))
        else:  # a ruling is broken somewhere: no rectangle, so no merged cell
            cells += [(row, column, 1, 1) for row, column in group]
    return sorted(cells)


def _is_drawn(along: Mask, tolerance: int) -> bool:
    inner = along[tolerance:-tolerance] if len(along) > 4 * tolerance else along
    return bool(inner.mean() >= _DRAWN) if len(inner) else True


def _anywhere(drawn: Mask, axis: int) -> Mask:
    return np.asarray(drawn.any(axis=axis), np.bool_)


def _outermost(grids: Sequence[Grid]) -> list[Grid]:
    return [
        grid
        for grid in grids
        if not any(
            other is not grid
            and other.box.overlap_x(grid.box) >= 0.9 * grid.box.width
            and other.box.overlap_y(grid.box) >= 0.9 * grid.box.height
            and other.box.width * other.box.height > grid.box.width * grid.box.height
            for other in grids
        )
    ]
