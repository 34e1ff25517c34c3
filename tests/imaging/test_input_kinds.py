"""docs/input-kinds.md, row by row: the examples it names end as it says."""

import io
import ipaddress
import json
import re
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from upath import UPath

from qwenocr_assets.imaging.batches import batch_page_rows, examine_files
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.intake.urls.fetching import Bounds
from qwenocr_assets.intake.urls.listed_documents import expanding, readable
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.workers.pool import run_here
from tests.intake.web import serving

DOCUMENT = Path(__file__).parents[2] / "docs" / "input-kinds.md"
ROWS = re.findall(r"^\| [^|]+ \| (`[^|]+`) \| (\w+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
EXAMPLES = [(name, ending) for names, ending in ROWS for name in re.findall(r"`([^`]+)`", names)]


@pytest.fixture(scope="module")
def web():
    with serving() as server:
        yield server


@pytest.fixture
def example(web, encoded, gradient, pdf_page, jpeg_picture, locked_pdf):
    def zipped(name: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, encoded(gradient(), "PNG"))
        return buffer.getvalue()

    def psd(image: Image.Image) -> bytes:
        header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, image.height, image.width, 8, 3)
        return header + bytes(12) + bytes(2) + b"".join(band.tobytes() for band in image.split())

    white = Image.new("RGBA", (80, 100), (255, 255, 255, 0))
    white.paste((255, 255, 255, 255), (10, 10, 20, 90))

    def embedded(name: bytes, content: bytes) -> tuple[bytes, bytes]:
        file = b"<</Type/EmbeddedFile/Length %d>>stream\n%s\nendstream" % (len(content), content)
        return file, b"<</Type/Filespec/F(%s)/EF<</F 3 0 R>>>>" % name

    web.pages["/a.png"] = encoded(gradient(), "PNG")
    url = f"{web.url}/a.png"
    exif = Image.Exif()
    exif[274] = 6
    more = {"save_all": True, "append_images": [gradient("L")]}
    deep = gradient("I").point(lambda value: value * 257).convert("I;16")
    makers = {
        "text.pdf": lambda: pdf_page(b"BT /F 24 Tf 50 400 Td (Hello) Tj ET"),
        "picture.pdf": lambda: pdf_page(b"q 400 0 0 500 0 0 cm /I Do Q", picture=jpeg_picture),
        "layer.pdf": lambda: pdf_page(
            b"q 400 0 0 500 0 0 cm /I Do Q",
            picture=(jpeg_picture[0] + b"/OC 4 0 R", jpeg_picture[1]),
            objects=(b"<</Type/OCG/Name(Draft)>>",),
            catalog=b"/OCProperties<</OCGs[4 0 R]/D<</OFF[4 0 R]>>>>",
        ),
        "units.pdf": lambda: pdf_page(b"0 g 50 50 90 90 re f", attributes=b"/UserUnit 2"),
        "boxes.pdf": lambda: pdf_page(b"0 g 50 50 90 90 re f", attributes=b"/CropBox[600 600 700 700]"),
        "fax.pdf": lambda: encoded(gradient("1"), "PDF"),
        "broken-picture.pdf": lambda: pdf_page(
            b"q 400 0 0 500 0 0 cm /I Do Q",
            picture=(b"/Width 80/Height 100/Filter/JPXDecode", encoded(gradient(), "JPEG2000")[:90]),
        ),
        "portfolio.pdf": lambda: pdf_page(
            b"0 g 50 50 90 90 re f",
            objects=embedded(b"a.pdf", pdf_page(b"0 g 50 50 90 90 re f")),
            catalog=b"/Names<</EmbeddedFiles<</Names[(a)4 0 R]>>>>/Collection<<>>",
        ),
        "factur-x.pdf": lambda: pdf_page(
            b"0 g 50 50 90 90 re f",
            objects=embedded(b"factur-x.xml", b"<?xml version='1.0'?><rsm:CrossIndustryInvoice/>"),
            catalog=b"/Names<</EmbeddedFiles<</Names[(a)4 0 R]>>>>",
        ),
        "xfa.pdf": lambda: pdf_page(b"", catalog=b"/AcroForm<</Fields[]/XFA[]>>/NeedsRendering true"),
        "owner.pdf": lambda: locked_pdf(user="", owner="boss"),
        "locked.pdf": lambda: locked_pdf(user="sesame", owner="boss"),
        "plain.png": lambda: encoded(gradient(), "PNG"),
        "plain.jpg": lambda: encoded(gradient(), "JPEG"),
        "plain.tif": lambda: encoded(gradient(), "TIFF"),
        "plain.webp": lambda: encoded(gradient(), "WEBP"),
        "plain.bmp": lambda: encoded(gradient(), "BMP"),
        "plain.heic": lambda: encoded(gradient(), "HEIF"),
        "plain.gif": lambda: encoded(gradient(), "GIF"),
        "plain.avif": lambda: encoded(gradient(), "AVIF"),
        "pages.tif": lambda: encoded(gradient(), "TIFF", **more),
        "pages.gif": lambda: encoded(gradient(), "GIF", **more),
        "moving.webp": lambda: encoded(gradient(), "WEBP", **more),
        "turned.jpg": lambda: encoded(gradient(), "JPEG", exif=exif),
        "cmyk.jpg": lambda: encoded(gradient().convert("CMYK"), "JPEG"),
        "deep.png": lambda: encoded(deep, "PNG"),
        "straight.jpg": lambda: encoded(gradient().convert("CMYK"), "JPEG").replace(b"Adobe", b"Nobody"),
        "twelve.png": lambda: encoded(gradient("I").point(lambda value: value * 16).convert("I;16"), "PNG"),
        "clear.png": lambda: encoded(gradient("RGBA"), "PNG"),
        "white-on-clear.webp": lambda: encoded(white, "WEBP", lossless=True),
        "fax.tif": lambda: encoded(gradient("1"), "TIFF", dpi=(204, 98), compression="group4"),
        "blank.png": lambda: encoded(Image.new("L", (80, 100), 255), "PNG"),
        "layers.psd": lambda: psd(gradient()),
        "pair.jpg": lambda: encoded(gradient(), "MPO", save_all=True, append_images=[gradient("L")]),
        "poster.pdf": lambda: pdf_page(
            b"BT /F 24 Tf 50 400 Td (Hello) Tj ET", attributes=b"/MediaBox[0 0 7200 9000]"
        ),
        "screenshot.png": lambda: encoded(gradient("L", 1000, 20_000), "PNG"),
        "progressive.jpg": lambda: encoded(gradient(), "JPEG", progressive=True),
        "palette.png": lambda: encoded(gradient("P"), "PNG"),
        "strip.png": lambda: encoded(gradient("L", 20, 5000), "PNG"),
        "huge.jpg": lambda: encoded(Image.new("L", (8000, 4500), 200), "JPEG"),
        "archive.zip": lambda: zipped("a.png"),
        "fetched.urls.txt": lambda: url.encode(),
        "fetched.urls.csv": lambda: f"name,url\na.png,{url}\n".encode(),
        "fetched.urls.jsonl": lambda: json.dumps({"url": url}).encode(),
        "tiny.png": lambda: encoded(Image.new("L", (10, 50)), "PNG"),
        "torn.png": lambda: encoded(gradient(), "PNG")[:60],
        "letter.docx": lambda: zipped("[Content_Types].xml"),
        "note.txt": lambda: b"Dear Sir,\n",
        "empty.png": lambda: b"",
    }
    return lambda name: makers[name]()


@pytest.mark.parametrize(("name", "ending"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_a_kind_ends_as_documented(tmp_path, example, name, ending):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(example(name))
    (manifest,) = cut_batches(UPath(tmp_path / "in"), find_files(UPath(tmp_path / "in")))
    data, bounds = (
        DataFolder(UPath(tmp_path / "data")),
        Bounds(allowed_networks=[ipaddress.ip_network("127.0.0.1")]),
    )
    examine = expanding(lambda files: examine_files(run_here, files, Recipe(dpi=50)), data, bounds)
    documents = document_rows(manifest, (), examine)
    accepted = [row for row in documents if row["status"] == "accepted"]
    pages = batch_page_rows(run_here, data, readable(data, accepted), lambda _: Recipe(dpi=50))
    if ending == "rejected":
        (row,) = pages or documents  # damage behind the header shows when the page is made
        assert row["status"] == "rejected"
        assert row["reason"]
    elif ending == "tiled":
        assert pages[0]["status"] == "tiled"
        assert all(page["origin"] in ("converted", "rendered") for page in pages[1:])
    else:
        assert {page["origin"] for page in pages} == {ending}


def test_the_table_is_read():
    assert len(EXAMPLES) > 25
