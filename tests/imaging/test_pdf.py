import io
import zlib

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import SERVICE_LIMITS, Limits
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage, TiledPage
from qwenocr_assets.imaging.pages import count_pages, pages_of_document
from qwenocr_assets.imaging.pdf.document import pdfium, poppler
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType

FULL = b"q 400 0 0 500 0 0 cm /I Do Q"
TEXT = b" BT /F 24 Tf 50 400 Td (Hello, page) Tj ET"
RED = b" 1 0 0 rg 100 100 50 50 re f"

needs_poppler = pytest.mark.skipif(not poppler.is_installed(), reason="poppler is not installed")


def pages(
    content: bytes, dpi: float = 100, limits: Limits = SERVICE_LIMITS
) -> list[PageImage | RejectedPage]:
    return list(pages_of_document(content, MediaType.PDF, Recipe(dpi=dpi, limits=limits)))


def only_page(content: bytes, dpi: float = 100, limits: Limits = SERVICE_LIMITS) -> PageImage:
    (page,) = pages(content, dpi, limits)
    assert isinstance(page, PageImage)
    return page


def pixels(page: PageImage) -> Image.Image:
    return Image.open(io.BytesIO(page.content))


def difference_from_drawing(page: PageImage, content: bytes) -> float:
    """Mean difference, of 255, between a page image and PDFium's own drawing of the page."""
    with pypdfium2.PdfDocument(content) as document:
        drawn = document[0].render(scale=1).to_pil().convert("RGB")
    shown = pixels(page).convert("RGB").resize(drawn.size, Image.Resampling.BOX)
    return max(ImageStat.Stat(ImageChops.difference(drawn, shown)).mean)


@pytest.mark.parametrize(
    ("content", "attributes", "origin"),
    [
        pytest.param(FULL, b"", "extracted", id="nothing-but-a-picture"),
        pytest.param(b"q 398 0 0 497 1 2 cm /I Do Q", b"", "extracted", id="a-hair-of-margin"),
        pytest.param(
            FULL + b" BT 3 Tr /F 12 Tf 10 10 Td (ocr) Tj ET", b"", "extracted", id="invisible-text-over"
        ),
        pytest.param(b"1 1 1 rg 0 0 400 500 re f " + TEXT + FULL, b"", "extracted", id="text-hidden-under"),
        pytest.param(
            b"q 0 0 400 500 re W n 400 0 0 500 0 0 cm /I Do Q", b"", "extracted", id="clip-of-nothing"
        ),
        pytest.param(FULL, b"/Annots[<</Subtype/Link/Rect[0 0 9 9]>>]", "extracted", id="link"),
        pytest.param(FULL + TEXT, b"", "rendered", id="text-over"),
        pytest.param(FULL + RED, b"", "rendered", id="shape-over"),
        pytest.param(FULL + b" q 50 0 0 50 9 9 cm /I Do Q", b"", "rendered", id="picture-over"),
        pytest.param(FULL, b"/CropBox[100 100 300 400]", "rendered", id="cropped"),
        pytest.param(FULL, b"/Rotate 90", "rendered", id="page-turned"),
        pytest.param(b"q 0 500 -400 0 400 0 cm /I Do Q", b"", "rendered", id="picture-turned"),
        pytest.param(b"q 400 20 0 500 0 0 cm /I Do Q", b"", "rendered", id="skewed"),
        pytest.param(b"q 400 0 0 -500 0 500 cm /I Do Q", b"", "rendered", id="mirrored"),
        pytest.param(b"q 200 0 0 250 100 100 cm /I Do Q", b"", "rendered", id="part-of-the-page"),
        pytest.param(b"q 900 0 0 1100 -250 -300 cm /I Do Q", b"", "rendered", id="larger-than-the-page"),
        pytest.param(b"q 100 100 200 200 re W n 400 0 0 500 0 0 cm /I Do Q", b"", "rendered", id="clipped"),
        pytest.param(b"/G gs " + FULL, b"", "rendered", id="half-transparent"),
        pytest.param(
            FULL, b"/Annots[<</Subtype/Square/Rect[50 50 150 150]/C[1 0 0]>>]", "rendered", id="annotation"
        ),
        pytest.param(TEXT, b"", "rendered", id="no-picture"),
        pytest.param(b"", b"", "rendered", id="empty-page"),
    ],
)
def test_when_the_embedded_picture_is_the_page(pdf_page, jpeg_picture, content, attributes, origin):
    document = pdf_page(
        content, picture=jpeg_picture, attributes=attributes, resources=b"/ExtGState<</G<</ca .5>>>>"
    )
    page = only_page(document)
    assert page.origin == origin
    assert difference_from_drawing(page, document) < 4
    if origin == "extracted":
        assert page.content == jpeg_picture[1]
        assert (page.media_type, page.width_px, page.height_px) == (MediaType.JPEG, 800, 1000)
        assert page.dpi == pytest.approx(144, rel=0.02)
        assert (page.renderer, page.changes) == (None, ())
    else:
        assert page.renderer.startswith("PDFium ")
        assert page.dpi == pytest.approx(100)


