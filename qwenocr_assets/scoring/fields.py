"""F1 of fields, and recall of rows: nested values compared path by path, lists without regard to their order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from qwenocr_assets.scoring.assignment import best_pairs
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised
from qwenocr_assets.scoring.values import NOTHING, Said, Value, said, value_of
from qwenocr_assets.tables.values.notation import UNDECLARED, Notation

Same = Callable[[Said, Said], bool]


class Tally(NamedTuple):
    """Values that are right, and how many each side has."""

    right: int = 0
    answer: int = 0
    truth: int = 0


def field_scores(answer: Any, truth: Any, notation: Notation = UNDECLARED) -> list[Score]:
    """F1 of values by what they say and as they are written, and recall of the rows of lists.

    Both are what JSON holds; null and empty texts count as absent. Numbers and dates are read as `notation` says.
    """
    ours, theirs = value_of(answer, notation), value_of(truth, notation)
    scores = []
    for metric, same in ((Metric.FIELD_F1, Said.is_same), (Metric.FIELD_F1_EXACT, Said.is_written_alike)):
        tally = _compared(ours, theirs, same)
        if tally.truth:
            total = tally.answer + tally.truth
            scores.append(Score(metric, total - 2 * tally.right, total))
    rows = list(_rows(ours, theirs))
    if rows:
        found = sum(2 * row.right >= row.truth for row in rows)
        whole = sum(row.right == row.truth for row in rows)
        scores.append(Score(Metric.ROW_RECALL, len(rows) - found, len(rows)))
        scores.append(Score(Metric.ROW_EXACT, len(rows) - whole, len(rows)))
    return scores


def same_value(answer: str, truth: str, notation: Notation = UNDECLARED) -> bool:
    """Whether two texts say the same: the same number whatever its currency, date or boolean, or the same text."""
    return said(answer, notation).is_same(said(truth, notation))


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


def by_label(values: Any) -> Any:
    """Values with their keys as labels are compared: neither case, punctuation nor spaces count (`Total due:` is
    `TOTAL DUE`). Of labels that are then alike the first value counts."""
    if isinstance(values, list):
        return [by_label(value) for value in values]
    if not isinstance(values, Mapping):
        return values
    return merged({_label(key): by_label(value)} for key, value in values.items())


def _label(key: object) -> str:
    plain = normalised(str(key)).casefold()
    return "".join(filter(str.isalnum, plain)) or plain


def _compared(answer: Value, truth: Value, same: Same) -> Tally:
    if answer.fields is not None and truth.fields is not None:
        keys = answer.fields.keys() | truth.fields.keys()
        return _sum(
            _compared(answer.fields.get(key, NOTHING), truth.fields.get(key, NOTHING), same) for key in keys
        )
    return Tally(_right(answer, truth, same), answer.count, truth.count)


def _sum(tallies: Iterable[Tally]) -> Tally:
    right = answer = truth = 0
    for tally in tallies:
        right, answer, truth = right + tally.right, answer + tally.answer, truth + tally.truth
    return Tally(right, answer, truth)


def _right(answer: Value, truth: Value, same: Same) -> int:
    """How many values of the truth the answer has in their places."""
    if answer.said is not None and truth.said is not None:
        return int(same(answer.said, truth.said))
    if answer.fields is not None and truth.fields is not None:
        ours = answer.fields
        return sum(_right(ours[key], value, same) for key, value in truth.fields.items() if key in ours)
    if answer.items is not None and truth.items is not None:
        return sum(_pairs(answer.items, truth.items, same).values())
    return 0


def paired(answer: Sequence[Value], truth: Sequence[Value]) -> list[tuple[int, int]]:
    """The elements of two lists that belong together, by what they say; each at most once, of both sides the index."""
    return best_pairs(_shared(answer, truth, Said.is_same))


def _pairs(answer: Sequence[Value], truth: Sequence[Value], same: Same) -> dict[int, int]:
    """The values that the best assignment of the elements gets right, by index in the truth."""
    right = _shared(answer, truth, same)
    return {pair[1]: right[pair] for pair in best_pairs(right)}


def _shared(answer: Sequence[Value], truth: Sequence[Value], same: Same) -> dict[tuple[int, int], int]:
    """How many values two elements share, where they do."""
    return {
        (i, j): found
        for i, ours in enumerate(answer)
        for j, theirs in enumerate(truth)
        if (found := _right(ours, theirs, same))
    }


def _rows(answer: Value, truth: Value) -> Iterator[Tally]:
    """Of each object in a list of the truth, how much of it was found."""
    if truth.fields is not None:
        ours = answer.fields or {}
        for key, value in truth.fields.items():
            yield from _rows(ours.get(key, NOTHING), value)
    elif truth.items is not None:
        rows = [row for row in truth.items if row.fields is not None and row.count]
        right = _pairs(answer.items or (), rows, Said.is_same)
        for index, row in enumerate(rows):
            yield Tally(right.get(index, 0), truth=row.count)
