"""How pages are made: what settings and routes ask for."""

from dataclasses import dataclass, field
from typing import Literal

from qwenocr_assets.imaging.limits import SERVICE_LIMITS, Limits

RENDER_DPI = 200
"""Resolution at which PDF pages are drawn: an A4 page has 1654 × 2339 pixels, 10-point letters stand 20 high."""

Rasteriser = Literal["auto", "pdfium", "poppler"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the pages of a document are made. The same document and recipe always make the same pages."""

    dpi: float = RENDER_DPI
    """For PDF pages that have to be drawn."""
    limits: Limits = SERVICE_LIMITS
    rasteriser: Rasteriser = "auto"
    """`auto` draws with PDFium, and with poppler what PDFium cannot draw; the others draw with one of them alone."""
    enhance: tuple[str, ...] = ()
    """Steps of `imaging.enhance`, in order."""
    text_layer: bool = False
    """Whether to keep the text that PDF pages carry themselves."""
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """Tried in turn on PDFs that need one."""


DEFAULT_RECIPE = Recipe()
