"""JPEGs whose data ends before their picture does, although the end is marked: decoders fill the rest with one colour.

Somebody mended the file, or wrote its end mark behind what had arrived. Nothing in the headers says so, but a decoder
does: if the picture ends where its data does, bytes behind the data change nothing; if it does not, they are taken for
the missing part. Of a progressive JPEG, whose data are several passes over the whole picture, the last ones may be
missing as well, which leaves it blurred.
"""

import io
import re
import struct
from collections.abc import Iterator
from typing import Final

from PIL import Image

END: Final = b"\xff\xd9"
_MARK: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""A mark that is no part of the data: neither a byte of it (FF 00) nor a restart."""
_SCAN: Final = 0xDA
_PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Marks that nothing follows."""
_DATA: Final = bytes((37 * at) % 251 + 1 for at in range(4096))
_BEHIND: Final = _DATA + b"".join(bytes((0xFF, restart)) + _DATA[:256] for restart in range(0xD0, 0xD8)) * 2
"""Data for a part that is missing: without marks, and for what is between two restarts."""
_SHRUNK: Final = 8
"""How much smaller the picture is decoded: to one pixel per block, of its mean."""
_COEFFICIENTS: Final = 64


def breaks_off_inside(content: bytes) -> bool:
    """Whether a JPEG lacks a part of its picture before its end mark; False where that cannot be told.

    Raises whatever the decoder does for damaged bytes.
    """
    scans, end, is_progressive, components = _laid_out(content)
    if end is None or not scans:
        return False
    if is_progressive and not _are_all_there(scans, components):
        return True
    found = _means(content)
    # what is filled in is of one colour, up to the last block
    if found.width < 2 or found.getpixel((found.width - 1, found.height - 1)) != found.getpixel(
        (found.width - 2, found.height - 1)
    ):
        return False
    return _means(content[:end] + _BEHIND + content[end:]).tobytes() != found.tobytes()


def _means(content: bytes) -> Image.Image:
    """The picture, one pixel per block."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        image.draft(None, (-(-image.width // _SHRUNK), -(-image.height // _SHRUNK)))
        image.load()
        return image.copy()


Scan = tuple[tuple[int, ...], int, int, int]
"""Components of a pass, its first and last coefficient, and the lowest bit of these that it has."""


def _laid_out(content: bytes) -> tuple[list[Scan], int | None, bool, tuple[int, ...]]:
    """The passes of the first picture, where its end is marked, whether it is progressive, and its components."""
    scans: list[Scan] = []
    components: tuple[int, ...] = ()
    is_progressive = False
    for mark, start, body in _segments(content):
        if mark == END[1]:
            return scans, start, is_progressive, components
        if mark in _FRAMES and len(body) > 5:
            is_progressive = mark in _PROGRESSIVE
            components = tuple(body[6 : 6 + 3 * body[5] : 3])
        elif mark == _SCAN and len(body) >= 4 + 2 * body[0]:
            first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
            scans.append((tuple(body[1 : 1 + 2 * body[0] : 2]), first, last, bits & 0x0F))
    return scans, None, is_progressive, components


def _segments(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The marks of a JPEG with where they stand and what belongs to them, up to its end."""
    at = 2
    while found := _MARK.search(content, at):
        mark, at = found[1][0], found.end()
        if mark in _BARE or mark == END[1]:
            yield mark, found.start(), b""
            if mark == END[1]:
                return
            continue
        if at + 2 > len(content):
            return
        (length,) = struct.unpack_from(">H", content, at)
        yield mark, found.start(), content[at + 2 : at + length]
        at += length


def _are_all_there(scans: list[Scan], components: tuple[int, ...]) -> bool:
    """Whether the passes have every coefficient of the first component, down to its last bit."""
    left = [None] * _COEFFICIENTS if components else []
    for of, first, last, bits in scans:
        if components and components[0] in of:
            left[first : last + 1] = [bits] * (last + 1 - first)  # type: ignore[list-item]
    return not any(left) and None not in left
