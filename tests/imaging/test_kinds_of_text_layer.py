"""Text layers that say more or less than one sees: two of each kind, and what is taken of them."""

import io

import pytest
from PIL import Image

from bench.pdf_files import pdf_of
from qwenocr_assets.imaging.page_image import PageImage, TextLayer
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType

HELVETICA = b"/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
FIRST, SECOND = "Invoice number 4711 of May", "Total due 1,284.50 EUR"


def line(text: str | bytes, x: int = 40, y: int = 400, before: bytes = b"", font: bytes = b"F") -> bytes:
    text = text.encode() if isinstance(text, str) else text
    return b"q %s BT /%s 14 Tf %d %d Td (%s) Tj ET Q " % (before, font, x, y, text)


PLAIN = line(FIRST) + line(SECOND, y=360)


def pdf(
    content: bytes,
    *,
    attributes: bytes = b"",
    resources: bytes = b"",
    fonts: bytes = b"",
    objects: tuple[bytes, ...] = (),
    catalog: bytes = b"",
) -> bytes:
    """A page of 400 × 500 points; objects are numbered from 3, /F is Helvetica."""
    box = b"" if b"/MediaBox" in attributes else b"/MediaBox[0 0 400 500]"
    fonts = b"/Font<<%s%s>>" % (HELVETICA, fonts)
    return pdf_of([content], fonts + resources, list(objects), attributes=box + attributes, catalog=catalog)


def page_of(content: bytes) -> PageImage:
    (page,) = pages_of_document(content, MediaType.PDF, Recipe(dpi=100, text_layer=True))
    assert isinstance(page, PageImage)
    return page


def layer_of(content: bytes) -> TextLayer | None:
    return page_of(content).text_layer


def texts(layer: TextLayer | None) -> list[str]:
    return [] if layer is None else [line.text for line in layer.lines]


def stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (dictionary, len(data), data)


OFF = {
    "resources": b"/Properties<</Off 3 0 R>>",
    "objects": (b"<</Type/OCG/Name(Draft)>>",),
    "catalog": b"/OCProperties<</OCGs[3 0 R]/D<</OFF[3 0 R]>>>>",
}
OLD = "Total due 9,999.99 EUR"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pdf(line(OLD, y=200, before=b"3 Tr") + PLAIN), id="invisible"),
        pytest.param(pdf(line(OLD, y=360, before=b"3 Tr") + PLAIN), id="invisible-over-the-other"),
        pytest.param(pdf(line(OLD, y=200, before=b"1 g") + PLAIN), id="white"),
        pytest.param(
            pdf(b"0.9 g 0 190 400 40 re f " + line(OLD, y=200, before=b".9 g") + PLAIN), id="grey-on-grey"
        ),
        pytest.param(pdf(line(OLD, y=200) + b"1 g 0 190 400 40 re f 0 g " + PLAIN), id="covered"),
        pytest.param(
            pdf(line(OLD, y=360) + b"1 g 0 350 400 30 re f 0 g " + PLAIN), id="covered-and-written-over"
        ),
        pytest.param(pdf(line(OLD.encode(), y=200).replace(b"14 Tf", b"1 Tf") + PLAIN), id="a-dot-high"),
        pytest.param(pdf(PLAIN + line(OLD, x=900)), id="beside-the-page"),
        pytest.param(pdf(PLAIN + line(OLD, y=20), attributes=b"/CropBox[0 100 400 500]"), id="cropped"),
        pytest.param(
            pdf(b"/OC /Off BDC " + line(OLD, y=200) + b"EMC " + PLAIN, **OFF), id="on-a-layer-that-is-off"
        ),
        pytest.param(
            pdf(b"/OC /Off BDC " + line(OLD, y=360) + b"EMC " + PLAIN, **OFF), id="off-under-the-other"
        ),
        pytest.param(pdf(PLAIN + b"q 0 0 m 1 0 l 1 1 l h W n " + line(OLD, y=200) + b"Q"), id="clipped-away"),
    ],
)
def test_text_that_is_not_seen_is_left_out(content):
    layer = layer_of(content)
    assert texts(layer) == [FIRST, SECOND]
    assert layer.doubt is None


