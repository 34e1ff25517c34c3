"""F1 of lines: one-to-one by their boxes, and by box and text."""

from collections.abc import Sequence
from typing import NamedTuple

from qwenocr_assets.geometry import Point, Quad
from qwenocr_assets.scoring.assignment import best_pairs
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised


class Line(NamedTuple):
    """A line of text with its corners, where they are known."""

    text: str
    quad: Quad | None = None
    """In either direction; both sides of a comparison in the same coordinates."""


def line_scores(answer: Sequence[Line], truth: Sequence[Line], least_iou: float = 0.5) -> list[Score]:
    """F1 of a page's lines: by box, where both sides have boxes, and by equal text (and box, where there are boxes).

    The greatest number of one-to-one pairs with intersection over union of at least `least_iou` is counted.
    """
    scores: list[Score] = []
    total = len(answer) + len(truth)
    if not truth:
        return scores
    with_boxes = all(line.quad for line in truth) and all(line.quad for line in answer)
    if with_boxes:
        overlap = _overlaps(answer, truth, least_iou)
        scores.append(_f1(Metric.LINE_F1, overlap, total))
        same = {(i, j) for i, j in overlap if _text(answer[i]) == _text(truth[j])}
    else:
        answers, truths = ([_text(line) for line in lines] for lines in (answer, truth))
        same = {(i, j) for i, a in enumerate(answers) for j, t in enumerate(truths) if a == t}
    scores.append(_f1(Metric.LINE_TEXT_F1, same, total))
    return scores


def _text(line: Line) -> str:
    return normalised(line.text)


def _f1(metric: Metric, fitting: set[tuple[int, int]], total: int) -> Score:
    return Score(metric, total - 2 * len(best_pairs(dict.fromkeys(sorted(fitting), 1.0))), total)


def _overlaps(answer: Sequence[Line], truth: Sequence[Line], least: float) -> set[tuple[int, int]]:
    truths = [(j, line.quad, line.quad.box) for j, line in enumerate(truth) if line.quad]
    return {
        (i, j)
        for i, line in enumerate(answer)
        if line.quad
        for box in (line.quad.box,)
        for j, quad, other in truths
        if box.left < other.right and other.left < box.right
        if box.top < other.bottom and other.top < box.bottom
        if iou(line.quad, quad) >= least
    }


def iou(one: Quad, other: Quad) -> float:
    """Intersection over union of two convex quads, 0 when they have no area."""
    shared = _area(_clipped(list(one.corners), _turned(other.corners)))
    union = _area(one.corners) + _area(other.corners) - shared
    return min(shared / union, 1.0) if union > 0 else 0.0


def _signed_area(polygon: Sequence[Point]) -> float:
    return sum(
        x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], *polygon[:1]), strict=True)
    )


def _area(polygon: Sequence[Point]) -> float:
    return abs(_signed_area(polygon)) / 2


def _turned(polygon: Sequence[Point]) -> Sequence[Point]:
    """With its inside to the left of every edge."""
    return polygon if _signed_area(polygon) >= 0 else polygon[::-1]


def _clipped(polygon: list[Point], by: Sequence[Point]) -> list[Point]:
    """What of a polygon lies within a convex one (Sutherland and Hodgman 1974)."""
    for a, b in zip(by, (*by[1:], by[0]), strict=True):
        sides = [(b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) for x, y in polygon]
        kept: list[Point] = []
        for i, (point, side) in enumerate(zip(polygon, sides, strict=True)):
            before, side_before = polygon[i - 1], sides[i - 1]
            if (side >= 0) != (side_before >= 0):
                share = side_before / (side_before - side)
                kept.append(
                    (
                        before[0] + share * (point[0] - before[0]),
                        before[1] + share * (point[1] - before[1]),
                    )
                )
            if side >= 0:
                kept.append(point)
        polygon = kept
    return polygon
