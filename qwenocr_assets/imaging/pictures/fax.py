"""The data of faxes (ITU-T T.4 and T.6): whether all lines are there. Decoders fill the rest, and say nothing."""

import io
import re
import struct
from collections.abc import Sequence
from typing import Final

from PIL import Image

_END_OF_LINE: Final = "000000000001"
_ENDS_OF_LINES: Final = re.compile(_END_OF_LINE)
_MARGIN_LINE: Final = "001001101010101"
"""A line of Group 4 below a white one: no white, one black pixel, and on as the line above."""
_BEGUN: Final = ("", "1", "01", "001", "0001", "00001", "0000001")
"""What may be left of the code in which the data stops."""


def count_lines(data: bytes) -> int:
    """The lines that Group 3 marks the end of."""
    return len(_ENDS_OF_LINES.findall(_bits(data)))


def lacks_lines(parts: Sequence[bytes], width: int, rows: int) -> bool:
    """Whether a picture of Group 4, in one part or several, lacks some; `rows` are those of its last part.

    A part has an end of its own, which some writers leave out of all of them. Then the last one lacks lines if it takes
    those behind it for its own.
    """
    have_end = [_bits(part.rstrip(b"\0")[-8:]).rstrip("0").endswith(2 * _END_OF_LINE) for part in parts]
    if all(have_end):
        return False
    return any(have_end) or _goes_on(parts[-1], width, rows)


def _goes_on(part: bytes, width: int, rows: int) -> bool:
    data, unpadded = _bits(part), _bits(part.rstrip(b"\0"))
    found = _decoded(data, width, rows)
    if found == _decoded(unpadded, width, rows):
        data = unpadded
    return any(_decoded(data + begun + _MARGIN_LINE * (rows + 8), width, rows) != found for begun in _BEGUN)


def _bits(data: bytes) -> str:
    return f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}" if data else ""


def _decoded(bits: str, width: int, rows: int) -> bytes:
    """The lines that Group 4 says; what it does not say is of one colour."""
    data = int(f"1{bits}{'0' * (-len(bits) % 8)}", 2).to_bytes(len(bits) // 8 + 2, "big").lstrip(b"\0")[1:]
    said = {256: width, 257: rows, 258: 1, 259: 4, 262: 0, 273: 8, 277: 1, 278: rows, 279: len(data)}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in said.items())
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    whole = head + data + struct.pack("<H", len(said)) + directory + bytes(4)
    with Image.open(io.BytesIO(whole), formats=["TIFF"]) as image:
        return image.tobytes()
