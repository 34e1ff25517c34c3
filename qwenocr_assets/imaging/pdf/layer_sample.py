"""Some lines of a page's own text, cut out of the page to be recognised: whether the two say the same.

A font may say of its characters what they are not: then all of the text is there, in the right place, and wrong. Each
font has a table of its own for that, so there are lines in each of them.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unicodedata import name, normalize

from PIL import Image
from rapidfuzz import fuzz

from qwenocr_assets.own_text import OwnLine

_MOST_LINES = 8
_MOST_CHARACTERS = 24
"""Of a line: so many tell as much as all of it."""
_MOST_FONTS = 24
"""A page in more fonts than this is not looked at font by font: it is no page of prose or tables."""
_LEAST_LETTERS = 4
_LEAST_DIGITS = 3
"""Lines with fewer do not tell whether digits are what they are said to be."""
_SAME = 75.0
"""Likeness, of 100, from which a line is taken for recognised: recognition errs in a letter, fonts lie in most."""
_MARGIN = 0.4
"""Of a line's height, around it."""
_LEAST_HEIGHT = 24
"""Pixels to which small print is enlarged."""
_READABLE = ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "DIGIT", "FULLWIDTH")
"""Scripts, by the names of their characters, that every installed engine reads."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Lines to be recognised."""

    picture: bytes
    """A PNG with the lines one below the other, as they are on the page."""
    texts: tuple[str, ...]
    """What the page's own text says that they are."""
    is_foreign: bool
    """They are in a script that an engine may well refuse to read."""


def sample_of(content: bytes, lines: Sequence[OwnLine]) -> Sample | None:
    """Some lines of a page image, from all over it and in each of its fonts; None when there is none with letters or
    digits enough.

    They are in scripts that every installed engine reads, where there are such lines.
    """
    parts = [_piece(part) for line in lines for part in line.parts()]
    worded = [part for part in parts if len(_plain(part.text)) >= _LEAST_LETTERS and _is_upright(part.quad)]
    readable = [part for part in worded if _is_readable(part.text)]
    fit = readable or worded
    if not fit:
        return None
    chosen = _of_all_fonts(fit)
    with Image.open(io.BytesIO(content)) as image:
        page = image.convert("RGB")
    strips = [_strip(page, part.quad) for part in chosen]
    gap = max(strip.height for strip in strips) // 4
    # a square, since text is searched on as many pixels for the short side as there are at least
    side = max(
        max(strip.width for strip in strips) + 2 * gap, sum(strip.height + gap for strip in strips) + gap
    )
    sheet = Image.new("RGB", (side, side), "white")
    top = gap
    for strip in strips:
        sheet.paste(strip, (gap, top))
        top += strip.height + gap
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=1)
    return Sample(buffer.getvalue(), tuple(part.text for part in chosen), not readable)


def is_said(sample: Sample, recognised: str | None) -> bool:
    """Whether what was recognised on the sample has each of its lines, nearly; None stands for a refused script."""
    if recognised is None:
        return sample.is_foreign
    return all(_is_among(text, recognised, str.isalnum) for text in sample.texts) and all(
        _is_among(text, recognised, str.isdigit)
        for text in sample.texts
        if sum(map(str.isdigit, text)) >= _LEAST_DIGITS
    )


def _of_all_fonts(fit: Sequence[OwnLine]) -> list[OwnLine]:
    """Some from all over the page, and the longest in each font that these lack."""
    chosen = list(fit[:: -(-len(fit) // _MOST_LINES)])
    seen = {font for part in chosen for font in part.fonts}
    fonts = sorted({font for part in fit for font in part.fonts} - seen)
    for font in fonts[:_MOST_FONTS]:
        chosen.append(max((part for part in fit if font in part.fonts), key=lambda part: len(part.text)))
    return chosen


def _piece(part: OwnLine) -> OwnLine:
    """Some words of a long line, where it has most digits: amounts are what matters most."""
    words = part.text.split(" ")
    if len(part.text) <= _MOST_CHARACTERS or not part.words:
        return part
    pieces = [_first_words(words, first) for first in range(len(words))]
    digits = [sum(map(str.isdigit, "".join(words[piece]))) for piece in pieces]
    best = pieces[digits.index(max(digits))]
    return part.part(best.start, best.stop)


def _first_words(words: Sequence[str], first: int) -> slice:
    behind, length = first + 1, len(words[first])
    while behind < len(words) and length + 1 + len(words[behind]) <= _MOST_CHARACTERS:
        length += 1 + len(words[behind])
        behind += 1
    return slice(first, behind)


def _is_among(text: str, recognised: str, is_kept: Callable[[str], bool]) -> bool:
    wanted, found = ("".join(filter(is_kept, _plain(said))) for said in (text, recognised))
    return fuzz.partial_ratio(wanted, found) >= _SAME


def _strip(page: Image.Image, quad: Sequence[float]) -> Image.Image:
    left, top, right, bottom = min(quad[0::2]), min(quad[1::2]), max(quad[0::2]), max(quad[1::2])
    margin = _MARGIN * (bottom - top) + 1
    strip = page.crop(
        (
            max(0, int(left - margin)),
            max(0, int(top - margin)),
            min(page.width, int(right + margin) + 1),
            min(page.height, int(bottom + margin) + 1),
        )
    )
    factor = min(4.0, max(1.0, _LEAST_HEIGHT / (bottom - top)))
    return strip.resize((round(strip.width * factor), round(strip.height * factor)), Image.Resampling.BICUBIC)


def _is_readable(text: str) -> bool:
    return all(name(c, "").startswith(_READABLE) for c in _plain(text))


def _is_upright(quad: Sequence[float]) -> bool:
    return quad[0] < quad[2] and quad[1] < quad[5] and min(quad) >= 0


def _plain(text: str) -> str:
    """Letters and digits alone, without regard to case and width."""
    return "".join(c for c in normalize("NFKC", text).casefold() if c.isalnum())
