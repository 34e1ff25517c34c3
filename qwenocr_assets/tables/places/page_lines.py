"""The recognised lines of a page, ready to be searched for a text."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import chain, islice, pairwise
from typing import NamedTuple

from qwenocr_assets.geometry import Box
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.places.likeness import (
    LONGEST_FUZZY,
    SHORTEST_FUZZY,
    compact,
    fuzzy_part,
    most_edits,
    normalised,
    stands_alone,
)
from qwenocr_assets.tables.places.line_boxes import Writing, box_of
from qwenocr_assets.tables.places.line_chains import Chains
from qwenocr_assets.tables.places.word_index import WordIndex
from qwenocr_assets.tables.values.inside import days_in, numbers_in

LINE, WITHIN_LINE, ACROSS_LINES = "line", "within_line", "across_lines"
SAME_VALUE, FUZZY, OTHER_PAGE = "same_value", "fuzzy", "other_page"
NOT_FOUND, GIVEN = "not_found", "given"
"""Values of the column `ground`."""

_MOST_PLACES = 400
"""Places of one text that are kept."""
_MOST_LOOKED_AT = 400
"""Places of one text that are looked at, standing by themselves or not."""
_MOST_CANDIDATES = 64
"""Lines that are compared with a text that was read a little otherwise."""


class Place(NamedTuple):
    """Where a text stands."""

    ground: str
    box: Box | None
    """None where the line has no box."""
    score: float = 1.0
    doubt: str | None = None
    """Why the box may be wrong: the `box_doubt` of the line that it is from."""


class PageLines:
    """Lines of one page: rows of `text_lines`, with or without boxes."""

    def __init__(self, lines: Iterable[Row]) -> None:
        self._rows: list[Row] = []
        self._texts: list[str] = []
        self._whole: dict[str, list[int]] = {}
        self._starts: list[int] = []
        start = 0
        for row in lines:
            text = normalised(row["text"])
            if not text:
                continue
            self._whole.setdefault(text, []).append(len(self._rows))
            self._rows.append(row)
            self._texts.append(text)
            self._starts.append(start)
            start += len(text) + 1
        self._all = "\n".join(self._texts)
        self._writings: dict[int, Writing] = {}

    @property
    def is_empty(self) -> bool:
        return not self._rows

    @property
    def boxes(self) -> list[Box]:
        """Boxes of the lines that have one."""
        return [box for box in self._boxes if box is not None]

    def exact(self, wanted: str) -> list[Place]:
        """Places of a normalised text: whole lines, or where there are none, parts of lines."""
        whole = self._whole.get(wanted)
        if whole is not None:
            return [Place(LINE, self._boxes[at], doubt=self._doubt(at)) for at in whole[:_MOST_PLACES]]
        return self.within(wanted)

    def within(self, wanted: str) -> list[Place]:
        """Places of a normalised text inside longer lines, standing by itself."""
        places: list[Place] = []
        for index, start in islice(self._occurrences(wanted), _MOST_LOOKED_AT):
            text = self._texts[index]
            end = start + len(wanted)
            if len(wanted) < len(text) and stands_alone(text, start, end):
                places.append(Place(WITHIN_LINE, self._part(index, start, end), doubt=self._doubt(index)))
                if len(places) == _MOST_PLACES:
                    break
        return places

    def _occurrences(self, wanted: str) -> Iterator[tuple[int, int]]:
        """Lines that say a normalised text, and where in them; by its words, where it has any."""
        lines = self._words.lines_with(wanted)
        if lines is not None:
            for index in lines:
                text = self._texts[index]
                start = text.find(wanted)
                while start >= 0:
                    yield index, start
                    start = text.find(wanted, start + 1)
            return
        at = self._all.find(wanted)
        while at >= 0:
            index = bisect_right(self._starts, at) - 1
            yield index, at - self._starts[index]
            at = self._all.find(wanted, at + 1)

    def same_value(self, number: Decimal | None, day: date | None) -> list[Place]:
        """Places of the same number or date, however it is written."""
        places = self._numbers.get(number, []) if number is not None else []
        if not places and day is not None:
            places = self._days.get(day, [])
        return [
            Place(SAME_VALUE, self._part(*place), doubt=self._doubt(place[0]))
            for place in places[:_MOST_PLACES]
        ]

    def across(self, wanted: str) -> list[Place]:
        """A place over several neighbouring lines, compared by letters and digits."""
        boxes = self._chains.find(compact(wanted))
        doubt = next(filter(None, map(self._doubt, range(len(self._rows)))), None)
        return [Place(ACROSS_LINES, boxes, doubt=doubt)] if boxes is not None else []

    def fuzzy(self, wanted: str) -> list[Place]:
        """The best place of a text that was read a little otherwise; none for short texts."""
        if not SHORTEST_FUZZY <= len(wanted) <= LONGEST_FUZZY:
            return []
        best: tuple[float, int, int, int] | None = None
        for index in self._candidates(wanted)[:_MOST_CANDIDATES]:
            part = fuzzy_part(wanted, self._texts[index])
            if part is not None and (best is None or part[2] > best[0]):
                best = (part[2], index, part[0], part[1])
        if best is None:
            return []
        score, index, start, end = best
        return [Place(FUZZY, self._part(index, start, end), round(score, 4), self._doubt(index))]

    def _doubt(self, index: int) -> str | None:
        return self._rows[index].get("box_doubt")

    def _part(self, index: int, start: int, end: int) -> Box | None:
        row, text = self._rows[index], self._texts[index]
        if start == 0 and end == len(text):
            return self._boxes[index]
        writing = self._writings.get(index)
        if writing is None:
            # Capitals are wider: measured as written where normalising has kept the places.
            written = row["text"].strip()
            writing = Writing(row, written if len(written) == len(text) else text)
            self._writings[index] = writing
        return writing.part(start, end)

    @cached_property
    def _words(self) -> WordIndex:
        return WordIndex(self._texts)

    @cached_property
    def _boxes(self) -> list[Box | None]:
        return [box_of(row) for row in self._rows]

    @cached_property
    def _chains(self) -> Chains:
        return Chains([(compact(text), box) for text, box in zip(self._texts, self._boxes, strict=True)])

    @cached_property
    def _numbers(self) -> dict[Decimal, list[tuple[int, int, int]]]:
        found: dict[Decimal, list[tuple[int, int, int]]] = {}
        for index, text in enumerate(self._texts):
            for start, end, number in numbers_in(text):
                found.setdefault(number, []).append((index, start, end))
        return found

    @cached_property
    def _days(self) -> dict[date, list[tuple[int, int, int]]]:
        found: dict[date, list[tuple[int, int, int]]] = {}
        for index, text in enumerate(self._texts):
            for start, end, day in days_in(text):
                found.setdefault(day, []).append((index, start, end))
        return found

    def _candidates(self, wanted: str) -> list[int]:
        """Lines that may nearly say it: of k + 1 pieces k edits leave one untouched, and digits all."""
        digits = max(_DIGITS.findall(wanted), key=len, default="")
        if digits:
            return list(self._words.lines_with(digits) or ())
        pieces = most_edits(len(wanted)) + 1
        cuts = [len(wanted) * number // pieces for number in range(pieces + 1)]
        found = (self._lines_with(wanted[start:end]) for start, end in pairwise(cuts))
        return list(dict.fromkeys(chain.from_iterable(found)))

    def _lines_with(self, piece: str) -> list[int]:
        lines: list[int] = []
        at = self._all.find(piece)
        while at >= 0:
            index = bisect_right(self._starts, at) - 1
            lines.append(index)
            at = self._all.find(piece, self._starts[index] + len(self._texts[index]))
        return lines


_DIGITS = re.compile("[0-9]+")
