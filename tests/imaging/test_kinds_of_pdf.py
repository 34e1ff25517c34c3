"""PDFs whose bytes say one thing and whose pages show another: two of each kind, and what a person sees of them."""

import io
import struct
import zlib

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from bench.pdf_files import pdf_of
from qwenocr_assets.imaging.page_image import PageImage, RejectedPage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.pdf import poppler
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType

needs_poppler = pytest.mark.skipif(not poppler.is_installed(), reason="poppler is not installed")

FULL = b"q 400 0 0 500 0 0 cm /I Do Q "
UNDER = b"BT /F 24 Tf 50 400 Td (What is seen) Tj ET "
HELVETICA = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"


def only_page(content: bytes, recipe: Recipe = Recipe(dpi=100)) -> PageImage | RejectedPage:  # noqa: B008
    (page,) = pages_of_document(content, MediaType.PDF, recipe)
    return page


def pixels(page: PageImage) -> Image.Image:
    return Image.open(io.BytesIO(page.content))


def drawn(content: bytes) -> Image.Image:
    """The page as PDFium draws it, half as large as a point: hard edges weigh little."""
    with pypdfium2.PdfDocument(content) as document:
        return document[0].render(scale=0.5).to_pil().convert("RGB")


def differs(page: PageImage, seen: Image.Image) -> float:
    shown = pixels(page).convert("RGB").resize(seen.size, Image.Resampling.BOX)
    return max(ImageStat.Stat(ImageChops.difference(seen, shown)).rms)


def with_layers(content: bytes, objects: list[bytes], resources: bytes, *, attributes: bytes = b"") -> bytes:
    """A PDF whose optional content group, object 3, is off, and 4 a membership in it; more objects from 5 on."""
    group = b"<</Type/OCG/Name(Draft)>>"
    member = b"<</Type/OCMD/OCGs[3 0 R]/P/AnyOn>>"
    return pdf_of(
        [content],
        HELVETICA + b"/Properties<</Off 3 0 R/Member 4 0 R>>" + resources,
        [group, member, *objects],
        attributes=b"/MediaBox[0 0 400 500]" + attributes,
        catalog=b"/OCProperties<</OCGs[3 0 R]/D<</OFF[3 0 R]>>>>",
    )


def picture(data: bytes, dictionary: bytes) -> bytes:
    return b"<</Type/XObject/Subtype/Image/Width 80/Height 100%s/Length %d>>stream\n%s\nendstream" % (
        dictionary,
        len(data),
        data,
    )


JPEG = b"/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/DCTDecode"
FORM = (
    b"<</Type/XObject/Subtype/Form/BBox[0 0 400 500]/Resources<</XObject<</I 5 0 R>>>>%s"
    b"/Length %d>>stream\n%s\nendstream"
)


@pytest.fixture
def jpeg(encoded, gradient) -> bytes:
    return encoded(gradient("RGB", 80, 100), "JPEG", quality=90)


@pytest.fixture
def hidden(jpeg):
    """PDFs of a page with text, under a picture that is not shown."""
    plain, own = picture(jpeg, JPEG), picture(jpeg, JPEG + b"/OC 3 0 R")
    i = b"/XObject<</I 5 0 R>>"
    form = FORM % (b"/OC 4 0 R", len(FULL), FULL)
    print_only = b"<</Type/OCG/Name(Print)/Usage<</View<</ViewState/OFF>>/Print<</PrintState/ON>>>>>>"
    makers = {
        "marked content": lambda: with_layers(UNDER + b"/OC /Off BDC " + FULL + b"EMC", [plain], i),
        "marked content, nested": lambda: with_layers(
            UNDER + b"/OC /Off BDC /Span <</MCID 0>> BDC " + FULL + b"EMC EMC", [plain], i
        ),
        "membership": lambda: with_layers(UNDER + b"/OC /Member BDC " + FULL + b"EMC", [plain], i),
        "membership of a picture": lambda: with_layers(
            UNDER + FULL, [picture(jpeg, JPEG + b"/OC 4 0 R")], i
        ),
        "picture": lambda: with_layers(UNDER + FULL, [own], i),
        "form": lambda: with_layers(UNDER + b"/M Do", [plain, form], b"/XObject<</M 6 0 R>>"),
        "print only": lambda: pdf_of(
            [UNDER + FULL], HELVETICA + i, [print_only, b"null", picture(jpeg, JPEG + b"/OC 3 0 R")],
            attributes=b"/MediaBox[0 0 400 500]",
            catalog=b"/OCProperties<</OCGs[3 0 R]/D<</AS[<</Event/View/OCGs[3 0 R]/Category[/View]>>]>>>>",
        ),
    }  # fmt: skip
    return lambda name: makers[name]()


