"""What reading one page image yields: the value that every task of the embedded engine answers from."""

from dataclasses import dataclass, field

Quad = tuple[float, float, float, float, float, float, float, float]
"""Corners x1,y1 … x4,y4 in image pixels, clockwise from the top-left corner of the *text*, y down."""


@dataclass(frozen=True, slots=True)
class Line:
    """One recognised text line."""

    text: str
    quad: Quad
    score: float
    """Mean character confidence of the recogniser, 0 to 1."""
    places: tuple[float, ...] = ()
    """Where each character of `text` stands along the quad, 0 (start) to 1 (end); () when not known."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table found on the page, as a grid of cells."""

    cells: tuple["Cell", ...]
    bbox: tuple[float, float, float, float]
    """Left, top, right, bottom in upright page pixels."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell: its place in the grid (from 0), its spans and its text."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page image after recognition.

    Quads are in pixels of the image *as given*; `upright_lines` are the same lines, in reading order, with
    their quads in the page turned upright (orientation and skew removed), which is what layout is read from.
    """

    width: int
    height: int
    rotation: int
    """How far the given image must be turned clockwise to stand upright: 0, 90, 180 or 270 degrees."""
    skew: float
    """Remaining tilt in degrees after `rotation`; positive is clockwise."""
    lines: tuple[Line, ...]
    upright_lines: tuple[Line, ...] = ()
    tables: tuple[Table, ...] = field(default_factory=tuple)
