"""Documents into pages, whatever their type."""

from collections.abc import Iterator

from qwenocr_assets.imaging.images import count_images, image_pages
from qwenocr_assets.imaging.limits import SERVICE_LIMITS, Limits
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage
from qwenocr_assets.imaging.pdf import count_pdf_pages, pdf_pages
from qwenocr_assets.intake.media_types import MediaType

RENDER_DPI = 200
"""Resolution at which PDF pages are drawn: an A4 page has 1654 × 2339 pixels, 10-point letters stand 20 high."""


def count_pages(content: bytes, media_type: MediaType, limits: Limits = SERVICE_LIMITS) -> int:
    """Number of pages of a document, from its headers.

    Raises:
        RejectedInput: it cannot be opened, or no page of it can be used.
    """
    if media_type is MediaType.PDF:
        return count_pdf_pages(content, limits)
    return count_images(content, media_type, limits)


def pages_of_document(
    content: bytes, media_type: MediaType, *, dpi: float = RENDER_DPI, limits: Limits = SERVICE_LIMITS
) -> Iterator[PageImage | RejectedPage]:
    """The pages of a document in order, each as an image that the service accepts, or the reason why not.

    Only one page is in memory at a time. `dpi` is for PDF pages that have to be drawn.

    Raises:
        RejectedInput: the document cannot be opened; the message says what is wrong with it.
    """
    if media_type is MediaType.PDF:
        return pdf_pages(content, dpi, limits)
    return image_pages(content, media_type, limits)
