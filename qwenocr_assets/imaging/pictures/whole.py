"""Whether a picture's data is all there, where decoders fill what is missing with one colour and say nothing."""

import zlib
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.pictures.fax import count_lines, lacks_lines
from qwenocr_assets.imaging.pictures.jpeg import END, breaks_off_inside
from qwenocr_assets.intake.media_types import MediaType

_WIDTH, _HEIGHT, _COMPRESSION, _FILL_ORDER, _OFFSETS, _SAMPLES = 256, 257, 259, 266, 273, 277
_ROWS, _COUNTS, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_COUNTS = 278, 279, 284, 322, 323, 324, 325
_JPEG_TABLES: Final = 347
_GROUP_3, _GROUP_4, _JPEG = 3, 4, 7
"""Compressions of TIFF 6.0."""
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_MOST_LINES_LOST: Final = 2
"""Of a fax: a line or two lost on the telephone are no page broken off."""
_LEAST_ZEROS, _LEAST_SHARE = 256, 0.1
"""Bytes at the end of a file, and their share of it, that nobody has written: a download that stopped."""
_PNG_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_CHUNK: Final = 1 << 20


def require_all_there(image: Image.Image, content: bytes, media_type: MediaType) -> None:
    """Raises RejectedInput: the picture that an opened image stands at lacks a part, as its file says; and whatever a
    decoder does for damaged bytes. What the decoder says by itself is left to it."""
    match media_type:
        case MediaType.JPEG:
            is_cut = breaks_off_inside(content)
        case MediaType.TIFF:
            is_cut = _is_cut_tiff(image, content)
        case MediaType.PNG:
            is_cut = _lacks_rows(content)
        case MediaType.WEBP | MediaType.AVIF | MediaType.HEIC | MediaType.HEIF:
            zeros = len(content) - len(content.rstrip(b"\0"))
            is_cut = zeros >= max(_LEAST_ZEROS, _LEAST_SHARE * len(content))
        case _:
            is_cut = False
    if is_cut:
        raise RejectedInput(
            f"The {media_type.name} breaks off: a part of the page would be missing.",
            "Export, scan or copy it again.",
        )


def _lacks_rows(content: bytes) -> bool:
    """Whether a PNG that is not interlaced has fewer rows than it says, all of them packed as they should be."""
    if len(content) < 33 or content[28] != 0:
        return False
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    row = 1 + (width * content[24] * _PNG_CHANNELS.get(content[25], 0) + 7) // 8
    unpacked, left = zlib.decompressobj(), row * height
    for packed in _png_data(content):
        while packed and not unpacked.eof and left >= row:
            left -= len(unpacked.decompress(packed, _PNG_CHUNK))
            packed = unpacked.unconsumed_tail
    return unpacked.eof and left >= row


def _png_data(content: bytes) -> Iterator[bytes]:
    at = 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] == b"IDAT":
            yield content[at + 8 : at + 8 + length]
        at += 12 + length


def _is_cut_tiff(image: Image.Image, content: bytes) -> bool:
    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    if _lacks_parts(tags, tags[_WIDTH], tags[_HEIGHT]):
        return True
    offsets, counts = (_many(tags, of_strips, of_tiles) for of_strips, of_tiles in _PLACES)
    parts = [content[offset : offset + count] for offset, count in zip(offsets, counts, strict=False)]
    match tags.get(_COMPRESSION):
        case 7:
            tables = bytes(tags.get(_JPEG_TABLES) or b"")
            return any(_breaks_off(tables, part) for part in parts if part)
        case 4:
            rows = tags[_HEIGHT] - (tags[_HEIGHT] - 1) // _rows(tags) * _rows(tags)
            return lacks_lines(_in_order(parts, tags), tags[_WIDTH], rows)
        case 3:
            lines = sum(map(count_lines, _in_order(parts, tags)))
            return 0 < lines < tags[_HEIGHT] - _MOST_LINES_LOST and _ends_in_one_colour(image)
    return False


_PLACES: Final = ((_OFFSETS, _TILES), (_COUNTS, _TILE_COUNTS))


def _rows(tags: Any) -> int:
    """Of a strip."""
    return int(min(tags.get(_ROWS) or tags[_HEIGHT], tags[_HEIGHT]))


def _in_order(parts: list[bytes], tags: Any) -> list[bytes]:
    """Parts with their bits from the left to the right."""
    return [part.translate(_MIRRORED) for part in parts] if tags.get(_FILL_ORDER) == 2 else parts


def _lacks_parts(tags: Any, width: int, height: int) -> bool:
    """Whether a TIFF names fewer strips or tiles than its picture needs."""
    planes = tags.get(_SAMPLES, 1) if tags.get(_PLANAR) == 2 else 1
    if _TILES in tags:
        across, down = tags.get(_TILE_WIDTH), tags.get(_TILE_HEIGHT)
        needed = -(-width // across) * -(-height // down) if across and down else 0
    else:
        needed = -(-height // _rows(tags))
    return len(_many(tags, _OFFSETS, _TILES)) < needed * planes


def _many(tags: Any, of_strips: int, of_tiles: int) -> tuple[int, ...]:
    found = tags.get(of_strips) or tags.get(of_tiles) or ()
    return found if isinstance(found, tuple) else (found,)


def _breaks_off(tables: bytes, part: bytes) -> bool:
    """Whether a part of a TIFF that is a JPEG does, whose tables may stand apart."""
    whole = tables.removesuffix(END) + (part[2:] if tables else part)
    return breaks_off_inside(whole if END in part[-8:] else whole + END)


def _ends_in_one_colour(image: Image.Image) -> bool:
    """Whether an edge of a picture is; which one is its last row depends on how it is turned."""
    grey, (width, height) = image.convert("L"), image.size
    edges = (
        (0, height - 1, width, height),
        (0, 0, width, 1),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    )
    return any(low == high for low, high in (grey.crop(edge).getextrema() for edge in edges))