@pytest.mark.parametrize(
    "how",
    ["marked content", "marked content, nested", "membership", "membership of a picture", "picture", "form",
     "print only"],
)  # fmt: skip
def test_a_picture_on_a_layer_that_is_off_is_not_the_page(hidden, pdf_page, how):
    page = only_page(hidden(how))
    assert page.origin == "rendered"
    assert differs(page, drawn(pdf_page(UNDER))) < 5


def test_a_picture_that_differs_by_a_digit_is_not_the_page(encoded):
    """An older scan of the same invoice, on a layer that is off."""
    scans = []
    for total in ("Total 1,284.58", "Total 1,284.59"):
        scan = Image.new("L", (1654, 2067), 235)
        for row in range(30):
            ImageDraw.Draw(scan).text(
                (150, 100 + 60 * row), "Goods as listed overleaf 12.50", 40, font_size=33
            )
        ImageDraw.Draw(scan).text((150, 1930), total, 40, font_size=33)
        scans.append(encoded(scan, "JPEG", quality=85))
    grey = b"/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode"
    new, old = (
        picture(data, grey).replace(b"/Width 80/Height 100", b"/Width 1654/Height 2067") for data in scans
    )
    old = old.replace(grey, grey + b"/OC 3 0 R")
    hidden = with_layers(FULL + FULL.replace(b"/I", b"/J"), [new, old], b"/XObject<</I 5 0 R/J 6 0 R>>")
    assert only_page(hidden).origin == "rendered"
    shown = with_layers(FULL.replace(b"/I", b"/J") + FULL, [new, old], b"/XObject<</I 5 0 R/J 6 0 R>>")
    assert only_page(shown).content == scans[0]


@pytest.mark.parametrize("layer", ["marked", "own"])
def test_a_picture_on_a_layer_that_is_on_is_taken_out(jpeg, layer):
    content = b"/OC /Off BDC " + FULL + b"EMC" if layer == "marked" else FULL
    data = picture(jpeg, JPEG if layer == "marked" else JPEG + b"/OC 3 0 R")
    page = only_page(with_layers(content, [data], b"/XObject<</I 5 0 R>>").replace(b"/OFF[3 0 R]", b""))
    assert (page.origin, page.content) == ("extracted", jpeg)


@pytest.mark.parametrize("flags", [2, 32], ids=["hidden", "no-view"])
@pytest.mark.parametrize("subtype", [b"Square/C[1 0 0]", b"FreeText/DA(/F 12 Tf)/Contents(x)"])
def test_an_annotation_that_is_not_shown_leaves_the_picture_alone(pdf_page, jpeg, flags, subtype):
    note = b"/Annots[<</Type/Annot/Subtype/%s/Rect[50 50 150 150]/F %d>>]" % (subtype, flags)
    dictionary = b"/Width 80/Height 100" + JPEG
    page = only_page(pdf_page(FULL, picture=(dictionary, jpeg), attributes=note))
    assert page.origin == "extracted"


