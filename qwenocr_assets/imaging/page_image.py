"""A page as an image, and a page that could not be made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.media_types import MediaType

Origin = Literal["untouched", "extracted", "rendered", "converted"]
"""How the image came about, as described in the `pages` table."""

Change = Mapping[str, str | int | float | list[int]]
"""One thing done to a picture: `step` names it, the other keys say how. Sizes are [width, height] in pixels."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page as an image that the service accepts."""

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

    @property
    def suffix(self) -> str:
        return self.media_type.suffix


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """A page that cannot become an image."""

    number: int
    reason: RejectedInput
