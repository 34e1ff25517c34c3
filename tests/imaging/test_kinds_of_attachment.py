"""What lies inside a PDF and is not drawn: each is a document of its own, or a row that says why not."""

import io
import zipfile

import pytest
from upath import UPath

from bench.pdf_files import pdf_of
from qwenocr_assets.imaging.batches import batch_page_rows, examine_files
from qwenocr_assets.imaging.pdf import attachments
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import cut_batches
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.workers.pool import run_here

RECIPE = Recipe(dpi=50)
BOX = b"/MediaBox[0 0 400 500]"
PLAIN = pdf_of([b"0 g 50 50 90 90 re f"], b"", [], attributes=BOX)


def holding(
    files: list[tuple[bytes, bytes]], *, catalog: bytes = b"", pinned: bool = False, page: bytes = b""
) -> bytes:
    """A PDF of one page with these files, (name, content), attached, or pinned to its page."""
    objects, specs = [], []
    for name, content in files:
        number = 3 + len(objects)
        objects.append(b"<</Type/EmbeddedFile/Length %d>>stream\n%s\nendstream" % (len(content), content))
        objects.append(b"<</Type/Filespec/F(%s)/EF<</F %d 0 R>>>>" % (name, number))
        specs.append((name, number + 1))
    if pinned:
        pins = b"".join(
            b"<</Type/Annot/Subtype/FileAttachment/Rect[9 9 20 20]/FS %d 0 R>>" % n for _, n in specs
        )
        return pdf_of([page], b"", objects, attributes=BOX + b"/Annots[%s]" % pins)
    names = b"".join(b"(%d)%d 0 R" % (place, number) for place, (_, number) in enumerate(specs))
    tree = b"/Names<</EmbeddedFiles<</Names[%s]>>>>" % names if files else b""
    font = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    return pdf_of([page], font, objects, attributes=BOX, catalog=tree + catalog)


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def rows_of(folder, name: str, content: bytes) -> list[dict]:
    (folder / "in").mkdir()
    (folder / "in" / name).write_bytes(content)
    (manifest,) = cut_batches(UPath(folder / "in"), find_files(UPath(folder / "in")))
    return document_rows(manifest, (), lambda files: examine_files(run_here, files, RECIPE))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            holding([(b"1.pdf", PLAIN), (b"2.pdf", PLAIN)], catalog=b"/Collection<</View/D>>"),
            [("", None), ("/1.pdf", None), ("/2.pdf", None)],
            id="portfolio",
        ),
        pytest.param(holding([(b"a.pdf", PLAIN)], pinned=True), [("", None), ("/a.pdf", None)], id="pinned-to-a-page"),
        pytest.param(
            holding([(b"a.pdf", PLAIN), (b"a.pdf", PLAIN + b"%")]),
            [("", None), ("/a.pdf", None), ("/2/a.pdf", None)],
            id="two-of-one-name",
        ),
        pytest.param(
            holding([(b"../..\\\\\\\\x/a.pdf", PLAIN), (b"", PLAIN)]),
            [("", None), ("/x/a.pdf", None), ("/attachment 2", "cannot be taken out")],
            id="names-that-lead-out-and-none",
        ),
        pytest.param(
            holding([(b"factur-x.xml", b'<?xml version="1.0"?><rsm:CrossIndustryInvoice/>')]),
            [("", None), ("/factur-x.xml", "XML")],
            id="factur-x",
        ),
        pytest.param(
            holding([(b"zugferd-invoice.xml", b"\xef\xbb\xbf<?xml version='1.0'?><Invoice/>")]),
            [("", None), ("/zugferd-invoice.xml", "XML")],
            id="zugferd",
        ),
        pytest.param(holding([(b"a.docx", zipped("[Content_Types].xml", b"x"))]),
                     [("", None), ("/a.docx", "Not an image")], id="office"),
        pytest.param(holding([(b"a.zip", zipped("a.pdf", PLAIN))]), [("", None), ("/a.zip", "archive in an archive")],
                     id="archive-in-a-pdf"),
        pytest.param(
            holding([(b"outer.pdf", holding([(b"inner.pdf", PLAIN)]))]),
            [("", None), ("/outer.pdf", None), ("/outer.pdf/inner.pdf", "itself lies in")],
            id="in-an-attachment",
        ),
        pytest.param(holding([(b"empty.pdf", b"")]), [("", None), ("/empty.pdf", "empty file")], id="empty"),
        pytest.param(
            holding([(b"gone.pdf", PLAIN)]).replace(b"/EF<</F 3 0 R>>", b"/FS/URL%s" % (b" " * 7)),
            [("", None)],
            id="a-reference-to-another-file",
        ),
        pytest.param(PLAIN, [("", None)], id="none"),
    ],
)  # fmt: skip
def test_files_in_a_pdf_are_documents(tmp_path, content, expected):
    rows = rows_of(tmp_path, "a.pdf", content)
    assert [row["name"] for row in rows] == [f"a.pdf{name}" for name, _ in expected]
    assert len({row["document_id"] for row in rows}) == len(rows)
    for row, (_, reason) in zip(rows, expected, strict=True):
        assert row["status"] == ("accepted" if reason is None else "rejected")
        assert reason is None or reason in row["reason"]
    accepted = [row for row in rows if row["status"] == "accepted"]
    pages = batch_page_rows(run_here, DataFolder(UPath(tmp_path / "data")), accepted, lambda _: RECIPE)
    assert [page["status"] for page in pages] == ["ready"] * len(accepted)


