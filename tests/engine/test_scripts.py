"""Scripts that the weights cannot read: told, refused, or read by Tesseract."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from rapidfuzz.distance import Levenshtein

from qwenocr_assets.engine.errors import UnsupportedScript
from qwenocr_assets.engine.reading import tesseract
from qwenocr_assets.engine.reading.other_scripts import is_doubtful, with_arabic_marks
from qwenocr_assets.engine.reading.reader import Reader
from qwenocr_assets.engine.reading.scripts import READABLE, group_of, observe, page_script, script_model
from qwenocr_assets.engine.reading.tesseract import LANGUAGES, Word, languages_for
from qwenocr_assets.engine.understanding.text import plain_text

SAMPLES = Path(__file__).parents[2] / "data/samples"
OTHER = {"ko": "hangul", "ru": "cyrillic", "ar": "arabic", "vi": "vietnamese"}


@pytest.fixture(scope="module")
def plain_reader() -> Reader:
    return Reader(with_tesseract=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("ko", r"Korean.*tesseract-ocr-kor"),
        ("ru", r"Cyrillic.*tesseract-ocr-rus"),
        ("ar", r"Arabic.*tesseract-ocr-ara"),
        ("vi", r"Vietnamese.*tesseract-ocr-vie"),
    ],
)
def test_a_script_that_cannot_be_read_is_named(plain_reader: Reader, language: str, says: str) -> None:
    with pytest.raises(UnsupportedScript, match=says):
        plain_reader.read((SAMPLES / f"languages/{language}.png").read_bytes())


def few_words(language: str, line: int, length: int) -> bytes:
    """The beginning of a line of a sample, `length` times as long as high, alone on a page."""
    truth = json.loads((SAMPLES.parent / f"truth/languages/{language}.json").read_text("utf-8"))
    left, top, right, bottom = truth["lines"][line]["bbox"]
    width = length * (bottom - top)
    start = right - width if language == "ar" else left - 4
    with Image.open(SAMPLES / f"languages/{language}.png") as page:
        words = page.convert("L").crop((start, top - 4, start + width, bottom + 4))
    alone, file = Image.new("L", (700, 400), 255), io.BytesIO()
    alone.paste(words, (150, 150))
    alone.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("length", [3, 6])
@pytest.mark.parametrize("language", ["ar", "ru", "ko", "vi"])
def test_a_few_words_are_refused_too(plain_reader: Reader, language: str, length: int) -> None:
    with pytest.raises(UnsupportedScript, match="install the extra `scripts`"):
        plain_reader.read(few_words(language, 4, length))


@pytest.mark.parametrize("language", ["en", "zh", "ja"])
def test_a_few_words_that_it_knows_are_read(plain_reader: Reader, language: str) -> None:
    assert plain_reader.read(few_words(language, 1, 6)).lines


@pytest.mark.slow
@pytest.mark.parametrize("language", OTHER)
def test_with_the_extra_it_is_read(language: str) -> None:
    if not languages_for(OTHER[language]):
        pytest.skip(f"the extra `scripts` or Tesseract's data for {OTHER[language]} is not installed")
    truth = json.loads((SAMPLES.parent / f"truth/languages/{language}.json").read_text("utf-8"))
    wanted = " ".join(" ".join(line["text"] for line in truth["lines"]).split())
    read = " ".join(plain_text(Reader().read((SAMPLES / f"languages/{language}.png").read_bytes())).split())
    assert Levenshtein.distance(read, wanted) / len(wanted) <= 0.06


@pytest.mark.parametrize(
    ("characters", "group"),
    [("a", "small"), ("Z", "capital"), ("7", "digit"), (";", "ascii"), ("é", "latin"), ("ơ", "latin more"),
     ("漢", "han"), ("ひ", "hiragana"), ("カ", "katakana"), ("Ω", "greek"), ("（", "wide"), ("€", "S"), ("½", "N")],
)  # fmt: skip
def test_groups_of_characters(characters: str, group: str) -> None:
    from qwenocr_assets.engine.reading.scripts import _GROUPS

    assert _GROUPS[group_of(characters)] == group


_WIDTHS = st.integers(1, 40)


@given(
    _WIDTHS.flatmap(lambda n: arrays.arrays(np.float32, (n, 8), elements=st.floats(2**-10, 1, width=32))),
    st.data(),
)
def test_any_line_has_finite_features(weights: np.ndarray, data: st.DataObject) -> None:
    posteriors = weights / weights.sum(axis=1, keepdims=True)
    strip = data.draw(
        arrays.arrays(np.float32, (3, 6, 8 * len(weights)), elements=st.floats(-1, 1, width=32))
    )
    forced, whole = observe(posteriors, strip, np.array([0, 1, 1, 2, 3, 4, 5, 6]))
    assert forced.shape == (7,)
    assert np.isfinite(forced).all()
    assert np.isfinite(whole).all()
    assert len(whole) == 12 + 2 * 17


def test_the_network_ships_complete() -> None:
    model = script_model()
    assert set(READABLE) < set(model.classes)
    assert set(model.classes) - set(READABLE) == set(LANGUAGES)
    width = len(model.mean)
    assert model.hidden.shape[0] == len(model.upright) == width
    line = np.zeros(width, np.float32)
    assert model.probabilities([line, line]).sum(axis=1) == pytest.approx(1)


def test_a_page_without_lines_is_in_no_script() -> None:
    assert page_script([], []).unreadable is None


def test_languages_are_those_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ukr", "rus", "bul", "kor"):
        (tmp_path / f"{name}.traineddata").touch()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    monkeypatch.setattr(tesseract, "find_spec", lambda name: object())
    assert languages_for("cyrillic") == ("rus", "ukr")
    assert languages_for("hangul") == ("kor",)
    assert languages_for("thai") == ()
    monkeypatch.setattr(tesseract, "find_spec", lambda name: None)
    assert languages_for("hangul") == ()


@pytest.mark.parametrize(
    ("word", "doubtful"),
    [
        pytest.param(Word("сегодня", 0.95, 0, 1), False, id="a word of the script"),
        pytest.param(Word("гаКаг@земегспа", 0.4, 0, 1), True, id="one that Tesseract is unsure of"),
        pytest.param(Word("1,284.50", 0.95, 0, 1), False, id="an amount"),
        pytest.param(Word("418", 0.5, 0, 1), True, id="an unsure number"),
        pytest.param(Word("90cm", 0.95, 0, 1), True, id="latin letters"),
        pytest.param(Word("][", 0.95, 0, 1), True, id="what stands for unknown print"),
    ],
)
def test_words_that_are_read_again(word: Word, doubtful: bool) -> None:
    assert is_doubtful(word) is doubtful


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("مبنى, شارع", "مبنى، شارع"),
        ("1,376.250 دينار", "1,376.250 دينار"),
        ("كيف?", "كيف؟"),
        ("one, two", "one, two"),
    ],
)
def test_arabic_commas(text: str, marked: str) -> None:
    assert with_arabic_marks(text) == marked


def test_tessdata_script_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "rus.traineddata").write_bytes(b"data")
    script = Path(__file__).parents[2] / "deploy/tessdata.sh"
    ran = subprocess.run([script, tmp_path, "rus"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"{tmp_path}: rus ready"
    assert (tmp_path / "rus.traineddata").read_bytes() == b"data"
