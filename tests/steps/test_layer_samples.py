"""Fonts that lie: a page's own text is held against what the embedded engine reads of it."""

import orjson
import pytest
from upath import UPath

from bench.pdf_files import pdf_of
from qwenocr_assets.imaging.page_rows import page_row
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.steps.layer_samples import doubt_layers
from qwenocr_assets.storage.data_folder import DataFolder

SHOWN = ["Invoice number 4711 of May", "Total due 1,284.50 EUR"]


def pdf(shift: int, of: range) -> bytes:
    """A page whose font says of these characters that they are others."""
    rows = b"\n".join(b"<%02x> <%04x>" % (c, c + shift if c in of else c) for c in range(32, 123))
    table = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> "
        b"endcodespacerange 91 beginbfchar\n%s\nendbfchar endcmap end end" % rows
    )
    lines = b"".join(
        b"BT /F 14 Tf 60 %d Td (%s) Tj ET " % (700 - 40 * n, t.encode()) for n, t in enumerate(SHOWN)
    )
    font = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 3 0 R>>>>"
    return pdf_of([lines], font, [b"<</Length %d>>stream\n%s\nendstream" % (len(table), table)])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(pdf(0, range(0)), SHOWN, id="the-truth"),
        pytest.param(pdf(3, range(65, 123)), None, id="shifted"),
        pytest.param(pdf(0x3B0, range(97, 123)), None, id="other-script"),
        pytest.param(pdf(3, range(48, 53)), None, id="digits-alone"),
    ],
)
def test_a_font_that_lies_is_found_out(tmp_path, content, says):
    pytest.importorskip("rapidocr")
    data = DataFolder(UPath(tmp_path))
    document = {"batch_id": "b", "document_id": "d"}
    rows = [
        page_row(data, document, page)
        for page in pages_of_document(content, MediaType.PDF, Recipe(dpi=150, text_layer=True))
    ]
    assert doubt_layers(rows, {"another"}, data) == rows
    rows = doubt_layers(rows, {"d"}, data)
    own = [text for text, *_ in orjson.loads(rows[0]["text_layer"])]
    assert (own == SHOWN) == (says is not None)
    assert (rows[0]["text_layer_doubt"] is None) == (says is not None)
