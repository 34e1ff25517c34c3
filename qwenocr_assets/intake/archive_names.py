"""File names in zip archives as they are meant, whatever code page their archive was written in.

The format knows code page 437 and, marked by a flag or an extra field, UTF-8. In practice programs write the code page
of their machine, or UTF-8 without the flag; and Python takes all of that for 437.
"""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence

_BY_RULE = "cp437"
_WESTERN = (_BY_RULE, "cp850")
_CODE_PAGES = (*_WESTERN, "cp866", "cp1251", "cp932", "gb18030", "big5", "cp949")
_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075
"""Extra field of Info-ZIP: version, CRC of the other name, the name in UTF-8 (APPNOTE 4.6.9)."""
_MOST_CHAOS = 0.6
"""What the detection takes for noise is no name; half-width katakana come near to it."""
_MIXED = re.compile("[A-Za-z][А-яЁё]|[А-яЁё][A-Za-z]")
"""Latin and Cyrillic letters in one word."""
_LONGEST_WESTERN_RUN = 2
"""Letters with accents that may follow each other in a word of Latin letters."""
_USUAL_FINALS = {0, 1, 4, 8, 16, 17, 19, 20, 21}
"""Final consonants of nearly all Korean syllables, by their place in Unicode's composition."""


def meant_names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of an archive's members, with /, in Unicode's composed form.

    Names without a mark of their own are looked at together: one name alone is short, and can be read in many ways.
    """
    raw = [_raw_name(info) for info in infos]
    encoding = _encoding_of([name for name in raw if name is not None])
    names = []
    for info, name in zip(infos, raw, strict=True):
        text = _unicode_path(info)
        if text is None:
            text = info.filename if name is None else name.decode(encoding, "backslashreplace")
        names.append(unicodedata.normalize("NFC", text.replace("\\", "/")))
    return names


def _raw_name(info: zipfile.ZipInfo) -> bytes | None:
    """A name's bytes where it is not said what they mean."""
    if info.flag_bits & _UTF8_FLAG or info.filename.isascii():
        return None
    try:
        return info.filename.encode(_BY_RULE)
    except UnicodeEncodeError:
        return None


def _unicode_path(info: zipfile.ZipInfo) -> str | None:
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5:
            raw = _raw_name(info) or info.filename.encode("utf-8")
            if struct.unpack("<I", field[1:5])[0] == zlib.crc32(raw):
                return field[5:].decode("utf-8", "replace")
    return None


def _encoding_of(names: Sequence[bytes]) -> str:
    """The encoding that all of these names are in."""
    together = b"\n".join(part for name in names for part in _telling_parts(name))
    try:
        together.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    from charset_normalizer import from_bytes  # few archives need it

    found = from_bytes(together, cp_isolation=list(_CODE_PAGES), threshold=_MOST_CHAOS)
    if not len(found):
        return _BY_RULE
    unmixed = [match for match in found if not _MIXED.search(str(match))] or list(found)
    likely = [match.encoding for match in unmixed if match.chaos == unmixed[0].chaos]
    western = [encoding for encoding in likely if encoding in _WESTERN]
    if western and _is_latin_with_accents(together):
        return min(western, key=lambda encoding: _signs(together.decode(encoding)))
    usual = [encoding for encoding in likely if _is_usual(together, encoding)]
    return "cp949" if "cp949" in usual else (usual or likely)[0]


def _telling_parts(name: bytes) -> list[bytes]:
    """The parts of a path that tell something of its encoding: not in ASCII alone."""
    return [part for part in name.split(b"/") if not part.isascii()]


def _signs(text: str) -> int:
    """How many characters beyond ASCII are no letters."""
    return sum(not (letter.isascii() or letter.isalpha()) for letter in text)


def _is_latin_with_accents(raw: bytes) -> bool:
    """Whether single bytes above 127 stand among more letters of ASCII, file endings aside."""
    stems = re.sub(rb"\.\w{1,5}(?=\n|$)", b"", raw, flags=re.ASCII)
    runs = re.findall(rb"[\x80-\xff]+", stems)
    letters = len(re.findall(rb"[A-Za-z]", stems))
    return letters > sum(map(len, runs)) and max(map(len, runs), default=0) <= _LONGEST_WESTERN_RUN


def _is_usual(raw: bytes, encoding: str) -> bool:
    """Whether all letters beyond ASCII are such as are often written in this encoding of East Asia."""
    letters = [letter for letter in raw.decode(encoding, "replace") if not letter.isascii()]
    match encoding:
        case "cp949":
            return all("가" <= c <= "힣" and (ord(c) - ord("가")) % 28 in _USUAL_FINALS for c in letters)
        case "gb18030":  # the commoner half of GB 2312
            return all(0xB0 <= lead <= 0xD7 and trail >= 0xA1 for lead, trail in _pairs(letters, encoding))
        case "big5":  # the commoner half
            return all(0xA4 <= lead <= 0xC5 for lead, _ in _pairs(letters, encoding))
        case "cp932":
            return all(unicodedata.east_asian_width(c) == "W" for c in letters)
    return False


def _pairs(letters: Sequence[str], encoding: str) -> list[tuple[int, int]]:
    return [(raw[0], raw[-1]) for letter in letters if (raw := letter.encode(encoding, "replace"))]
