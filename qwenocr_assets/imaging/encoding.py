"""Pixels into bytes: PNG for what must stay exact, JPEG for photographs and for what would be too large."""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image

from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.page_image import Change
from qwenocr_assets.intake.media_types import MediaType

JPEG_QUALITY = 90
_PNG_LEVEL = 1
"""Higher levels cost several times the time for a tenth of the bytes."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded picture and what encoding did to it."""

    content: bytes
    media_type: MediaType
    width_px: int
    height_px: int
    changes: tuple[Change, ...]


def encode(image: Image.Image, *, lossy: bool, limits: Limits) -> Encoded:
    """Encode a picture of mode 1, L or RGB within the limits.

    A picture that was lossy before, or whose PNG is too large, becomes a JPEG; while that is too large it is scaled
    down.
    """
    image, changes = _within_8k(image, limits)
    if not lossy:
        content = to_png(image)
        if len(content) <= limits.max_bytes:
            return Encoded(content, MediaType.PNG, image.width, image.height, changes)
    if image.mode == "1":
        image = image.convert("L")
    content = to_jpeg(image)
    changes = (*changes, {"step": "encode", "as": MediaType.JPEG.value, "quality": JPEG_QUALITY})
    while len(content) > limits.max_bytes:
        factor = 0.95 * (limits.max_bytes / len(content)) ** 0.5
        image, change = scale(image, factor)
        content = to_jpeg(image)
        changes = (*changes, change)
    return Encoded(content, MediaType.JPEG, image.width, image.height, changes)


def scale(image: Image.Image, factor: float) -> tuple[Image.Image, Change]:
    """A picture scaled down, with the change to record."""
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    if image.mode == "1":
        image = image.convert("L")
    smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return smaller, {"step": "scale", "from_px": list(image.size), "to_px": list(size)}


def to_jpeg(image: Image.Image, quality: int = JPEG_QUALITY) -> bytes:
    """A picture of mode L or RGB as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def to_png(image: Image.Image) -> bytes:
    """A picture of mode 1, L or RGB as PNG, for speed rather than for the last byte."""
    if image.mode == "L":
        return _grey_png(image)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL, icc_profile=None)
    return buffer.getvalue()


def _grey_png(image: Image.Image) -> bytes:
    """A grey PNG without row filters.

    Text on white compresses as well without them, and Pillow, which tries every filter on every row, takes twice
    the time (`bench/pages.py`).
    """
    width, height = image.size
    pixels = memoryview(image.tobytes())
    rows = b"\0" + b"\0".join([pixels[start : start + width] for start in range(0, width * height, width)])
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _png_chunk(b"IHDR", header),
            _png_chunk(b"IDAT", zlib.compress(rows, _PNG_LEVEL)),
            _png_chunk(b"IEND", b""),
        )
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _within_8k(image: Image.Image, limits: Limits) -> tuple[Image.Image, tuple[Change, ...]]:
    if image.width * image.height <= limits.max_px:
        return image, ()
    smaller, change = scale(image, 0.999 * (limits.max_px / (image.width * image.height)) ** 0.5)
    return smaller, (change,)
