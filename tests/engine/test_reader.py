"""Reading page images: what is decoded, what is refused, what is read once and kept."""

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from qwenocr_assets.engine.errors import MissingWeights, UnreadableImage
from qwenocr_assets.engine.reading import pictures, weights
from qwenocr_assets.engine.reading import reader as reader_module
from qwenocr_assets.engine.reading.pictures import decode
from qwenocr_assets.engine.reading.reader import Reader
from qwenocr_assets.engine.understanding.text import plain_text
from tests.waiting import LIMIT_SECONDS

SAMPLES = Path(__file__).parents[2] / "data/samples"


def file_of(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def printed(*texts: str) -> Image.Image:
    page = Image.new("RGB", (600, 60 + 60 * len(texts)), "white")
    for index, text in enumerate(texts):
        ImageDraw.Draw(page).text((40, 30 + 60 * index), text, fill="black", font=ImageFont.load_default(28))
    return page


PAGE = file_of(printed("Invoice 20251", "Total 12.50 EUR"))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(cached_pages=2, with_tesseract=False)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        pytest.param(b"", "cannot be decoded", id="no bytes"),
        pytest.param(b"%PDF-1.7 no image", "cannot be decoded", id="no image"),
        pytest.param(PAGE[: len(PAGE) // 2], "cannot be decoded", id="half an image"),
        pytest.param(file_of(Image.new("L", (9, 400))), "at least 10", id="too narrow"),
        pytest.param(file_of(Image.new("L", (2500, 12))), "200 times", id="too long"),
        pytest.param(
            (SAMPLES / "broken/not-an-image.png").read_bytes(), "cannot be decoded", id="the broken sample"
        ),
    ],
)
def test_what_is_no_page_is_refused(reader: Reader, image: bytes, says: str) -> None:
    with pytest.raises(UnreadableImage, match=says):
        reader.read(image)


def _paper(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, (40, 20), colour)  # type: ignore[arg-type]


def _sixteen_bits() -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(0, 65535, 40).astype(np.uint16), (20, 1)))


@pytest.mark.parametrize(
    ("image", "last_pixel"),
    [
        pytest.param(file_of(_paper("1", 1)), (255, 255, 255), id="one bit"),
        pytest.param(file_of(_paper("L", 90)), (90, 90, 90), id="grey"),
        pytest.param(file_of(_paper("RGB", (10, 20, 30))), (30, 20, 10), id="colour is blue first"),
        pytest.param(file_of(_paper("RGBA", (0, 0, 0, 0))), (255, 255, 255), id="transparent is white"),
        pytest.param(file_of(_paper("CMYK", (0, 0, 0, 0)), "JPEG"), (255, 255, 255), id="print colours"),
        pytest.param(file_of(_sixteen_bits()), (255, 255, 255), id="sixteen bits"),
        pytest.param(file_of(_paper("P", 0), "GIF"), (0, 0, 0), id="palette"),
    ],
)
def test_any_kind_of_pixels_is_decoded(image: bytes, last_pixel: tuple[int, int, int]) -> None:
    picture = decode(image)
    assert picture.shape == (20, 40, 3)
    assert tuple(picture[-1, -1]) == last_pixel


def test_a_page_is_read(reader: Reader) -> None:
    page = reader.read(PAGE)
    assert plain_text(page) == "Invoice 20251\nTotal 12.50 EUR"
    assert (page.width, page.height, page.rotation, page.skew) == (600, 180, 0, 0.0)
    assert page.lines == page.upright_lines
    for line in page.lines:
        assert line.score > 0.9
        assert len(line.places) == len(line.text)
        assert list(line.places) == sorted(line.places)


@pytest.mark.parametrize("turn", [None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180])
def test_lines_are_read_again_with_more_around_them(reader: Reader, turn: Image.Transpose | None) -> None:
    page = printed("Invoice 20251", "Total 12.50 EUR")
    image = file_of(page if turn is None else page.transpose(turn))
    lines = reader.read(image).lines
    again = reader.read_wider(image, [line.quad for line in lines])
    assert [reading.text for reading in again] == [line.text for line in lines] != []
    assert [reading.places for reading in again] != [line.places for line in lines]
    assert all(line.least_score is not None and 0.5 < line.least_score <= 1 for line in lines)
    assert reader.read_wider(image, []) == []


