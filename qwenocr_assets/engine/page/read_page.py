"""What reading one page image yields: the value that every task of the embedded engine answers from."""

from dataclasses import dataclass, field

from qwenocr_assets.geometry import Box, Quad, box_around


@dataclass(frozen=True, slots=True)
class Line:
    """One recognised text line."""

    text: str
    quad: Quad
    score: float
    """Mean character confidence of the recogniser, 0 to 1."""
    places: tuple[float, ...] = ()
    """Where each character of `text` stands along the quad, 0 (start) to 1 (end); () when not known."""
    least_score: float | None = None
    """Probability of the character that the recogniser is least sure of, 0 to 1; None when not known."""
    box: Box = field(init=False, repr=False, compare=False)
    """The upright rectangle around it: layout asks for that of each line some hundred times."""

    def __post_init__(self) -> None:
        """Whatever reads a page may give its corners as plain numbers."""
        if type(self.quad) is not Quad:
            object.__setattr__(self, "quad", Quad(*self.quad))
        object.__setattr__(self, "box", box_around(self.quad))


@dataclass(frozen=True, slots=True)
class Table:
    """A table found on the page, as a grid of cells."""

    cells: tuple["Cell", ...]
    bbox: Box
    """In upright page pixels."""

    def __post_init__(self) -> None:
        """As with a line."""
        if type(self.bbox) is not Box:
            object.__setattr__(self, "bbox", Box(*self.bbox))


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
