"""Lines in more scripts, read by Tesseract: the optional extra `scripts` and Debian's tesseract-ocr-* data."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any
from unicodedata import category

import cv2
import numpy as np
from PIL import Image

from qwenocr_assets.engine.reading.pictures import Picture

LANGUAGES: dict[str, tuple[str, ...]] = {
    "cyrillic": ("rus", "ukr", "bel", "bul", "srp", "mkd", "kaz"),
    "hangul": ("kor",),
    "arabic": ("ara", "fas", "urd"),
    "vietnamese": ("vie",),
    "greek": ("ell",),
    "hebrew": ("heb",),
    "thai": ("tha",),
    "devanagari": ("hin", "mar", "nep"),
    "bengali": ("ben", "asm"),
    "gurmukhi": ("pan",),
    "gujarati": ("guj",),
    "oriya": ("ori",),
    "tamil": ("tam",),
    "telugu": ("tel",),
    "kannada": ("kan",),
    "malayalam": ("mal",),
    "sinhala": ("sin",),
    "lao": ("lao",),
    "khmer": ("khm",),
    "myanmar": ("mya",),
    "georgian": ("kat",),
    "armenian": ("hye",),
    "ethiopic": ("amh", "tir"),
}
"""Tesseract's languages of each script that the PP-OCR weights cannot read, most used first."""

_MOST_LANGUAGES = 2
"""More languages at once cost time and accuracy (so does English beside Korean or Arabic)."""

_LEAST_HEIGHT = 40
"""Crops are enlarged to at least this height in pixels, to which Tesseract's networks scale lines."""
_MARGIN = (6, 10)
"""Pixels of paper put around a crop, above and beside it."""


def tessdata_folder() -> Path | None:
    """Folder of Tesseract's data: TESSDATA_PREFIX, `.tessdata` here or in the project, or Debian's; None for none."""
    prefix = os.environ.get("TESSDATA_PREFIX")
    project = Path(__file__).parents[3]
    candidates = [
        *([Path(prefix), Path(prefix) / "tessdata"] if prefix else []),
        Path.cwd() / ".tessdata",
        project / ".tessdata",
        *sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True),
        Path("/usr/share/tessdata"),
    ]
    return next((folder for folder in candidates if any(folder.glob("*.traineddata"))), None)


def languages_for(script: str) -> tuple[str, ...]:
    """Tesseract's languages to read a script with, as installed; () when the extra or its data is missing."""
    folder = tessdata_folder()
    if folder is None or find_spec("tesserocr") is None:
        return ()
    installed = [name for name in LANGUAGES.get(script, ()) if (folder / f"{name}.traineddata").is_file()]
    return tuple(installed[:_MOST_LANGUAGES])


def script_name(script: str) -> str:
    """A script as a person calls it."""
    return {"hangul": "Korean (Hangul)", "myanmar": "Burmese (Myanmar)"}.get(script, script.capitalize())


def more_scripts() -> list[str]:
    """The scripts that can be read as it is installed, as a person calls them."""
    return [script_name(script) for script in LANGUAGES if languages_for(script)]


def how_to_install(script: str) -> str:
    """What a person does to have a script read."""
    language = LANGUAGES[script][0]
    return f"install the extra `scripts` and Debian's tesseract-ocr-{language} (deploy/tessdata.sh brings it)"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as Tesseract read it, and where it stands along its line, 0 (left) to 1 (right)."""

    text: str
    score: float
    """Confidence, 0 to 1."""
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class TesseractLine:
    """A line as Tesseract read it: its text in reading order, and its words in any order."""

    text: str
    score: float
    """Mean confidence of the words, 0 to 1."""
    words: tuple[Word, ...]


class LineReader:
    """Tesseract for single lines of some languages; one call at a time."""

    def __init__(self, languages: Sequence[str]) -> None:
        from tesserocr import OEM, PyTessBaseAPI

        self._api: Any = PyTessBaseAPI(
            path=str(tessdata_folder()), lang="+".join(languages), oem=OEM.LSTM_ONLY
        )
        self._lock = Lock()

    def read(self, crops: Sequence[Picture]) -> list[TesseractLine]:
        """Each crop of a line as text; "" where nothing was read."""
        with self._lock:
            return [self._read(crop) for crop in crops]

    def _read(self, crop: Picture) -> TesseractLine:
        from tesserocr import PSM

        scale = max(_LEAST_HEIGHT / crop.shape[0], 1.0)
        if scale > 1:
            crop = np.asarray(
                cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
            )
        above, beside = _MARGIN
        framed = cv2.copyMakeBorder(crop, above, above, beside, beside, cv2.BORDER_REPLICATE)
        picture = Image.fromarray(cv2.cvtColor(framed, cv2.COLOR_BGR2RGB))
        line = self._line(picture, PSM.SINGLE_LINE, beside)
        # Now and then the search for a line in the crop finds none; then the crop is taken as the line.
        return line if line.text else self._line(picture, PSM.RAW_LINE, beside)

    def _line(self, picture: Image.Image, mode: int, margin: int) -> TesseractLine:
        self._api.SetPageSegMode(mode)
        self._api.SetImage(picture)
        text = _plain(self._api.GetUTF8Text())
        words = self._words(picture.width - 2 * margin, margin) if text else ()
        return TesseractLine(text, self._api.MeanTextConf() / 100, tuple(words))

    def _words(self, width: int, margin: int) -> Iterator[Word]:
        from tesserocr import RIL, iterate_level

        for place in iterate_level(self._api.GetIterator(), RIL.WORD):
            if not place.Empty(RIL.WORD) and (text := _plain(place.GetUTF8Text(RIL.WORD))):
                left, _, right, _ = place.BoundingBox(RIL.WORD)
                score = place.Confidence(RIL.WORD) / 100
                yield Word(text, score, max((left - margin) / width, 0.0), min((right - margin) / width, 1.0))


def _plain(text: str) -> str:
    """One line without the marks of writing direction that Tesseract puts in."""
    return " ".join("".join(c for c in text if category(c) != "Cf").split())


@cache
def line_reader(languages: tuple[str, ...]) -> LineReader:
    """The shared reader of some languages; its data is loaded once."""
    return LineReader(languages)
