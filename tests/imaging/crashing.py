"""A decoder that crashes: a module of its own, because the worker processes import it and have little memory."""

import os
from collections.abc import Iterator

from qwenocr_assets.imaging import decoding
from qwenocr_assets.imaging.page_image import Page
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.files import Copies


def crashing_pages(
    fatal: tuple[int, ...],
    uri: str,
    sha256: str,
    media_type: str,
    recipe: Recipe,
    first: int,
    last: int,
    copies: Copies,
) -> Iterator[Page]:
    """Makes pages one by one, and ends its process at a fatal one."""
    for number in range(first, last + 1):
        if number in fatal:
            os._exit(9)
        yield from decoding.pages(uri, sha256, media_type, recipe, number, number, copies)
