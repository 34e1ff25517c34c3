"""F1 of lines: one-to-one by their boxes, and by box and text."""

from collections.abc import Sequence
from typing import NamedTuple

from qwenocr_assets.scoring.assignment import best_pairs
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised

Point = tuple[float, float]
Quad = tuple[Point, ...]
"""Four corners, in either direction; both sides of a comparison in the same coordinates."""


class Line(NamedTuple):
    """A line of text with its corners, where they are known."""

    text: str
    quad: Quad | None = None


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
    truths = [(j, line.quad, _bounds(line.quad)) for j, line in enumerate(truth) if line.quad]
    return {
        (i, j)
        for i, line in enumerate(answer)
        if line.quad
        for bounds in (_bounds(line.quad),)
        for j, quad, other in truths
        if bounds[0] < other[2] and other[0] < bounds[2] and bounds[1] < other[3] and other[1] < bounds[3]
        if iou(line.quad, quad) >= least
    }


def _bounds(quad: Quad) -> tuple[float, float, float, float]:
    xs, ys = zip(*quad, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def iou(one: Quad, other: Quad) -> float:
    """Intersection over union of two convex polygons, 0 when they have no area."""
    shared = _area(_clipped(list(one), _turned(other)))
    union = _area(one) + _area(other) - shared
    return min(shared / union, 1.0) if union > 0 else 0.0


def _signed_area(polygon: Sequence[Point]) -> float:
    return sum(
        x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], *polygon[:1]), strict=True)
    )


def _area(polygon: Sequence[Point]) -> float:
    return abs(_signed_area(polygon)) / 2


def _turned(polygon: Quad) -> Quad:
    """With its inside to the left of every edge."""
    return polygon if _signed_area(polygon) >= 0 else polygon[::-1]


def _clipped(polygon: list[Point], by: Quad) -> list[Point]:
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
