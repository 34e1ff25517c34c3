"""One page of everyday business prose in each of twelve languages: the basis of the character error rates.

The texts are in `texts/`, written for this project. The first lines are a letterhead; every further line of
a file is a paragraph, broken to the width of the page; an empty line is a gap.
"""

from pathlib import Path

from .canvas import A4_150_DPI, Sheet, points, wrapped
from .faces import font

TEXTS = Path(__file__).parent / "texts"
FACE = {
    "en": "sans", "fr": "serif", "de": "sans", "es": "serif", "pt": "sans", "it": "serif",
    "zh": "zh", "ja": "ja", "ko": "ko", "ru": "sans", "ar": "naskh", "vi": "sans",
}  # fmt: skip
MARGIN_PX = 150
PITCH_PX = 46
GAP_PX = 24


def language_page(language: str) -> Sheet:
    """A grey A4 page at 150 dpi in 11 pt, its lines in reading order."""
    sheet = Sheet.blank()
    width, height = A4_150_DPI
    type_ = font(FACE[language], points(11))
    rtl = language == "ar"
    y = MARGIN_PX
    for paragraph in (TEXTS / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if not paragraph:
            y += GAP_PX
            continue
        for line in wrapped(paragraph, type_, width - 2 * MARGIN_PX, language in ("zh", "ja")):
            sheet.text(
                (width - MARGIN_PX if rtl else MARGIN_PX, y),
                line,
                type_,
                anchor="ra" if rtl else "la",
                rtl=rtl,
            )
            y += PITCH_PX
    if y > height - MARGIN_PX / 2:
        raise ValueError(f"the page in {language} is too long: {y} px")
    return sheet
