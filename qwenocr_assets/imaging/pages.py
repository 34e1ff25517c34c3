"""Documents into pages, whatever their type."""

from collections.abc import Iterator

from qwenocr_assets.imaging.page_image import Page
from qwenocr_assets.imaging.pdf.document import count_pdf_pages, pdf_pages
from qwenocr_assets.imaging.pictures.files import count_images, image_pages
from qwenocr_assets.imaging.recipe import DEFAULT_RECIPE, Recipe
from qwenocr_assets.intake.media_types import MediaType


def count_pages(content: bytes, media_type: MediaType, recipe: Recipe = DEFAULT_RECIPE) -> int:
    """Number of pages of a document, from its headers.

    Raises:
        RejectedInput: it cannot be opened, or no page of it can be used.
    """
    if media_type is MediaType.PDF:
        return count_pdf_pages(content, recipe)
    return count_images(content, media_type, recipe.limits)


def pages_of_document(
    content: bytes,
    media_type: MediaType,
    recipe: Recipe = DEFAULT_RECIPE,
    *,
    first: int = 1,
    last: int | None = None,
) -> Iterator[Page]:
    """Pages `first` to `last` of a document in order, each as an image that the service accepts, or why not.

    A strip that is too long comes as a `TiledPage` and its tiles, all of the same number.

    Only one page is in memory at a time.

    Raises:
        RejectedInput: the document cannot be opened; the message says what is wrong with it.
    """
    if media_type is MediaType.PDF:
        return pdf_pages(content, recipe, first, last)
    return image_pages(content, media_type, recipe, first, last)
