"""Compressed frames one after the other: written with a checksum, read also where some of them are damaged.

A frame that is damaged costs itself and none of those behind it: reading goes on where the next one begins. Only what
reaches the end of the data without being whole is torn, as a crash leaves it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

_MAGIC = b"\x28\xb5\x2f\xfd"
"""How a frame begins (RFC 8878, section 3.1.1)."""
_MOST_INSIDE = 3
"""How often a frame's own bytes may look like the begin of another: once in four billion, each."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of the data: a whole frame with its content, or what is none."""

    begin: int
    end: int
    content: bytes | None
    """None for what is damaged or torn."""
    torn: bool = False
    """Cut off at the end of the data, as by a crash while it was written."""


def packed(content: bytes) -> bytes:
    """The content as one frame."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content)


def frames(data: bytes) -> Iterator[Frame]:
    """All of the data, stretch by stretch, in time that grows with its length."""
    decompressor = zstandard.ZstdDecompressor()
    begin = 0
    while begin < len(data):
        whole = _whole_frame(decompressor, data, begin)
        if whole is None:
            yield _damage(data, begin, end := _next_whole(decompressor, data, begin))
        else:
            yield whole
            end = whole.end
        begin = end


def _whole_frame(decompressor: zstandard.ZstdDecompressor, data: bytes, begin: int) -> Frame | None:
    """The frame that begins here, if one does and it is what was written."""
    if not data.startswith(_MAGIC, begin):
        return None
    end = begin
    for _ in range(_MOST_INSIDE):
        if end == len(data):
            return None
        end = _next_begin(data, end)
        frame = decompressor.decompressobj()
        try:
            content = frame.decompress(data[begin:end])
        except zstandard.ZstdError:
            return None
        if frame.eof:
            return Frame(begin, end - len(frame.unused_data), content)
    return None


def _next_begin(data: bytes, begin: int) -> int:
    found = data.find(_MAGIC, begin + len(_MAGIC))
    return len(data) if found < 0 else found


def _next_whole(decompressor: zstandard.ZstdDecompressor, data: bytes, begin: int) -> int:
    """Where the first whole frame behind this place begins; the end of the data if there is none."""
    while (begin := _next_begin(data, begin)) < len(data):
        if _whole_frame(decompressor, data, begin) is not None:
            break
    return begin


def _damage(data: bytes, begin: int, end: int) -> Frame:
    return Frame(begin, end, None, torn=end == len(data) and not _is_wrong(data[begin:end]))


def _is_wrong(tail: bytes) -> bool:
    """Whether the last stretch holds what no frame is; otherwise its end has only not been written."""
    if not _MAGIC.startswith(tail[: len(_MAGIC)]):
        return True
    try:
        zstandard.ZstdDecompressor().decompressobj().decompress(tail)
    except zstandard.ZstdError:
        return True
    return False
