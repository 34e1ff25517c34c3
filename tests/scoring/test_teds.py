"""TEDS: known pairs, and the distance of any two small trees by its definition."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from qwenocr_assets.scoring.teds import Node, likeness, table_scores, tree
from qwenocr_assets.tables.grid import Cell
from qwenocr_assets.tables.html.tables import html_tables

TWO_BY_TWO = "<table><tr><td>ab</td><td>12</td></tr><tr><td>cd</td><td>34</td></tr></table>"
"""7 nodes: the table, 2 rows, 4 cells."""


def grid(html: str) -> list[Cell]:
    [table] = html_tables(html)
    return table.cells


@pytest.mark.parametrize(
    ("html", "teds", "teds_s"),
    [
        pytest.param(TWO_BY_TWO, 1, 1, id="the same"),
        pytest.param(TWO_BY_TWO.replace("td", "th"), 1, 1, id="header cells are cells"),
        pytest.param(TWO_BY_TWO.replace("ab", "ax"), 1 - 0.5 / 7, 1, id="a letter of two"),
        pytest.param(TWO_BY_TWO.replace("ab", "xy"), 1 - 1 / 7, 1, id="another text"),
        pytest.param(TWO_BY_TWO.replace("ab", ""), 1 - 1 / 7, 1, id="no text"),
        pytest.param(TWO_BY_TWO.replace("<td>34</td>", ""), 1 - 1 / 7, 1 - 1 / 7, id="a cell missing"),
        pytest.param(
            TWO_BY_TWO.replace("<tr><td>cd</td><td>34</td></tr>", ""),
            1 - 3 / 7,
            1 - 3 / 7,
            id="a row missing",
        ),
        pytest.param(
            TWO_BY_TWO.replace("</table>", "<tr><td>ef</td><td>56</td></tr></table>"),
            1 - 3 / 10,
            1 - 3 / 10,
            id="a row too many",
        ),
        pytest.param(
            TWO_BY_TWO.replace("<td>cd</td><td>34</td>", '<td colspan="2">cd</td>'),
            1 - 2 / 7,
            1 - 2 / 7,
            id="two cells as a wide one",
        ),
    ],
)
def test_known_pairs(html: str, teds: float, teds_s: float) -> None:
    scores = {s.metric.value: s.value for s in table_scores([grid(html)], [grid(TWO_BY_TWO)])}
    assert scores == pytest.approx({"teds": teds, "teds_s": teds_s})


@pytest.mark.parametrize(
    ("answer", "truth", "expected"),
    [
        pytest.param(["ab", "cd"], ["cd", "ab"], 1, id="in another order"),
        pytest.param(["ab"], ["ab", "cd"], 0.5, id="one missing"),
        pytest.param(["ab", "cd", "ef"], ["ab"], 1 / 3, id="two invented"),
        pytest.param([], ["ab"], 0, id="none"),
    ],
)
def test_several_tables(answer: list[str], truth: list[str], expected: float) -> None:
    ours, theirs = ([[Cell(0, 0, 1, 1, False, text)] for text in side] for side in (answer, truth))
    assert table_scores(ours, theirs)[0].value == pytest.approx(expected)


def test_without_truth_there_is_no_score() -> None:
    assert table_scores([grid(TWO_BY_TWO)], []) == []


# --- the definition, slowly ------------------------------------------------------------------------------------

Forest = tuple[Node, ...]


@cache
def distance(one: Forest, other: Forest) -> float:
    """Edit distance of two ordered forests: the recursion that all faster ways compute."""
    if not one and not other:
        return 0
    if not one:
        return distance(one, other[:-1] + other[-1].children) + 1
    if not other:
        return distance(one[:-1] + one[-1].children, other) + 1
    a, b = one[-1], other[-1]
    replaced: float = 1
    if a.tag == b.tag:
        replaced = Levenshtein.normalized_distance(a.text or "", b.text or "")
    return min(
        distance(one[:-1] + a.children, other) + 1,
        distance(one, other[:-1] + b.children) + 1,
        distance(a.children, b.children) + distance(one[:-1], other[:-1]) + replaced,
    )


ROWS = st.lists(
    st.lists(st.tuples(st.sampled_from(["", "a", "ab", "b"]), st.integers(1, 2)), max_size=3), max_size=3
)


def table_of(rows: list[list[tuple[str, int]]]) -> Node:
    return tree(
        [Cell(r, c, 1, span, False, text) for r, row in enumerate(rows) for c, (text, span) in enumerate(row)]
    )


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_any_two_tables_by_the_definition(
    one: list[list[tuple[str, int]]], other: list[list[tuple[str, int]]]
) -> None:
    a, b = table_of(one), table_of(other)
    expected = 1 - distance((a,), (b,)) / max(a.size, b.size)
    assert likeness(a, b) == pytest.approx(max(0, expected))
    assert likeness(b, a) == pytest.approx(likeness(a, b))
    assert likeness(a, a) == 1
