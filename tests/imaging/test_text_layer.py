import io

import pytest
from PIL import Image, ImageOps

from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.pdf.layer_rows import agreement, layer_agreement, text_layer_rows
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.own_text import to_json
from qwenocr_assets.schemas import TEXT_LINES

LINES = ["Invoice number 4711 of May", "Total due: 1,284.50 EUR"]
TEXT = b" ".join(
    b"BT /F 20 Tf 40 %d Td (%s) Tj ET" % (400 - 60 * row, line.encode()) for row, line in enumerate(LINES)
)


def page_of(content: bytes, **options) -> PageImage:
    (page,) = pages_of_document(content, MediaType.PDF, Recipe(dpi=100, text_layer=True, **options))
    assert isinstance(page, PageImage)
    return page


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param(b"", id="plain"),
        pytest.param(b"/Rotate 90", id="turned"),
        pytest.param(b"/Rotate 180", id="upside-down"),
        pytest.param(b"/CropBox[20 20 380 480]", id="crop-box"),
    ],
)
def test_lines_lie_where_their_ink_is(pdf_page, attributes):
    page = page_of(pdf_page(TEXT, attributes=attributes))
    assert sorted(line.text for line in page.text_layer.lines) == sorted(LINES)
    picture = ImageOps.invert(Image.open(io.BytesIO(page.content)).convert("L"))
    whole = picture.getbbox()
    corners = [line.quad for line in page.text_layer.lines]
    xs, ys = ([x for quad in corners for x in quad[start::2]] for start in (0, 1))
    assert (min(xs), min(ys), max(xs), max(ys)) == pytest.approx(whole, abs=3)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"0 g 50 50 200 200 re f", id="no-text"),
        pytest.param(b"BT /F 20 Tf 40 400 Td (Page 1) Tj ET", id="next-to-none"),
        pytest.param(b"3 Tr " + TEXT + b" 0 g 50 50 20 20 re f", id="invisible"),
    ],
)
def test_text_that_is_not_sound(pdf_page, content):
    assert (
        page_of(pdf_page(content.replace(b"BT", b"BT 3 Tr") if b"3 Tr" in content else content)).text_layer
        is None
    )


SMALL = b"/F 12 Tf "


@pytest.mark.parametrize("attributes", [b"", b"/Rotate 90"])
@pytest.mark.parametrize(
    ("drawn", "written"),
    [
        pytest.param(b"(1,234) Tj %b9 Ts (1) Tj", "1,234¹", id="mark-of-a-note"),
        pytest.param(b"(10) Tj %b9 Ts (3) Tj 0 Ts /F 20 Tf ( kg) Tj", "10³ kg", id="power"),
        pytest.param(b"(12) Tj %b9 Ts (50) Tj 0 Ts /F 20 Tf ( EUR) Tj", "12⁵⁰ EUR", id="raised-cents"),
        pytest.param(b"(CO) Tj %b-4 Ts (2) Tj 0 Ts /F 20 Tf ( 25) Tj", "CO₂ 25", id="lowered"),
        pytest.param(b"(The 2) Tj %b9 Ts (nd) Tj 0 Ts /F 20 Tf ( of) Tj", "The 2nd of", id="raised-letters"),
        pytest.param(b"(Total) Tj %b( 25 kg) Tj", "Total 25 kg", id="smaller-on-the-same-line"),
        pytest.param(b"(Total) Tj %b9 Ts ( 25) Tj", "Total 25", id="a-space-between"),
        pytest.param(b"/F 45 Tf (A) Tj /F 20 Tf 14 Ts (24 days) Tj", "A24 days", id="an-initial"),
    ],
)
def test_what_is_raised_does_not_run_into_a_number(pdf_page, drawn, written, attributes):
    line = b" BT /F 20 Tf 40 200 Td " + drawn.replace(b"%b", SMALL) + b" ET"
    page = page_of(pdf_page(TEXT + line, attributes=attributes))
    assert written in [line.text for line in page.text_layer.lines]


def test_only_where_it_is_asked_for(pdf_page):
    (page,) = pages_of_document(pdf_page(TEXT), MediaType.PDF, Recipe())
    assert page.text_layer is None
    assert page_of(pdf_page(TEXT), enhance=("orientation",)).text_layer is None  # boxes would lie elsewhere


def test_rows(pdf_page):
    page = page_of(pdf_page(TEXT))
    stored = {
        "batch_id": "b", "document_id": "d", "page_id": "d-0001", "status": "ready", "sha256": "s",
        "pixels_sha256": page.pixels_sha256,
        "text_layer": to_json(page.text_layer.lines),
    }  # fmt: skip
    rows = text_layer_rows([stored, {"page_id": "d-0002", "status": "ready", "text_layer": None}])
    assert [(row["page_id"], row["task"], row["line_index"], row["text"]) for row in rows] == [
        ("d-0001", "text_layer", index, line) for index, line in enumerate(LINES)
    ]
    for row in rows:
        assert set(row) <= set(TEXT_LINES.column_names)
        assert row["left_px"] < row["right_px"]
        assert row["top_px"] < row["bottom_px"]


@pytest.mark.parametrize(
    ("layer", "recognised", "expected"),
    [
        (["a b", "c"], ["a", "b c"], 1.0),
        (["a b"], ["a x"], 0.5),
        (["a"], [], 0.0),
        ([], [], 1.0),
        (["a a a"], ["a"], 0.5),
    ],
)
def test_agreement(layer, recognised, expected):
    assert agreement(layer, recognised) == expected


def test_agreement_of_a_batch():
    def line(page: str, task: str, text: str) -> dict:
        return {"page_id": page, "task": task, "text": text}

    both = [line("1", "text_layer", "a b"), line("1", "multi_lan", "a b")]
    assert layer_agreement(both) == 1.0
    assert layer_agreement(
        [*both, line("2", "text_layer", "a b"), line("2", "multi_lan", "a")]
    ) == pytest.approx(5 / 6)
    assert layer_agreement([line("3", "text_layer", "a"), line("4", "multi_lan", "a")]) is None
