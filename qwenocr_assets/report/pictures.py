"""Page images as a report carries them: as they are where browsers show them, else as smaller copies."""

from dataclasses import dataclass

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.draw import shrunk_copy

_SHOWN_BY_BROWSERS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_MOST_BYTES = 400_000
"""Larger ones are scaled down: a report is looked at, not measured."""
_SIDE_PX = 1800


@dataclass(frozen=True, slots=True)
class ReportPicture:
    """The bytes of a page image in a report, and how its file name ends."""

    content: bytes
    suffix: str


def report_picture(content: bytes, media_type: str | None) -> ReportPicture | None:
    """The page image for a browser; None when it cannot be decoded (the answer says what was made of it)."""
    suffix = _SHOWN_BY_BROWSERS.get(media_type or "")
    if suffix and len(content) <= _MOST_BYTES:
        return ReportPicture(content, suffix)
    try:
        return ReportPicture(shrunk_copy(content, max_side_px=_SIDE_PX), ".jpg")
    except RejectedInput:
        return None
