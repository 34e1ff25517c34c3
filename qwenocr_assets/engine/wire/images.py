"""The image of a request: from its URL to bytes that are within the service's limits.

Only `data:` URLs are read, and those that the emulator holds: nothing is ever fetched. Limits are those of the
product guide, section Image limitations; the declared MIME type is not believed, since the guide's own samples get
it wrong.
"""

import io
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType

import pi_heif
import pybase64
from PIL import Image, UnidentifiedImageError

from qwenocr_assets.engine.errors import UnreadableImage
from qwenocr_assets.engine.wire.errors import invalid_parameter
from qwenocr_assets.engine.wire.values import PageImage
from qwenocr_assets.qwenocr.images import MAX_UPLOAD_BYTES

MAX_DATA_URL_BYTES = 10_485_760
"""The service's limit for an image in the request, encoded."""
MAX_FILE_BYTES = 100_000_000
"""The service's limit for a PDF that it fetches."""
MIN_SIDE = 10
"""Both sides must be longer than this, in pixels."""
MAX_ASPECT = 200

_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP", "HEIF")
FETCHED_SCHEMES = ("http://", "https://", "oss://", "file://")

held_images: ContextVar[Mapping[str, bytes]] = ContextVar("held_images", default=MappingProxyType({}))
"""Images and PDFs of the request that is being answered which have come another way, by their URL."""


def page_image(
    url: str, *, min_pixels: int, max_pixels: int, most_fetched: int = MAX_UPLOAD_BYTES
) -> PageImage:
    """Read a `data:` URL. Raises WireError for the URL, UnreadableImage for what is in it."""
    data = _decode(url, MAX_DATA_URL_BYTES, most_fetched)
    width, height = _size(data)
    if min(width, height) <= MIN_SIDE:
        raise UnreadableImage(
            "The image length and width do not meet the model restrictions. "
            f"[height:{height} or width:{width} must be larger than {MIN_SIDE}]"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise UnreadableImage(
            "The image length and width do not meet the model restrictions. "
            f"[absolute aspect ratio must be smaller than {MAX_ASPECT}, got {width} x {height}]"
        )
    return PageImage(data, width, height, min_pixels, max_pixels)


def file_content(url: str) -> bytes:
    """The content of a PDF; a `data:` URL may be as long as one that is fetched. Raises WireError."""
    return _decode(url, 2 * MAX_FILE_BYTES, MAX_FILE_BYTES)


def _decode(url: str, most_encoded: int, most_fetched: int) -> bytes:
    if (held := held_images.get().get(url)) is not None:
        if len(held) > most_fetched:
            raise invalid_parameter("Multimodal file size is too large.")
        return held
    if url.startswith(FETCHED_SCHEMES):
        raise invalid_parameter(
            "Failed to download multimodal content. "
            "The embedded engine fetches nothing: send the image as a data: URL."
        )
    if len(url) > most_encoded:
        raise invalid_parameter(f"Exceeded limit on max bytes per data-uri item : {most_encoded}")
    header, comma, encoded = url.partition(",")
    if not (comma and header.startswith("data:") and header.endswith(";base64")):
        raise invalid_parameter(
            "The provided URL does not appear to be valid. Ensure it is correctly formatted."
        )
    try:
        return pybase64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise invalid_parameter(
            f"The provided URL does not appear to be valid. Its base64 cannot be decoded: {error}."
        ) from error


def _size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the file's header alone."""
    _register_formats()
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return image.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableImage("The image format is illegal and cannot be opened.") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage(f"The image is too large to be opened: {error}") from error


@cache
def _register_formats() -> None:
    pi_heif.register_heif_opener()
    Image.init()
