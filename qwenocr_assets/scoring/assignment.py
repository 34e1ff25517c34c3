"""The best one-to-one pairs of two lists."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

Pair = tuple[int, int]


def best_pairs(weights: Mapping[Pair, float]) -> list[Pair]:
    """The pairs, each index at most once on its side, whose weights add up to the most; in order of the first index.

    `weights` holds the pairs that are possible, each with a weight above 0.
    """
    return sorted(pair for part in _parts(weights) for pair in _assigned(part))


def _parts(weights: Mapping[Pair, float]) -> Iterator[dict[Pair, float]]:
    """Pairs that have nothing to do with each other, apart: small problems instead of one large one."""
    by_left: dict[int, list[Pair]] = defaultdict(list)
    by_right: dict[int, list[Pair]] = defaultdict(list)
    for pair in weights:
        by_left[pair[0]].append(pair)
        by_right[pair[1]].append(pair)
    seen: set[Pair] = set()
    for start in weights:
        if start in seen:
            continue
        part: dict[Pair, float] = {}
        waiting = [start]
        seen.add(start)
        while waiting:
            pair = waiting.pop()
            part[pair] = weights[pair]
            near = [p for p in (*by_left[pair[0]], *by_right[pair[1]]) if p not in seen]
            seen.update(near)
            waiting += near
        yield part


def _assigned(weights: Mapping[Pair, float]) -> list[Pair]:
    """The Hungarian method with potentials (Kuhn 1955, Munkres 1957; O(n²m)), for the greatest sum."""
    if len(weights) == 1:
        return list(weights)
    left = sorted({i for i, _ in weights})
    right = sorted({j for _, j in weights})
    turned = len(left) > len(right)
    rows, columns = (right, left) if turned else (left, right)
    cost = [[-weights.get((c, r) if turned else (r, c), 0.0) for c in columns] for r in rows]
    found = ((rows[i], columns[j]) for i, j in _least_cost(cost))
    pairs = ((c, r) if turned else (r, c) for r, c in found)
    return [pair for pair in pairs if pair in weights]


def _least_cost(cost: list[list[float]]) -> Iterator[Pair]:
    """A column for each row, of which there are no more than columns; index 0 stands for none."""
    height, width = len(cost), len(cost[0])
    of_row, of_column = [0.0] * (height + 1), [0.0] * (width + 1)
    row_of = [0] * (width + 1)
    for row in range(1, height + 1):
        row_of[0] = row
        column = 0
        least = [float("inf")] * (width + 1)
        came_from = [0] * (width + 1)
        used = [False] * (width + 1)
        while row_of[column]:
            used[column] = True
            here, delta, following = row_of[column], float("inf"), 0
            for j in range(1, width + 1):
                if used[j]:
                    continue
                slack = cost[here - 1][j - 1] - of_row[here] - of_column[j]
                if slack < least[j]:
                    least[j], came_from[j] = slack, column
                if least[j] < delta:
                    delta, following = least[j], j
            for j in range(width + 1):
                if used[j]:
                    of_row[row_of[j]] += delta
                    of_column[j] -= delta
                else:
                    least[j] -= delta
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return ((row_of[j] - 1, j - 1) for j in range(1, width + 1) if row_of[j])