SEPARATION = (
    b"/BitsPerComponent 8/ColorSpace[/Separation/Black/DeviceGray"
    b"<</FunctionType 2/Domain[0 1]/C0[1]/C1[0]/N 1>>]"
)
LAB = b"/BitsPerComponent 8/ColorSpace[/Lab<</WhitePoint[.95 1 1.09]>>]"


@pytest.mark.parametrize(
    ("mode", "dictionary"),
    [
        pytest.param("L", SEPARATION, id="inverted-by-colour-space"),
        pytest.param("L", b"/BitsPerComponent 8/ColorSpace/DeviceGray/Decode[1 0]", id="inverted-by-decode"),
        pytest.param("RGB", LAB, id="lab"),
        pytest.param("RGB", b"/BitsPerComponent 8/ColorSpace/DeviceRGB/Decode[1 0 1 0 1 0]", id="negative"),
        pytest.param("L", b"/BitsPerComponent 8/ColorSpace/DeviceGray/Mask[0 60]", id="colour-key"),
        pytest.param("L", b"/BitsPerComponent 8/ColorSpace/DeviceGray/SMask 4 0 R", id="soft-mask"),
    ],
)
@pytest.mark.parametrize("packed", ["DCTDecode", "FlateDecode"])
def test_a_picture_that_does_not_look_as_it_is_stored(encoded, gradient, mode, dictionary, packed):
    image = gradient(mode, 80, 100)
    data = encoded(image, "JPEG", quality=95) if packed == "DCTDecode" else zlib.compress(image.tobytes())
    mask = (
        b"<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1>>"
    )
    content = pdf_of(
        [FULL],
        b"/XObject<</I 3 0 R>>",
        [picture(data, dictionary + b"/Filter/" + packed.encode()), mask + b"stream\n\x80\nendstream"],
        attributes=b"/MediaBox[0 0 400 500]",
    )
    page = only_page(content)
    assert differs(page, drawn(content)) < 12
    assert page.content != data


@pytest.mark.parametrize("rasteriser", ["pdfium", pytest.param("poppler", marks=needs_poppler)])
@pytest.mark.parametrize(
    ("unit", "objects"),
    [(b"2", ()), (b"0.5", ()), (b"3 0 R", (b"2",))],
    ids=["twice", "half", "said-elsewhere"],
)
def test_units_of_the_page(pdf_page, rasteriser, unit, objects):
    recipe = Recipe(dpi=100, rasteriser=rasteriser, text_layer=True)
    text = b"BT /F 24 Tf 50 400 Td (What is seen by everybody) Tj ET "
    page = only_page(pdf_page(text, attributes=b"/UserUnit " + unit, objects=objects), recipe)
    plain = only_page(pdf_page(text), recipe)
    factor = 0.5 if unit == b"0.5" else 2
    size = (plain.width_px * factor, plain.height_px * factor)
    assert (page.width_px, page.height_px) == pytest.approx(size, abs=2)
    assert page.dpi == pytest.approx(100)
    assert page.to_original == pytest.approx(plain.to_original)
    if rasteriser == "pdfium":
        (line,), (other,) = page.text_layer.lines, plain.text_layer.lines
        assert line.quad == pytest.approx([factor * x for x in other.quad], abs=2)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "in-an-object-stream"])
def test_units_of_a_page_that_is_a_picture(pdf_page, jpeg, packed):
    dictionary = b"/Width 80/Height 100" + JPEG
    content = pdf_page(FULL, picture=(dictionary, jpeg), attributes=b"/UserUnit 2")
    page = only_page(in_object_stream(content) if packed else content)
    assert (page.origin, page.content) == ("extracted", jpeg)
    assert page.dpi == pytest.approx(80 / 800 * 72)


