"""Character and word error rates, and how texts are made comparable first."""

import re
from unicodedata import category, decomposition, normalize

from rapidfuzz.distance import Levenshtein

from qwenocr_assets.scoring.metric import Metric, Score

_FOLDED = ("<wide>", "<narrow>", "<initial>", "<medial>", "<final>", "<isolated>")


def _foldings() -> dict[int, str]:
    """Other forms of the same letter: full and half width, Arabic letters as they are joined, ﬁ and the like.

    Not all of NFKC, which would also turn 10² into 102 and ① into 1.
    """
    ligatures = range(0xFB00, 0xFB07)
    return {
        code: normalize("NFKC", chr(code))
        for code in range(0xFB00, 0xFFF0)
        if code in ligatures or decomposition(chr(code)).startswith(_FOLDED)
    }


_FOLD = _foldings()
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    r"\u3000-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts that put no spaces between words; Korean does."""
_BESIDE_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}]) | (?=[{_UNSPACED}])")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_INVISIBLE = re.compile(r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def normalised(text: str) -> str:
    """A text as it is compared: NFC, one width of each letter, one space where there is any, none beside characters
    of scripts that are written without; no invisible marks and control characters. Case and punctuation stay."""
    plain = text if text.isascii() else normalize("NFC", _INVISIBLE.sub("", text.translate(_FOLD)))
    spaced = " ".join("".join(" " if category(c) == "Cc" else c for c in plain).split())
    return spaced if spaced.isascii() else _BESIDE_UNSPACED.sub("", spaced)


def words(text: str) -> list[str]:
    """The words of a text: what stands between spaces; in scripts without spaces every character is one."""
    return _WORD.findall(normalised(text))


def character_errors(answer: str, truth: str) -> Score | None:
    """CER: Levenshtein distance by characters, of the characters of the truth; None when that is empty."""
    wanted = normalised(truth)
    if not wanted:
        return None
    return Score(Metric.CER, Levenshtein.distance(normalised(answer), wanted), len(wanted))


def word_errors(answer: str, truth: str) -> Score | None:
    """WER: Levenshtein distance by words, of the words of the truth; None when that is empty."""
    wanted = words(truth)
    if not wanted:
        return None
    return Score(Metric.WER, Levenshtein.distance(words(answer), wanted), len(wanted))
