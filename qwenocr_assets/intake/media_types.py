"""What a file is, by its content; its name is never asked."""

from enum import StrEnum

import puremagic

from qwenocr_assets.intake.archives import is_office_file

HEAD_BYTES = 4096
"""How much of a file's beginning decides its type."""

_PDF_MARK_WITHIN = 1024
"""Readers accept `%PDF-` anywhere in the first kilobyte (ISO 32000, implementation notes of Annex H)."""

_INVOICE_MARKS = (b"CrossIndustryInvoice", b"CrossIndustryDocument", b"ubl:schema:xsd:Invoice")
"""What Factur-X, ZUGFeRD (also its first version) and UBL invoices have in their first element."""

_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_HEIF_BRANDS = {b"mif1", b"mif2", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}


class MediaType(StrEnum):
    """The kinds of document that are accepted, as MIME types."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TIFF = "image/tiff"
    WEBP = "image/webp"
    BMP = "image/bmp"
    GIF = "image/gif"
    HEIC = "image/heic"
    HEIF = "image/heif"
    AVIF = "image/avif"
    PSD = "image/vnd.adobe.photoshop"
    ZIP = "application/zip"
    """An archive of documents; its members are taken, never another archive in it."""

    @property
    def suffix(self) -> str:
        """The usual ending of file names, with the dot."""
        return {MediaType.JPEG: ".jpg", MediaType.TIFF: ".tif"}.get(self, f".{self.name.lower()}")


def sniff(head: bytes) -> MediaType | None:
    """The type of a file that begins with `head` (`HEAD_BYTES` are enough); None when it is not accepted."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return MediaType.TIFF
    if head.startswith((b"GIF87a", b"GIF89a")):
        return MediaType.GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith(b"8BPS\0\1"):
        return MediaType.PSD
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return MediaType.BMP
    if head.startswith((b"PK\3\4", b"PK\5\6")):  # before PDF: one may be stored in it
        return None if is_office_file(head) else MediaType.ZIP
    if b"%PDF-" in head[:_PDF_MARK_WITHIN]:
        return MediaType.PDF
    return None


def name_foreign(head: bytes) -> str:
    """What a file that is not accepted seems to be, in words that follow "it is …"."""
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "a file that begins with nothing but zero bytes"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        invoice = any(mark in head for mark in _INVOICE_MARKS)
        return "an electronic invoice in XML" if invoice else "XML"
    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        matches = []
    text = _is_text(head)
    # A weak guess (a byte or two that fit, or words like "This is") is worth less than the certainty that it reads as
    # text.
    certain = [
        m
        for m in matches
        if m.name and m.confidence >= (0.6 if text else 0.2) and not (text and _is_words(m.byte_match))
    ]
    if certain:
        return f"of the type “{certain[0].name}”"
    return "plain text" if text else "of no known type"


def _iso_media(head: bytes) -> MediaType | None:
    """HEIC, HEIF or AVIF by the brands of the `ftyp` box; None for film and sound in the same container."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[i : i + 4] for i in range(16, end, 4))}
    if brands & _AVIF_BRANDS:
        return MediaType.AVIF
    if brands & _HEIC_BRANDS:
        return MediaType.HEIC
    if brands & _HEIF_BRANDS:
        return MediaType.HEIF
    return None


def _is_words(match: bytes) -> bool:
    return match.replace(b" ", b"").isalpha()


def _is_text(head: bytes) -> bool:
    """Whether it reads as UTF-8 or UTF-16 text; a character cut at the end does not count against it."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) >= HEAD_BYTES
    return True
