"""Text compared box by box: each word goes to the line of the truth it is in, so neither the order of lines counts nor
where an answer cuts them."""

import re
from collections.abc import Sequence
from math import dist

from rapidfuzz.distance import Levenshtein

from qwenocr_assets.geometry import Point, Quad
from qwenocr_assets.scoring.lines import Line
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised

_SAME_ROW = 0.5
"""Words whose middles are less than this many line heights apart are in one row."""
_BESIDE = 0.5
"""Height of a truth's line, as a share, by which the middle of a word may miss its box."""


def boxed_character_errors(answer: Sequence[Line], truth: Sequence[Line]) -> Score | None:
    """CER by boxes, of the characters of the truth's lines; None where a line of either side has no box.

    What was read where the truth has no line is left out: truths do not always hold a page's every mark.
    """
    quads = [line.quad for line in truth if line.quad is not None]
    wanted = [normalised(line.text) for line in truth]
    total = sum(map(len, wanted))
    if not total or len(quads) < len(truth) or any(line.quad is None for line in answer):
        return None
    read = _in_boxes(answer, quads)
    return Score(Metric.CER_BOXES, sum(map(Levenshtein.distance, map(normalised, read), wanted)), total)


def _in_boxes(answer: Sequence[Line], boxes: Sequence[Quad]) -> list[str]:
    """What was read in each box, row by row from left to right."""
    found: list[list[tuple[Point, float, str]]] = [[] for _ in boxes]
    for line in answer:
        for word in re.finditer(r"\S+", line.text):
            if line.quad is None:
                continue
            middle = _along(line.quad, sum(word.span()) / 2 / len(line.text))
            place = _box_at(middle, boxes)
            if place is not None:
                found[place].append((middle, _height(line.quad), word[0]))
    return [_rows(words) for words in found]


def _along(quad: Quad, share: float) -> Point:
    """The middle of a line's height, at this share of its length."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.corners
    left, right = ((ax + dx) / 2, (ay + dy) / 2), ((bx + cx) / 2, (by + cy) / 2)
    return left[0] + (right[0] - left[0]) * share, left[1] + (right[1] - left[1]) * share


def _height(quad: Quad) -> float:
    return dist(quad.corners[0], quad.corners[3])


def _box_at(point: Point, boxes: Sequence[Quad]) -> int | None:
    """The box that a point is in, or just beside; the nearest to its middle where several are."""
    x, y = point
    near = []
    for index, quad in enumerate(boxes):
        box = quad.box
        away = max(box.left - x, x - box.right, box.top - y, y - box.bottom, 0.0)
        if away <= _BESIDE * (box.bottom - box.top):
            near.append((away, abs(y - (box.top + box.bottom) / 2), index))
    return min(near)[2] if near else None


def _rows(words: Sequence[tuple[Point, float, str]]) -> str:
    rows: list[list[tuple[Point, float, str]]] = []
    for word in sorted(words, key=lambda word: word[0][1]):
        if rows and abs(word[0][1] - rows[-1][0][0][1]) < _SAME_ROW * word[1]:
            rows[-1].append(word)
        else:
            rows.append([word])
    return " ".join(text for row in rows for _, _, text in sorted(row, key=lambda word: word[0][0]))
