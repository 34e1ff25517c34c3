"""Which pictures of a file are pages: not the thumbnails, masks and reduced copies that stand beside them."""

import struct

from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.pictures.headers import PAGED, decoding, open_image
from qwenocr_assets.intake.media_types import MediaType

_SUBFILE_TYPE_TAG = 254
_OLD_SUBFILE_TYPE_TAG = 255
_SUB_IFDS_TAG = 330
_REDUCED = 0b001
_MASK = 0b100
"""Bits of NewSubfileType (TIFF 6.0, section 8)."""
_OLD_REDUCED = 2
_MOST_SUB_IFDS = 16


def opened_at_pages(
    content: bytes, media_type: MediaType, limits: Limits
) -> tuple[bytes, Image.Image, list[int]]:
    """A file opened, with the indices of its frames that are pages, at least one; the image stands at the first.

    Of a TIFF whose own frames are only reduced copies of a picture that hangs below them, the bytes returned begin at
    that picture.

    Raises:
        RejectedInput: the file cannot be read, or has too many pages.
    """
    image = open_image(content, media_type)
    if media_type not in PAGED:
        return content, image, [0]
    with decoding(media_type):
        count = getattr(image, "n_frames", 1)
        limits.require_pages(count)
        kinds = [_kind(image, frame) if media_type is MediaType.TIFF else 0 for frame in range(count)]
        frames = [frame for frame, kind in enumerate(kinds) if not kind & (_REDUCED | _MASK)]
        if not frames:
            if (full := _full_picture(content, image, kinds)) is not None:
                return full, open_image(full, media_type), [0]
            frames = [_largest(image, [f for f, kind in enumerate(kinds) if not kind & _MASK] or [0])]
        image.seek(frames[0])
    return content, image, frames


def _full_picture(content: bytes, image: Image.Image, kinds: list[int]) -> bytes | None:
    """The file, beginning at the first picture below its frames that is not reduced; None if there is none."""
    for frame in range(len(kinds)):
        image.seek(frame)
        below = image.tag_v2.get(_SUB_IFDS_TAG, ())  # type: ignore[attr-defined]
        for offset in (below if isinstance(below, tuple) else (below,))[:_MOST_SUB_IFDS]:
            full = _beginning_at(content, int(offset))
            try:
                if not _kind(open_image(full, MediaType.TIFF), 0) & (_REDUCED | _MASK):
                    return full
            except RejectedInput:
                continue  # a camera's raw data, for one
    return None


def _beginning_at(content: bytes, offset: int) -> bytes:
    """A TIFF whose first directory is the one at this offset; all its other offsets are absolute anyway."""
    order = "<" if content.startswith(b"II") else ">"
    if content[2:4] in (b"+\0", b"\0+"):  # BigTIFF
        return content[:8] + struct.pack(f"{order}Q", offset) + content[16:]
    return content[:4] + struct.pack(f"{order}I", offset) + content[8:]


def _kind(image: Image.Image, frame: int) -> int:
    """NewSubfileType of a frame; what the old tag says is said in the new one's bits."""
    image.seek(frame)
    tags = image.tag_v2  # type: ignore[attr-defined]
    if _SUBFILE_TYPE_TAG in tags:
        return int(tags[_SUBFILE_TYPE_TAG])
    return _REDUCED if tags.get(_OLD_SUBFILE_TYPE_TAG) == _OLD_REDUCED else 0


def _largest(image: Image.Image, frames: list[int]) -> int:
    def pixels(frame: int) -> int:
        image.seek(frame)
        return image.width * image.height

    return max(frames, key=pixels)