def raw_picture(image: Image.Image, colour_space: bytes, extra: bytes = b"") -> tuple[bytes, bytes]:
    bits = 1 if image.mode == "1" else 8
    dictionary = b"/Width %d/Height %d/BitsPerComponent %d/ColorSpace%s/Filter/FlateDecode%s" % (
        *image.size, bits, colour_space, extra
    )  # fmt: skip
    return dictionary, zlib.compress(image.tobytes())


@pytest.mark.parametrize(
    ("mode", "colour_space", "extra", "origin", "expected_mode"),
    [
        pytest.param("RGB", b"/DeviceRGB", b"", "extracted", "RGB", id="rgb"),
        pytest.param("L", b"/DeviceGray", b"", "extracted", "L", id="grey"),
        pytest.param("1", b"/DeviceGray", b"", "extracted", "L", id="black-and-white"),
        pytest.param("1", b"/DeviceGray", b"/Decode[1 0]", "extracted", "L", id="black-and-white-inverted"),
        pytest.param("L", b"/DeviceGray", b"/Decode[1 0]", "extracted", "L", id="grey-inverted"),
        pytest.param("CMYK", b"/DeviceCMYK", b"", "extracted", "RGB", id="cmyk"),
        pytest.param("L", b"[/Indexed/DeviceRGB 255 4 0 R]", b"", "extracted", "RGB", id="palette"),
        pytest.param("1", b"", b"/ImageMask true", "rendered", "L", id="stencil"),
        pytest.param("L", b"/DeviceGray", b"/SMask 5 0 R", "rendered", "L", id="soft-mask"),
        pytest.param("L", b"/DeviceGray", b"/Mask[0 10]", "rendered", "L", id="colour-key"),
    ],
)
def test_embedded_pixels_come_out_as_they_are_seen(
    pdf_page, gradient, mode, colour_space, extra, origin, expected_mode
):
    image = gradient("RGB", 160, 200).convert(mode, dither=Image.Dither.NONE)
    picture = raw_picture(image, colour_space, extra)
    if colour_space == b"":
        picture = (picture[0].replace(b"/ColorSpace", b""), picture[1])
    palette = bytes(value for index in range(256) for value in (index, 255 - index, 40))
    soft = (
        b"<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1>>"
    )
    document = pdf_page(
        FULL,
        picture=picture,
        objects=(b"<</Length 768>>stream\n%s\nendstream" % palette, soft + b"stream\n\x80\nendstream"),
    )
    if b"SMask" not in extra:
        document = document.replace(
            b"/Type/XObject/Subtype/Image/Width 1/", b"/Type/XObject/Subtype/Image/Width 1/"
        )
    page = only_page(document)
    assert page.origin == origin
    assert page.media_type is MediaType.PNG
    assert pixels(page).mode == expected_mode
    assert difference_from_drawing(page, document) < 4
    if origin == "extracted":
        assert (page.width_px, page.height_px) == (160, 200)
        if mode in ("RGB", "L") and not extra and b"Indexed" not in colour_space:
            assert ImageChops.difference(pixels(page), image).getbbox() is None


@pytest.mark.parametrize(
    ("mode", "origin"), [("1", "extracted"), ("RGBA", "extracted"), ("LA", "extracted"), ("P", "extracted")]
)
def test_pdfs_as_pillow_writes_them(encoded, gradient, mode, origin):
    """Fax compression for black and white, JPEG 2000 with a mask for transparency."""
    document = encoded(
        gradient("RGB", 160, 200).convert(mode, dither=Image.Dither.NONE), "PDF", resolution=72
    )
    page = only_page(document)
    assert page.origin == origin
    assert difference_from_drawing(page, document) < 6


