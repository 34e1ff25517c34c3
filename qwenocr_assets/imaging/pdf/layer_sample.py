"""Some lines of a page's own text, cut out of the page to be recognised: whether the two say the same.

A font may say of its characters what they are not: then all of the text is there, in the right place, and wrong.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import name, normalize

from PIL import Image
from rapidfuzz import fuzz

_MOST_LINES = 8
_LEAST_LETTERS = 4
_SAME = 75.0
"""Likeness, of 100, from which a line is taken for recognised: recognition errs in a letter, fonts lie in most."""
_MARGIN = 0.4
"""Of a line's height, around it."""
_LEAST_HEIGHT = 24
"""Pixels to which small print is enlarged."""
_READABLE = ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "DIGIT", "FULLWIDTH")
"""Scripts, by the names of their characters, that every installed engine reads."""

Line = tuple[str, Sequence[float]]
"""A line's text and its quad in pixels of the page image."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Lines to be recognised."""

    picture: bytes
    """A PNG with the lines one below the other, as they are on the page."""
    texts: tuple[str, ...]
    """What the page's own text says that they are."""
    is_foreign: bool
    """They are in a script that an engine may well refuse to read."""


def sample_of(content: bytes, lines: Sequence[Line]) -> Sample | None:
    """Some lines of a page image, from all over it; None when there is none with letters or digits enough.

    They are in scripts that every installed engine reads, where there are such lines.
    """
    worded = [line for line in lines if len(_plain(line[0])) >= _LEAST_LETTERS and _is_upright(line[1])]
    readable = [line for line in worded if _is_readable(line[0])]
    fit = readable or worded
    if not fit:
        return None
    chosen = fit[:: -(-len(fit) // _MOST_LINES)]
    with Image.open(io.BytesIO(content)) as image:
        page = image.convert("RGB")
    strips = [_strip(page, quad) for _, quad in chosen]
    gap = max(strip.height for strip in strips) // 2
    width = max(strip.width for strip in strips) + 2 * gap
    sheet = Image.new("RGB", (width, sum(strip.height + gap for strip in strips) + gap), "white")
    top = gap
    for strip in strips:
        sheet.paste(strip, (gap, top))
        top += strip.height + gap
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=1)
    return Sample(buffer.getvalue(), tuple(text for text, _ in chosen), not readable)


def is_said(sample: Sample, recognised: str | None) -> bool:
    """Whether what was recognised on the sample has each of its lines, nearly; None stands for a refused script."""
    if recognised is None:
        return sample.is_foreign
    found = _plain(recognised)
    return all(fuzz.partial_ratio(_plain(text), found) >= _SAME for text in sample.texts)


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
