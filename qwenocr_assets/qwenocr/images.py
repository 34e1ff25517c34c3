"""The picture in a request: its bytes, or an address from which the service fetches it.

How it travels follows from its size (product guide, section Image limits): a data URL up to the limit of one
base64 item, above that a temporary upload where the region has one, else it is refused with what to do instead.
"""

import io
import os
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from PIL import Image as PillowImage

from qwenocr_assets.errors import RejectedInput

MAX_DATA_URL_BYTES = 10 * 2**20
"""Longest `data:` URL, prefix included: the service's error text names 10485760 bytes."""

MAX_UPLOAD_BYTES = 10 * 2**20
"""Largest image by address or upload, for models whose catalogue entry says nothing else."""

_MEDIA_TYPES = {
    "BMP": "image/bmp",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
"""What the service reads, by Pillow's names: a phone's JPEG with a second picture behind it is an MPO to Pillow."""

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")
"""Kinds of an ISO media file that are HEIC, which the service reads and Pillow alone does not."""

_PUBLIC = ("http://", "https://")
_TEMPORARY = "oss://"


class SentAs(StrEnum):
    """How an image travels to the service."""

    DATA_URL = "data_url"
    """Inside the request, as base64."""
    URL = "url"
    """A public address that the service fetches."""
    UPLOAD = "upload"
    """The service's temporary storage, an `oss://` address."""


@dataclass(frozen=True)
class FileBytes:
    """A file's content."""

    data: bytes
    media_type: str
    """Its true MIME type: the service refuses a data URL whose type does not fit its bytes."""

    @property
    def data_url_bytes(self) -> int:
        """Length of the file as a data URL."""
        return len(self.data_url_prefix) + 4 * ((len(self.data) + 2) // 3)

    @property
    def data_url_prefix(self) -> str:
        """What stands before the base64 of a data URL."""
        return f"data:{self.media_type};base64,"


@dataclass(frozen=True)
class ImageBytes(FileBytes):
    """An image's file content."""

    @cached_property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, from the header; None when it cannot be read."""
        try:
            with PillowImage.open(io.BytesIO(self.data)) as image:
                return image.size
        except (OSError, ValueError, PillowImage.DecompressionBombError):
            return None


@dataclass(frozen=True, slots=True)
class ImageAt:
    """An image that the service fetches itself: `http(s)://`, or `oss://` from an earlier upload."""

    url: str
    size: tuple[int, int] | None = None
    """Width and height in pixels, where known: tokens are estimated and positions scaled with it."""

    def __post_init__(self) -> None:
        if not self.url.startswith((*_PUBLIC, _TEMPORARY)):
            raise RejectedInput(
                f"{self.url[:80]!r} is no address the service can fetch.",
                "Give an http(s):// or oss:// address, or the image's bytes.",
            )

    @property
    def is_temporary(self) -> bool:
        return self.url.startswith(_TEMPORARY)


Image = ImageBytes | ImageAt

Page = str | os.PathLike[str] | bytes | ImageBytes | ImageAt
"""A page as people have it: a file's path, a file's content, an address, or an image that says what it is."""


def image_of(page: Page) -> Image:
    """The image of a page. A text with `://` or `data:` is an address, any other a path; its file is read.

    Raises:
        OSError: the file cannot be read.
        RejectedInput: it holds no image that the service reads, or the address is none the service can fetch.
    """
    if isinstance(page, ImageBytes | ImageAt):
        return page
    if isinstance(page, str) and ("://" in page or page.startswith("data:")):
        return ImageAt(page)
    data = page if isinstance(page, bytes) else Path(page).read_bytes()
    media_type = _media_type(data)
    if media_type is None:
        called = "These bytes are" if isinstance(page, bytes) else f"{os.fspath(page)} is"
        raise RejectedInput(
            f"{called} no image that the service reads: BMP, JPEG, PNG, TIFF, WebP or HEIC.",
            "Convert it. Pages of a PDF have to be drawn as images first.",
        )
    return ImageBytes(data, media_type)


def _media_type(data: bytes) -> str | None:
    """The MIME type by content; None for what the service does not read."""
    if data[4:8] == b"ftyp":
        return "image/heic" if data[8:12] in _HEIC_BRANDS else None
    try:
        with PillowImage.open(io.BytesIO(data)) as image:
            return _MEDIA_TYPES.get(image.format or "")
    except (OSError, ValueError, PillowImage.DecompressionBombError):
        return None


def choose_way(
    image: Image,
    *,
    has_uploads: bool,
    wanted: SentAs | None = None,
    max_upload_bytes: int = MAX_UPLOAD_BYTES,
) -> SentAs:
    """How an image travels: `wanted` if that is possible, else by its size.

    `max_upload_bytes` is what the model takes by upload.

    Raises:
        RejectedInput: it is too large for every way there is.
    """
    if isinstance(image, ImageAt):
        return SentAs.UPLOAD if image.is_temporary else SentAs.URL
    size = f"{len(image.data):,} bytes"
    fits_inside = image.data_url_bytes <= MAX_DATA_URL_BYTES
    fits_upload = has_uploads and len(image.data) <= max_upload_bytes
    if wanted is SentAs.UPLOAD and not has_uploads:
        raise RejectedInput("This region has no temporary uploads.", "Send a data URL or a public address.")
    if fits_inside and wanted is not SentAs.UPLOAD:
        return SentAs.DATA_URL
    if fits_upload and wanted is not SentAs.DATA_URL:
        return SentAs.UPLOAD
    raise RejectedInput(
        f"The image has {size}: too large for a request (at most {MAX_DATA_URL_BYTES:,} bytes as base64).",
        "Send it smaller, or at a public address"
        + ("." if not has_uploads else f" (uploads take up to {max_upload_bytes:,} bytes)."),
    )
