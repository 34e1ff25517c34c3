"""TEDS: likeness of two tables by the edit distance of their trees.

Zhong, ShafieiBavani and Jimeno Yepes, *Image-based table recognition: data, model, and evaluation* (ECCV 2020): of the
HTML as trees, 1 − distance / nodes of the larger one. Inserting and deleting a node costs 1; replacing one by another 1
when tag, column span or row span differ, between cells the normalised Levenshtein distance of their texts, else 0. For
TEDS-S (Huang et al., *Improving table structure recognition with VAST*, CVPR 2023; before them IBM's ICDAR 2021
competition) texts are left out.

Trees here are table → tr → td, since rows of `table_cells` no longer say what was `thead`, `tbody` or `th`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apted import APTED, Config
from rapidfuzz.distance import Levenshtein

from qwenocr_assets.scoring.assignment import best_pairs
from qwenocr_assets.scoring.metric import Metric, Score
from qwenocr_assets.scoring.text import normalised
from qwenocr_assets.tables.grid import Cell


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a table's tree: what has to be equal, and the text of a cell."""

    tag: tuple[str, int, int]
    text: str | None
    children: tuple["Node", ...] = ()

    @property
    def size(self) -> int:
        return 1 + sum(child.size for child in self.children)


class _Costs(Config):  # type: ignore[misc]  # apted has no types
    """What the paper says replacing a node costs; 1 for deleting and inserting is apted's own."""

    def rename(self, one: Node, other: Node) -> float:
        if one.tag != other.tag:
            return 1.0
        if one.text is None or other.text is None or one.text == other.text:
            return 0.0
        return float(Levenshtein.normalized_distance(one.text, other.text))

    def children(self, node: Node) -> tuple[Node, ...]:
        return node.children


def tree(cells: Sequence[Cell], *, with_text: bool = True) -> Node:
    """A table as a tree; a row in which no cell begins is an empty one."""
    height = 1 + max((cell.row for cell in cells), default=-1)
    rows: list[list[Node]] = [[] for _ in range(height)]
    for cell in sorted(cells, key=lambda cell: (cell.row, cell.column)):
        text = normalised(cell.text) if with_text else None
        rows[cell.row].append(Node(("td", cell.column_span, cell.row_span), text))
    return Node(("table", 1, 1), None, tuple(Node(("tr", 1, 1), None, tuple(row)) for row in rows))


def likeness(one: Node, other: Node) -> float:
    """1 − tree edit distance / nodes of the larger tree."""
    if one == other:
        return 1.0
    distance: Any = APTED(one, other, _Costs()).compute_edit_distance()
    return max(0.0, 1.0 - float(distance) / max(one.size, other.size))


def table_scores(answer: Sequence[Sequence[Cell]], truth: Sequence[Sequence[Cell]]) -> list[Score]:
    """TEDS and TEDS-S of a page's tables. Each is compared with the one whose texts are most like its own; a table
    that the other side does not have counts 0."""
    if not truth:
        return []
    pairs = _pairs(answer, truth)
    total = len(answer) + len(truth) - len(pairs)
    scores = []
    for metric, with_text in ((Metric.TEDS, True), (Metric.TEDS_S, False)):
        alike = sum(
            likeness(tree(answer[i], with_text=with_text), tree(truth[j], with_text=with_text))
            for i, j in pairs
        )
        scores.append(Score(metric, total - alike, total))
    return scores


def _pairs(answer: Sequence[Sequence[Cell]], truth: Sequence[Sequence[Cell]]) -> list[tuple[int, int]]:
    if len(answer) == len(truth) == 1:
        return [(0, 0)]
    ours, theirs = ([[normalised(cell.text) for cell in table] for table in side] for side in (answer, truth))
    return best_pairs(
        {
            (i, j): 0.001 + float(Levenshtein.normalized_similarity(a, t))
            for i, a in enumerate(ours)
            for j, t in enumerate(theirs)
        }
    )
