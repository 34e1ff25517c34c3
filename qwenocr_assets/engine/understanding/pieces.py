"""Lines of a page cut into what says one thing each: a label, a value, or both with a colon between them."""

import re
from itertools import pairwise

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.engine.understanding.labels import concepts_of, is_known, normalised
from qwenocr_assets.geometry import Quad

_COLON = re.compile(r"\s*[:：]\s*")
_MOST_WORDS = 7
_MOST_CHARACTERS = 45
_SMALL_GAP = 0.7
"""A gap of this many line heights before a label with a colon parts it from what is before."""
_MOST_CHARACTERS_BEFORE_COLON = 80
_WIDE_GAP = 1.6
"""A gap of this many line heights between two words of a line parts one pair from the next."""


def pieces(line: Line) -> list[Line]:
    """A line cut into its pairs: where a wide gap, or a known label with a colon, begins another one."""
    text = line.text
    cuts = [
        match.end()
        for match in re.finditer(r"\s+", text)
        if _gap_before(line, match.end()) >= _WIDE_GAP or _begins_label(line, match.end())
    ]
    cut = []
    for start, end in pairwise([0, *cuts, len(text)]):
        if text[start:end].strip():
            cut.append(part(line, start, end))
    return cut


def _gap_before(line: Line, position: int) -> float:
    """Space before the character at `position`, in line heights; 0 when places are not known."""
    if not line.places:
        return 0.0
    box = box_of(line)
    before = len(line.text[:position].rstrip()) - 1
    return (line.places[position] - line.places[before]) * box.width / box.height - 0.5


def _begins_label(line: Line, position: int) -> bool:
    """Whether another label starts at `position`: words up to a colon that are known, or stand apart a little."""
    text = line.text
    second = split(text[position:])
    if second is None:
        return False
    is_second = _COLON.search(text[:position]) is not None
    return (is_second and is_known(second[0])) or (
        _gap_before(line, position) >= _SMALL_GAP and len(second[0].split()) <= 2 and second[0][:1].isupper()
    )


def part(line: Line, start: int, end: int) -> Line:
    """The characters of a line from `start` to `end`, with their place."""
    text = line.text[start:end].strip()
    box = box_of(line)
    left = (
        box.left + (line.places[start] if line.places else start / len(line.text)) * box.width
        if start
        else box.left
    )
    stop = start + len(line.text[start:end].rstrip())
    right = (
        box.left + (line.places[stop - 1] if line.places else stop / len(line.text)) * box.width
        if stop < len(line.text)
        else box.right
    )
    return Line(text, Quad(left, box.top, right, box.top, right, box.bottom, left, box.bottom), line.score)


def split(text: str) -> tuple[str, str] | None:
    """Label and value of "label: value" (the value may be empty); None when the text is no such pair."""
    match = _COLON.search(text)
    if match is None:
        return None
    label, value = text[: match.start()], text[match.end() :]
    if not value.strip() and _may_be_long_label(label):
        return label.strip(), ""
    digit_before = label[-1:].isdigit()
    if value.startswith(("//", "\\")) or (digit_before and value[:1].isdigit() and match.group() == ":"):
        return None  # a web address, a time or a ratio
    return (label.strip(), value.strip()) if may_be_label(label) else None


def may_be_label(text: str) -> bool:
    return (
        0 < len(text.strip()) <= _MOST_CHARACTERS
        and len(text.split()) <= _MOST_WORDS
        and any(c.isalpha() for c in text)
        and sum(c.isdigit() for c in text) <= len(text) / 4
    )


def _may_be_long_label(text: str) -> bool:
    """What ends with a colon may be a longer label."""
    letters = sum(c.isalpha() for c in text)
    return (
        len(text) <= _MOST_CHARACTERS_BEFORE_COLON and 2 * letters > len(text) and not text.startswith("http")
    )


def is_value(text: str) -> bool:
    return any(c.isdigit() for c in text)


def in_line(text: str) -> tuple[str, str] | None:
    """Label and value that stand in one piece of text, with a colon or after a known label; else None."""
    found = split(text)
    if found is None:
        return _led_by_label(text)
    return found if found[1] else None


_IDENTIFIER = re.compile(r"(?=(?:\D*\d){3})[A-Z]{1,6}[-/#.]?[A-Z0-9][A-Z0-9/.-]*")
"""`INV/2023/00027`: capitals and at least three digits."""


def _led_by_label(text: str) -> tuple[str, str] | None:
    """Label and value of "Invoice No INV-7": words that are a known label, then a value with a digit."""
    words = text.split()
    for count in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        label, value = " ".join(words[:count]), " ".join(words[count:])
        if is_value(value) and value[0] != "(" and not is_value(label) and concepts_of(normalised(label)):
            short = count == 1 and not (re.match(r"[\d#$€£¥￥+-]", value) or _IDENTIFIER.fullmatch(value))
            return None if short else (label, value)
    return None


def is_words(text: str) -> bool:
    """Whether a value is words, which may go on in the next line, and no number, date or amount."""
    return 2 * sum(c.isalpha() for c in text) > len(text.replace(" ", ""))


def is_label(text: str) -> bool:
    """Whether a piece is a label itself, with or without its value."""
    return split(text) is not None or is_known(text)