@pytest.mark.parametrize(
    ("dictionary", "options", "reason"),
    [
        (b"/Width 160/Height 200/ColorSpace/DeviceRGB/Decode[1 0 1 0 1 0]", {}, "decode array"),
        (b"/Width 160/Height 200/ColorSpace/DeviceRGB", {"exif": 6}, "EXIF that a PDF viewer ignores"),
        (b"/Width 160/Height 200/ColorSpace/DeviceCMYK", {"mode": "CMYK"}, "CMYK"),
        (b"/Width 160/Height 100/ColorSpace/DeviceRGB", {"size": (160, 100)}, "pixels that are not square"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_jpegs_that_would_not_look_the_same_are_drawn(
    pdf_page, encoded, gradient, dictionary, options, reason
):
    options = dict(options)
    image = gradient("RGB", *options.pop("size", (160, 200))).convert(options.pop("mode", "RGB"))
    exif = Image.Exif()
    if orientation := options.pop("exif", None):
        exif[274] = orientation
    data = encoded(image, "JPEG", exif=exif)
    document = pdf_page(FULL, picture=(dictionary + b"/BitsPerComponent 8/Filter/DCTDecode", data))
    page = only_page(document)
    assert page.origin == "rendered", reason
    assert difference_from_drawing(page, document) < 4


def test_an_embedded_picture_too_large_for_the_service_is_scaled_down(pdf_page, jpeg_picture):
    page = only_page(pdf_page(FULL, picture=jpeg_picture), limits=Limits(max_px=400 * 500))
    assert page.origin == "extracted"
    assert page.changes[0]["step"] == "scale"
    assert page.width_px * page.height_px <= 400 * 500
    assert page.dpi == pytest.approx(144 * page.width_px / 800, rel=0.01)


def test_an_embedded_picture_that_breaks_off_is_no_page(pdf_page, jpeg_picture):
    dictionary, data = jpeg_picture
    (page,) = pages(pdf_page(FULL, picture=(dictionary, data[: len(data) // 2])))
    assert isinstance(page, RejectedPage)


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(TEXT, "L", id="black-text"),
        pytest.param(b".5 g " + TEXT, "L", id="grey-text"),
        pytest.param(TEXT + RED, "RGB", id="red-square"),
        pytest.param(b"0 0 .5 rg BT /F 9 Tf 50 400 Td (dark blue) Tj ET", "RGB", id="small-dark-blue-text"),
        pytest.param(TEXT + b" .8 0 0 RG .5 w 50 390 m 300 390 l S", "RGB", id="thin-red-line"),
    ],
)
def test_a_page_is_grey_unless_it_has_colour(pdf_page, content, mode):
    page = only_page(pdf_page(content))
    assert pixels(page).mode == mode
    assert page.media_type is MediaType.PNG


@pytest.mark.parametrize(
    ("attributes", "dpi", "size"),
    [
        pytest.param(b"", 72, (400, 500), id="one-point-one-pixel"),
        pytest.param(b"", 200, (1112, 1389), id="200-dpi"),
        pytest.param(b"/Rotate 90", 72, (500, 400), id="turned"),
        pytest.param(b"/CropBox[100 100 300 400]", 72, (200, 300), id="cropped"),
        pytest.param(b"/MediaBox[-200 -100 200 300]", 72, (400, 400), id="box-below-zero"),
        pytest.param(b"/MediaBox[0 0 30 30]", 72, (30, 30), id="stamp"),
    ],
)
def test_size_of_a_drawn_page(pdf_page, attributes, dpi, size):
    page = only_page(pdf_page(TEXT, attributes=attributes), dpi=dpi)
    assert (page.width_px, page.height_px) == size
    assert page.dpi == pytest.approx(dpi)


@pytest.mark.parametrize("rasteriser", ["pdfium", pytest.param("poppler", marks=needs_poppler)])
def test_a_poster_is_drawn_at_the_resolution_asked_for_and_read_in_tiles(pdf_page, rasteriser):
    poster = pdf_page(TEXT, attributes=b"/MediaBox[0 0 2384 3370]")
    page, *tiles = pages_of_document(poster, MediaType.PDF, Recipe(dpi=200, rasteriser=rasteriser))
    assert isinstance(page, TiledPage)
    assert (page.width_px, page.height_px) == pytest.approx((6622, 9361), abs=2)
    assert len(tiles) == page.tiles == 1  # nothing stands on the others
    assert tiles[0].width_px * tiles[0].height_px <= SERVICE_LIMITS.useful_px
    assert tiles[0].dpi == pytest.approx(200, rel=0.01)


def test_of_a_page_a_little_larger_than_one_look_fewer_pixels_are_drawn(pdf_page):
    page = only_page(pdf_page(TEXT, attributes=b"/MediaBox[0 0 900 1300]"), dpi=200)
    assert page.width_px * page.height_px == pytest.approx(SERVICE_LIMITS.useful_px, rel=0.01)
    assert page.dpi == pytest.approx(192.8, rel=0.01)


def test_what_was_filled_into_a_form_is_drawn(pdf_page):
    appearance = (
        b"<</Subtype/Form/BBox[0 0 100 100]/Length 27>>stream\n0 0 0 rg 0 0 100 100 re f   \nendstream"
    )
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(x)/V(y)/F 4/Rect[100 100 200 200]/AP<</N 3 0 R>>>>"
    document = pdf_page(b"", attributes=b"/Annots[4 0 R]", objects=(appearance, widget)).replace(
        b"/Type/Catalog", b"/Type/Catalog/AcroForm<</Fields[4 0 R]>>"
    )
    shown = pixels(only_page(document, dpi=72)).convert("L")
    assert shown.getpixel((150, 350)) < 50
    assert shown.getpixel((50, 50)) == 255


def test_pages_come_in_order_and_are_counted(pdf_page, jpeg_picture):
    document = pdf_page(TEXT, FULL, TEXT + RED, picture=jpeg_picture)
    assert count_pages(document, MediaType.PDF) == 3
    assert [(p.number, p.origin) for p in pages(document)] == [
        (1, "rendered"),
        (2, "extracted"),
        (3, "rendered"),
    ]


def test_pages_are_made_one_at_a_time(pdf_page):
    made = pages_of_document(pdf_page(*[TEXT] * 1_000), MediaType.PDF, Recipe(dpi=72))
    assert next(made).number == 1
    made.close()


def test_a_page_of_impossible_proportions_does_not_take_the_others_down(encoded, pdf_page):
    document = pdf_page(TEXT, TEXT).replace(b"/MediaBox[0 0 400 500]", b"/MediaBox[0 0 3 2600]", 1)
    first, second = pages(document)
    assert isinstance(first, RejectedPage)
    assert "more than 10" in str(first.reason)
    assert isinstance(second, PageImage)


def encrypted(pdf_page) -> bytes:
    """A PDF that says it is encrypted, for a password that is not empty."""
    keys = b"/Filter/Standard/V 1/R 2/O<%s>/U<%s>/P -4" % (b"00" * 32, b"11" * 32)
    return pdf_page(TEXT).replace(b"trailer<<", b"trailer<</Encrypt<<" + keys + b">>/ID[<00><00>]")


@pytest.mark.parametrize("installed", [True, False], ids=["with-poppler", "without-poppler"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda _: b"%PDF-1.7\n%%EOF\n", "cannot be read", id="nothing-in-it"),
        pytest.param(lambda pdf_page: pdf_page(TEXT)[:60], "cannot be read", id="cut-short"),
        pytest.param(lambda pdf_page: pdf_page(), "cannot be read", id="no-pages"),
        pytest.param(encrypted, "password", id="password"),
    ],
)
def test_pdfs_that_cannot_be_read(pdf_page, monkeypatch, make, words, installed):
    if not installed:
        monkeypatch.setenv("PATH", "/nowhere")
    for attempt in (count_pages, pages_of_document):
        with pytest.raises(RejectedInput, match=words) as raised:
            list(attempt(make(pdf_page), MediaType.PDF))
        assert raised.value.next_step


def test_more_pages_than_allowed(pdf_page):
    document = pdf_page(TEXT, TEXT, TEXT)
    with pytest.raises(RejectedInput, match="3 pages, more than 2"):
        count_pages(document, MediaType.PDF, Recipe(limits=Limits(max_pages=2)))


@needs_poppler
def test_poppler_draws_what_pdfium_draws(pdf_page, tmp_path):
    content = pdf_page(TEXT + RED, TEXT, attributes=b"/CropBox[20 20 380 480]")
    (tmp_path / "a.pdf").write_bytes(content)
    assert poppler.count_pages(tmp_path / "a.pdf") == 2
    image, dpi = poppler.draw_page(tmp_path / "a.pdf", 1, 100, SERVICE_LIMITS)
    reference = pixels(pages(content)[0])
    assert dpi == 100
    assert image.size == pytest.approx(reference.size, abs=1)
    assert (
        max(ImageStat.Stat(ImageChops.difference(image, reference.resize(image.size))).mean) < 8
    )  # other fonts
    grey, _ = poppler.draw_page(tmp_path / "a.pdf", 2, 100, SERVICE_LIMITS)
    assert grey.mode == "L"


def inked(page: PageImage) -> tuple[int, int, int, int]:
    """Where there is anything on the page."""
    return ImageOps.invert(pixels(page).convert("L")).getbbox()


def at(height: int) -> bytes:
    return b"0 g 100 %d 50 50 re f" % height


@needs_poppler
def test_a_page_that_pdfium_cannot_load_is_drawn_by_poppler(pdf_page):
    whole = pdf_page(at(0), at(200), at(400))
    damaged = whole.replace(b"5 0 obj\n<</Type/Page/", b"5 0 obj\n<</Type/Odd/")
    found = pages(damaged, dpi=72)
    assert [page.renderer.split()[0] for page in found] == ["PDFium", "poppler", "PDFium"]
    assert [inked(page) for page in found] == [inked(page) for page in pages(whole, dpi=72)]


def test_a_page_that_is_not_there_is_not_taken_from_another(pdf_page):
    damaged = pdf_page(at(0), at(200), at(400)).replace(b"Kids[3 0 R 5 0 R", b"Kids[3 0 R 99 0 R")
    first, second, third = pages(damaged, dpi=72)
    assert isinstance(second, RejectedPage)
    assert "Failed to load page" in second.reason.message
    assert (inked(first)[1], inked(third)[1]) == (450, 50)


@needs_poppler
def test_what_pdfium_cannot_open_poppler_may(pdf_page):
    content = pdf_page(TEXT, TEXT)
    broken = content.replace(b"%PDF-1.7", b"%PDX-1.7")
    try:
        pypdfium2.PdfDocument(broken)
    except pypdfium2.PdfiumError:
        assert count_pages(broken, MediaType.PDF) == 2
        found = pages(broken)
        assert [page.renderer.split()[0] for page in found] == ["poppler", "poppler"]
    else:
        pytest.fail("PDFium opens this now: find another file that only poppler opens")


def forged(monkeypatch) -> None:
    """PDFium draws nothing on any page."""
    real = pdfium.draw_page

    def blank(page, dpi, limits, unit):
        image, used = real(page, dpi, limits, unit)
        return Image.new("L", image.size, 255), used

    monkeypatch.setattr(pdfium, "draw_page", blank)


@needs_poppler
@pytest.mark.parametrize(
    ("content", "rasteriser", "renderer"),
    [
        pytest.param(TEXT, "auto", "poppler", id="blank-though-there-is-text"),
        pytest.param(TEXT, "pdfium", "PDFium", id="pdfium-alone"),
        pytest.param(b"", "auto", "PDFium", id="blank-and-empty"),
        pytest.param(b"1 g 50 50 90 90 re f", "auto", "PDFium", id="white-on-white"),
        pytest.param(b"BT 3 Tr /F 24 Tf 50 400 Td (x) Tj ET", "auto", "PDFium", id="invisible-text"),
    ],
)
def test_a_page_drawn_blank_is_drawn_by_the_other(pdf_page, monkeypatch, content, rasteriser, renderer):
    forged(monkeypatch)
    (page,) = pages_of_document(pdf_page(content), MediaType.PDF, Recipe(rasteriser=rasteriser))
    assert page.renderer.split()[0] == renderer


@needs_poppler
@pytest.mark.parametrize(
    ("rasteriser", "renderer"), [("auto", "PDFium"), ("pdfium", "PDFium"), ("poppler", "poppler")]
)
def test_either_rasteriser_can_be_forced(pdf_page, rasteriser, renderer):
    (page,) = pages_of_document(pdf_page(TEXT), MediaType.PDF, Recipe(rasteriser=rasteriser))
    assert page.renderer.split()[0] == renderer


@needs_poppler
def test_poppler_draws_a_locked_pdf_without_being_told_the_password(locked_pdf):
    recipe = Recipe(rasteriser="poppler", passwords=("sesame",), dpi=72)
    (page,) = pages_of_document(locked_pdf(user="sesame", owner="x"), MediaType.PDF, recipe)
    assert page.renderer.startswith("poppler")
    assert inked(page) == pytest.approx((50, 250, 250, 450), abs=1)


def test_what_only_poppler_opens_is_left_to_it(pdf_page):
    broken = pdf_page(TEXT).replace(b"%PDF-1.7", b"%PDX-1.7")
    with pytest.raises(RejectedInput, match="cannot be read"):
        list(pages_of_document(broken, MediaType.PDF, Recipe(rasteriser="pdfium")))
