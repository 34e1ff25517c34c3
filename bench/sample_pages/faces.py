"""The typefaces of the samples, from Debian's Noto packages, and the guard against characters they lack."""

import io
from dataclasses import dataclass
from functools import cache

from fontTools import merge, subset
from fontTools.ttLib import TTFont
from PIL import ImageFont

NOTO = "/usr/share/fonts/truetype/noto"
NOTO_CJK = "/usr/share/fonts/opentype/noto"

# name → (regular file, bold file, face number inside a collection)
FACES = {
    "sans": (f"{NOTO}/NotoSans-Regular.ttf", f"{NOTO}/NotoSans-Bold.ttf", 0),
    "serif": (f"{NOTO}/NotoSerif-Regular.ttf", f"{NOTO}/NotoSerif-Bold.ttf", 0),
    "mono": (f"{NOTO}/NotoSansMono-Regular.ttf", f"{NOTO}/NotoSansMono-Bold.ttf", 0),
    "naskh": (f"{NOTO}/NotoNaskhArabic-Regular.ttf", f"{NOTO}/NotoNaskhArabic-Bold.ttf", 0),
    "ja": (f"{NOTO_CJK}/NotoSansCJK-Regular.ttc", f"{NOTO_CJK}/NotoSansCJK-Bold.ttc", 0),
    "ja-serif": (f"{NOTO_CJK}/NotoSerifCJK-Regular.ttc", f"{NOTO_CJK}/NotoSerifCJK-Bold.ttc", 0),
    "ko": (f"{NOTO_CJK}/NotoSansCJK-Regular.ttc", f"{NOTO_CJK}/NotoSansCJK-Bold.ttc", 1),
    "zh": (f"{NOTO_CJK}/NotoSansCJK-Regular.ttc", f"{NOTO_CJK}/NotoSansCJK-Bold.ttc", 2),
}
# Noto's Arabic faces have no Latin letters and hardly any punctuation: these come from another face.
BORROWS_LATIN_FROM = {"naskh": "serif"}


@dataclass(frozen=True, slots=True)
class Type:
    """A face at a size, and the characters it can draw."""

    pillow: ImageFont.FreeTypeFont
    characters: frozenset[int]

    def width_px(self, text: str) -> float:
        return self.pillow.getlength(text)

    def require_glyphs(self, text: str) -> None:
        """Raises ValueError where a character would come out as an empty box."""
        missing = sorted({character for character in text if ord(character) not in self.characters})
        if missing:
            raise ValueError(f"{self.pillow.getname()} has no glyph for {missing} in {text!r}")


@cache
def font(face: str, size_px: int, bold: bool = False) -> Type:
    """A face of `FACES` at a size in pixels."""
    source: str | io.BytesIO = FACES[face][bold]
    if face in BORROWS_LATIN_FROM:
        source = io.BytesIO(with_latin(face, bold))
    pillow = ImageFont.truetype(source, size_px, index=FACES[face][2], layout_engine=ImageFont.Layout.RAQM)
    return Type(pillow, characters(face, bold))


@cache
def with_latin(face: str, bold: bool) -> bytes:
    """The face's file, with the printable ASCII and dashes it lacks merged in."""
    base = TTFont(FACES[face][bold], recalcTimestamp=False)
    lender = TTFont(FACES[BORROWS_LATIN_FROM[face]][bold], recalcTimestamp=False)
    missing = [code for code in (*range(0x21, 0x7F), 0x2013) if code not in base.getBestCmap()]
    options = subset.Options(layout_features=[], name_IDs=[], hinting=False, notdef_outline=True)
    for file, codes in ((base, sorted(base.getBestCmap())), (lender, missing)):
        options.layout_features = ["*"] if file is base else []
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=codes)
        cutter.subset(file)
    parts = []
    for file in (base, lender):
        buffer = io.BytesIO()
        file.save(buffer)
        buffer.seek(0)
        parts.append(buffer)
    merged = io.BytesIO()
    merge.Merger().merge(parts).save(merged)
    return merged.getvalue()


@cache
def characters(face: str, bold: bool) -> frozenset[int]:
    if face in BORROWS_LATIN_FROM:
        return frozenset(TTFont(io.BytesIO(with_latin(face, bold))).getBestCmap())
    path, number = FACES[face][bold], FACES[face][2]
    return frozenset(TTFont(path, fontNumber=number, lazy=True).getBestCmap())
