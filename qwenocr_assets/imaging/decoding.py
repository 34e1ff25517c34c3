"""What the worker processes do. They import this module, each of them anew, so it imports little.

Files of a bucket come with a copy on this machine, where there is one: what talks to a bucket takes half a second of
processor time to import.
"""

from collections.abc import Iterator
from functools import lru_cache, partial

from qwenocr_assets.imaging.page_image import Page
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.pdf.attachments import embedded_files, read_embedded
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.files import Copies, read_unchanged, use_copies
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.parts import Part, counted, parts_of


def parts(uri: str, sha256: str, size_bytes: int, recipe: Recipe, copies: Copies) -> Iterator[Part]:
    """The documents in a file."""
    use_copies(copies)
    count, find = partial(count_pages, recipe=recipe), partial(embedded_files, passwords=recipe.passwords)
    yield from parts_of(uri, sha256, size_bytes, count, find_embedded=find)


def counted_part(part: Part, recipe: Recipe, copies: Copies) -> Iterator[Part]:
    """A file that came out of another with its pages counted, and what lies in it and is not opened."""
    use_copies(copies)
    yield from counted(
        part,
        partial(count_pages, recipe=recipe),
        find_embedded=partial(embedded_files, passwords=recipe.passwords),
        read_embedded=partial(read_embedded, passwords=recipe.passwords),
    )


def pages(
    uri: str, sha256: str, media_type: str, recipe: Recipe, first: int, last: int, copies: Copies
) -> Iterator[Page]:
    """Pages of a document, from the first to the last of these."""
    use_copies(copies)
    content = _content(uri, sha256, recipe.passwords)
    yield from pages_of_document(content, MediaType(media_type), recipe, first=first, last=last)


@lru_cache(maxsize=1)
def _content(uri: str, sha256: str, passwords: tuple[str, ...]) -> bytes:
    """The document's bytes, kept while its pages are made."""
    return read_unchanged(uri, sha256, read_embedded=partial(read_embedded, passwords=passwords))
