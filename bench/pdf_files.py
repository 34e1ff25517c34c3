"""PDFs written out by hand, so that every detail is chosen: for benches and tests."""

import zlib
from collections.abc import Sequence

A4_POINTS = (595, 842)


def pdf_of(
    contents: Sequence[bytes],
    resources: bytes,
    objects: Sequence[bytes],
    *,
    attributes: bytes = b"/MediaBox[0 0 %d %d]" % A4_POINTS,
    catalog: bytes = b"",
    packed: bool = True,
) -> bytes:
    """A PDF with a page for each content stream; `objects` are numbered from 3, `attributes` go into every page."""
    kids = [3 + len(objects) + 2 * number for number in range(len(contents))]
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids)),
        *objects,
    ]
    for kid, content in zip(kids, contents, strict=True):
        bodies.append(
            b"<</Type/Page/Parent 2 0 R/Contents %d 0 R/Resources<<%s>>%s>>"
            % (kid + 1, resources, attributes)
        )
        data = zlib.compress(content) if packed else content
        encoding = b"/Filter/FlateDecode" if packed else b""
        bodies.append(b"<<%s/Length %d>>stream\n%s\nendstream" % (encoding, len(data), data))
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(bodies) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, len(out)
    )  # fmt: skip
    return bytes(out)
