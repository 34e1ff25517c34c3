"""File names in archives, by the code page that their program wrote."""

import io
import struct
import zipfile
import zlib

import pytest

from qwenocr_assets.intake.archives import members, read_member

NAMES = {
    "cp437": ["Überweisung März.pdf", "Größe 12.png"],
    "cp850": ["Reçu à payer.pdf", "Ação São Paulo.pdf", "Ærø.png"],
    "cp866": ["Счёт на оплату.pdf", "Договор.pdf"],
    "cp932": ["請求書.pdf", "見積書_2025年11月.pdf", "カタログ.png"],
    "gbk": ["发票.pdf", "合同扫描件.pdf"],
    "big5": ["發票.pdf", "身分證正面.jpg"],
    "euc_kr": ["영수증.pdf", "계약서 사본.pdf"],
    "cp1251": ["Счёт на оплату.pdf", "Накладная 12.png"],
    "utf_8": ["Überweisung.pdf", "請求書.pdf", "Счёт.pdf", "ﾊｰﾊﾞｰ.png"],
}
"""The usual code pages of western Europe, Russia, Japan, China, Taiwan and Korea; UTF-8 is what macOS writes."""


def archive_of(names: list[bytes], extra: bytes = b"") -> bytes:
    """A zip archive that says nothing of its names' encoding, with their number as content."""
    files, directory = b"", b""
    for number, name in enumerate(names):
        data = str(number).encode()
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(name), len(extra)
        )
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(files))
        )
        directory += name + extra
        files += b"PK\3\4" + common + name + extra + data
    end = struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(directory), len(files), 0)
    return files + directory + b"PK\5\6" + end


ALONE = [(page, [name]) for page, names in NAMES.items() for name in names]


@pytest.mark.parametrize(("code_page", "names"), [*NAMES.items(), *ALONE], ids=str)
def test_names_are_read_as_meant(code_page, names):
    content = archive_of([f"Ordner/{name}".encode(code_page) for name in names])
    found = list(members(content))
    assert [member.name for member in found] == [f"Ordner/{name}" for name in names]
    read = [read_member(content, member.stored_name, max_bytes=10) for member in found]
    assert read == [str(number).encode() for number in range(len(names))]


def test_a_name_in_unicode_beside_the_old_one_counts():
    old = "Счёт.pdf".encode("cp866", "replace")
    new = "Счёт №7.pdf".encode()
    field = struct.pack("<BI", 1, zlib.crc32(old)) + new
    content = archive_of([old], struct.pack("<HH", 0x7075, len(field)) + field)
    assert [member.name for member in members(content)] == ["Счёт №7.pdf"]


def test_an_outdated_name_in_unicode_does_not():
    field = struct.pack("<BI", 1, 12345) + b"b.pdf"
    content = archive_of([b"a.pdf"], struct.pack("<HH", 0x7075, len(field)) + field)
    assert [member.name for member in members(content)] == ["a.pdf"]


def test_names_with_the_flag_are_not_guessed():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Ação.pdf", b"x")
        archive.writestr("plain.pdf", b"x")
    assert [member.name for member in members(buffer.getvalue())] == ["Ação.pdf", "plain.pdf"]


def test_bytes_that_are_no_name_stay_readable():
    (member,) = members(archive_of([b"a\xff\xfe\x81.pdf"]))
    assert member.name.endswith(".pdf")
