"""Which ink on a page is its text's own, and which is not: told by drawing the page without the text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from qwenocr_assets.imaging.limits import POINTS_PER_INCH

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of a drawing, y down."""
Grey = NDArray[np.int16]

_DPI = 150
_MOST_PX = 4_000_000
_TRACE = 8
"""Of 255: a smaller change is not seen."""
_EDGE = 48
"""Of 255: a step from one pixel to the next that an edge of a letter makes."""
_CELL = 8
"""Pixels: cells this large, with edges both ways, hold letters or parts of pictures, not rules or plain areas."""
_LEAST_CELLS = 3
"""As many of them side by side are writing: crossings of rules stand alone."""
_LEAST_HEIGHT = 6
"""Pixels of letters through which a line can be told from one below them."""
_MIDDLE = (0.35, 0.72)
"""Of a font's height, from the top: where a line strikes letters out, and does not underline them."""
_MOST_INKED = 0.3
"""Of a font's height: what is thicker is a ground."""


class Ink:
    """A page drawn grey at 150 dpi (less for a large one), with and without some of its parts."""

    def __init__(self, page: pypdfium2.PdfPage, unit: float) -> None:
        width, height = page.get_size()
        self._page = page
        self._scale = min(_DPI / POINTS_PER_INCH * unit, sqrt(_MOST_PX / (width * height)))
        self._whole = self._draw()
        self.height_px, self.width_px = self._whole.shape

    def of(self, objects: Sequence[Any]) -> "Traces":
        """What of the ink is that of these page objects (PDFium's): what goes when they do."""
        with _without(objects):
            rest = self._draw()
        return Traces(abs(self._whole - rest) > _TRACE)

    def beside(self, objects: Sequence[Any]) -> "Rest":
        """What is drawn beside these objects."""
        with _without(objects):
            rest = self._draw()
            if not pdfium_c.FPDFPage_GetAnnotCount(self._page):
                return Rest(rest, _busy_px(rest), 0)
            bare = self._draw(annotations=False)
        return Rest(rest, _busy_px(rest), _busy_px(np.where(abs(rest - bare) > _TRACE, rest, 255)))

    def _draw(self, *, annotations: bool = True) -> Grey:
        bitmap = self._page.render(
            scale=self._scale, grayscale=True, may_draw_forms=annotations, draw_annots=annotations
        )
        return np.asarray(bitmap.to_numpy(), np.int16).reshape(bitmap.height, -1)[:, : bitmap.width]


class Traces:
    """Where there is ink of some parts of a page."""

    def __init__(self, inked: NDArray[np.bool_]) -> None:
        self._sums = np.pad(inked, ((1, 0), (1, 0))).cumsum(0, np.int32).cumsum(1, np.int32)

    def within(self, box: Box) -> bool:
        """Whether there is any of it in a box."""
        height, width = self._sums.shape
        left, right = (min(max(int(x), 0), width - 1) for x in (box[0], -(-box[2] // 1)))
        top, bottom = (min(max(int(y), 0), height - 1) for y in (box[1], -(-box[3] // 1)))
        if left >= right or top >= bottom:
            return False
        sums = self._sums
        return bool(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


@dataclass(frozen=True, slots=True)
class Rest:
    """A page without its text."""

    grey: Grey
    writing_px: int
    """Pixels of what looks like writing or pictures."""
    in_notes_px: int
    """Those of annotations alone."""

    def is_crossed(self, box: Box, turn: int) -> bool:
        """Whether a line runs through the middle of a box, from side to side of letters that stand there.

        `turn` are the quarter turns clockwise by which they stand.
        """
        rows = np.rot90(self._within(box), turn)
        if rows.shape[0] < _LEAST_HEIGHT or not rows.shape[1]:
            return False
        inked: NDArray[np.bool_] = np.all(abs(rows - np.median(rows)) > _EDGE, axis=1)
        first, last = (round(share * len(rows)) for share in _MIDDLE)
        return bool(inked[first:last].any()) and int(inked.sum()) <= _MOST_INKED * len(rows)

    def is_plain(self, box: Box) -> bool:
        """Whether nothing is drawn in a box but its ground."""
        inside = self._within(box)
        return not inside.size or bool(inside.max() - inside.min() <= _EDGE)

    def _within(self, box: Box) -> Grey:
        left, top, right, bottom = (max(round(edge), 0) for edge in box)
        return self.grey[top:bottom, left:right]


@contextmanager
def _without(objects: Sequence[Any]) -> Iterator[None]:
    """The page objects are not drawn meanwhile."""
    for shape in objects:
        pdfium_c.FPDFPageObj_SetIsActive(shape, False)
    try:
        yield
    finally:
        for shape in objects:
            pdfium_c.FPDFPageObj_SetIsActive(shape, True)


def _busy_px(grey: NDArray[Any]) -> int:
    """Pixels of cells that hold edges both ways, with others of their kind beside them."""
    height, width = (side // _CELL * _CELL for side in grey.shape)
    cut = grey[:height, :width]
    busy = np.ones((height // _CELL, width // _CELL), bool)
    for axis in (0, 1):
        steps = np.zeros(cut.shape, bool)
        edges = abs(np.diff(cut, axis=axis)) > _EDGE
        steps[tuple(slice(n) for n in edges.shape)] = edges
        busy &= steps.reshape(height // _CELL, _CELL, width // _CELL, _CELL).sum((1, 3)) >= 2
    runs = busy.copy()
    for offset in range(1, _LEAST_CELLS):
        runs[:, :-offset] &= busy[:, offset:]
        runs[:, -offset:] = False
    held = runs.copy()
    for offset in range(1, _LEAST_CELLS):
        held[:, offset:] |= runs[:, :-offset]
    return int(held.sum()) * _CELL * _CELL
