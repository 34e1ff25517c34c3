"""How fields were scored until November 2026: every pair of values normalised and read anew, the assignment in plain
Python. `bench.scoring` runs it beside today's way, and compares the scores."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from qwenocr_assets.scoring.fields import Tally
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised
from qwenocr_assets.tables.typed_values import typed_value

Same = Callable[[str, str], bool]
Pair = tuple[int, int]


def field_scores(answer: Any, truth: Any) -> list[Score]:
    scores = []
    for metric, comparison in ((Metric.FIELD_F1, same_value), (Metric.FIELD_F1_EXACT, _same_writing)):
        tally = _compared(answer, truth, comparison)
        if tally.truth:
            total = tally.answer + tally.truth
            scores.append(Score(metric, total - 2 * tally.right, total))
    rows = list(_rows(answer, truth, same_value))
    if rows:
        found = sum(2 * row.right >= row.truth for row in rows)
        whole = sum(row.right == row.truth for row in rows)
        scores.append(Score(Metric.ROW_RECALL, len(rows) - found, len(rows)))
        scores.append(Score(Metric.ROW_EXACT, len(rows) - whole, len(rows)))
    return scores


def same_value(answer: str, truth: str) -> bool:
    if normalised(answer) == normalised(truth):
        return True
    one, other = typed_value(answer), typed_value(truth)
    return one.type == other.type != "text" and (one.number, one.day, one.truth) == (
        other.number,
        other.day,
        other.truth,
    )


def _same_writing(answer: str, truth: str) -> bool:
    return answer == truth


def _compared(answer: Any, truth: Any, same: Same) -> Tally:
    if isinstance(answer, Mapping) and isinstance(truth, Mapping):
        ours = {normalised(str(key)): value for key, value in answer.items()}
        theirs = {normalised(str(key)): value for key, value in truth.items()}
        return _sum(_compared(ours.get(key), theirs.get(key), same) for key in ours.keys() | theirs.keys())
    if isinstance(answer, list) and isinstance(truth, list):
        tallies = _pairs(answer, truth, same)
        return Tally(sum(t.right for t in tallies.values()), _count(answer), _count(truth))
    a, t = _written(answer), _written(truth)
    right = int(a is not None and t is not None and same(a, t))
    return Tally(right, _count(answer), _count(truth))


def _sum(tallies: Iterable[Tally]) -> Tally:
    right = answer = truth = 0
    for tally in tallies:
        right, answer, truth = right + tally.right, answer + tally.answer, truth + tally.truth
    return Tally(right, answer, truth)


def _pairs(answer: list[Any], truth: list[Any], same: Same) -> dict[int, Tally]:
    tallies = {
        (i, j): tally
        for i, a in enumerate(answer)
        for j, t in enumerate(truth)
        if (tally := _compared(a, t, same)).right
    }
    best = best_pairs({pair: float(tally.right) for pair, tally in tallies.items()})
    return {j: tallies[i, j] for i, j in best}


def _rows(answer: Any, truth: Any, same: Same) -> Iterator[Tally]:
    if isinstance(truth, Mapping):
        ours = {normalised(str(k)): v for k, v in answer.items()} if isinstance(answer, Mapping) else {}
        for key, value in truth.items():
            yield from _rows(ours.get(normalised(str(key))), value, same)
    elif isinstance(truth, list):
        rows = [row for row in truth if isinstance(row, Mapping) and _count(row)]
        pairs = _pairs(answer, rows, same) if isinstance(answer, list) else {}
        for index, row in enumerate(rows):
            yield pairs.get(index, Tally(truth=_count(row)))


def _count(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_count, value.values()))
    if isinstance(value, list):
        return sum(map(_count, value))
    return int(_written(value) is not None)


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, Mapping | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None


def best_pairs(weights: Mapping[Pair, float]) -> list[Pair]:
    return sorted(pair for part in _parts(weights) for pair in _assigned(part))


def _parts(weights: Mapping[Pair, float]) -> Iterator[dict[Pair, float]]:
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