@pytest.mark.parametrize("size", [3, 14])
def test_small_print_that_can_be_read_is_kept(size):
    content = pdf(line("Small print", y=300).replace(b"14 Tf", b"%d Tf" % size) + PLAIN)
    assert texts(layer_of(content)) == [FIRST, SECOND, "Small print"]


def test_thin_marks_are_kept_wherever_they_are_drawn():
    """A dot thinner than a pixel is drawn on the nearest one, which may be beside its place."""
    small = b"".join(b"BT /F 5 Tf %d.%d 200 Td (12.50-13.75) Tj ET " % (20 + 20 * n, n) for n in range(10))
    assert " ".join(texts(layer_of(pdf(small + PLAIN)))).count("12.50-13.75") == 10


@pytest.mark.parametrize(("flags", "is_struck"), [(4, True), (2, False)], ids=["shown", "hidden"])
def test_words_that_a_note_strikes_out_are_a_doubt(flags, is_struck):
    note = (
        b"<</Type/Annot/Subtype/StrikeOut/F %d/Rect[40 350 350 380]/QuadPoints[40 380 350 380 40 350 350 350]>>"
        % flags
    )
    layer = layer_of(pdf(PLAIN, attributes=b"/Annots[3 0 R]", objects=(note,)))
    assert texts(layer) == [FIRST, SECOND]
    assert (layer.doubt is not None) is is_struck


@pytest.mark.parametrize(
    ("drawn", "is_struck"),
    [
        pytest.param(b"1 w 40 365 m 220 365 l S ", True, id="a-line"),
        pytest.param(b".8 w 100 364 m 140 364 l S ", True, id="a-line-through-a-word"),
        pytest.param(b"1 0 0 rg 38 364 170 1.5 re f 0 g ", True, id="a-thin-rectangle"),
        pytest.param(b"1 w 40 358 m 220 358 l S ", False, id="underlined"),
        pytest.param(b"1 w 40 373 m 220 373 l S ", False, id="a-rule-above"),
        pytest.param(b"1 w 84 340 m 84 420 l S ", False, id="a-rule-down"),
        pytest.param(b".7 g 30 352 200 22 re f 0 g ", False, id="on-grey"),
    ],
)
@pytest.mark.parametrize("turned", [b"", b"/Rotate 90"], ids=["upright", "turned"])
def test_words_that_a_line_strikes_out_are_a_doubt(drawn, is_struck, turned):
    layer = layer_of(pdf(drawn + PLAIN, attributes=turned))
    assert texts(layer) == [FIRST, SECOND]
    assert (layer.doubt is not None) is is_struck


def test_words_that_are_blacked_out_are_left_out():
    content = line("Name: Somebody, of this town here", y=300) + b"0 g 84 296 78 18 re f " + PLAIN
    layer = layer_of(pdf(content))
    assert texts(layer) == [FIRST, SECOND, "Name: of this town here"]


SCAN = b"q 400 0 0 500 0 0 cm /I Do Q "


@pytest.fixture
def scan(encoded) -> dict:
    """A picture full of writing as object 3."""
    page = page_of(pdf(b"".join(line(f"{n}. {FIRST}", y=20 + 20 * n) for n in range(22))))
    picture = encoded(Image.open(io.BytesIO(page.content)).convert("L"), "JPEG")
    dictionary = (
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode"
        % (page.width_px, page.height_px)
    )
    return {"objects": (stream(dictionary, picture),), "resources": b"/XObject<</I 3 0 R>>"}


