"""What the service accepts as an image, and how much we are willing to decode."""

from dataclasses import dataclass
from math import inf, sqrt

from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.media_types import MediaType

_SMALL_FORMATS = frozenset(
    {MediaType.BMP, MediaType.HEIC, MediaType.JPEG, MediaType.PNG, MediaType.TIFF, MediaType.WEBP}
)
_LARGE_FORMATS = frozenset({MediaType.JPEG, MediaType.PNG})
_4K_PX = 3840 * 2160
_4K_SIDE_PX = 3840

RECOMMENDED_PX = 15_680_000
"""The product guide advises against pictures above 15.68 megapixels, but takes them."""

POINTS_PER_INCH = 72
"""PDF measures pages in points."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a page image. The defaults are the service's (product guide, section Image limits)."""

    min_side_px: int = 11
    """Width and height must be above 10."""
    max_aspect: float = 200.0
    """A longer strip is cut into tiles."""
    max_px: int = 7680 * 4320
    """Above 8K nothing is promised: such a picture is scaled down."""
    max_bytes: int = 7_800_000
    """Encoded as base64 and with its data-URL prefix this stays below the 10,485,760 bytes of one item."""
    useful_px: int = 8_388_608
    """Most pixels to draw of a PDF page, and what is left of a picture that has to be scaled down: the service's
    default `max_pixels`, above which it scales down itself."""
    max_decoded_px: int = 178_956_970
    """Most pixels to decode of one picture: 512 MiB of them at 3 bytes. A file that claims more is a bomb."""
    max_pages: int = 5_000
    """Most pages of one document."""
    enough: float = 0.75
    """Share of the resolution asked for that one look has to leave; else a page is read in tiles."""
    enough_dpi: float = 150
    """Resolution at which one look is enough, whatever was asked for."""
    max_tiles: int = 32
    """Most tiles of one page: each is asked about, and paid for, by itself."""
    sheet_px: int = 100_000_000
    """Most pixels to draw of a PDF page that is read in tiles: more than A0 at 200 dpi (62 million)."""
    accepts: frozenset[MediaType] | None = None
    """Types that another server takes, whatever the size; None for the service's own rules."""

    def require_usable(self, width: int, height: int) -> None:
        """Raise `RejectedInput` for a picture that no change makes acceptable, by its size alone."""
        if width * height > self.max_decoded_px:
            raise RejectedInput(
                f"The picture has {width:,} × {height:,} pixels, more than is decoded "
                f"({self.max_decoded_px / 1e6:.0f} million).",
                "Scale it down or scan it at a lower resolution.",
            )
        if min(width, height) < self.min_side_px:
            raise RejectedInput(
                f"The picture is {width} × {height} pixels; the service needs more than 10 on each side.",
                "Scan or export it larger.",
            )

    def require_pages(self, count: int) -> None:
        """Raise `RejectedInput` for a document with too many pages, or none."""
        if count < 1:
            raise RejectedInput("The document has no pages.", "Export it again.")
        if count > self.max_pages:
            raise RejectedInput(
                f"The document has {count:,} pages, more than {self.max_pages:,}.",
                "Split it into smaller files.",
            )

    def drawing_scale(self, width: float, height: float, dpi: float) -> float:
        """Pixels per point to draw a page of this size in points: those of `dpi`, or fewer for a very large page.

        A sheet that one look shows too small gets as many as its tiles take (`imaging.tiles`).

        Raises:
            RejectedInput: the page has no size, or is too narrow to be drawn with enough pixels.
        """
        if not (0 < width < inf and 0 < height < inf):
            raise RejectedInput("The page has no size.", "Export the PDF again.")
        asked, one_look = dpi / POINTS_PER_INCH, sqrt(self.useful_px / (width * height))
        largest = (
            one_look
            if self.reads_in_one_look(one_look * POINTS_PER_INCH, dpi)
            else sqrt(self.sheet_px / (width * height))
        )
        scale = min(asked, largest)
        self.require_usable(round(width * scale), round(height * scale))
        return scale

    def reads_in_one_look(self, dpi: float, wanted_dpi: float) -> bool:
        """Whether a page shown at `dpi` is read well enough where `wanted_dpi` was asked for."""
        return dpi >= min(self.enough * wanted_dpi, self.enough_dpi)

    def shrinking_factor(self, width: int, height: int) -> float:
        """By what to multiply the sides of a picture that has too many pixels or bytes; 1 if it has few pixels."""
        return min(1.0, sqrt(min(self.useful_px, self.max_px) / (width * height)))

    def takes(self, media_type: MediaType, width: int, height: int, size_bytes: int) -> bool:
        """Whether the service accepts a picture of this type and size as it is.

        From 4K on only JPEG and PNG are taken. A page counts as 4K by its longer side or by its area, so that
        an A4 page at 300 dpi (2480 × 3508) does.
        """
        large = max(width, height) >= _4K_SIDE_PX or width * height >= _4K_PX
        formats = self.accepts
        if formats is None:
            formats = _LARGE_FORMATS if large else _SMALL_FORMATS
        within = width * height <= self.max_px and size_bytes <= self.max_bytes
        return media_type in formats and within and max(width, height) <= self.max_aspect * min(width, height)


SERVICE_LIMITS = Limits()

# Pillow warns from here on and refuses at twice as much; we refuse from here on, by the header, before decoding.
Image.MAX_IMAGE_PIXELS = SERVICE_LIMITS.max_decoded_px
