"""What is searched: texts as people type them, whatever line breaks, widths, cases, accents and strokes stand in them.

Of Unicode's character database come widths and ligatures (NFKC), cases, accents, and the base of a letter whose name
is that of another "WITH" something: ł, ø, đ, ғ.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

RULES = 1
"""Raised whenever the same text is folded otherwise: what is stored is then folded anew."""

_JOINED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese: written without spaces."""
_HYPHENS = "-\xad\u058a\u05be\u2010\u2011\u2012\u2013\u2212\u30fb"
"""What joins words or breaks them: typed or not."""
_ACCENTS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0640"
"""Marks that people leave out: of Latin, Greek and Cyrillic, Hebrew and Arabic. All others are letters of their own."""
_SPELLED = {
    "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d", "ı": "i", "ĸ": "k", "ŋ": "n",
    "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه",
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
}  # fmt: skip


def _bases() -> Iterator[tuple[int, str]]:
    """Letters of Latin and Cyrillic that have no decomposition, and the letter that they are one of."""
    for code in (*range(0xC0, 0x530), *range(0x1D00, 0x2000), *range(0x2C60, 0x2C80), *range(0xA640, 0xA800)):
        name, mark, _ = unicodedata.name(chr(code), "").partition(" WITH ")
        if mark and name.startswith(("LATIN SMALL LETTER ", "CYRILLIC SMALL LETTER ")):
            try:
                yield code, unicodedata.lookup(name)
            except KeyError:
                continue


_TABLE = {
    **{code: base for code, base in _bases() if not unicodedata.decomposition(chr(code))},
    **{ord(letter): spelled for letter, spelled in _SPELLED.items()},
    **{ord(c): "-" for c in _HYPHENS},
    **{code: None for code in range(0x10000) if unicodedata.category(chr(code)) == "Cf"},
    0xAD: "-",
}
_ACCENT = re.compile(f"[{_ACCENTS}]+")
_SPACED = re.compile(rf"(?<=[{_JOINED}]) +| +(?=[{_JOINED}])")
_AT_START = re.compile(f"[{_JOINED}]")
_INNER_HYPHEN = re.compile("-(?!$)", re.MULTILINE)


def fold_lines(lines: Sequence[str]) -> list[str]:
    """The folded lines, which stand behind each other as the page's folded text: `"".join`.

    A line ends in a line break unless the next goes on in it: after a hyphen, or in a script without spaces.
    """
    folded = [_folded(line) for line in lines]
    found = []
    for line, after in zip(folded, [*folded[1:], ""], strict=True):
        bare = line.removesuffix("-")
        goes_on = bare != line or not line or _AT_START.match(line[-1]) or _AT_START.match(after)
        found.append(bare if goes_on else f"{bare}\n")
    return found


def fold(text: str) -> str:
    """A text as it is searched."""
    return "".join(fold_lines(text.split("\n")))


def fold_word(word: str) -> str:
    """A word that people look for, as it would stand in a folded text; empty where nothing of it would."""
    return _folded(word).removesuffix("-").strip()


def _folded(line: str) -> str:
    """A line, but for a hyphen at its end."""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line).casefold().translate(_TABLE)
        line = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFKD", line)))
        line = line.translate(_TABLE)
    line = " ".join(line.lower().split())
    line = _INNER_HYPHEN.sub("", line)
    return line if line.isascii() else unicodedata.normalize("NFC", _SPACED.sub("", line))
