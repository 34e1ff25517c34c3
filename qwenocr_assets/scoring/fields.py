"""F1 of fields, and recall of rows: nested values compared path by path, lists without regard to their order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from qwenocr_assets.scoring.assignment import best_pairs
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised
from qwenocr_assets.tables.typed_values import UNDECLARED, Notation, typed_value

Same = Callable[[str, str], bool]


class Tally(NamedTuple):
    """Values that are right, and how many each side has."""

    right: int = 0
    answer: int = 0
    truth: int = 0


def field_scores(answer: Any, truth: Any, notation: Notation = UNDECLARED) -> list[Score]:
    """F1 of values by what they say and as they are written, and recall of the rows of lists.

    Both are what JSON holds; null and empty texts count as absent. Numbers and dates are read as `notation` says.
    """
    same = partial(same_value, notation=notation)
    scores = []
    for metric, comparison in ((Metric.FIELD_F1, same), (Metric.FIELD_F1_EXACT, _same_writing)):
        tally = _compared(answer, truth, comparison)
        if tally.truth:
            total = tally.answer + tally.truth
            scores.append(Score(metric, total - 2 * tally.right, total))
    rows = list(_rows(answer, truth, same))
    if rows:
        found = sum(2 * row.right >= row.truth for row in rows)
        whole = sum(row.right == row.truth for row in rows)
        scores.append(Score(Metric.ROW_RECALL, len(rows) - found, len(rows)))
        scores.append(Score(Metric.ROW_EXACT, len(rows) - whole, len(rows)))
    return scores


def same_value(answer: str, truth: str, notation: Notation = UNDECLARED) -> bool:
    """Whether two texts say the same: the same number whatever its currency, date or boolean, or the same text."""
    if normalised(answer) == normalised(truth):
        return True
    one, other = typed_value(answer, notation), typed_value(truth, notation)
    return one.type == other.type != "text" and (one.number, one.day, one.truth) == (
        other.number,
        other.day,
        other.truth,
    )


def _same_writing(answer: str, truth: str) -> bool:
    return answer == truth


def merged(pages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields of a document from those of its pages: a field's first value counts, lists go on."""
    whole: dict[str, Any] = {}
    for page in pages:
        for key, value in page.items():
            if isinstance(value, list) and isinstance(whole.get(key), list):
                whole[key] = [*whole[key], *value]
            elif isinstance(value, Mapping) and isinstance(whole.get(key), Mapping):
                whole[key] = merged([whole[key], value])
            elif whole.get(key) in (None, "", [], {}):
                whole[key] = value
    return whole


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
    """What the best assignment of the elements gives, by index in the truth."""
    tallies = {
        (i, j): tally
        for i, a in enumerate(answer)
        for j, t in enumerate(truth)
        if (tally := _compared(a, t, same)).right
    }
    best = best_pairs({pair: float(tally.right) for pair, tally in tallies.items()})
    return {j: tallies[i, j] for i, j in best}


def _rows(answer: Any, truth: Any, same: Same) -> Iterator[Tally]:
    """Of each object in a list of the truth, how much of it was found."""
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
    """A value that JSON holds as text; None where there is nothing, or something with an inside."""
    if value is None or isinstance(value, Mapping | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None
