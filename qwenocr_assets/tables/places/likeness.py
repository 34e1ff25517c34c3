"""When two texts are taken to say the same."""

import re
from unicodedata import normalize

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

# Kana, Han with its extensions, and full-width punctuation; not Hangul, which is written with spaces.
_UNSPACED = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_SPACE = re.compile(rf"(?<=[{_UNSPACED}])\s+|\s+(?=[{_UNSPACED}])")
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_NO_LETTER = re.compile(r"[\W_]+")
_ASCII_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_DIGITS = re.compile(r"[0-9]")


def normalised(text: str) -> str:
    """A text as it is compared: NFKC, letter case folded, white space single, none beside Han and kana."""
    if text.isascii():
        return " ".join(text.lower().split())
    return _SPACE.sub("", " ".join(normalize("NFKC", text).casefold().split()))


def compact(normal: str) -> str:
    """The letters and digits of a normalised text."""
    if normal.isascii():
        return normal.encode().translate(None, _ASCII_NO_LETTERS).decode()
    return normal if normal.isalnum() else _NO_LETTER.sub("", normal)


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is not a part of a longer word or number."""
    return not (_joined(text, start - 1, start) or _joined(text, end, end - 1))


def _joined(text: str, outside: int, inside: int) -> bool:
    """Whether the character at `outside` continues the word or number that ends at `inside`."""
    if not 0 <= outside < len(text):
        return False
    neighbour, edge = text[outside], text[inside]
    if edge.isdigit():
        if neighbour in ".,":
            # A separator only when another digit stands behind it; else the end of a sentence.
            beyond = outside + (outside - inside)
            return 0 <= beyond < len(text) and text[beyond].isdigit()
        return neighbour.isdigit()
    return _is_spelt(edge) and _is_spelt(neighbour)


def _is_spelt(character: str) -> bool:
    """Whether a character is a letter of a script that separates words."""
    return character.isalpha() and not is_unspaced(character)


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces: Han, kana, full-width forms."""
    return _UNSPACED_CHARACTER.match(character) is not None


_LEAST_RATIO = 70
"""Of `partial_ratio`; what may be edited of a text leaves at least 80."""
SHORTEST_FUZZY = 5
"""Characters below which one difference makes another word."""

LONGEST_FUZZY = 400
"""Characters of the longest text that is compared letter by letter; longer ones are found in pieces, over lines."""
_WIDEST = 4 * LONGEST_FUZZY
"""Characters of a line that are compared; around its first place that says a piece of the text, where it has more."""


def most_edits(length: int) -> int:
    """How many characters of a text of this length may be read otherwise."""
    return length // 6 if length >= 12 else int(length >= SHORTEST_FUZZY)


def fuzzy_part(wanted: str, text: str) -> tuple[int, int, float] | None:
    """The part of `text` that nearly says `wanted`, both normalised: start, end, similarity from 0 to 1.

    Digits are never taken for others: a number that differs in one digit is another number. Nor is a word: however
    long the text is, few letters of each of its words may differ.
    """
    if len(text) > _WIDEST:
        return _fuzzy_part_of_long(wanted, text)
    most = most_edits(len(wanted))
    found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=_LEAST_RATIO) if most else None
    if found is None:
        return None
    start, end = (found.dest_start, found.dest_end) if len(wanted) <= len(text) else (0, len(text))
    # The window may begin or end inside a word.
    while start > 0 and not stands_alone(text, start, end) and _joined(text, start - 1, start):
        start -= 1
    while end < len(text) and _joined(text, end, end - 1):
        end += 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    part = text[start:end]
    distance = Levenshtein.distance(wanted, part, score_cutoff=most)
    if distance > most or _DIGITS.findall(wanted) != _DIGITS.findall(part) or not _word_by_word(wanted, part):
        return None
    return start, end, 1 - distance / max(len(wanted), len(part))


def _fuzzy_part_of_long(wanted: str, text: str) -> tuple[int, int, float] | None:
    """As `fuzzy_part`, in the part of a very long line that says a piece of the text: k edits leave one untouched."""
    pieces = most_edits(len(wanted)) + 1
    for number in range(pieces):
        begin, end = len(wanted) * number // pieces, len(wanted) * (number + 1) // pieces
        at = text.find(wanted[begin:end])
        if at >= 0:
            start = max(at - begin - LONGEST_FUZZY, 0)
            found = fuzzy_part(wanted, text[start : start + _WIDEST])
            if found is not None:
                return start + found[0], start + found[1], found[2]
    return None


_LONGEST_EDIT = 2
"""Letters that may differ next to each other where words are joined or split."""


def _word_by_word(a: str, b: str) -> bool:
    words_a, words_b = a.split(), b.split()
    if len(words_a) == len(words_b):
        return all(
            Levenshtein.distance(x, y) <= (max(len(x), len(y)) + 1) // 3
            for x, y in zip(words_a, words_b, strict=True)
        )
    return all(
        code.tag == "equal"
        or max(code.src_end - code.src_start, code.dest_end - code.dest_start) <= _LONGEST_EDIT
        for code in Levenshtein.opcodes(a, b)
    )
