"""Where on the page a value stands: its box among the recognised lines, or the news that it stands nowhere.

Looked for in turn: as a whole line, inside a line (`37.50` is not in `¥337.50`, nor `art` in `start`), over
neighbouring lines, as the same number or date written otherwise, nearly so (never with other digits), and on the other
pages of the document. A value that stands in several places is given the one that fits best: in the row and column of
the table cells or list items around it, beside its label, and not yet given to another.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from qwenocr_assets.geometry import Box
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.places.likeness import compact, normalised
from qwenocr_assets.tables.places.line_boxes import box_columns
from qwenocr_assets.tables.places.page_lines import LINE, NOT_FOUND, OTHER_PAGE, PageLines, Place

_SHORTEST_ELSEWHERE = 4
"""Characters of the shortest value that is looked for on other pages; less is found by chance."""


class Sought(NamedTuple):
    """A value to be found."""

    text: str
    number: Decimal | None = None
    day: date | None = None
    row: Hashable = None
    """Values with the same stand in one row; None for one that stands alone."""
    column: Hashable = None
    """Values with the same stand below each other."""
    label: str | None = None
    """What is written before it."""


def ground_key_values(rows: Iterable[Row], page: PageLines, elsewhere: Mapping[str, PageLines]) -> list[Row]:
    """Rows of `key_values` with box and `ground` filled. `elsewhere` are the document's other pages by their id."""

    def sought(row: Row) -> Sought:
        in_list = row["list_index"] is not None
        return Sought(
            row["value"] or "",
            row["value_number"],
            row["value_date"],
            row=row["parent_path"] if in_list else None,
            column=(row["key"], _list_path(row)) if in_list else None,
            label=None if in_list else row["key"],
        )

    return _grounded(list(rows), sought, page, elsewhere)


def ground_cells(rows: Iterable[Row], page: PageLines, elsewhere: Mapping[str, PageLines]) -> list[Row]:
    """Rows of `table_cells` with box and `ground` filled; see `ground_key_values`."""

    def sought(row: Row) -> Sought:
        table = (row["task"], row["table_index"])
        return Sought(
            row["text"],
            row["number"],
            row=(table, row["row_index"]) if row["row_span"] == 1 else None,
            column=(table, row["column_index"]) if row["column_span"] == 1 else None,
        )

    return _grounded(list(rows), sought, page, elsewhere)


def ground_lines(rows: Iterable[Row], page: PageLines) -> list[Row]:
    """Rows of `text_lines` without boxes, matched to the page's lines that have them."""
    return _grounded(list(rows), lambda row: Sought(row["text"]), page, {})


def _list_path(row: Row) -> str:
    """The path of an item's list, the same for all its items."""
    return str(row["parent_path"] or "").rpartition("[")[0]


def _grounded(
    rows: Sequence[Row],
    sought_of: Callable[[Row], Sought],
    page: PageLines,
    elsewhere: Mapping[str, PageLines],
) -> list[Row]:
    if page.is_empty:
        return list(rows)
    sought = [sought_of(row) for row in rows]
    wanted = [normalised(value.text) for value in sought]
    places = _choose(sought, wanted, page)
    return [
        {**row, **(_columns(place) if place is not None else _elsewhere(text, elsewhere))} if text else row
        for row, text, place in zip(rows, wanted, places, strict=True)
    ]


def _columns(place: Place) -> dict[str, object]:
    box = {} if place.box is None else {**box_columns(place.box), "box_doubt": place.doubt}
    return {**box, "ground": place.ground, "ground_score": place.score}


def _elsewhere(wanted: str, pages: Mapping[str, PageLines]) -> dict[str, object]:
    if len(compact(wanted)) >= _SHORTEST_ELSEWHERE:
        for page_id, page in pages.items():
            for place in page.exact(wanted):
                return {**_columns(place), "ground": OTHER_PAGE, "ground_page_id": page_id}
    return {"ground": NOT_FOUND, "ground_score": 0.0}