def widget(value: bytes, number: int) -> tuple[bytes, bytes]:
    """A text field with its appearance, and the appearance's stream, numbered `number`."""
    shown = b"/Tx BMC BT 0 g /F 12 Tf 2 5 Td (%s) Tj ET EMC" % value
    appearance = stream(
        b"/Type/XObject/Subtype/Form/BBox[0 0 150 20]/Resources<</Font<<%s>>>>" % HELVETICA, shown
    )
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(%s)/DA(/F 12 Tf 0 g)/F 4/Rect[40 200 190 220]/AP<</N %d 0 R>>>>"
        % (value, number)
    )
    return field, appearance


NOTE = b"<</Type/Annot/Subtype/FreeText/DA(/F 12 Tf 0 g)/F 4/Contents(paid)/Rect[40 200 190 220]/AP<</N 4 0 R>>>>"


@pytest.mark.parametrize("kind", ["footer", "picture", "outlines", "field", "note"])
def test_what_is_seen_and_not_in_the_layer_is_said(scan, kind):
    field, appearance = widget(b"A-417", 4)
    outlined = b"".join(
        b"%d 200 m %d 212 l %d 200 l %d 206 m %d 206 l S " % (x, x + 4, x + 8, x + 2, x + 6)
        for x in range(40, 260, 10)
    )
    content = {
        "footer": lambda: pdf(SCAN + line("Scanned with a scanner app", y=8), **scan),
        "picture": lambda: pdf(PLAIN + b"q 200 0 0 250 100 50 cm /I Do Q", **scan),
        "outlines": lambda: pdf(PLAIN + outlined),
        "field": lambda: pdf(
            PLAIN, objects=(field, appearance), attributes=b"/Annots[3 0 R]",
            catalog=b"/AcroForm<</Fields[3 0 R]/DA(/F 12 Tf 0 g)/DR<</Font<<%s>>>>>>" % HELVETICA,
        ),
        "note": lambda: pdf(PLAIN, objects=(NOTE, appearance), attributes=b"/Annots[3 0 R]"),
    }[kind]()  # fmt: skip
    layer = layer_of(content)
    assert layer.doubt is not None


@pytest.mark.parametrize("kind", ["invisible", "invisible-with-footer"])
def test_other_peoples_ocr_is_not_taken(scan, kind):
    theirs = b"".join(line(f"{n}. lnvo1ce nurnber", y=20 + 20 * n, before=b"3 Tr") for n in range(22))
    footer = line("Scanned with a scanner app", y=8) if kind == "invisible-with-footer" else b""
    page = page_of(pdf(SCAN + theirs + footer, **scan))
    assert page.text_layer is None or (
        texts(page.text_layer) == ["Scanned with a scanner app"] and page.text_layer.doubt
    )


@pytest.mark.parametrize(
    "decor",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b".5 w 20 340 m 380 340 l S 20 420 m 380 420 l S 20 340 m 20 420 l S", id="rules"),
        pytest.param(b"".join(b"%d 100 m %d 300 l S 40 %d m 340 %d l S " % (40 + 30 * n, 40 + 30 * n, 100 + 20 * n,
                     100 + 20 * n) for n in range(11)), id="grid"),
        pytest.param(b".8 .9 1 rg 0 390 400 30 re f .2 .2 .6 rg 0 480 400 20 re f ", id="bars"),
    ],
)  # fmt: skip
def test_rules_and_plain_areas_are_no_writing(decor):
    assert layer_of(pdf(decor + b" 0 g 0 G " + PLAIN)).doubt is None


