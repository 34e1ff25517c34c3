"""Boxes → reading order."""

import json
from itertools import pairwise
from math import cos, radians, sin
from pathlib import Path

import pytest

from qwenocr_assets.geometry import Quad
from qwenocr_assets.tables.places.reading_order import reading_order

TRUTH = Path(__file__).parents[2] / "data" / "truth"

Placed = tuple[str, float, float, float, float]
"""Text, left, top, right, bottom."""


def read(lines: list[Placed], angle: float = 0.0) -> list[str]:
    turn = radians(angle)

    def turned(x: float, y: float) -> tuple[float, float]:
        return x * cos(turn) - y * sin(turn), x * sin(turn) + y * cos(turn)

    quads = [
        Quad(*turned(left, top), *turned(right, top), *turned(right, bottom), *turned(left, bottom))
        for _, left, top, right, bottom in lines
    ]
    texts = [line[0] for line in lines]
    return [texts[index] for index in reading_order(texts, quads)]


PROSE = "the wall stands where it stood"


def column(name: str, left: float, rows: int, top: float = 0.0) -> list[Placed]:
    return [(f"{name}{n} {PROSE}", left, top + 15 * n, left + 200, top + 15 * n + 10) for n in range(rows)]


def cells(*rows: str) -> list[Placed]:
    return [
        (text, 100.0 * x, 20.0 * y, 100.0 * x + 30, 20.0 * y + 10)
        for y, row in enumerate(rows)
        for x, text in enumerate(row.split())
    ]


TITLE = [("Title over both columns of the page", 0.0, -40.0, 420.0, -25.0)]
FOOT = [("A note below both of the columns, across", 0.0, 100.0, 420.0, 110.0)]
TWO = column("a", 0, 5) + column("b", 220, 5)
THREE = column("a", 0, 5) + column("b", 220, 5) + column("c", 440, 5)
ARABIC = [
    ("سعر", 200.0, 0.0, 230.0, 10.0),
    ("10", 100.0, 0.0, 120.0, 10.0),
    ("مجموع", 200.0, 20.0, 240.0, 30.0),
]
VERTICAL = [
    ("一行目です", 90.0, 0.0, 100.0, 60.0),
    ("二行目です", 70.0, 0.0, 80.0, 60.0),
    ("三行", 50.0, 0.0, 60.0, 30.0),
]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(column("a", 0, 6), id="one column"),
        pytest.param(TWO, id="two columns"),
        pytest.param(THREE, id="three columns"),
        pytest.param(TITLE + TWO + FOOT, id="title, two columns, a note"),
        pytest.param(column("a", 0, 6) + column("b", 220, 3), id="columns of unequal length"),
        pytest.param(cells("a b c", "1 2 3", "4 5 6", "7 8 9"), id="a table"),
        pytest.param(ARABIC, id="right to left"),
    ],
)
@pytest.mark.parametrize("angle", [0, 3, -5, 90, 180])
def test_reading_order(lines: list[Placed], angle: float) -> None:
    shuffled = sorted(lines, key=lambda line: hash(line[0][::-1]) % 97)
    assert read(shuffled, angle) == [line[0] for line in lines]


def test_vertical_text_is_read_from_the_right() -> None:
    assert read(VERTICAL[::-1]) == [line[0] for line in VERTICAL]


@pytest.mark.parametrize("lines", [[], [("a", 0.0, 0.0, 1.0, 1.0)]], ids=["none", "one"])
def test_little_text(lines: list[Placed]) -> None:
    assert read(lines) == [line[0] for line in lines]


@pytest.mark.parametrize("path", sorted(TRUTH.rglob("*.json")), ids=lambda path: path.stem)
def test_the_samples_are_read_as_they_were_written(path: Path) -> None:
    truth = json.loads(path.read_text(encoding="utf-8"))
    for page in truth.get("pages", [truth]):
        lines = [line for line in page["lines"] if "bbox" in line]
        order = reading_order([line["text"] for line in lines], [Quad.of(line["bbox"]) for line in lines])
        kept = sum(before < after for before, after in pairwise(order))
        assert kept >= 0.8 * (len(order) - 1), [lines[index]["text"] for index in order]
