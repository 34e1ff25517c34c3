"""Positions that stand in an answer's text become corners in pixels, or none where their unit is unknown."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.wire.positions import words_of_text
from qwenocr_assets.qwenocr.wire.rectangles import Rectangle, corners

SIZE = (2000, 1000)


def fenced(*items: object) -> str:
    return f"```json\n{json.dumps(items, ensure_ascii=False)}\n```"


def corners_of(rectangle: tuple[float, ...], size: tuple[int, int]) -> Quad:
    outline = Rectangle(rectangle, True).outline(is_centred=True)
    return corners(outline, (size[0] / 1000, size[1] / 1000))


LINE = {"rotate_rect": [500, 500, 100, 20, 0], "text": "合計 ¥1,200"}
ACROSS = (900, 490, 1100, 490, 1100, 510, 900, 510)


@pytest.mark.parametrize(
    ("text", "size", "lines"),
    [
        pytest.param(fenced(LINE), SIZE, [("合計 ¥1,200", ACROSS)], id="a line"),
        pytest.param(fenced(LINE), None, [("合計 ¥1,200", None)], id="size unknown"),
        pytest.param(fenced(LINE)[:-6], SIZE, [("合計 ¥1,200", ACROSS)], id="cut off"),
        pytest.param(fenced(LINE, LINE)[:-12], SIZE, 1, id="cut inside the last"),
        pytest.param(
            fenced({"rotate_rect": [740, 374, 599, 1459, 90], "text": "x"}), SIZE, [("x", None)], id="pixels"
        ),
        pytest.param(fenced({"rotate_rect": [1, 2], "text": "x"}), SIZE, [("x", None)], id="no rectangle"),
        pytest.param(
            '```json\n[{"pos_list": [{"rotate_rect": [740, 374, 599, 1459, 90]}]}```', SIZE, [], id="guide"
        ),
        pytest.param("plain text", SIZE, [], id="plain text"),
        pytest.param("", SIZE, [], id="nothing"),
    ],
)
def test_lines(text: str, size: tuple[int, int] | None, lines: object) -> None:
    words = words_of_text(text, size)
    if isinstance(lines, int):
        assert len(words) == lines
        return
    rounded = [(w.text, None if w.quad is None else tuple(round(v) for v in w.quad)) for w in words]
    assert rounded == lines


@pytest.mark.parametrize(
    ("rectangle", "expected"),
    [
        pytest.param((500, 500, 100, 20, 0), ACROSS, id="width along the text"),
        pytest.param((500, 500, 20, 100, 90), ACROSS, id="height along the text"),
        pytest.param((500, 500, 20, 100, -90), ACROSS, id="height along the text, turned the other way"),
        pytest.param((500, 500, 100, 20, 180), ACROSS, id="upside down"),
    ],
)
def test_all_conventions_give_the_same_corners(
    rectangle: tuple[float, ...], expected: tuple[int, ...]
) -> None:
    assert tuple(round(v) for v in corners_of(rectangle, SIZE)) == expected


@given(
    rectangle=st.tuples(*[st.floats(0, 1000)] * 4, st.floats(-360, 360)),
    size=st.tuples(st.integers(11, 8000), st.integers(11, 8000)),
)
def test_corners_run_clockwise_around_the_centre(
    rectangle: tuple[float, float, float, float, float], size: tuple[int, int]
) -> None:
    quad = corners_of(rectangle, size)
    xs, ys = quad[0::2], quad[1::2]
    assert math.isclose(sum(xs) / 4, rectangle[0] * size[0] / 1000, rel_tol=1e-6, abs_tol=1e-6)
    assert math.isclose(sum(ys) / 4, rectangle[1] * size[1] / 1000, rel_tol=1e-6, abs_tol=1e-6)
    area = sum(xs[i] * ys[(i + 1) % 4] - xs[(i + 1) % 4] * ys[i] for i in range(4)) / 2
    assert area >= -1e-3
    assert xs[0] + ys[0] <= min(x + y for x, y in zip(xs, ys, strict=True)) + 1e-9
