"""Files that a document carries inside, like a PDF its attachments: each is a document of its own.

One is addressed as `pdf://PLACE/NAME::PDF`: its place among the embedded files, from 0, its name, and where the PDF
lies. Names are only labels: nothing is ever written under them.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from qwenocr_assets.errors import RejectedInput

_SCHEME = "pdf://"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file in a document."""

    place: int
    """Among the files in it, from 0."""
    name: str
    """As a label: a path with /, in Unicode's composed form."""
    content: bytes | RejectedInput
    """Its bytes, or why they are not read."""


FindEmbedded = Callable[[bytes], Iterator[Embedded]]
"""The files in a document of these bytes, in its order; raises `RejectedInput` when it cannot be opened."""
ReadEmbedded = Callable[[bytes, int], bytes]
"""The bytes of the file at a place in a document of these bytes; raises `RejectedInput` when it cannot be read."""


def none_embedded(_: bytes) -> Iterator[Embedded]:
    """What finds no files in documents."""
    return iter(())


def embedded_uri(outer_uri: str, place: int, name: str) -> str:
    """The address of a file in the document at `outer_uri`."""
    return f"{_SCHEME}{place}/{quote(name, safe='/ ')}::{outer_uri}"


def split_embedded_uri(uri: str) -> tuple[str, int] | None:
    """The URI of the document around, and the place in it; None for the URI of another file."""
    if not uri.startswith(_SCHEME) or "::" not in uri:
        return None
    address, outer_uri = uri.removeprefix(_SCHEME).split("::", 1)
    return outer_uri, int(address.split("/", 1)[0])


def label(name: str, place: int) -> str:
    """A name that can stand in tables and be joined to the document's; without one, its place says which it is."""
    plain = "".join(c for c in unicodedata.normalize("NFC", name.replace("\\", "/")) if c.isprintable())
    parts = [part for part in plain.split("/") if part.strip() and part not in (".", "..")]
    return "/".join(parts) or f"attachment {place + 1}"
