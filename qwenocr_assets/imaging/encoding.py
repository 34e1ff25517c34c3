"""Pixels into bytes: PNG for what must stay exact, JPEG for photographs and for what would be too large."""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image
from zlib_ng import zlib_ng

from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.page_image import Change
from qwenocr_assets.intake.media_types import MediaType

JPEG_QUALITY = 90
_DEFLATE_LEVEL = 2
"""Higher levels cost more time for hardly fewer bytes."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded picture and what encoding did to it."""

    content: bytes
    media_type: MediaType
    width_px: int
    height_px: int
    changes: tuple[Change, ...]
    pixels_sha256: str
    """Of size, mode and pixels: the same whatever compressor wrote the bytes."""


def encode(image: Image.Image, *, lossy: bool, limits: Limits) -> Encoded:
    """Encode a picture of mode 1, L or RGB within the limits.

    A picture that was lossy before, or whose PNG is too large, becomes a JPEG. One with too many pixels or bytes is
    scaled down to those that the service looks at, and further if it has to be.
    """
    changes: list[Change] = []
    if image.width * image.height > limits.max_px:
        image, change = scale(image, limits.shrinking_factor(*image.size))
        changes.append(change)
    if not lossy:
        content = to_png(image)
        if len(content) <= limits.max_bytes:
            return Encoded(
                content, MediaType.PNG, image.width, image.height, tuple(changes), pixels_sha256(image)
            )
    if image.mode == "1":
        image = image.convert("L")
    identity = pixels_sha256(image)
    content = to_jpeg(image)
    changes.append({"step": "encode", "as": MediaType.JPEG.value, "quality": JPEG_QUALITY})
    while len(content) > limits.max_bytes:
        by_pixels = limits.shrinking_factor(*image.size)
        by_bytes = 0.95 * (limits.max_bytes / len(content)) ** 0.5
        image, change = scale(image, by_pixels if by_pixels < 1 else by_bytes)
        content = to_jpeg(image)
        changes.append(change)
        identity = pixels_sha256(image)
    return Encoded(content, MediaType.JPEG, image.width, image.height, tuple(changes), identity)


def pixels_sha256(image: Image.Image) -> str:
    """SHA-256 of a picture's size, mode and pixels."""
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height}\0".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def scale(image: Image.Image, factor: float) -> tuple[Image.Image, Change]:
    """A picture scaled down, with the change to record."""
    size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    if image.mode == "1":
        image = image.convert("L")
    smaller = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return smaller, {"step": "scale", "from_px": list(image.size), "to_px": list(size)}


def to_jpeg(image: Image.Image, quality: int = JPEG_QUALITY) -> bytes:
    """A picture of mode L or RGB as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def to_png(image: Image.Image) -> bytes:
    """A picture of mode 1, L or RGB as PNG, for speed rather than for the last byte.

    Rows are not filtered: text on paper compresses no better with filters, and Pillow, which tries every filter on
    every row, takes ten times as long (`bench/pages.py`).
    """
    width, height = image.size
    if image.mode == "L":
        colour_type, rows = (
            0,
            image.crop((-1, 0, width, height)).tobytes(),
        )  # a zero before each row: no filter
    elif image.mode == "RGB":
        pixels, stride = memoryview(image.tobytes()), 3 * width
        colour_type = 2
        rows = b"\0" + b"\0".join([pixels[at : at + stride] for at in range(0, stride * height, stride)])
    else:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=_DEFLATE_LEVEL, icc_profile=None)
        return buffer.getvalue()
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)),
            _png_chunk(b"IDAT", zlib_ng.compress(rows, _DEFLATE_LEVEL)),
            _png_chunk(b"IEND", b""),
        )
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