def test_files_in_a_pdf_in_an_archive_are_named(tmp_path):
    rows = rows_of(tmp_path, "a.zip", zipped("b.pdf", holding([(b"c.pdf", PLAIN)])))
    assert [(row["name"], row["status"]) for row in rows] == [
        ("a.zip/b.pdf", "accepted"),
        ("a.zip/b.pdf/c.pdf", "rejected"),
    ]


def test_files_in_a_pdf_that_needs_a_password(tmp_path, locked_pdf):
    (row,) = rows_of(tmp_path, "a.pdf", locked_pdf(user="sesame", owner="boss") + b"%/EF")
    assert "password" in row["reason"]


@pytest.mark.parametrize(("limit", "value"), [("MAX_MEMBERS", 2), ("MAX_UNPACKED_BYTES", 2 * len(PLAIN))])
def test_files_in_a_pdf_are_bounded(tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(attachments, limit, value)
    rows = rows_of(tmp_path, "a.pdf", holding([(b"%d.pdf" % n, PLAIN) for n in range(4)]))
    assert [row["status"] for row in rows[:3]] == ["accepted"] * 3
    assert {row["status"] for row in rows[3:]} == {"rejected"}
    assert all("The PDF holds more than" in r["reason"] or "unpack to more" in r["reason"] for r in rows[3:])


WAIT = b"BT /F 12 Tf 40 400 Td (Please wait... To see this form, get the latest Adobe Reader.) Tj ET"
FORM = b"/AcroForm<</Fields[]/XFA[(template)9 0 R]>>"


@pytest.mark.parametrize(
    ("content", "is_shell"),
    [
        pytest.param(holding([], catalog=FORM + b"/NeedsRendering true", page=WAIT), True, id="says-so"),
        pytest.param(holding([], catalog=FORM, page=WAIT), True, id="names-the-viewer"),
        pytest.param(
            holding([], catalog=FORM, page=WAIT.replace(b"Adobe", b"a")), False, id="a-form-with-pages"
        ),
        pytest.param(holding([], page=WAIT), False, id="no-form"),
    ],
)
def test_forms_whose_pages_are_not_in_the_file(tmp_path, content, is_shell):
    (row,) = rows_of(tmp_path, "a.pdf", content)
    assert (row["status"] == "rejected") == is_shell
    assert not is_shell or "XFA" in row["reason"]
