"""TIFFs whose samples are stored in every way: what they look like, written out by hand."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from bench.pdf_files import pdf_of
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType

WIDTH, HEIGHT = 80, 100
BITS, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA, FORMAT = 258, 262, 277, 284, 338, 339


def seen() -> Image.Image:
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((5, 5, 20, 30), fill=0)
    draw.rectangle((40, 60, 70, 65), fill=0)
    return image


GREY = np.asarray(seen())


def tiff(data: bytes, tags: dict[int, tuple[int, ...]], order: str = "<") -> bytes:
    """One picture of `data` in a strip for each of its planes."""
    planes = tags.get(SAMPLES, (1,))[0] if tags.get(PLANAR) == (2,) else 1
    size = len(data) // planes
    said = {
        256: (WIDTH,),
        257: (HEIGHT,),
        BITS: (8,),
        259: (1,),
        PHOTOMETRIC: (1,),
        SAMPLES: (1,),
        278: (HEIGHT,),
    }
    said |= tags | {273: tuple(8 + size * plane for plane in range(planes)), 279: (size,) * planes}
    at = 8 + len(data)
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at) + data)
    far = at + 2 + 12 * len(said) + 4
    entries, behind = b"", b""
    for tag, values in sorted(said.items()):
        kind = "I" if tag in (273, 279) else "H"
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            packed, behind = struct.pack(order + "I", far + len(behind)), behind + packed
        entries += struct.pack(order + "HHI", tag, 4 if kind == "I" else 3, len(values)) + packed.ljust(
            4, b"\0"
        )
    return bytes(out + struct.pack(order + "H", len(said)) + entries + b"\0\0\0\0" + behind)


def page_of(content: bytes, media_type: MediaType = MediaType.TIFF) -> PageImage | RejectedPage:
    (page,) = pages_of_document(content, media_type, Recipe(dpi=72))
    return page


def looks(page: PageImage | RejectedPage) -> Image.Image:
    assert isinstance(page, PageImage)
    return Image.open(io.BytesIO(page.content)).convert("L")


WITH_NOTHING = (GREY / 255).astype("<f4")
WITH_NOTHING[0, 0] = -3.4e38
NAN = (GREY / 255).astype("<f4")
NAN[:, 0] = np.nan


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(tiff((GREY.astype(">u2") * 257).tobytes(), {BITS: (16,)}, ">"), id="16-bits-motorola"),
        pytest.param(tiff((GREY.astype("<u2") * 257).tobytes(), {BITS: (16,)}), id="16-bits-intel"),
        pytest.param(tiff((GREY ^ 0x80).tobytes(), {FORMAT: (2,)}), id="8-bits-signed"),
        pytest.param(tiff((GREY.astype("<i4") * 257 - 32768).astype("<i2").tobytes(), {BITS: (16,), FORMAT: (2,)}),
                     id="16-bits-signed"),
        pytest.param(tiff((GREY.astype("<u4") * 0x1010101).tobytes(), {BITS: (32,)}), id="32-bits"),
        pytest.param(tiff((GREY.astype("<i4") * 0x800000).tobytes(), {BITS: (32,), FORMAT: (2,)}), id="32-bits-signed"),
        pytest.param(tiff((255 - GREY).tobytes(), {PHOTOMETRIC: (3,), 320: tuple(range(255, -1, -1)) * 3}),
                     id="colours-to-255"),
        pytest.param(tiff((255 - GREY).tobytes(), {PHOTOMETRIC: (3,), 320: tuple(range(65535, -1, -257)) * 3}),
                     id="colours-to-65535"),
        pytest.param(tiff(NAN.tobytes(), {BITS: (32,), FORMAT: (3,)}), id="not-a-number"),
        pytest.param(tiff(WITH_NOTHING.tobytes(), {BITS: (32,), FORMAT: (3,)}), id="a-value-for-none"),
        pytest.param(
            tiff(np.dstack([GREY] * 3 + [GREY * 0]).tobytes(),
                 {BITS: (8,) * 4, PHOTOMETRIC: (2,), SAMPLES: (4,), EXTRA: (2,)}),
            id="all-clear",
        ),
        pytest.param(
            tiff(GREY.tobytes() * 3, {BITS: (8,) * 3, PHOTOMETRIC: (2,), SAMPLES: (3,), PLANAR: (2,)}), id="planes"
        ),
    ],
)  # fmt: skip
def test_a_tiff_looks_as_it_is_meant(content: bytes) -> None:
    assert ImageStat.Stat(ImageChops.difference(looks(page_of(content)), seen())).rms[0] < 3


def test_a_fifth_ink_is_refused_and_not_left_out() -> None:
    tags = {BITS: (8,) * 5, PHOTOMETRIC: (5,), SAMPLES: (5,), EXTRA: (0,)}
    with pytest.raises(RejectedInput, match="an ink beside"):
        page_of(tiff(np.dstack([GREY * 0] * 4 + [255 - GREY]).tobytes(), tags))


def test_planes_of_16_bits_are_refused_and_no_noise() -> None:
    tags = {BITS: (16,) * 3, PHOTOMETRIC: (2,), SAMPLES: (3,), PLANAR: (2,)}
    with pytest.raises(RejectedInput, match="colours apart"):
        page_of(tiff((GREY.astype("<u2") * 257).tobytes() * 3, tags))


def jpeg() -> bytes:
    buffer = io.BytesIO()
    noisy = Image.effect_noise((WIDTH, HEIGHT), 60)
    ImageChops.darker(noisy, seen()).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def pdf(data: bytes, dictionary: bytes, attributes: bytes, side: int = 100) -> bytes:
    picture = b"<</Type/XObject/Subtype/Image/Width %d/Height %d%s/Length %d>>stream\n%s\nendstream" % (
        WIDTH, HEIGHT, dictionary, len(data), data
    )  # fmt: skip
    content = b"q %d 0 0 %d 0 0 cm /I Do Q 0 g 2 2 1 1 re f" % (side * 4, side * 5)
    return pdf_of(
        [content], b"/XObject<</I 3 0 R>>", [picture], attributes=b"/MediaBox[0 0 400 500]" + attributes
    )


GREY_8 = b"/BitsPerComponent 8/ColorSpace/DeviceGray"
DCT = GREY_8 + b"/Filter/DCTDecode"
CCITT = (
    b"/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode"
    b"/DecodeParms<</K -1/Columns %d/Rows %d/BlackIs1 true>>" % (WIDTH, HEIGHT)
)


def fax() -> bytes:
    """What is seen, as Group 4 without a frame around it."""
    buffer = io.BytesIO()
    seen().convert("1").save(buffer, "TIFF", compression="group4", tiffinfo={PHOTOMETRIC: 1})
    with Image.open(buffer) as image:
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        ((at,), (count,)) = tags[273], tags[279]
    return buffer.getvalue()[at : at + count]


FAX = fax()


@pytest.mark.parametrize("attributes", [b"", b"/Rotate 90"], ids=["upright", "turned"])
@pytest.mark.parametrize(
    ("data", "dictionary", "is_whole"),
    [
        pytest.param(jpeg(), DCT, True, id="jpeg"),
        pytest.param(jpeg()[:-2], DCT, True, id="jpeg-without-its-end"),
        pytest.param(jpeg()[: len(jpeg()) // 2], DCT, False, id="half-a-jpeg"),
        pytest.param(jpeg()[: len(jpeg()) // 2] + b"\xff\xd9", DCT, False, id="half-a-jpeg-with-an-end"),
        pytest.param(FAX, CCITT, True, id="fax"),
        pytest.param(FAX.rstrip(b"\0")[:-3], CCITT, True, id="fax-without-its-end"),
        pytest.param(FAX[: len(FAX) // 2], CCITT, False, id="half-a-fax"),
        pytest.param(GREY.tobytes(), GREY_8, True, id="pixels"),
        pytest.param((GREY.astype(">u2") * 257).tobytes(), GREY_8.replace(b" 8", b" 16"), True, id="16-bits"),
        pytest.param(
            np.packbits(GREY > 128, axis=1).tobytes(), GREY_8.replace(b" 8", b" 1"), True, id="1-bit"
        ),
        pytest.param(GREY.tobytes()[: WIDTH * 40], GREY_8, False, id="40-rows-of-100"),
        pytest.param(
            np.packbits(GREY > 128, axis=1).tobytes()[:400],
            GREY_8.replace(b" 8", b" 1"),
            False,
            id="40-rows-of-1-bit",
        ),
    ],
)
def test_a_picture_of_a_pdf_that_breaks_off_is_no_page(
    data: bytes, dictionary: bytes, attributes: bytes, is_whole: bool
) -> None:
    page = page_of(pdf(data, dictionary, attributes), MediaType.PDF)
    assert isinstance(page, PageImage) is is_whole
    if isinstance(page, RejectedPage):
        assert "breaks off: a part of the page would be missing" in page.reason.message


def test_a_small_picture_that_breaks_off_leaves_the_page() -> None:
    assert isinstance(page_of(pdf(jpeg()[:900], DCT, b"", side=10), MediaType.PDF), PageImage)