@pytest.mark.parametrize("size", [(600, 400), (11, 10), (4000, 30), (30, 4000)], ids=str)
def test_a_blank_page_has_nothing(reader: Reader, size: tuple[int, int]) -> None:
    page = reader.read(file_of(Image.new("RGB", size, "white")))
    assert page.lines == page.upright_lines == page.tables == ()
    assert plain_text(page) == ""


@pytest.mark.parametrize("size", [(2400, 40), (330, 2600)], ids=["a strip", "a long receipt"])
def test_long_pictures_are_read(reader: Reader, size: tuple[int, int]) -> None:
    page = Image.new("RGB", size, "white")
    page.paste(printed("Invoice 20251").crop((0, 20, 300, 60)), (0, 0))
    assert plain_text(reader.read(file_of(page))) == "Invoice 20251"


def test_lines_read_together_are_read_as_alone_and_come_in_order() -> None:
    """Short ones are padded to one width and go together, longer ones have widths of their own."""
    texts = ["12.50", "Invoice 20251", "7", "Total", "A line that is a good deal longer", "Sum", "Total"]
    crops = [np.asarray(printed(text).crop((30, 20, 60 + 18 * len(text), 70))) for text in texts]
    network = weights.Weights()
    together = network.recognise(crops)
    assert [reading.text for reading in together] == texts
    for one, crop in zip(together, crops, strict=True):
        (alone,) = network.recognise([crop])
        assert (one.text, one.places) == (alone.text, alone.places)
        assert one.score == pytest.approx(alone.score, abs=0.02)  # bfloat16, where the processor has it


def test_a_page_is_read_once_however_many_ask() -> None:
    reader = Reader(cached_pages=2, with_tesseract=False)
    with ThreadPoolExecutor(4) as threads:
        pages = list(threads.map(reader.read, [PAGE] * 4))
    assert all(page is pages[0] for page in pages)


def test_a_page_takes_a_processor_however_many_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On two processors, page 1 is asked for four times and can only be read while page 2 is; page 3 has to wait."""
    first, *others = (file_of(Image.new("L", (60, 60 + i), 255)) for i in range(3))
    both = Barrier(2, timeout=LIMIT_SECONDS)
    lock = Lock()
    at_once = most = 0

    def decode_together(image: bytes) -> pictures.Picture:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        if image != others[1]:
            both.wait()
        with lock:
            at_once -= 1
        return decode(image)

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(reader_module, "decode", decode_together)
    reader = Reader(with_tesseract=False)
    with ThreadPoolExecutor(6) as threads:
        pages = list(threads.map(reader.read, [first] * 4 + others))
    assert [page.height for page in pages] == [60] * 4 + [61, 62]
    assert most == 2


def test_only_the_last_pages_are_kept(reader: Reader) -> None:
    first = reader.read(PAGE)
    others = [file_of(Image.new("L", (60, 60 + i), 255)) for i in range(2)]
    reader.read(others[0])
    assert reader.read(PAGE) is first
    reader.read(others[0])
    reader.read(others[1])
    assert reader.read(PAGE) is not first


def test_weights_that_are_not_there_are_not_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(MissingWeights, match="extra `engine`"):
        Reader().warm_up()
    emptied = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(weights, "find_spec", lambda name: emptied)
    with pytest.raises(MissingWeights, match=r"PP-OCRv6_rec_small\.onnx"):
        Reader().read(PAGE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "most"),
    [
        ("en", 0.01),
        ("fr", 0.01),
        ("de", 0.01),
        ("es", 0.01),
        ("pt", 0.01),
        ("it", 0.01),
        ("zh", 0.015),
        ("ja", 0.015),
    ],
)
def test_sample_pages_are_read(reader: Reader, language: str, most: float) -> None:
    truth = json.loads((SAMPLES.parent / f"truth/languages/{language}.json").read_text("utf-8"))
    between = "" if language in ("zh", "ja") else " "
    wanted = between.join(" ".join(line["text"] for line in truth["lines"]).split())
    read = between.join(plain_text(reader.read((SAMPLES / f"languages/{language}.png").read_bytes())).split())
    assert Levenshtein.distance(read, wanted) / len(wanted) <= most
