"""Where a table may be cut where its text goes on: rows that are the rest of the row above, headers apart that are one.

| doubt | when |
|---|---|
| `row_goes_on` | its row may be a second line of the row above, or that row the first line of this one |
| `headers_apart` | it and the header beside it may be one |

A row goes on that begins in lower case, follows an end that wants more, stands nearer to the row above than others
do to theirs, or has one text alone, and not at its start. Headers are one where the second begins in lower case, or
stands much nearer than others do, and than what is below them.

A row of numbers is no second line. Distances count where the cells' places on the page are known.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.headers import is_gap
from qwenocr_assets.tables.values.written import seen

ROW_GOES_ON: Final = "row_goes_on"
HEADERS_APART: Final = "headers_apart"

_UNFINISHED: Final = re.compile(
    r"[\w)][,&/]\Z|\w[-‐]\Z|\b(?:and|or|of|the|to|in|for|by|with|und|oder|et|de|y|e)\Z"
)
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_IN_BRACKETS: Final = re.compile(r"[(（][^()（）]{4,}[)）]")
_CAPITALS: Final = 0.75
"""Share of a column's texts that begin with a capital where one that does not goes on."""
_FEWEST: Final = 4
"""Rows, or texts of a column, that show what is usual."""
_NEAR: Final = 0.5
"""Of the usual distance between rows: nearer ones are lines of one."""
_NEARER: Final = 0.3
"""And by so many heights of a line."""
_LEVEL: Final = 0.5
"""Texts of one line begin at most so many of its heights below each other."""
_WORD_GAP: Final = 0.9
"""Words are at most so many heights of their line apart."""
_FARTHER: Final = 0.8
_MOST_HEADER_ROWS: Final = 4

_Rows = Mapping[int, Mapping[int, Row]]
"""The filled cells of a table by row and column."""


