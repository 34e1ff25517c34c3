"""Strips, archives and pages with their own text, from the inbox to rows."""

import io
import zipfile

import pytest
from PIL import Image

from bench.pdf_files import pdf_of
from qwenocr_assets.cli.commands.preview import preview
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, PAGES, TEXT_LINES
from qwenocr_assets.storage.table_files import read_table

pytestmark = pytest.mark.slow


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(buffer, "PNG")  # something stands on every part
    return buffer.getvalue()


def test_rows_of_a_strip_and_of_an_archive_are_those_of_their_pages(pipeline):
    (pipeline.inbox / "strip.png").write_bytes(png(20, 5000))
    with zipfile.ZipFile(pipeline.inbox / "a.zip", "w") as archive:
        archive.writestr("letters/a.png", png(400, 300))
    batch_id, outcome = pipeline.run()
    assert outcome.error is None
    data = pipeline.settings.data_folder
    documents, pages, requests, lines = (
        read_table(data, schema, batch_id) for schema in (DOCUMENTS, PAGES, OCR_REQUESTS, TEXT_LINES)
    )
    assert {row["name"] for row in documents} == {"strip.png", "a.zip/letters/a.png"}
    whole = {page["page_id"] for page in pages if page["tile_of"] is None}
    assert len(whole) == 2
    assert {line["page_id"] for line in lines} == whole
    (strip,) = (page for page in pages if page["status"] == "tiled")
    assert not [r for r in requests if r["page_id"] == strip["page_id"]]
    of_strip = [line["top_px"] for line in lines if line["page_id"] == strip["page_id"]]
    assert max(of_strip) > 3000
    pipeline.reader.pages = 0
    again, outcome = pipeline.run()
    assert (again, outcome.error, pipeline.reader.pages) == (batch_id, None, 0)


def route(pipeline, text_layer: str) -> None:
    options = {"match": "*.pdf", "tasks": ["multi_lan", "table_parsing"], "dpi": 50, "text_layer": text_layer}
    pipeline.settings.routes.insert(0, {"name": "text", **options})


@pytest.mark.parametrize(
    ("text_layer", "asked", "sources"),
    [
        ("ignore", {"multi_lan", "table_parsing"}, {"multi_lan"}),
        ("compare", {"multi_lan", "table_parsing"}, {"multi_lan", "text_layer"}),
        ("use", {"table_parsing"}, {"text_layer"}),
    ],
)
def test_a_pages_own_text(pipeline, text_layer, asked, sources):
    font = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    content = pdf_of([b"BT /F 20 Tf 50 700 Td (Total due on the 14th of March) Tj ET"], font, [])
    (pipeline.inbox / "a.pdf").write_bytes(content)
    route(pipeline, text_layer)
    batch_id, outcome = pipeline.run()
    assert outcome.error is None
    data = pipeline.settings.data_folder
    requests, lines = (read_table(data, schema, batch_id) for schema in (OCR_REQUESTS, TEXT_LINES))
    assert {row["task"] for row in requests} == asked
    assert {line["task"] for line in lines} == sources
    own = [line["text"] for line in lines if line["task"] == "text_layer"]
    assert own == ([] if text_layer == "ignore" else ["Total due on the 14th of March"])


def test_a_preview_shows_what_the_steps_do(pipeline):
    (pipeline.inbox / "a.png").write_bytes(png(400, 300))
    ((path, steps),) = preview(pipeline.inbox / "a.png", ("contrast",), pipeline.environment)
    assert path.read_bytes()[:3] == b"\xff\xd8\xff"
    assert steps == ["contrast"]
    assert path.is_relative_to(pipeline.settings.data_folder.root)