def in_object_stream(pdf: bytes) -> bytes:
    """The PDF with the dictionary of its page, object 4, packed into an object stream, as PDF 1.5 has it."""
    start = pdf.index(b"4 0 obj\n") + 8
    end = pdf.index(b"\nendobj", start)
    inner = zlib.compress(b"4 0 " + pdf[start:end])
    body = pdf[: start - 8] + pdf[end + 8 : pdf.rindex(b"xref\n0 ")]
    at = len(body)
    body += b"9 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(inner), inner,
    )  # fmt: skip
    rows = {0: (0, 0, 65535), 4: (2, 9, 0), 9: (1, at, 0)}
    for number in (1, 2, 3, 5):
        rows[number] = (1, body.index(b"\n%d 0 obj\n" % number) + 1, 0)
    rows[10] = (1, len(body), 0)
    numbers = sorted(rows)
    table = b"".join(struct.pack(">BIH", *rows[number]) for number in numbers)
    index = b" ".join(b"%d 1" % number for number in numbers)
    xref = b"<</Type/XRef/Size 11/W[1 4 2]/Index[%s]/Root 1 0 R/Length %d>>" % (index, len(table))
    body += b"10 0 obj\n%sstream\n%s\nendstream\nendobj\n" % (xref, table)
    return body + b"startxref\n%d\n%%%%EOF\n" % rows[10][1]


MARK = b"0 g 110 210 60 40 re f "
"""A mark at 110 to 170 points from the left, 210 to 250 from the bottom."""


@pytest.mark.parametrize("rasteriser", ["pdfium", pytest.param("poppler", marks=needs_poppler)])
@pytest.mark.parametrize(
    ("boxes", "size", "mark"),
    [
        pytest.param(b"/MediaBox[0 0 400 500]/CropBox[600 600 700 700]", (400, 500), (110, 250), id="crop-beside"),
        pytest.param(b"/MediaBox[0 0 400 500]/CropBox[400 0 800 500]", (400, 500), (110, 250), id="crop-touches"),
        pytest.param(b"/MediaBox[0 0 400 500]/CropBox[0 0 0 0]", (400, 500), (110, 250), id="crop-empty"),
        pytest.param(b"/MediaBox[0 0 400 500]/CropBox[0 0 400]", (400, 500), (110, 250), id="crop-of-three"),
        pytest.param(b"/MediaBox[0 0 400 500]/CropBox[100 200 500 600]", (300, 300), (10, 250), id="crop-beyond"),
        pytest.param(b"/MediaBox[0 0 400 500]/CropBox[300 400 100 200]", (200, 200), (10, 150), id="crop-reversed"),
        pytest.param(b"/MediaBox[400 500 0 0]", (400, 500), (110, 250), id="media-reversed"),
        pytest.param(b"/MediaBox[-100 -50 300 450]", (400, 500), (210, 200), id="media-negative"),
        pytest.param(b"/MediaBox[0 0 0 0]", (612, 792), (110, 542), id="media-empty"),
        pytest.param(b"", (612, 792), (110, 542), id="media-missing"),
        pytest.param(b"/MediaBox[0 0 400 500]/Rotate 90/CropBox[600 600 700 700]", (500, 400), (210, 110),
                     id="crop-beside-turned"),
    ],
)  # fmt: skip
def test_boxes_in_disorder(rasteriser, boxes, size, mark):
    """What poppler and pdf.js show: the crop within the media box; all of that, or US Letter, where nothing is left."""
    content = pdf_of([MARK], b"", [], attributes=boxes)
    page = only_page(content, Recipe(dpi=72, rasteriser=rasteriser))
    assert (page.width_px, page.height_px) == size
    dark = pixels(page).convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert dark[:2] == pytest.approx(mark, abs=1)


def test_boxes_are_inherited():
    content = pdf_of([MARK, MARK], b"", [], attributes=b"")
    content = content.replace(b"/Type/Pages", b"/Type/Pages/MediaBox[0 0 400 500]/CropBox[100 200 300 300]")
    pages = list(pages_of_document(content, MediaType.PDF, Recipe(dpi=72)))
    assert [(page.width_px, page.height_px) for page in pages] == [(200, 100)] * 2


