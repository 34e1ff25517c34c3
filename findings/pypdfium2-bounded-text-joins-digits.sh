#!/usr/bin/env bash
# pypdfium2: get_text_bounded() of a table whose columns hold one digit each.
#
# One would expect: without bounds it gives the text of the whole page, as get_text_range() does, and two numbers that
# stand 60 points apart are never one.
# Seen: digits that stand alone are lines of their own for PDFium, however level they are, and get_text_bounded()
# leaves out most of the breaks between such lines without putting a space there: the row "Rope 1 5" of a price list
# comes as "Rope\r\n15" and the next as "Bolt26". get_text_range() keeps the breaks; with two digits in a column both
# are right. A hyphen that ends a line differs as well: U+FFFE in one, U+0002 in the other, and neither the hyphen nor
# the break in any. Numbers have to be put together from the characters' boxes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'pypdfium2==5.15.2'
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import pypdfium2

print("pypdfium2", version("pypdfium2"), "PDFium", pypdfium2.PDFIUM_INFO)


def page(texts: list[tuple[int, int, str]]) -> bytes:
    """A PDF of one page with each text at its place."""
    content = b" ".join(b"BT /F 12 Tf %d %d Td (%s) Tj ET" % (x, y, text.encode()) for x, y, text in texts)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    pdf, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return pdf + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(pdf))


def both_texts(*rows: tuple[str, ...]) -> tuple[str, str]:
    places = [(x, 180 - 14 * row, text) for row, texts in enumerate(rows) for x, text in zip((20, 220, 280), texts)]
    with pypdfium2.PdfDocument(page(places)) as document:
        text = document[0].get_textpage()
        found = text.get_text_range(), text.get_text_bounded()
    print(rows, *map(repr, found))
    return found


assert both_texts(("Rope", "1", "5"), ("Bolt", "2", "6")) == ("Rope\r\n1\r\n5\r\nBolt\r\n2\r\n6", "Rope\r\n15\r\nBolt26")
assert both_texts(("Rope", "10", "50"), ("Bolt", "20", "60")) == ("Rope 10 50\r\nBolt 20 60",) * 2
assert both_texts(("Part AB-",), ("1234",)) == ("Part AB\ufffe1234", "Part AB\x021234")
PYTHON
