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

_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b.{0,400}?\bstream\r?\n", re.DOTALL)
_SUSPECTS = {
    # the picture's data is not all of the picture
    b"Mask": re.compile(rb"/(?:SMask(?!\s*/None)|SMaskInData|Mask|ImageMask)(?![A-Za-z])"),
    # its values mean something else than a JPEG says by itself
    b"/Decode": re.compile(rb"/Decode(?![A-Za-z])"),
    b"/ColorTransform": re.compile(rb"/ColorTransform(?![A-Za-z])"),
    b"/TR": re.compile(rb"/TR2?(?![A-Za-z])"),
    # it may be turned off
    b"/OC": re.compile(rb"/OC(?![A-Za-z])"),
}
"""Keys, by a part that is quickly looked for, that make a picture look otherwise on the page than by itself."""
_USER_UNIT = re.compile(rb"/UserUnit\s+(\d+\s+\d+\s+R|[\d.]+)")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a PDF's dictionaries tell."""

    pictures_as_stored: bool
    """Nothing in the file makes a picture look otherwise on its page than by itself."""
    user_units: bool
    """There are pages whose units are not points."""
    pinned_files: bool
    """There are files pinned to pages."""


def traits(content: bytes) -> Traits:
    """Look through a PDF's dictionaries."""
    suspects, user_units, pinned_files = False, False, False
    for dictionaries in _dictionaries(content):
        suspects = suspects or any(
            part in dictionaries and key.search(dictionaries) for part, key in _SUSPECTS.items()
        )
        user_units = user_units or b"/UserUnit" in dictionaries
        pinned_files = pinned_files or b"/FileAttachment" in dictionaries
    return Traits(not suspects, user_units, pinned_files)


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
    """The file, and what its object streams hold."""
    yield content
    if b"/ObjStm" not in content:
        return
    left = _MOST_UNPACKED_BYTES
    for found in _OBJECT_STREAM.finditer(content):
        packed = content[found.end() : content.find(b"endstream", found.end())]
        try:
            unpacked = zlib.decompressobj().decompress(packed, left)
        except zlib.error:
            continue  # encrypted, or packed in some other way
        left -= len(unpacked)
        yield unpacked
        if left <= 0:
            return
