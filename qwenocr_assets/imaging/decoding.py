"""What the worker processes do. They import this module, each of them anew, so it imports little."""

from collections.abc import Iterator
from functools import lru_cache, partial

from qwenocr_assets.imaging.page_image import Page
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.files import read_unchanged
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.parts import Part, counted, parts_of


def parts(uri: str, sha256: str, size_bytes: int, recipe: Recipe) -> Iterator[Part]:
    """The documents in a file."""
    yield from parts_of(uri, sha256, size_bytes, partial(count_pages, recipe=recipe))


def counted_part(part: Part, recipe: Recipe) -> Iterator[Part]:
    """A member of an archive with its pages counted."""
    yield counted(part, partial(count_pages, recipe=recipe))


def pages(uri: str, sha256: str, media_type: str, recipe: Recipe, first: int, last: int) -> Iterator[Page]:
    """Pages of a document, from the first to the last of these."""
    content = _content(uri, sha256)
    yield from pages_of_document(content, MediaType(media_type), recipe, first=first, last=last)


@lru_cache(maxsize=1)
def _content(uri: str, sha256: str) -> bytes:
    """The document's bytes, kept while its pages are made."""
    return read_unchanged(uri, sha256)
