"""Writing that gets lost: pale on transparent, in unusual inks, in the lower bits, in pixels that are not square."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageDraw

from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import HEAD_BYTES, sniff

SIZE = (300, 120)
SPOT = (40, 30, 200, 60)
"""A bar that stands for writing."""


def page_of(content: bytes) -> PageImage:
    (page,) = pages_of_document(content, sniff(content[:HEAD_BYTES]), Recipe())
    assert isinstance(page, PageImage)
    return page


def shown(page: PageImage) -> Image.Image:
    return Image.open(io.BytesIO(page.content)).convert("L")


def contrast(page: PageImage) -> int:
    """Levels of grey, of 255, between writing and ground."""
    grey = shown(page)
    assert grey.size == SIZE
    return abs(grey.getpixel((100, 45)) - grey.getpixel((5, 5)))


def written(mode: str, ground: object, ink: object, size: tuple[int, int] = SIZE) -> Image.Image:
    """Stripes, as letters have, on a ground."""
    image = Image.new(mode, size, ground)
    for left in range(SPOT[0], SPOT[2], 8):
        ImageDraw.Draw(image).rectangle((left, SPOT[1], left + 4, SPOT[3]), fill=ink)
    return image


def clear(ink: tuple[int, ...]) -> Image.Image:
    return written("RGBA", (*ink[:3], 0), (*ink[:3], ink[3] if len(ink) > 3 else 255))


WHITE, PALE, BLACK, YELLOW = (255, 255, 255), (225, 228, 230), (0, 0, 0), (255, 250, 120)


@pytest.mark.parametrize("ink", [WHITE, PALE, BLACK, YELLOW, (128, 128, 128)], ids=str)
@pytest.mark.parametrize(
    ("pillow_format", "mode", "options"),
    [
        ("PNG", "RGBA", {}),
        ("PNG", "LA", {}),
        ("PNG", "P", {}),
        ("GIF", "RGBA", {}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGBA", {"quality": 80}),
        ("AVIF", "RGBA", {}),
        ("HEIF", "RGBA", {}),
        ("TIFF", "RGBA", {}),
        ("TIFF", "LA", {}),
    ],
)
def test_writing_on_a_transparent_ground(encoded, pillow_format, mode, options, ink):
    image = clear(ink)
    image = image.quantize(8) if mode == "P" else image.convert(mode)
    page = page_of(encoded(image, pillow_format, **options))
    assert contrast(page) >= 60
    assert not page.is_blank


@pytest.mark.parametrize(("ground", "ink"), [(255, 250), (0, 255), (7, 0)])
def test_a_transparent_colour_of_a_grey_png(encoded, ground, ink):
    page = page_of(encoded(written("L", ground, ink), "PNG", transparency=ground))
    assert contrast(page) >= 60


GROUNDS = {
    "black ink": (clear(BLACK), "white"),
    "white ink": (clear(WHITE), "black"),
    "both": (ImageChops.composite(clear(WHITE), clear(BLACK), Image.linear_gradient("L").resize(SIZE).point(
        lambda value: 255 if value > 90 else 0)), "grey"),
    "opaque": (written("RGBA", (255, 255, 255, 255), (0, 0, 0, 255)), "none"),
    "a sheet of paper with a shadow around it": (None, "white"),
}  # fmt: skip


@pytest.mark.parametrize(("image", "ground"), GROUNDS.values(), ids=GROUNDS)
def test_the_ground_that_is_put_under_it(encoded, image, ground):
    if image is None:
        image = Image.new("RGBA", (800, 900), (0, 0, 0, 0))
        image.paste((0, 0, 0, 60), (12, 12, 792, 892))
        image.paste(written("RGBA", (255, 255, 255, 255), (0, 0, 0, 255), (770, 870)), (8, 8))
    change = page_of(encoded(image, "PNG")).changes[0]
    assert (change["step"], change["background"]) == ("flatten", ground)


def without_adobes_mark(jpeg: bytes) -> bytes:
    start = jpeg.index(b"\xff\xee")
    length = int.from_bytes(jpeg[start + 2 : start + 4], "big")
    return jpeg[:start] + jpeg[start + 2 + length :]


@pytest.mark.parametrize(
    "ink", [(0, 0, 0, 255), (255, 0, 0, 0), (60, 60, 60, 0)], ids=["key", "cyan", "pale"]
)
@pytest.mark.parametrize("marked", [True, False], ids=["by Adobe's rule", "straight, without Adobe's mark"])
def test_inks_of_a_cmyk_jpeg(encoded, ink, marked):
    image = written("CMYK", (0, 0, 0, 0), ink)
    if marked:
        content = encoded(image, "JPEG", quality=95)
    else:
        content = without_adobes_mark(encoded(ImageChops.invert(image), "JPEG", quality=95))
    page = page_of(content)
    assert contrast(page) >= 40
    assert shown(page).getpixel((5, 5)) > 240  # paper is white


def png(colour_type: int, samples: Callable[[int, int], tuple[int, ...]], extra: bytes = b"") -> bytes:
    """A PNG of 16 bits a sample."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(struct.pack(f">{len(samples(x, y))}H", *samples(x, y)) for x in range(SIZE[0]))
        for y in range(SIZE[1])
    )
    header = struct.pack(">IIBBBBB", *SIZE, 16, colour_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(photometric: int, level: Callable[[int, int], int]) -> bytes:
    """A grey TIFF of 16 bits a sample."""
    data = b"".join(struct.pack("<H", level(x, y)) for y in range(SIZE[1]) for x in range(SIZE[0]))
    tags = [(256, 3, SIZE[0]), (257, 3, SIZE[1]), (258, 3, 16), (259, 3, 1), (262, 3, photometric), (273, 4, 122),
            (277, 3, 1), (278, 3, SIZE[1]), (279, 4, len(data))]  # fmt: skip
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + directory + b"\0\0\0\0" + data


def is_ink(x: int, y: int) -> bool:
    return SPOT[0] <= x < SPOT[2] and SPOT[1] <= y < SPOT[3]


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["grey PNG", "RGB PNG", "RGBA PNG", "grey TIFF", "grey TIFF, white is zero"])
def test_fewer_bits_in_16(bits, kind):
    top = 2**bits - 1

    def level(x: int, y: int) -> int:
        return 0 if is_ink(x, y) else top

    content = {
        "grey PNG": lambda: png(0, lambda x, y: (level(x, y),)),
        "RGB PNG": lambda: png(2, lambda x, y: (level(x, y),) * 3),
        "RGBA PNG": lambda: png(6, lambda x, y: (level(x, y),) * 3 + (top,)),
        "grey TIFF": lambda: tiff(1, level),
        "grey TIFF, white is zero": lambda: tiff(0, lambda x, y: top - level(x, y)),
    }[kind]()
    page = page_of(content)
    assert contrast(page) == 255
    assert shown(page).getpixel((5, 5)) == 255
    (change,) = (change for change in page.changes if change["step"] == "depth")
    assert (change["from_bits"], change["to_bits"]) == (bits, 8)