def writing() -> Image.Image:
    page = Image.new("1", (400, 500), 1)
    ImageDraw.Draw(page).text((40, 200), "What is seen", 0, font_size=40)
    ImageDraw.Draw(page).rectangle((40, 40, 90, 90), fill=0)
    return page


def fax(image: Image.Image) -> bytes:
    """The picture in the coding of faxes, its black as black: TIFF codes what is 1."""
    image = image.convert("L").point(lambda value: 255 - value).convert("1")
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression="group4", tiffinfo={278: image.height})
    with Image.open(buffer) as tiff:
        (offset,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
    return buffer.getvalue()[offset : offset + length]


def jbig2(image: Image.Image) -> bytes:
    """A page and a region in MMR, which is the fax coding (ITU-T T.88, 7.4.6); black is 1."""
    size = struct.pack(">II", *image.size)
    region = size + bytes(8) + b"\0\1" + fax(image)
    parts = [(48, size + bytes(11)), (38, region), (49, b"")]
    return b"".join(
        struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data
        for number, (kind, data) in enumerate(parts)
    )


@pytest.fixture
def packed(encoded):
    image = writing()
    one_bit = b"/BitsPerComponent 1/ColorSpace/DeviceGray"
    makers = {
        "JPEG 2000": lambda: (
            encoded(image.convert("RGB"), "JPEG2000"),
            b"/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/JPXDecode",
        ),
        "JPEG 2000 in grey": lambda: (encoded(image.convert("L"), "JPEG2000"), b"/Filter/JPXDecode"),
        "JBIG2": lambda: (jbig2(image), one_bit + b"/Filter/JBIG2Decode"),
        "CCITT fax": lambda: (
            fax(image),
            one_bit + b"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 400/Rows 500>>",
        ),
        "CCITT fax, inverted": lambda: (
            fax(image.convert("L").point(lambda value: 255 - value).convert("1")),
            one_bit + b"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 400/Rows 500/BlackIs1 true>>",
        ),
        "JPEG": lambda: (encoded(image.convert("L"), "JPEG"), one_bit.replace(b"1/C", b"8/C") + b"/Filter/DCTDecode"),
    }  # fmt: skip
    return lambda kind: makers[kind]()


@pytest.mark.parametrize(
    "kind", ["JPEG 2000", "JPEG 2000 in grey", "JBIG2", "CCITT fax", "CCITT fax, inverted"]
)
@pytest.mark.parametrize("over", [b"", b"0 g 0 0 20 20 re f"], ids=["alone", "with-more"])
def test_pictures_packed_in_other_ways(pdf_page, packed, kind, over):
    data, dictionary = packed(kind)
    page = only_page(pdf_page(FULL + over, picture=(b"/Width 400/Height 500" + dictionary, data)))
    assert page.origin == ("rendered" if over else "extracted")
    if not over:
        assert differs(page, writing().convert("RGB")) < 20


@pytest.mark.parametrize("rasteriser", ["pdfium", pytest.param("auto", marks=needs_poppler)])
@pytest.mark.parametrize(
    ("kind", "content"),
    [("JPEG 2000", FULL), ("JPEG 2000", FULL + UNDER), ("JPEG", FULL)],
    ids=["alone", "beside-text", "jpeg"],
)
def test_what_no_decoder_reads_is_refused_by_name(pdf_page, packed, kind, content, rasteriser):
    data, dictionary = packed(kind)
    document = pdf_page(content, picture=(b"/Width 400/Height 500" + dictionary, data[:120]))
    page = only_page(document, Recipe(dpi=100, rasteriser=rasteriser))
    if isinstance(page, RejectedPage):
        assert kind in page.reason.message
    else:  # poppler shows the rest of the page
        assert (page.renderer.split()[0], content) == ("poppler", FULL + UNDER)
