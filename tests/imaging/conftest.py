"""Files to be made into pages: pictures by Pillow, PDFs written out by hand so that every detail is chosen."""

import hashlib
import io
import struct
from collections.abc import Callable

import pillow_heif
import pytest
from PIL import Image, ImageDraw

from bench.pdf_files import pdf_of

pillow_heif.register_heif_opener()

PAGE_POINTS = (400, 500)


def _encoded(image: Image.Image, pillow_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, pillow_format, **options)
    return buffer.getvalue()


def _pdf(
    pages: list[tuple[bytes, bytes]], objects: list[bytes], resources: bytes, catalog: bytes = b""
) -> bytes:
    contents, attributes = [content for content, _ in pages], {attributes for _, attributes in pages} or {b""}
    return pdf_of(contents, resources, objects, attributes=attributes.pop(), catalog=catalog, packed=False)


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """Encode a picture: `encoded(image, "PNG", **options)`."""
    return _encoded


@pytest.fixture
def gradient() -> Callable[..., Image.Image]:
    """A picture without symmetry, dark at the top left, in any mode: `gradient("RGB", 80, 100)`."""

    def make(mode: str = "RGB", width: int = 80, height: int = 100) -> Image.Image:
        grey = Image.linear_gradient("L").resize((width, height))
        ImageDraw.Draw(grey).rectangle((0, 0, width // 4, height // 4), fill=0)
        if mode in ("RGB", "RGBA"):
            flipped = grey.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            return Image.merge("RGB", (grey, flipped, grey)).convert(mode)
        return grey.convert(mode)

    return make


@pytest.fixture
def pdf_page() -> Callable[..., bytes]:
    """A PDF of pages of 400 × 500 points with these content streams; /F is Helvetica, /I the picture.

    `picture` is the picture's dictionary (without length) and its data, `attributes` goes into each page.
    """

    def make(
        *contents: bytes,
        picture: tuple[bytes, bytes] | None = None,
        attributes: bytes = b"",
        objects: tuple[bytes, ...] = (),
        resources: bytes = b"",
        catalog: bytes = b"",
    ) -> bytes:
        resources += b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
        if picture:
            dictionary, data = picture
            stream = b"<</Type/XObject/Subtype/Image%s/Length %d>>stream\n%s\nendstream"
            objects = (stream % (dictionary, len(data), data), *objects)
            resources += b"/XObject<</I 3 0 R>>"
        box = b"" if b"/MediaBox" in attributes else b"/MediaBox[0 0 %d %d]" % PAGE_POINTS
        return _pdf([(content, box + attributes) for content in contents], list(objects), resources, catalog)

    return make


_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
"""What passwords are filled up with (ISO 32000-1, 7.6.3.3)."""


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


@pytest.fixture
def locked_pdf() -> Callable[..., bytes]:
    """A PDF of one page under 40-bit RC4, by the algorithms of ISO 32000-1, 7.6: `locked_pdf(user="a", owner="b")`."""

    def make(*, user: str, owner: str) -> bytes:
        padded = [(word.encode() + _PADDING)[:32] for word in (user, owner)]
        owner_entry = _rc4(hashlib.md5(padded[1]).digest()[:5], padded[0])
        permissions = -64
        identity = b"0123456789abcdef"
        key = hashlib.md5(padded[0] + owner_entry + struct.pack("<i", permissions) + identity).digest()[:5]
        user_entry = _rc4(key, _PADDING)
        number = 4  # of the page's content stream, see _pdf
        stream_key = hashlib.md5(key + struct.pack("<I", number)[:3] + b"\0\0").digest()[:10]
        content = _rc4(stream_key, b"0 g 50 50 200 200 re f")
        pdf = _pdf([(content, b"/MediaBox[0 0 %d %d]" % PAGE_POINTS)], [], b"")
        lock = b"/Encrypt<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P %d>>/ID[<%s><%s>]" % (
            owner_entry.hex().encode(),
            user_entry.hex().encode(),
            permissions,
            *[identity.hex().encode()] * 2,
        )
        return pdf.replace(b"trailer<<", b"trailer<<" + lock)

    return make


@pytest.fixture
def jpeg_picture(gradient) -> tuple[bytes, bytes]:
    """An RGB JPEG of 800 × 1000 pixels, as a picture of `pdf_page`."""
    data = _encoded(gradient("RGB", 800, 1000), "JPEG", quality=90)
    return b"/Width 800/Height 1000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/DCTDecode", data
