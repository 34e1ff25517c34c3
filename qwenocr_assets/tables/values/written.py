"""Digits and signs of all scripts as one, before a text is read."""

import unicodedata
from typing import Final

_OTHERWISE: Final = {
    **dict.fromkeys(map(ord, "‐‑−﹣"), "-"),
    **dict.fromkeys(map(ord, "‒—―─"), "–"),
    **dict.fromkeys(map(ord, "’‘ʼ′`´"), "'"),
    **dict.fromkeys(map(ord, "\u2007\u2009\u200a\u202f"), "\u00a0"),
    **dict.fromkeys(map(ord, "،﹐、"), ","),
    **dict.fromkeys(map(ord, "﹒"), "."),
    **{ord("￥"): "¥", ord("￡"): "£", ord("￦"): "₩", ord("￠"): "¢"},
    **{ord("〜"): "~", ord("△"): "▲", ord("▵"): "▲", ord("▽"): "▼"},
}


class _Plain(dict[int, str]):
    """A table for `str.translate` that works out what it lacks, once for each sign."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if sign.isdecimal():
            sign = str(unicodedata.decimal(sign))
        elif 0xFF01 <= code <= 0xFF5E:  # full-width forms of ASCII
            sign = chr(code - 0xFEE0)
        elif unicodedata.category(sign) == "Zs":
            sign = " "
        self[code] = sign
        return sign


_PLAIN = _Plain(_OTHERWISE | {0xA0: "\u00a0"})
_UNSEEN = dict.fromkeys(
    (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0x61C, 0xFEFF, 0xFE0E, 0xFE0F)
)


def plain(text: str) -> str:
    """A text with decimal digits of every script as 0-9, full-width forms as ASCII, and one sign for each purpose.

    Character for character, so that places in it are places in the text. Not NFKC, which would also turn 10² into 102
    and ① into 1. Hyphens and minus signs become `-`, longer dashes `–`, what looks like an apostrophe `'`, spaces
    that do not break NO-BREAK SPACE and all others a plain one, `△` `▲`.
    """
    return text if text.isascii() else text.translate(_PLAIN)


def seen(text: str) -> str:
    """A plain text without what cannot be seen: marks of direction, joiners, white space around."""
    return plain(text).translate(_UNSEEN).strip() if not text.isascii() else text.strip()


def words(written: str) -> frozenset[str]:
    """The words of a list that is written with | between them."""
    return frozenset(written.split("|"))
