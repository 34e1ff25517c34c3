"""A page as an image, and a page that could not be made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.coordinates import IDENTITY, Affine
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.own_text import OwnLine

Origin = Literal["untouched", "extracted", "rendered", "converted"]
"""How the image came about, as described in the `pages` table."""

Change = Mapping[str, str | int | float | list[int]]
"""One thing done to a picture: `step` names it, the other keys say how. Sizes are [width, height] in pixels."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Which part of a large or long page an image is."""

    index: int
    """From 1; parts on which nothing stands are counted, too."""
    left_px: int
    top_px: int


@dataclass(frozen=True, slots=True)
class TextLayer:
    """A PDF page's own text, as far as it is seen on the page."""

    lines: tuple[OwnLine, ...]
    """In reading order."""
    doubt: str | None
    """Why it does not say all that is seen on the page, if so."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page, or a tile of one, as an image that the service accepts."""

    number: int
    """From 1."""
    content: bytes
    """The encoded image."""
    media_type: MediaType
    width_px: int
    height_px: int
    dpi: float | None
    """Pixels per inch, where it is known."""
    origin: Origin
    renderer: str | None = None
    """Program and version that drew a rendered page."""
    changes: tuple[Change, ...] = ()
    to_original: Affine = IDENTITY
    """From pixels of this image to the original (`imaging.coordinates`)."""
    pixels_sha256: str | None = None
    """Of size, mode and pixels before they were encoded here; None for bytes taken as they were."""
    tile: Tile | None = None
    text_layer: TextLayer | None = None
    """The page's own text, if it was asked for and is sound."""

    file_dpi: tuple[float, float] | None = None
    """Pixels per inch across and down that the picture's file states, where it does."""
    is_blank: bool = False
    """Whether it has but one colour: nobody can read anything from it."""

    @property
    def suffix(self) -> str:
        return self.media_type.suffix


@dataclass(frozen=True, slots=True)
class TiledPage:
    """A page too large or too long for one image: its tiles follow."""

    number: int
    width_px: int
    height_px: int
    dpi: float | None
    to_original: Affine
    tiles: int
    """How many follow."""
    empty_tiles: int = 0
    """Parts that are left out, as nothing stands on them."""
    file_dpi: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """A page that cannot become an image."""

    number: int
    reason: RejectedInput


MadePage = PageImage | TiledPage
Page = PageImage | TiledPage | RejectedPage
