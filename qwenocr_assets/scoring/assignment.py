"""The best one-to-one pairs of two lists."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]


def best_pairs(weights: Mapping[Pair, float]) -> list[Pair]:
    """The pairs, each index at most once on its side, whose weights add up to the most; in order of the first index.

    `weights` holds the pairs that are possible, each with a weight above 0.
    """
    return sorted(pair for part in _parts(weights) for pair in _assigned(part))


def _parts(weights: Mapping[Pair, float]) -> Iterator[dict[Pair, float]]:
    """Pairs that have nothing to do with each other, apart: small problems instead of one large one."""
    by_left: dict[int, list[int]] = defaultdict(list)
    by_right: dict[int, list[int]] = defaultdict(list)
    for left, right in weights:
        by_left[left].append(right)
        by_right[right].append(left)
    part_of: dict[int, int] = {}
    for start in by_left:
        if start in part_of:
            continue
        part_of[start] = start
        waiting = [start]
        while waiting:
            for right in by_left[waiting.pop()]:
                for left in by_right.pop(right, ()):
                    if left not in part_of:
                        part_of[left] = start
                        waiting.append(left)
    parts: dict[int, dict[Pair, float]] = defaultdict(dict)
    for pair, weight in weights.items():
        parts[part_of[pair[0]]][pair] = weight
    yield from parts.values()


def _assigned(weights: Mapping[Pair, float]) -> list[Pair]:
    """The Hungarian method with potentials (Kuhn 1955, Munkres 1957; O(n²m)), for the greatest sum."""
    if len(weights) == 1:
        return list(weights)
    left = sorted({i for i, _ in weights})
    right = sorted({j for _, j in weights})
    row_of, column_of = ({index: n for n, index in enumerate(side)} for side in (left, right))
    cost = np.zeros((len(left), len(right)))
    for (i, j), weight in weights.items():
        cost[row_of[i], column_of[j]] = -weight
    turned = len(left) > len(right)
    found = _least_cost(cost.T if turned else cost)
    pairs = ((j, i) if turned else (i, j) for i, j in found)
    return [pair for i, j in pairs if (pair := (left[i], right[j])) in weights]


def _least_cost(cost: NDArray[np.float64]) -> Iterator[Pair]:
    """A column for each row, of which there are no more than columns; index 0 stands for none."""
    height, width = cost.shape
    of_row, of_column = np.zeros(height + 1), np.zeros(width + 1)
    row_of = np.zeros(width + 1, dtype=np.intp)
    for row in range(1, height + 1):
        row_of[0] = row
        column = 0
        least = np.full(width + 1, np.inf)
        came_from = np.zeros(width + 1, dtype=np.intp)
        free = np.ones(width + 1, dtype=bool)
        while row_of[column]:
            free[column] = False
            here = row_of[column]
            slack = cost[here - 1] - of_row[here] - of_column[1:]
            nearer = free[1:] & (slack < least[1:])
            least[1:][nearer] = slack[nearer]
            came_from[1:][nearer] = column
            following = int(np.where(free, least, np.inf).argmin())
            delta = least[following]
            of_row[row_of[~free]] += delta
            of_column[~free] -= delta
            least[free] -= delta
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return ((int(row_of[j]) - 1, j - 1) for j in range(1, width + 1) if row_of[j])
