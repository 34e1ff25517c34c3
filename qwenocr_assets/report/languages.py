"""The language of a text as far as its script gives it away: for fonts, hyphenation and screen readers."""

import re
from collections.abc import Iterable

_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("fa", re.compile(r"[\u067e\u0686\u0698\u06af\u06cc]")),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def language_of(text: str, document: str | None = None) -> str | None:
    """The language tag; Han letters alone are Chinese unless the `document` is Japanese or Korean.

    None where the script does not say: Latin and Cyrillic letters serve too many.
    """
    if text.isascii():
        return None
    for tag, sign in _SIGNS:
        if sign.search(text):
            return tag
    if _HAN.search(text):
        return document if document in ("ja", "ko") else "zh"
    return None


def language_of_document(texts: Iterable[str]) -> str | None:
    """The language most of the texts are in; kana anywhere make a document with Han letters Japanese."""
    counts: dict[str | None, int] = {}
    for text in texts:
        tag = language_of(text)
        counts[tag] = counts.get(tag, 0) + len(text)
    if "zh" in counts and (counts.get("ja", 0) or counts.get("ko", 0)):
        known = "ja" if counts.get("ja", 0) >= counts.get("ko", 0) else "ko"
        counts[known] += counts.pop("zh")
    return max(counts, key=lambda tag: counts[tag], default=None)