FOUR = [FIRST, SECOND, "Dear Sir or Madam", "Yours sincerely"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            line("Order AB-") + line("7731 of the year", y=380), ["Order AB-", "7731 of the year"], id="hyphen"
        ),
        pytest.param(
            line("The total is 12-") + line("34 and no more", y=380) + line("not 5-", y=360) + line("6", y=340),
            ["The total is 12-", "34 and no more", "not 5-", "6"],
            id="hyphens-in-a-row",
        ),
        pytest.param(
            line(FOUR[3], y=340) + line(FOUR[1], y=380) + line(FOUR[0]) + line(FOUR[2], y=360), FOUR, id="shuffled"
        ),
        pytest.param(
            line("due today", x=140) + line(FOUR[1], y=380) + line("The amount is", x=50),
            ["The amount is due today", FOUR[1]],
            id="words-out-of-order",
        ),
        pytest.param(
            b"".join(line(f"left column line {n}", x=30, y=400 - 20 * n) + line(f"right column line {n}", x=210,
                     y=400 - 20 * n) for n in range(5)),
            [f"left column line {n}" for n in range(5)] + [f"right column line {n}" for n in range(5)],
            id="columns-written-across",
        ),
        pytest.param(
            b"".join(line(f"row {n}", x=30, y=400 - 20 * n) + line(f"{n}.00", x=300, y=400 - 20 * n) for n in range(5)),
            [f"row {n} {n}.00" for n in range(5)],
            id="rows-of-a-table",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_lines_come_in_reading_order(content, expected, turn):
    """Also where the page is turned back by /Rotate: then all is drawn turned the other way."""
    matrix = {0: b"1 0 0 1 0 0", 90: b"0 1 -1 0 500 0", 180: b"-1 0 0 -1 400 500", 270: b"0 -1 1 0 0 400"}[
        turn
    ]
    box = b"/MediaBox[0 0 400 500]" if turn % 180 == 0 else b"/MediaBox[0 0 500 400]"
    page = page_of(pdf(b"q " + matrix + b" cm " + content + b"Q", attributes=box + b"/Rotate %d" % turn))
    assert texts(page.text_layer) == expected
    for line_ in page.text_layer.lines:
        left, top, right, _, _, bottom = line_.quad[:6]
        assert left < right
        assert top < bottom


ALEF_TO_TET = "אבגדהוזחט"


def hebrew(letters: str) -> dict:
    """/H shows the letters a, b, c … of Helvetica and says that they are these."""
    rows = b"\n".join(
        b"<%02x> <%s>" % (97 + n, c.encode("utf-16-be").hex().encode()) for n, c in enumerate(letters)
    )
    table = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> "
        b"endcodespacerange %d beginbfchar\n%s\nendbfchar endcmap end end" % (len(letters), rows)
    )
    font = b"/H<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 3 0 R>>"
    return {"fonts": font, "objects": (stream(b"", table),)}


@pytest.mark.parametrize(
    ("content", "letters", "expected"),
    [
        pytest.param(
            line("fedcba fedcba fedcba", font=b"H") + line("cba", y=380, font=b"H"),
            ALEF_TO_TET,
            ["אבגדהו אבגדהו אבגדהו", "אבג"],
            id="drawn-from-left-to-right",
        ),
        pytest.param(
            line("fedcba", font=b"H", x=140) + line("fedcba", font=b"H", x=220) + line("fedcba hg", y=380, font=b"H")
            + line("fed cba", y=360, font=b"H"),
            ALEF_TO_TET,
            ["אבגדהו אבגדהו", "זח אבגדהו", "אבג דהו"],
            id="words-by-themselves",
        ),
        pytest.param(
            line("cba cba cba cba cba cba cba", font=b"H"),
            "\ufeb3\ufefc\ufee1",
            [" ".join(["سلام"] * 7)],
            id="letters-in-their-shapes",
        ),
    ],
)  # fmt: skip
def test_scripts_written_leftwards(content, letters, expected):
    assert texts(layer_of(pdf(content, **hebrew(letters)))) == expected


def test_a_layer_in_which_characters_mean_nothing():
    private = "".join(chr(0xE000 + n) for n in range(9))
    assert layer_of(pdf(line("abcdefghi abcdefghi abcdefghi", font=b"H"), **hebrew(private))) is None
