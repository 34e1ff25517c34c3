import io
import zipfile

import pytest
from PIL import Image

from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, name_foreign, sniff


def image_bytes(pillow_format: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(buffer, pillow_format)
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def ftyp(*brands: bytes) -> bytes:
    return (
        (8 + 4 + 4 * len(brands)).to_bytes(4, "big")
        + b"ftyp"
        + brands[0]
        + b"\0\0\0\0"
        + b"".join(brands[1:])
    )


@pytest.mark.parametrize(
    ("pillow_format", "expected"),
    [
        ("PDF", MediaType.PDF),
        ("PNG", MediaType.PNG),
        ("JPEG", MediaType.JPEG),
        ("TIFF", MediaType.TIFF),
        ("WEBP", MediaType.WEBP),
        ("BMP", MediaType.BMP),
        ("GIF", MediaType.GIF),
        ("AVIF", MediaType.AVIF),
    ],
)
def test_what_pillow_writes_is_recognised(pillow_format, expected):
    assert sniff(image_bytes(pillow_format)[:HEAD_BYTES]) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(b"\x00junk from a mail gateway\r\n%PDF-1.4\n", MediaType.PDF, id="pdf-after-junk"),
        pytest.param(b" " * 2000 + b"%PDF-1.4\n", None, id="pdf-mark-too-late"),
        pytest.param(b"MM\0*\0\0\0\x08", MediaType.TIFF, id="tiff-big-endian"),
        pytest.param(b"II+\0\x08\0\0\0", MediaType.TIFF, id="bigtiff"),
        pytest.param(ftyp(b"heic", b"mif1", b"heic"), MediaType.HEIC, id="heic"),
        pytest.param(ftyp(b"mif1", b"mif1", b"heic"), MediaType.HEIC, id="heic-by-compatible-brand"),
        pytest.param(ftyp(b"mif1", b"mif1"), MediaType.HEIF, id="heif"),
        pytest.param(ftyp(b"mif1", b"mif1", b"avif"), MediaType.AVIF, id="avif-by-compatible-brand"),
        pytest.param(ftyp(b"isom", b"mp42"), None, id="film"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt ", None, id="sound-in-riff"),
        pytest.param(b"BMW is a maker of cars, and no bitmap.", None, id="text-that-begins-with-BM"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\x89PN", None, id="cut-short"),
    ],
)
def test_types_by_their_first_bytes(head, expected):
    assert sniff(head) is expected


@pytest.mark.parametrize(
    ("head", "words"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"\0" * 100, "zero bytes", id="zeros"),
        pytest.param(b"Dear Sir,\nplease find attached\n", "plain text", id="text"),
        pytest.param(
            b"This is a line of plain text.\n", "plain text", id="text-that-begins-like-a-magic-number"
        ),
        pytest.param("请查收附件".encode(), "plain text", id="chinese-text"),
        pytest.param("日本語。".encode() * 400, "plain text", id="text-cut-within-a-character"),
        pytest.param(b"a,b,c\n1,2,3\n", "plain text", id="csv"),
        pytest.param(zipped("[Content_Types].xml", "word/document.xml"), "Office", id="docx"),
        pytest.param(b"<!DOCTYPE html><html></html>", "HTML", id="html"),
        pytest.param(b"\x7fELF" + b"\0" * 60, "ELF", id="program"),
        pytest.param(b"8BPS\0\2" + b"\0" * 40, "Photoshop", id="large photoshop"),
        pytest.param(b"\x93\xf1\x02\x9c\x88\xe5" * 9, "no known type", id="noise"),
    ],
)
def test_foreign_types_are_named(head, words):
    assert sniff(head[:HEAD_BYTES]) is None
    assert words in name_foreign(head[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [(MediaType.JPEG, ".jpg"), (MediaType.TIFF, ".tif"), (MediaType.PNG, ".png"), (MediaType.HEIC, ".heic")],
)
def test_suffixes(media_type, suffix):
    assert media_type.suffix == suffix
