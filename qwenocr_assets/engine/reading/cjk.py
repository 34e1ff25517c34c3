"""Characters of Chinese and Japanese print that look alike, told by what stands around them."""

from collections.abc import Sequence
from statistics import median
from unicodedata import name

from qwenocr_assets.engine.page.layout import is_wide

_WIDE_MARKS = dict(zip("(),:;!?", "（），：；！？", strict=True))
_NARROW = 0.5
"""Width of a Latin character or digit, of a Chinese one."""
_WIDE_FROM = 0.75
"""A mark that takes at least this much of a character's width is a wide one."""

# Katakana, and what it is taken for: a Chinese character, or hiragana.
_KATAKANA = {"ー": "一", "カ": "力", "ニ": "二", "ロ": "口", "エ": "工", "タ": "夕", "ト": "卜", "ハ": "八",
             "ヘ": "へ", "ベ": "べ", "ペ": "ぺ"}  # fmt: skip
_OTHER = {other: katakana for katakana, other in _KATAKANA.items()}


def corrected(text: str, places: Sequence[float]) -> str:
    """A line of print with its look-alikes set right; other scripts come back as they are.

    `places` says where each character stands along the line.
    """
    if not any(map(is_wide, text)):
        return text
    return _with_wide_marks(_with_right_kana(text), places)


def _with_right_kana(text: str) -> str:
    """Katakana beside katakana, Chinese characters and hiragana beside their like; in doubt as it was read."""
    kinds = [_kind(c) for c in text]
    characters = list(text)
    for index, character in enumerate(text):
        if character not in _KATAKANA and character not in _OTHER:
            continue
        around = {kinds[i] for i in (index - 1, index + 1) if 0 <= i < len(text)}
        if "katakana" in around and "han" not in around:
            characters[index] = _OTHER.get(character, character)
        elif around & {"han", "hiragana"} and not around & {"katakana", "alike", "digit"}:
            characters[index] = _KATAKANA.get(character, character)
    return "".join(characters)


def _kind(character: str) -> str:
    if character in _KATAKANA or character in _OTHER:
        return "alike"
    if character.isdigit():
        return "digit"
    first = name(character, "").split(" ")[0].split("-")[0]
    return {"CJK": "han", "HIRAGANA": "hiragana", "KATAKANA": "katakana"}.get(first, "other")


def _with_wide_marks(text: str, places: Sequence[float]) -> str:
    """Brackets and marks that take a character's whole width in their wide form."""
    steps = [
        after - before
        for before, after, one, other in zip(places, places[1:], text, text[1:], strict=False)
        if is_wide(one) and is_wide(other)
    ]
    if not steps:
        return text
    width = median(steps)
    characters = list(text)
    for index in range(1, len(text) - 1):
        before, mark, after = text[index - 1], text[index], text[index + 1]
        if mark in _WIDE_MARKS and (is_wide(before) or is_wide(after)):
            beside = sum(0.5 * (1 if is_wide(c) or c in _WIDE_MARKS else _NARROW) for c in (before, after))
            if (places[index + 1] - places[index - 1]) / width - beside >= _WIDE_FROM:
                characters[index] = _WIDE_MARKS[mark]
    for index in {0, len(text) - 1}:  # nothing on one side to measure by: like the other marks of the line
        if characters[index] in _WIDE_MARKS and set(characters) & set(_WIDE_MARKS.values()):
            characters[index] = _WIDE_MARKS[characters[index]]
    return "".join(characters)