def _choose(sought: Sequence[Sought], wanted: Sequence[str], page: PageLines) -> list[Place | None]:
    """A place for each value: first for those that have only one, then for the others what fits best to these."""
    candidates: dict[tuple[str, bool], list[Place]] = {}
    chosen: list[Place | None] = [None] * len(sought)
    anchors = _Anchors()
    repeated = Counter(wanted)
    ambiguous: list[tuple[int, list[Place]]] = []
    for index, (value, text) in enumerate(zip(sought, wanted, strict=True)):
        if not text:
            continue
        key = (text, value.label is not None)
        places = candidates.get(key)
        if places is None:
            places = candidates[key] = sorted(_places(value, text, page), key=_middle)
        if len(places) == 1:
            chosen[index] = places[0]
            if repeated[text] == 1:  # of several values in one place it is not known whose it is
                anchors.add(value, places[0])
        elif places:
            ambiguous.append((index, places))
    labels: dict[str, list[Box]] = {}
    for index, places in ambiguous:
        value = sought[index]
        label = value.label
        if label is not None and label not in labels:
            labels[label] = _label_boxes(label, page)
        beside = labels[label] if label is not None else []
        near = anchors.near_row(value, places)
        costs = [anchors.misfit(value, place, beside) for place in near]
        place = near[costs.index(min(costs))]
        chosen[index] = place
        anchors.add(value, place)
    return chosen


def _places(value: Sought, wanted: str, page: PageLines) -> list[Place]:
    places = page.exact(wanted)
    if places and value.label is not None and places[0].ground == LINE:
        return places + page.within(wanted)  # the total may stand beside its label, and in a table
    return places or page.same_value(value.number, value.day) or page.across(wanted) or page.fuzzy(wanted)


def _label_boxes(label: str, page: PageLines) -> list[Box]:
    text = normalised(label.replace("_", " "))
    return [place.box for place in page.exact(text) if place.box is not None] if text else []


_MOST_COMPARED = 24
"""Places that are compared for one value; a page may say "0" a thousand times."""
_ROW_WEIGHT = 2.0
_TAKEN = 8.0
"""What it costs, in line heights, to share a place with another value."""
_INSIDE = 0.5
"""What it costs to stand inside a longer line instead of by itself."""


class _Anchors:
    """Where the rows and columns of values are that have found their place."""

    def __init__(self) -> None:
        self._rows: dict[Hashable, tuple[float, int]] = {}  # sum of vertical middles, how many
        self._columns: dict[Hashable, tuple[float, float]] = {}  # left, right
        self._taken: set[Box] = set()

    def add(self, value: Sought, place: Place) -> None:
        box = place.box
        if box is None:
            return
        self._taken.add(box)
        if value.row is not None:
            total, count = self._rows.get(value.row, (0.0, 0))
            self._rows[value.row] = (total + box.middle_y, count + 1)
        if value.column is not None:
            left, right = self._columns.get(value.column, (box.left, box.right))
            self._columns[value.column] = (min(left, box.left), max(right, box.right))

    def near_row(self, value: Sought, places: Sequence[Place]) -> Sequence[Place]:
        """The places to compare, of those from top to bottom: all of a few, of many those around the value's row."""
        if len(places) <= _MOST_COMPARED:
            return places
        total, count = self._rows.get(value.row, (0.0, 1))
        nearest = bisect_left(places, total / count, key=_middle)
        start = min(max(nearest - _MOST_COMPARED // 2, 0), len(places) - _MOST_COMPARED)
        return places[start : start + _MOST_COMPARED]

    def misfit(self, value: Sought, place: Place, labels: Sequence[Box]) -> float:
        """How badly a place fits a value, in line heights."""
        box = place.box
        if box is None:
            return 0.0
        left, top, right, bottom = box
        height = max(min(bottom - top, right - left), 1.0)
        cost = _TAKEN if box in self._taken else 0.0
        if place.ground != LINE:
            cost += _INSIDE
        if value.row in self._rows:
            total, count = self._rows[value.row]
            cost += _ROW_WEIGHT * abs((top + bottom) / 2 - total / count) / height
        if value.column in self._columns:
            begin, end = self._columns[value.column]
            cost += max(begin - right, left - end, 0.0) / height
        if labels:
            cost += min(_from_label(box, label) for label in labels) / height
        return cost


def _middle(place: Place) -> float:
    return 0.0 if place.box is None else place.box.middle_y


def _from_label(box: Box, label: Box) -> float:
    """How far a value is from its label: on its right (or left, for scripts that run so) or just below it."""
    left, top, right, bottom = box
    beside = max(label.top - (top + bottom) / 2, (top + bottom) / 2 - label.bottom, 0.0)
    apart = max(left - label.right, label.left - right, 0.0)
    return 3 * beside + 0.2 * apart
