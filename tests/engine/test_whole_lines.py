"""Lines that the detector cut off or broke apart, and what is only beside them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from qwenocr_assets.engine.page.geometry import Quads
from qwenocr_assets.engine.reading.ends import goes_on, lengthened
from qwenocr_assets.engine.reading.pictures import Picture, cut_out
from qwenocr_assets.engine.reading.uprights import broken_uprights, is_one_line
from qwenocr_assets.engine.reading.weights import Reading, Weights
from qwenocr_assets.engine.reading.whole_lines import seen_lines

HEIGHT = 40
LINE = (200, 100, 400, 100 + HEIGHT)
Box = tuple[int, int, int, int]


def quads_of(*boxes: Box) -> Quads:
    return np.array([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in boxes], np.float64)


def reading(text: str, least_score: float = 1.0) -> Reading:
    return Reading(text, least_score, least_score, (), None)  # type: ignore[arg-type]  # nobody asks for its script


def inked(*boxes: Box, ink: int = 0, paper: int = 255) -> Picture:
    """Paper with a line of strokes in the middle, and marks where the boxes are."""
    picture = np.full((240, 600, 3), paper, np.uint8)
    strokes = [(left, 108, left + 6, 132) for left in range(206, 394, 20)]
    for left, top, right, bottom in (*strokes, *boxes):
        picture[top:bottom, left:right] = ink
    return picture


COLON_BEHIND = ((420, 112, 424, 116), (420, 126, 424, 130))


@pytest.mark.parametrize(
    ("marks", "others", "left", "right"),
    [
        pytest.param((), (), 200, 400, id="nothing there"),
        pytest.param(COLON_BEHIND, (), 200, 426, id="a colon behind it"),
        pytest.param(((170, 110, 176, 130),), (), 168, 400, id="a quantity before it"),
        pytest.param(((190, 110, 200, 130),), (), 188, 400, id="a letter cut off"),
        pytest.param(((450, 110, 456, 130),), (), 200, 400, id="too far away"),
        pytest.param(((420, 119, 600, 121),), (), 200, 400, id="a rule that goes on"),
        pytest.param(((420, 60, 423, 200),), (), 200, 400, id="a rule that crosses"),
        pytest.param(((420, 120, 421, 121),), (), 200, 400, id="a speck"),
        pytest.param(COLON_BEHIND, ((410, 100, 500, 140),), 200, 400, id="what another line has"),
    ],
)
def test_a_line_reaches_as_far_as_its_marks(
    marks: tuple[Box, ...], others: tuple[Box, ...], left: int, right: int
) -> None:
    picture, quads = inked(*marks), quads_of(LINE, *others)
    longer = lengthened(picture, quads, [cut_out(picture, corners) for corners in quads])
    corners = longer.get(0, quads[0])
    assert (corners[0, 0], corners[1, 0]) == pytest.approx((left, right), abs=0.5)
    assert (corners[:, 1] == quads[0][:, 1]).all()


@pytest.mark.parametrize(
    ("ink", "paper"), [pytest.param(255, 0, id="light on dark"), pytest.param(235, 255, id="no contrast")]
)
def test_only_dark_print_on_paper_is_looked_at(ink: int, paper: int) -> None:
    picture, quads = inked(*COLON_BEHIND, ink=ink, paper=paper), quads_of(LINE)
    assert lengthened(picture, quads, [cut_out(picture, quads[0])]) == {}


@pytest.mark.parametrize(
    ("short", "long", "least_score", "is_more"),
    [
        pytest.param("Discount", "Discount :", 0.9, True, id="a colon more"),
        pytest.param("7,840.00", "-7,840.00", 0.9, True, id="a sign more"),
        pytest.param("Tea", "1 Tea", 0.9, True, id="a quantity more"),
        pytest.param("Discount", "Discount .", 0.6, False, id="not sure"),
        pytest.param("Discount", "Discount", 0.9, False, id="nothing more"),
        pytest.param("0.00", "000", 0.9, False, id="a point less"),
        pytest.param("Hanoling", "Handling:", 0.9, False, id="something else"),
    ],
)
def test_a_longer_reading_is_taken_where_it_surely_has_more(
    short: str, long: str, least_score: float, is_more: bool
) -> None:
    assert goes_on(reading(short), reading(long, least_score)) == is_more


@pytest.mark.parametrize(
    ("pieces", "texts", "found"),
    [
        pytest.param(
            ((50, 100, 70, 116), (50, 114, 70, 130), (50, 130, 70, 190)),
            ("8", "2", "5504"),
            [[0, 1, 2]],
            id="characters and a piece that runs down",
        ),
        pytest.param(
            ((50, 130, 70, 190), (50, 188, 70, 204)), ("5504", "7"), [[0, 1]], id="the piece comes first"
        ),
        pytest.param(
            ((50, 100, 70, 118), (50, 118, 70, 136), (50, 136, 70, 154)),
            ("3", "4", "5"),
            [],
            id="a column of digits",
        ),
        pytest.param(
            ((50, 100, 70, 130), (50, 132, 70, 162)), ("1", "7"), [], id="a column of narrow digits"
        ),
        pytest.param(((50, 100, 70, 116), (50, 160, 70, 220)), ("8", "5504"), [], id="far apart"),
        pytest.param(((90, 100, 110, 116), (50, 114, 70, 174)), ("8", "5504"), [], id="not over each other"),
        pytest.param(((50, 100, 120, 116), (50, 116, 70, 176)), ("Total", "5504"), [], id="a line over it"),
    ],
)
def test_pieces_over_each_other_may_be_one_line(
    pieces: tuple[Box, ...], texts: tuple[str, ...], found: list[list[int]]
) -> None:
    wholes = broken_uprights(quads_of(*pieces), [reading(text) for text in texts])
    assert [indices for indices, _ in wholes] == found
    for indices, corners in wholes:
        inside = np.array([pieces[i] for i in indices])
        assert corners.min(axis=0).tolist() == inside[:, :2].min(axis=0).tolist()
        assert corners.max(axis=0).tolist() == inside[:, 2:].max(axis=0).tolist()


@pytest.mark.parametrize(
    ("whole", "least_score", "is_line"),
    [
        pytest.param("82550", 0.95, True, id="sure"),
        pytest.param("82550", 0.7, False, id="unsure"),
        pytest.param("8 550", 0.95, False, id="numbers apart"),
        pytest.param("8", 0.95, False, id="shorter than its pieces"),
    ],
)
def test_a_whole_that_surely_reads_as_one_word_stands_for_its_pieces(
    whole: str, least_score: float, is_line: bool
) -> None:
    assert is_one_line([reading("8"), reading("2"), reading("LSS")], reading(whole, least_score)) == is_line


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights()


def drawn(*texts: tuple[str, int, int]) -> Picture:
    page = Image.new("RGB", (500, 120), "white")
    for text, left, top in texts:
        ImageDraw.Draw(page).text((left, top), text, fill="black", font=ImageFont.load_default(26))
    return np.asarray(page)[..., ::-1].copy()


def test_a_colon_outside_the_box_is_read(weights: Weights) -> None:
    page = drawn(("Discount", 60, 40), (":", 190, 40))
    lines = seen_lines(page, quads_of((55, 38, 172, 74)), weights.recognise)
    assert [line.text for line in lines.readings] == ["Discount :"]
    assert lines.quads[0, 1, 0] > 190


def test_a_number_in_the_margin_is_read_in_one_piece(weights: Weights) -> None:
    page = np.rot90(drawn(("82254765", 60, 40)), k=-1).copy()
    (top, bottom), (left, right) = ((int(n.min()), int(n.max())) for n in np.nonzero(page[..., 0] < 128))
    cut = top + (bottom - top) // 4
    pieces = quads_of((left - 3, top - 3, right + 3, cut), (left - 3, cut, right + 3, bottom + 3))
    lines = seen_lines(page, pieces, weights.recognise)
    assert [line.text for line in lines.readings] == ["82254765"]
    assert len(lines.quads) == len(lines.crops) == 1
