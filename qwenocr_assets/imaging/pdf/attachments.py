"""Files inside a PDF: portfolios, attachments, invoices as XML, files pinned to pages. None of them is drawn.

They are under the same limits as the members of an archive (`intake.archives`).
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import closing

import pypdfium2
import pypdfium2.raw as pdfium_c

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.pdf.dictionaries import traits
from qwenocr_assets.imaging.pdf.pdfium import open_pdf, without_password
from qwenocr_assets.intake.archives import MAX_MEMBERS, MAX_UNPACKED_BYTES
from qwenocr_assets.intake.embedded import Embedded, label
from qwenocr_assets.intake.files import MAX_DOCUMENT_BYTES

_UNREADABLE = RejectedInput(
    "It cannot be taken out of the PDF: it is damaged, encrypted by itself, or only a reference to another file.",
    "Save the attachment with a PDF viewer and drop it by itself.",
)


def embedded_files(content: bytes, passwords: Sequence[str] = ()) -> Iterator[Embedded]:
    """The files in a PDF, one at a time in memory: first those of the document, then those pinned to pages.

    Too many, or too much, end in one that says so.

    Raises:
        RejectedInput: the PDF needs a password that is not among `passwords`.
    """
    if b"/EF" not in content and b"/ObjStm" not in content:
        return
    try:
        document = open_pdf(content, passwords)
    except pypdfium2.PdfiumError:
        return  # what poppler may still draw has its pages; its attachments stay where they are
    with closing(document):
        names: dict[str, int] = {}
        unpacked = 0
        for place, attachment in enumerate(_attachments(document, content)):
            if place >= MAX_MEMBERS:
                reason = RejectedInput(
                    f"The PDF holds more than {MAX_MEMBERS:,} files.",
                    "Save them and drop the files themselves.",
                )
                yield Embedded(place, "further attachments", reason)
                return
            name = label(_name(attachment), place)
            names[name] = names.get(name, 0) + 1
            if names[name] > 1:
                name = f"{names[name]}/{name}"
            data = _data(attachment)
            if not isinstance(data, RejectedInput):
                unpacked += len(data)
                if unpacked > MAX_UNPACKED_BYTES:
                    data = RejectedInput(
                        f"The files in the PDF unpack to more than {MAX_UNPACKED_BYTES / 2**20:,.0f} MiB.",
                        "Save them and drop the files themselves.",
                    )
            yield Embedded(place, name, data)


def read_embedded(content: bytes, place: int, passwords: Sequence[str] = ()) -> bytes:
    """The bytes of the file at `place`, from 0.

    Raises:
        RejectedInput: it cannot be read.
    """
    try:
        document = open_pdf(content, passwords)
    except pypdfium2.PdfiumError as error:
        raise RejectedInput("The PDF around it cannot be opened.", "Drop it again.") from error
    with closing(document):
        for at, attachment in enumerate(_attachments(document, content)):
            if at == place:
                data = _data(attachment)
                if isinstance(data, RejectedInput):
                    raise data
                return data
    raise RejectedInput("The PDF has no such file any more.", "Drop it again.")


def _attachments(document: pypdfium2.PdfDocument, content: bytes) -> Iterator[pypdfium2.PdfAttachment]:
    for index in range(document.count_attachments()):
        yield document.get_attachment(index)
    known = traits(content)
    if known.is_closed:
        known = traits(without_password(document, content))
    if not known.pinned_files:
        return
    for number in range(len(document)):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            continue  # said where the page is made
        with closing(page):
            yield from _pinned_to(page, document)


def _pinned_to(page: pypdfium2.PdfPage, document: pypdfium2.PdfDocument) -> Iterator[pypdfium2.PdfAttachment]:
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        try:
            if pdfium_c.FPDFAnnot_GetSubtype(annotation) == pdfium_c.FPDF_ANNOT_FILEATTACHMENT:
                raw = pdfium_c.FPDFAnnot_GetFileAttachment(annotation)
                if raw:
                    yield pypdfium2.PdfAttachment(raw, document)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)


def _name(attachment: pypdfium2.PdfAttachment) -> str:
    try:
        return str(attachment.get_name())
    except (pypdfium2.PdfiumError, UnicodeDecodeError):
        return ""


def _data(attachment: pypdfium2.PdfAttachment) -> bytes | RejectedInput:
    length = ctypes.c_ulong()
    if not pdfium_c.FPDFAttachment_GetFile(attachment, None, 0, length):
        return _UNREADABLE
    if length.value > MAX_DOCUMENT_BYTES:
        return RejectedInput(
            f"The file is larger than {MAX_DOCUMENT_BYTES / 2**20:,.0f} MiB.", "Split it into smaller files."
        )
    try:
        return bytes(attachment.get_data()) if length.value else b""
    except pypdfium2.PdfiumError:
        return _UNREADABLE