def cells_cut_apart(cells: Sequence[Row]) -> list[Row]:
    """Rows of `table_cells` with `text_doubt` set where nothing else is said and a cut may be wrong."""
    tables: dict[tuple[str, int], dict[int, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
    for cell in cells:
        if cell["text"].strip():
            table = tables[cell["task"], cell["table_index"]]
            table[cell["row_index"]][cell["column_index"]] = cell
    found: dict[int, str] = {}
    for table in tables.values():
        ordered = {row: dict(sorted(table[row].items())) for row in sorted(table)}
        for doubt, doubtful in ((HEADERS_APART, _headers_apart(ordered)), (ROW_GOES_ON, _going_on(ordered))):
            for cell in doubtful:
                found.setdefault(id(cell), doubt)
    return [
        {**cell, "text_doubt": found[id(cell)]} if cell["text_doubt"] is None and id(cell) in found else cell
        for cell in cells
    ]


def _going_on(rows: _Rows) -> Iterator[Row]:
    """The cells that a row and the one above it have in doubt."""
    first_of_body = _first_of_body(rows)
    capitals = _in_capitals(rows)
    usual, height = _usual_gap(rows), _line_height(rows)
    for above, below in pairwise(rows):
        if below <= first_of_body and above < first_of_body:
            continue
        upper, lower = rows[above], rows[below]
        going_on = [
            column
            for column, cell in lower.items()
            if _is_text(cell)
            and column in upper
            and _goes_on(upper[column], cell, capitals.get(column, False))
        ]
        is_of_texts = all(map(_is_text, lower.values()))
        if going_on and not is_of_texts:
            yield from (row[column] for column in going_on for row in (upper, lower))
        elif is_of_texts and (going_on or _is_alone(lower, upper) or _is_near(upper, lower, usual, height)):
            yield from (*upper.values(), *lower.values())
    top = next(iter(rows.values()), {})
    yield from (
        cell for column, cell in top.items() if column == 0 and _begins_amid(cell, capitals.get(0, False))
    )


def _goes_on(upper: Row, lower: Row, is_in_capitals: bool) -> bool:
    if not _is_text(upper):
        return False
    return _begins_amid(lower, is_in_capitals) or _UNFINISHED.search(seen(upper["text"])) is not None


def _begins_amid(cell: Row, is_in_capitals: bool) -> bool:
    """Whether a text begins as nothing in its column does: in lower case, or with a bracket that closes at its end."""
    text = seen(cell["text"])
    return is_in_capitals and (text[:1].islower() or _IN_BRACKETS.fullmatch(text) is not None)


def _in_capitals(rows: _Rows) -> dict[int, bool]:
    """Of columns with enough texts, whether these begin with capitals."""
    begins: dict[int, list[bool]] = defaultdict(list)
    for row in rows.values():
        for column, cell in row.items():
            if _is_text(cell):
                begins[column].append(not _is_low(cell))
    return {
        column: sum(flags) >= _CAPITALS * len(flags)
        for column, flags in begins.items()
        if len(flags) >= _FEWEST
    }


def _first_of_body(rows: _Rows) -> int:
    """The first row with a number in it that is no header; the first row where there is none."""
    return next(
        (
            row
            for row, cells in rows.items()
            if any(not _is_text(c) and not c["is_header"] for c in cells.values())
        ),
        next(iter(rows), 0),
    )


def _is_text(cell: Row) -> bool:
    """Whether it has words: `$1.1M` has none, and is no number either."""
    text = cell["text"]
    if cell["number"] is not None or is_gap(text):
        return False
    return _WORD.search(text) is not None or (
        any(c.isalpha() for c in text) and not any(c.isdigit() for c in text)
    )


def _is_alone(lower: Mapping[int, Row], upper: Mapping[int, Row]) -> bool:
    """Whether a row has one text only, below a text, where its label should be."""
    return (
        len(lower) == 1
        and 0 not in lower
        and all(column in upper and _is_text(upper[column]) for column in lower)
    )


def _is_near(upper: Mapping[int, Row], lower: Mapping[int, Row], usual: float | None, height: float) -> bool:
    """Whether a row stands nearer to the one above than rows do; its texts begin level, as those of a line do."""
    gap = _gap(upper, lower)
    if gap is None or usual is None or len(lower) < 2:
        return False
    tops = [cell["top_px"] for cell in lower.values() if cell.get("top_px") is not None]
    is_level = max(tops) - min(tops) < _LEVEL * height
    return is_level and gap < _NEAR * usual and usual - gap > _NEARER * height


def _usual_gap(rows: _Rows) -> float | None:
    gaps = [gap for above, below in pairwise(rows.values()) if (gap := _gap(above, below)) is not None]
    return median(gaps) if len(gaps) >= _FEWEST else None


def _gap(upper: Mapping[int, Row], lower: Mapping[int, Row]) -> float | None:
    """Pixels between two rows of which both have places."""
    bottoms = [cell["bottom_px"] for cell in upper.values() if cell.get("bottom_px") is not None]
    tops = [cell["top_px"] for cell in lower.values() if cell.get("top_px") is not None]
    return min(tops) - max(bottoms) if bottoms and tops else None


def _line_height(rows: _Rows) -> float:
    """In pixels, of a table whose cells may have several lines; 0 where no cell has a place."""
    heights = sorted(
        cell["bottom_px"] - cell["top_px"]
        for row in rows.values()
        for cell in row.values()
        if cell.get("top_px") is not None
    )
    return heights[len(heights) // 4] if heights else 0.0


def _headers_apart(rows: _Rows) -> Iterator[Row]:
    """Neighbours in rows above the first number that may be one header."""
    first = _first_of_body(rows)
    top = [cells for row, cells in rows.items() if row < first][:_MOST_HEADER_ROWS]
    begins = [not _is_low(cell) for cells in top for cell in cells.values() if _is_text(cell)]
    is_in_capitals = sum(begins) >= _CAPITALS * len(begins)
    height = _line_height(rows)
    for cells in top:
        neighbours = [
            (one, other)
            for (at, one), (beside, other) in pairwise(cells.items())
            if at + one["column_span"] == beside and _is_text(one) and _is_text(other)
        ]
        gaps = [
            other["left_px"] - one["right_px"]
            for one, other in pairwise(cells.values())
            if _has_places(one, other)
        ]
        for one, other in neighbours:
            is_low = is_in_capitals and _is_low(other) and not _is_low(one)
            if is_low or (
                _has_places(one, other)
                and _stands_near(one, other, gaps, height)
                and not _share_an_edge(one, other, rows, first, height)
            ):
                yield from (one, other)


def _has_places(one: Row, other: Row) -> bool:
    return one.get("right_px") is not None and other.get("left_px") is not None


def _is_low(cell: Row) -> bool:
    return seen(cell["text"])[:1].islower()


def _stands_near(one: Row, other: Row, gaps: Sequence[float], height: float) -> bool:
    gap: float = other["left_px"] - one["right_px"]
    farther = sum(wide > gap + _FARTHER * height for wide in gaps)
    return gap < _WORD_GAP * height and 2 * farther >= len(gaps) - 1 > 0


def _share_an_edge(one: Row, other: Row, rows: _Rows, first: int, height: float) -> bool:
    """Whether what is below them stands as near: numbers right in their column, words left in theirs."""
    gaps = [
        beside["left_px"] - cell["right_px"]
        for row, cells in rows.items()
        if row >= first
        and (cell := cells.get(one["column_index"])) is not None
        and (beside := cells.get(other["column_index"])) is not None
        and _has_places(cell, beside)
    ]
    gap: float = other["left_px"] - one["right_px"]
    return len(gaps) >= _FEWEST and median(gaps) < gap + _NEARER * height
