"""A PDF that goes to the service whole, and how it travels.

Only an address is described for it (API reference of the Responses dialect, 2026): a public one that the service
fetches. That a temporary upload does as well is likely and not described; inside a request it is not described either.
"""

from dataclasses import dataclass

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.qwenocr.images import FileBytes, ImageAt, SentAs

PDF = "application/pdf"


@dataclass(frozen=True, init=False)
class PdfBytes(FileBytes):
    """A PDF's file content."""

    pages: int

    def __init__(self, data: bytes, pages: int) -> None:
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "media_type", PDF)
        object.__setattr__(self, "pages", pages)


@dataclass(frozen=True, slots=True)
class PdfAt:
    """A PDF that the service fetches itself: `http(s)://`, or `oss://` from an earlier upload."""

    url: str
    pages: int

    def __post_init__(self) -> None:
        ImageAt(self.url)  # the same addresses can be fetched

    @property
    def is_temporary(self) -> bool:
        return ImageAt(self.url).is_temporary


Pdf = PdfBytes | PdfAt


def choose_pdf_way(pdf: Pdf, *, has_uploads: bool, is_local: bool, max_bytes: int) -> SentAs:
    """How a PDF travels: at its address, by upload, or inside the request where an app of this process answers.

    Raises:
        RejectedInput: it is too large, or there is no way for it.
    """
    if isinstance(pdf, PdfAt):
        return SentAs.UPLOAD if pdf.is_temporary else SentAs.URL
    if len(pdf.data) > max_bytes:
        raise RejectedInput(
            f"The PDF has {len(pdf.data):,} bytes: the model takes at most {max_bytes:,} of a PDF.",
            "Send it page by page.",
        )
    if is_local:
        return SentAs.DATA_URL
    if has_uploads:
        return SentAs.UPLOAD
    raise RejectedInput(
        "This region has no temporary uploads, and a PDF goes whole at an address only.",
        "Name its public address (whole_pdf_url of a route), or send it page by page.",
    )
