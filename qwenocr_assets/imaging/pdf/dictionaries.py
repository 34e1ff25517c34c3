"""What a PDF's dictionaries tell that PDFium has no question for, found in the file's bytes.

A picture's dictionary stands in the file as it is. Other dictionaries may be packed into object streams, which are
unpacked here; those of an encrypted file stay closed (`pdfium.without_password` opens it).
"""

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2

_MOST_UNPACKED_BYTES = 64 * 2**20
"""Most that all object streams of a file may unpack to; what lies behind is not looked into."""

_LONGEST_HEAD = 400
"""The dictionary of an object stream is short."""
_SUSPECTS = re.compile(
    rb"/(?:"
    rb"SMask(?!\s*/None)|SMaskInData|Mask|ImageMask|"  # the picture's data is not all of the picture
    rb"Decode|ColorTransform|TR2?|"  # its values mean something else than a JPEG says by itself
    rb"OC"  # it may be turned off
    rb")(?![A-Za-z])"
)
"""Keys that make a picture look otherwise on the page than by itself."""
_COLOUR_SPACE = re.compile(rb"/ColorSpace\s*(/\w+|.)", re.DOTALL)
_LENGTH = re.compile(rb"/Length\s+(\d{1,12})(?!\d|\s+\d+\s+R)")
_USER_UNIT = re.compile(rb"/UserUnit\s+(\d+\s+\d+\s+R|[\d.]+)")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a PDF's dictionaries tell."""

    pictures_as_stored: bool
    """Nothing in the file makes a picture look otherwise on its page than by itself, but for its colour space."""
    colour_spaces: frozenset[str]
    """Those in the file, like `DeviceRGB`; "" stands for any that is not named but described."""
    user_units: bool
    """There are pages whose units are not points."""
    pinned_files: bool
    """There are files pinned to pages."""
    is_closed: bool
    """Object streams are encrypted, so that all this is not known of what they hold."""


def traits(content: bytes) -> Traits:
    """Look through a PDF's dictionaries."""
    dictionaries = b"\n".join(_dictionaries(content))
    return Traits(
        _SUSPECTS.search(dictionaries) is None,
        frozenset(
            space[1:].decode() if space.startswith(b"/") else ""
            for space in _COLOUR_SPACE.findall(dictionaries)
        ),
        b"/UserUnit" in dictionaries,
        b"/FileAttachment" in dictionaries,
        b"/Encrypt" in dictionaries and b"/ObjStm" in dictionaries,
    )


def user_unit(document: pypdfium2.PdfDocument, number: int) -> float:
    """The size of the units of page `number`, from 1, in points (ISO 32000-1, table 30).

    PDFium has no question for it, but writes it out with the page.
    """
    alone = pypdfium2.PdfDocument.new()
    try:
        alone.import_pages(document, [number - 1])
        buffer = io.BytesIO()
        alone.save(buffer)
    finally:
        alone.close()
    return _unit(buffer.getvalue())


def only_user_unit(content: bytes) -> float:
    """The size of the units of all pages of a PDF that PDFium cannot open; 1 if they differ."""
    found = {_unit(part) for part in _dictionaries(content) if b"/UserUnit" in part}
    return found.pop() if len(found) == 1 else 1.0


def _unit(dictionaries: bytes) -> float:
    values = set(_USER_UNIT.findall(dictionaries))
    if len(values) != 1:
        return 1.0
    value = values.pop()
    if value.endswith(b"R"):
        number = value.split()[0]
        direct = re.search(rb"(?<!\d)%s\s+\d+\s+obj\s+([\d.]+)\s" % number, dictionaries)
        value = direct[1] if direct else b"1"
    try:
        unit = float(value)
    except ValueError:
        return 1.0
    return unit if unit > 0 else 1.0


def _dictionaries(content: bytes) -> Iterator[bytes]:
    """The file without the data of its streams, and what its object streams hold."""
    place, left = 0, _MOST_UNPACKED_BYTES
    while (start := content.find(b"stream", place)) >= 0:
        yield content[place:start]
        if content.endswith(b"end", 0, start):  # of a stream in a stream
            place = start + 6
            continue
        head = content[max(place, start - _LONGEST_HEAD) : start]
        end = _end_of_stream(content, start, head)
        if end < 0:  # it breaks off
            return
        place = end + 9
        if left > 0 and b"/ObjStm" in head:
            try:
                unpacked = zlib.decompressobj().decompress(content[start + 6 : end].lstrip(b"\r\n"), left)
            except zlib.error:
                continue  # encrypted, or packed in some other way
            left -= len(unpacked)
            yield unpacked
    yield content[place:]


def _end_of_stream(content: bytes, start: int, head: bytes) -> int:
    """Where the `endstream` of a stream stands, by its length if that is true; -1 if there is none."""
    lengths = _LENGTH.findall(head)
    if lengths:
        said = start + 6 + int(lengths[-1])
        found = content.find(b"endstream", said, said + 16)
        if found >= 0:
            return found
    return content.find(b"endstream", start)
