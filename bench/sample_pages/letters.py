"""Letters: one lies askew, one was laid on its side, one was scanned into a PDF of two pages."""

from pathlib import Path

from .canvas import A4_150_DPI, Sheet, points, wrapped
from .faces import font
from .turning import scanned, turned

TEXTS = Path(__file__).parent / "texts"
MARGIN_PX = 150


def letter(name: str, face: str, size_pt: float, pitch_px: int) -> list[Sheet]:
    """The pages of `texts/<name>.txt`: a line is a paragraph, an empty line a gap, a form feed a new page."""
    pages = []
    type_ = font(face, points(size_pt))
    for text in (TEXTS / f"{name}.txt").read_text(encoding="utf-8").split("\f"):
        sheet = Sheet.blank()
        y = MARGIN_PX
        for paragraph in text.strip("\n").split("\n"):
            if not paragraph:
                y += pitch_px // 2
                continue
            for line in wrapped(paragraph, type_, A4_150_DPI[0] - 2 * MARGIN_PX, by_character=False):
                sheet.text((MARGIN_PX, y), line, type_)
                y += pitch_px
        pages.append(sheet)
    return pages


def skewed() -> Sheet:
    """An English letter, turned clockwise by 5°."""
    return turned(letter("letter-skewed", "serif", 11, 40)[0], 5)


def on_its_side() -> Sheet:
    """A German letter, turned clockwise by 90°."""
    return turned(letter("letter-rotated", "sans", 11, 40)[0], 90)


def scan_pages() -> list[Sheet]:
    """An English letter of two pages, each a little askew, as a flatbed scanner sees it."""
    pages = letter("letter-scanned", "serif", 11.5, 42)
    angles = (0.7, -0.4)
    return [
        scanned(turned(page, angle, keep_size=True), seed=n)
        for n, (page, angle) in enumerate(zip(pages, angles, strict=True))
    ]