@pytest.mark.parametrize(("ground", "ink"), [(64_000, 63_000), (30_000, 29_500), (200, 0)])
def test_pale_writing_in_16_bits(ground, ink):
    page = page_of(png(0, lambda x, y: (ink if is_ink(x, y) else ground,)))
    assert contrast(page) >= 200


@pytest.mark.parametrize("ground", [0, 4095], ids=["black is clear", "white is clear"])
def test_a_transparent_colour_of_16_bits(ground):
    transparent = struct.pack(">I", 2) + b"tRNS" + struct.pack(">H", ground)
    transparent += struct.pack(">I", zlib.crc32(transparent[4:]))
    page = page_of(png(0, lambda x, y: (4095 - ground if is_ink(x, y) else ground,), transparent))
    assert contrast(page) == 255


BLANK = {
    "PNG": (Image.new("RGB", SIZE, (250, 250, 251)), {}),
    "JPEG": (Image.new("L", (2000, 3000), 255), {}),
    "TIFF": (Image.new("1", SIZE, 1), {"compression": "group4"}),
    "GIF": (Image.new("L", SIZE, 7), {}),
    "WEBP": (Image.new("RGB", SIZE, "black"), {}),
    "AVIF": (Image.new("RGB", SIZE, "white"), {}),
    "BMP": (Image.new("RGB", SIZE, "navy"), {}),
}


@pytest.mark.parametrize("pillow_format", BLANK)
def test_a_page_of_one_colour_is_said_to_be_blank(encoded, pillow_format):
    image, options = BLANK[pillow_format]
    assert page_of(encoded(image, pillow_format, **options)).is_blank


@pytest.mark.parametrize("pillow_format", BLANK)
def test_a_page_with_a_word_is_not(encoded, pillow_format):
    image, options = BLANK[pillow_format]
    image = image.copy()
    word = (10, 10, 40, 20)
    image.paste(ImageChops.invert(image.convert("L")).convert(image.mode).crop(word), word)
    assert not page_of(encoded(image, pillow_format, **options)).is_blank


@pytest.mark.parametrize(
    ("content", "expected"), [(b"", True), (b"1 g 0 0 400 500 re f", True), (b"0 g 9 9 99 99 re f", False)]
)
def test_blank_pages_of_a_pdf(pdf_page, content, expected):
    assert page_of(pdf_page(content)).is_blank is expected


@pytest.mark.parametrize(
    ("dpi", "shape"),
    [((204, 98), (300, 250)), ((204, 196), (300, 125)), ((98, 204), (624, 120)), ((200, 200), SIZE)],
)
@pytest.mark.parametrize("pillow_format", ["TIFF", "PNG", "BMP"])
def test_pixels_that_are_not_square_become_so(encoded, pillow_format, dpi, shape):
    page = page_of(encoded(written("L", 255, 0), pillow_format, dpi=dpi))
    assert (page.width_px, page.height_px) == pytest.approx(shape, abs=1)
    assert page.file_dpi == pytest.approx(dpi, abs=0.1)
    assert page.dpi == pytest.approx(max(dpi), abs=0.1)
    a, _, _, _, e, _ = page.to_original
    assert (a * page.width_px, e * page.height_px) == pytest.approx(SIZE)


def test_a_fax_lying_on_its_side(encoded):
    page = page_of(encoded(written("1", 1, 0), "TIFF", dpi=(204, 98), tiffinfo={274: 6}))
    assert (page.width_px, page.height_px) == (250, 300)
    assert [change["step"] for change in page.changes] == ["upright", "square_pixels"]
    left, top, *_ = ImageChops.invert(shown(page)).point(lambda value: 255 if value > 128 else 0).getbbox()
    a, b, c, d, e, f = page.to_original
    x, y = left, top  # of the turned bar, whose lower left end was its upper left one
    assert (a * x + b * y + c, d * x + e * y + f) == pytest.approx((SPOT[0], SPOT[3]), abs=2)
