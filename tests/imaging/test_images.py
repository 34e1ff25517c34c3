import io
import struct
import zlib

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import SERVICE_LIMITS, Limits
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import HEAD_BYTES, MediaType, sniff


def pages(content: bytes, limits: Limits = SERVICE_LIMITS) -> list[PageImage | RejectedPage]:
    media_type = sniff(content[:HEAD_BYTES])
    found = list(pages_of_document(content, media_type, Recipe(limits=limits)))
    assert len(found) == count_pages(content, media_type, Recipe(limits=limits))
    return found


def only_page(content: bytes, limits: Limits = SERVICE_LIMITS) -> PageImage:
    (page,) = pages(content, limits)
    assert isinstance(page, PageImage)
    return page


def pixels(page: PageImage) -> Image.Image:
    image = Image.open(io.BytesIO(page.content))
    assert image.size == (page.width_px, page.height_px)
    assert sniff(page.content[:HEAD_BYTES]) is page.media_type
    return image


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of two pictures, of 255."""
    assert a.size == b.size
    return max(ImageStat.Stat(ImageChops.difference(a.convert("RGB"), b.convert("RGB"))).mean)


def steps(page: PageImage) -> list[str]:
    return [str(change["step"]) for change in page.changes]


@pytest.mark.parametrize(
    ("pillow_format", "mode", "options"),
    [
        ("PNG", "1", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "RGB", {}),
        ("JPEG", "L", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("BMP", "1", {}),
        ("BMP", "L", {}),
        ("BMP", "RGB", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "L", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {}),
        ("HEIF", "RGB", {}),
    ],
)
def test_what_the_service_takes_passes_untouched(encoded, gradient, pillow_format, mode, options):
    content = encoded(gradient(mode), pillow_format, dpi=(150, 150), **options)
    page = only_page(content)
    assert page.content == content
    assert (page.origin, page.changes, page.renderer) == ("untouched", (), None)
    assert (page.number, page.width_px, page.height_px) == (1, 80, 100)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "BMP"])
def test_the_resolution_that_a_file_states(encoded, gradient, pillow_format):
    assert only_page(encoded(gradient(), pillow_format, dpi=(150, 150))).dpi == pytest.approx(150, abs=0.1)


@pytest.mark.parametrize(
    ("pillow_format", "mode", "options", "media_type", "expected_mode", "expected_steps"),
    [
        ("PNG", "RGBA", {}, MediaType.PNG, "RGB", ["flatten"]),
        ("PNG", "LA", {}, MediaType.PNG, "L", ["flatten"]),
        ("PNG", "P", {"transparency": 7}, MediaType.PNG, "RGB", ["flatten"]),
        ("PNG", "L", {"transparency": 7}, MediaType.PNG, "L", ["flatten"]),
        ("PNG", "I;16", {}, MediaType.PNG, "L", ["depth"]),
        ("TIFF", "I;16", {}, MediaType.PNG, "L", ["depth"]),
        ("TIFF", "I", {}, MediaType.PNG, "L", ["depth"]),
        ("TIFF", "F", {}, MediaType.PNG, "L", ["depth"]),
        ("TIFF", "CMYK", {}, MediaType.PNG, "RGB", ["convert"]),
        ("TIFF", "YCbCr", {}, MediaType.PNG, "RGB", ["convert"]),
        ("TIFF", "RGBA", {}, MediaType.PNG, "RGB", ["flatten"]),
        ("JPEG", "CMYK", {}, MediaType.JPEG, "RGB", ["convert", "encode"]),
        ("WEBP", "RGBA", {}, MediaType.JPEG, "RGB", ["flatten", "encode"]),
        ("GIF", "L", {}, MediaType.PNG, "L", ["convert"]),
        ("GIF", "RGB", {}, MediaType.PNG, "RGB", ["convert"]),
        ("AVIF", "RGB", {}, MediaType.JPEG, "RGB", ["encode"]),
        ("HEIF", "RGBA", {}, MediaType.JPEG, "RGB", ["flatten", "encode"]),
    ],
)
def test_what_the_service_does_not_take_is_converted(
    encoded, gradient, pillow_format, mode, options, media_type, expected_mode, expected_steps
):
    if mode in ("I;16", "I"):
        image = gradient("I").point(lambda value: value * 257 + 0).convert(mode)
    else:
        image = gradient("RGB" if mode in ("P", "CMYK", "YCbCr") else mode).convert(mode)
        if mode == "RGBA":
            image.putalpha(253)  # WEBP drops an alpha channel that says nothing
    page = only_page(encoded(image, pillow_format, **options))
    assert page.origin == "converted"
    assert page.media_type is media_type
    assert steps(page) == expected_steps
    assert pixels(page).mode == expected_mode
    if "transparency" not in options:
        wanted = gradient(expected_mode)
        assert difference(pixels(page), wanted) < (12 if pillow_format == "GIF" else 4)


def test_transparency_becomes_white(encoded):
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 10, 20, 20))
    shown = pixels(only_page(encoded(image, "PNG")))
    assert shown.getpixel((0, 0)) == (255, 255, 255)
    assert shown.getpixel((15, 15)) == (0, 0, 0)


def test_16_bit_rgb_png_becomes_8_bit(gradient):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + struct.pack(">3H", 60_000, 30_000, 0) * 20 for _ in range(20))
    header = struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    page = only_page(content)
    assert steps(page) == ["depth"]
    assert pixels(page).getpixel((5, 5)) == (234, 117, 0)
    assert page.content[24] == 8


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_turned_pictures_come_upright(encoded, gradient, pillow_format, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    content = encoded(gradient(), pillow_format, exif=exif)
    page = only_page(content)
    shown = pixels(page)
    assert page.origin == "converted"
    assert page.changes[0] == {"step": "upright", "exif_orientation": orientation}
    assert shown.getexif().get(274) is None
    # ImageOps reads the tag by itself; our table is written out by hand
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert difference(shown, upright) < 4
    assert shown.size == ((80, 100) if orientation < 5 else (100, 80))


def test_a_picture_said_to_be_upright_passes_untouched(encoded, gradient):
    exif = Image.Exif()
    exif[274] = 1
    content = encoded(gradient(), "JPEG", exif=exif)
    assert only_page(content).content == content


@pytest.mark.parametrize("pillow_format", ["TIFF", "GIF"])
def test_frames_are_pages(encoded, pillow_format):
    levels = [0, 100, 200]
    frames = [Image.new("L", (30, 40), level) for level in levels]
    content = encoded(frames[0], pillow_format, save_all=True, append_images=frames[1:])
    found = pages(content)
    assert [page.number for page in found] == [1, 2, 3]
    assert [pixels(page).convert("L").getpixel((5, 5)) for page in found] == levels
    assert [page.changes[0] for page in found] == [{"step": "frame", "index": index} for index in range(3)]


def test_a_thumbnail_in_a_tiff_is_no_page(encoded, gradient):
    thumbnail = gradient("L", 20, 25)
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    content = encoded(gradient("L"), "TIFF", save_all=True, append_images=[thumbnail])
    page = only_page(content)
    assert (page.width_px, page.height_px) == (80, 100)


@pytest.mark.parametrize(
    ("pillow_format", "options"), [("WEBP", {"lossless": True}), ("PNG", {}), ("AVIF", {})]
)
def test_of_an_animation_the_first_frame_is_taken_and_said(encoded, gradient, pillow_format, options):
    frames = [gradient(), ImageOps.invert(gradient())]
    page = only_page(encoded(frames[0], pillow_format, save_all=True, append_images=frames[1:], **options))
    assert page.changes[0] == {"step": "first_frame", "of": 2}
    assert difference(pixels(page), frames[0]) < 4


def test_above_the_largest_size_a_picture_is_scaled_down(encoded, gradient):
    page = only_page(encoded(gradient("RGB", 120, 90), "PNG", dpi=(300, 300)), Limits(max_px=60 * 60))
    assert page.width_px * page.height_px <= 60 * 60
    assert page.width_px / page.height_px == pytest.approx(120 / 90, rel=0.02)
    assert page.changes == (
        {"step": "scale", "from_px": [120, 90], "to_px": [page.width_px, page.height_px]},
    )
    assert page.dpi == pytest.approx(300 * page.width_px / 120, rel=0.01)


def test_what_has_to_be_scaled_down_keeps_the_pixels_the_service_looks_at(encoded, gradient):
    sharp = encoded(gradient("RGB", 120, 90), "PNG", dpi=(600, 600))  # so that less is enough
    page = only_page(sharp, Limits(max_px=100 * 90, useful_px=40 * 30))
    assert (page.width_px, page.height_px) == (40, 30)
    assert only_page(sharp, Limits(useful_px=40 * 30)).origin == "untouched"


def test_a_large_jpeg_is_scaled_down_while_it_is_decoded(encoded, gradient):
    page = only_page(encoded(gradient("RGB", 1200, 900), "JPEG", dpi=(300, 300)), Limits(max_px=310 * 230))
    assert page.width_px * page.height_px <= 310 * 230
    first = page.changes[0]
    assert (first["step"], first["from_px"]) == ("scale", [1200, 900])
    assert page.dpi == pytest.approx(300 * page.width_px / 1200, rel=0.01)
    assert difference(pixels(page), gradient("RGB", 1200, 900).resize((page.width_px, page.height_px))) < 4


def test_a_png_packed_badly_stays_lossless(encoded):
    content = encoded(Image.new("L", (100, 100)), "PNG", compress_level=0)
    page = only_page(content, Limits(max_bytes=len(content) - 1))
    assert (page.origin, page.media_type, page.changes) == ("converted", MediaType.PNG, ())
    assert len(page.content) < len(content)


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("RGB")


def test_a_png_above_the_byte_limit_becomes_a_jpeg(encoded):
    content = encoded(noise(200, 200), "PNG")
    page = only_page(content, Limits(max_bytes=len(content) // 2))
    assert page.media_type is MediaType.JPEG
    assert page.changes == ({"step": "encode", "as": "image/jpeg", "quality": 90},)
    assert (page.width_px, page.height_px) == (200, 200)


def test_a_jpeg_above_the_byte_limit_is_scaled_down_until_it_fits(encoded):
    page = only_page(encoded(noise(400, 300), "JPEG", quality=98), Limits(max_bytes=10_000))
    assert len(page.content) <= 10_000
    assert page.width_px < 400
    assert steps(page)[:2] == ["encode", "scale"]
    assert page.changes[-1]["to_px"] == [page.width_px, page.height_px]


@pytest.mark.parametrize(
    ("pillow_format", "size", "untouched"),
    [
        ("WEBP", (3839, 200), True),
        ("WEBP", (3840, 200), False),
        ("BMP", (200, 3840), False),
        ("TIFF", (2480, 3508), False),
        ("PNG", (2480, 3508), True),
        ("JPEG", (2480, 3508), True),
        ("JPEG", (7680, 4320), True),
        ("JPEG", (7700, 4340), False),
    ],
)
def test_formats_by_resolution(encoded, pillow_format, size, untouched):
    page = only_page(encoded(Image.new("L", size, 255), pillow_format))
    assert (page.origin == "untouched") is untouched
    assert untouched or page.media_type in (MediaType.PNG, MediaType.JPEG)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "HEIF"])
@pytest.mark.parametrize("size", [(80, 100), (3840, 200)])
@pytest.mark.parametrize(
    "accepts", [{MediaType.PNG, MediaType.JPEG}, {MediaType.WEBP}, set()], ids=["usual", "WEBP", "nothing"]
)
def test_another_server_gets_what_it_takes_or_png_or_jpeg(encoded, gradient, pillow_format, size, accepts):
    content = encoded(gradient("RGB", *size), pillow_format)
    page = only_page(content, Limits(accepts=frozenset(accepts)))
    assert (page.origin == "untouched") is (sniff(content[:HEAD_BYTES]) in accepts)
    assert page.media_type in {MediaType.PNG, MediaType.JPEG, *accepts}


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((10, 100), "more than 10"),
        ((100, 10), "more than 10"),
    ],
)
def test_sizes_that_the_service_does_not_take(encoded, size, words):
    content = encoded(Image.new("L", size), "PNG")
    with pytest.raises(RejectedInput, match=words):
        count_pages(content, MediaType.PNG)
    with pytest.raises(RejectedInput, match=words):
        list(pages_of_document(content, MediaType.PNG))


@pytest.mark.parametrize("size", [(11, 11), (11, 2200), (2200, 11)])
def test_sizes_that_the_service_just_takes(encoded, size):
    assert only_page(encoded(Image.new("L", size), "PNG")).origin == "untouched"


def test_a_bad_frame_does_not_take_the_others_down(encoded):
    frames = [Image.new("L", (30, 40)), Image.new("L", (5, 5)), Image.new("L", (30, 40))]
    first, second, third = pages(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]))
    assert isinstance(first, PageImage)
    assert isinstance(third, PageImage)
    assert isinstance(second, RejectedPage)
    assert (second.number, "more than 10" in second.reason.message) == (2, True)


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk
        + struct.pack(">I", len(data))
        + b"IDAT"
        + data
        + struct.pack(">I", zlib.crc32(b"IDAT" + data))
        + struct.pack(">I", 0)
        + b"IEND\xaeB`\x82"
    )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(15_000, 15_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)], ids=str)
def test_bombs_are_refused_by_their_header(size):
    with pytest.raises(RejectedInput, match="pixels"):
        list(pages_of_document(png_claiming(*size), MediaType.PNG))


def test_a_gif_with_more_frames_than_allowed(encoded):
    frames = [Image.new("L", (30, 40), level) for level in range(5)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(RejectedInput, match="5 pages, more than 4"):
        count_pages(content, MediaType.GIF, Recipe(limits=Limits(max_pages=4)))


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "HEIF", "AVIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_files_that_break_off_are_rejected(encoded, pillow_format, kept):
    content = encoded(noise(200, 200), pillow_format)
    cut = content[: int(len(content) * kept)]
    with pytest.raises(RejectedInput, match=r"cannot be decoded|cannot be read"):
        list(pages_of_document(cut, sniff(content[:HEAD_BYTES])))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 5}], ids=str)
@pytest.mark.parametrize("kept", [0.4, 0.8, 1])
def test_a_jpeg_that_breaks_off_before_its_end_mark(encoded, options, kept):
    content = encoded(noise(200, 200), "JPEG", quality=95, **options)
    cut = content[: int((len(content) - 2) * kept)].rstrip(b"\xff") + content[-2:]
    if kept == 1:
        assert next(pages_of_document(cut, MediaType.JPEG)).content == content
    else:
        with pytest.raises(RejectedInput, match="breaks off"):
            list(pages_of_document(cut, MediaType.JPEG))


def with_strip(content, change):
    """A TIFF whose last strip is changed in place: shorter, or of zeros."""
    with Image.open(io.BytesIO(content)) as image:
        at, count = image.tag_v2[273][-1], image.tag_v2[279][-1]
        tags = {**image.tag_v2, 273: (8,), 279: (count,)}
    data = change(content[at : at + count])
    entries = [
        (tag, tags[tag]) for tag in (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 292) if tag in tags
    ]
    entries = [(tag, value[0] if isinstance(value, tuple) else value) for tag, value in entries]
    directory = b"".join(
        struct.pack("<HHII", tag, 4, 1, len(data) if tag == 279 else value) for tag, value in entries
    )
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    return head + data + struct.pack("<H", len(entries)) + directory + bytes(4)


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("compression", ["group3", "group4"])
@pytest.mark.parametrize(
    ("change", "is_whole"),
    [
        pytest.param(lambda data: data, True, id="as-it-is"),
        pytest.param(lambda data: data.rstrip(b"\0")[:-3] + bytes(4), True, id="without-its-end"),
        pytest.param(lambda data: data[: len(data) // 2], False, id="half"),
        pytest.param(lambda data: data[: len(data) // 2] + bytes(len(data) // 2), False, id="half-is-zeros"),
    ],
)
def test_a_fax_that_breaks_off(encoded, photometric, compression, change, is_whole):
    page = Image.new("1", (400, 500), 1)
    ImageDraw.Draw(page).text((40, 40), "Total 12.50\n\n\nRope 3.50\n\n\n\n\nBolt 1.00", 0)
    content = encoded(page, "TIFF", compression=compression, tiffinfo={262: photometric})
    cut = with_strip(content, change)
    if is_whole:
        assert next(pages_of_document(cut, MediaType.TIFF)).width_px == 400
    else:
        with pytest.raises(RejectedInput, match="breaks off"):
            list(pages_of_document(cut, MediaType.TIFF))


def png_of(rows, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 100, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(101) * rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def with_zeros(encoded, pillow_format):
    content = encoded(noise(200, 200), pillow_format)
    return content[: len(content) // 2] + bytes(len(content) // 2)


@pytest.mark.parametrize(
    ("media_type", "make"),
    [
        pytest.param(MediaType.PNG, lambda _: png_of(50, 100), id="png-of-half-the-rows"),
        pytest.param(MediaType.WEBP, lambda encoded: with_zeros(encoded, "WEBP"), id="webp-half-loaded"),
        pytest.param(MediaType.AVIF, lambda encoded: with_zeros(encoded, "AVIF"), id="avif-half-loaded"),
    ],
)
def test_what_breaks_off_and_looks_whole(encoded, media_type, make):
    with pytest.raises(RejectedInput, match="breaks off"):
        list(pages_of_document(make(encoded), media_type))


def test_trailing_bytes_do_no_harm(encoded, gradient):
    content = encoded(gradient(), "JPEG") + b"\0" * 500
    assert only_page(content).content == content
