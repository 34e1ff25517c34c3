"""Lines in scripts that the PP-OCR weights do not know, read by Tesseract with the help of PP-OCR.

Tesseract knows the script but stumbles over codes, addresses and signs in Latin print; a word of those, cut out by
itself, PP-OCR reads well.
"""

import re
from collections.abc import Callable, Sequence
from unicodedata import name

from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.tesseract import TesseractLine, Word, line_reader
from qwenocr_assets.engine.reading.weights import Reading

Recognise = Callable[[Sequence[Picture]], list[Reading]]

_LATIN_PRINT = re.compile(r"[\x21-\x7e–—€£¥₩₽°№«»…·×]+")
_DOUBTFUL = re.compile(r"[\[\]{}|@\\\\A-Za-z]")
"""Signs of a word that is no number: Latin letters, or what Tesseract makes of print it does not know."""
_SURE = 0.85
_UNSURE = 0.6
_LEAST_SCORE = 0.9
"""PP-OCR's confidence from which its word replaces Tesseract's."""

_ARABIC_MARKS = {",": "،", ";": "؛", "?": "؟"}


def read_other(
    crops: Sequence[Picture], languages: tuple[str, ...], recognise: Recognise
) -> list[tuple[str, float]]:
    """Text and confidence (0 to 1) of each crop of a line, in a script of `languages` (Tesseract's names)."""
    lines = line_reader(languages).read(crops)
    if "vie" in languages:  # Latin letters throughout: there is nothing that PP-OCR would read better
        return [(line.text, line.score) for line in lines]
    return [
        (with_arabic_marks(_corrected(line, crop, recognise)), line.score)
        for line, crop in zip(lines, crops, strict=True)
    ]


def _corrected(line: TesseractLine, crop: Picture, recognise: Recognise) -> str:
    """The line's text with its doubtful words of Latin print read again by PP-OCR, each by itself."""
    tokens = line.text.split()
    for word in filter(is_doubtful, line.words):
        # The word's letters may come in the order of print, the text's stand in reading order.
        same = [index for index, token in enumerate(tokens) if sorted(token) == sorted(word.text)]
        if len(same) != 1:
            continue
        reading = recognise([_word_crop(crop, word)])[0]
        if reading.score >= _LEAST_SCORE and _LATIN_PRINT.fullmatch(reading.text):
            tokens[same[0]] = reading.text
    return " ".join(tokens)


def is_doubtful(word: Word) -> bool:
    """Whether a word is better read again by PP-OCR: it may be Latin print."""
    if any(c.isalpha() and not name(c, "").startswith("LATIN") for c in word.text):
        return word.score < _UNSURE
    return word.score < _SURE or bool(_DOUBTFUL.search(word.text))


def _word_crop(crop: Picture, word: Word) -> Picture:
    height, width = crop.shape[:2]
    margin = height // 6
    left, right = round(word.start * width) - margin, round(word.end * width) + margin
    return crop[:, max(left, 0) : max(right, 1)]


def with_arabic_marks(text: str) -> str:
    """Comma, semicolon and question mark after an Arabic letter in their Arabic form, which Tesseract mixes up."""
    return re.sub(
        r"(?<=[\u0620-\u065f\u066e-\u06d3])\s?[,;?](?=\s|$)",
        lambda mark: _ARABIC_MARKS[mark.group().strip()],
        text,
    )
