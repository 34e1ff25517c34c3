"""Rows of a form: which pieces belong together as one value, or one label, by where they stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import rows_of
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.engine.understanding.labels import normalised
from qwenocr_assets.engine.understanding.pieces import (
    is_label,
    is_value,
    is_words,
    may_be_label,
    pieces,
    split,
)
from qwenocr_assets.geometry import Box

# Distances are in heights of a line.
_BELOW = 1.6
"""Most between a label and the value under it."""
_BELOW_COLON = 2.2
"""The same under a label with a colon."""
_SAME_BLOCK = 0.8
"""Most between the lines of one value."""
_LEADING = 0.4
"""Most between lines of prose."""
_LABEL_ABOVE = 0.5
"""Most between the two lines of a label."""
_ALIGNED = 1.0
"""How far the beginnings of lines in one column may be apart."""
_LOOSE = 3.0
"""The same for values in rows that have nothing but label and value."""
_BESIDE = 2.0
"""Most between the pieces of one value in a row."""
_PROSE = 12.0
"""Least length of a line of prose."""
_FULL = 0.65
"""Share of the width from a label to the right edge of all print that a line fills before it goes on below."""
_LARGER = 1.25
"""Capitals that are as many times higher than a label are a heading."""
_SUPPORT = 3
"""Rows above and below in which others may stand like a pair."""


@dataclass(frozen=True)
class FormRows:
    """The rows of a block of a page, cut into pieces, and which of them are part of a pair already."""

    rows: Sequence[Sequence[Line]]
    grids: Sequence[Box]
    """Where boxes are drawn, with labels in them."""
    taken: set[Line] = field(default_factory=set)

    @classmethod
    def of(cls, lines: Sequence[Line], grids: Sequence[Box]) -> "FormRows":
        return cls([[piece for line in row for piece in pieces(line)] for row in rows_of(lines)], grids)

    def row(self, index: int) -> Sequence[Line]:
        """The pieces of a row; none beyond the first and the last."""
        return self.rows[index] if 0 <= index < len(self.rows) else ()

    def is_caption(self, piece: Line) -> bool:
        """Whether a text is a label in a drawn box, printed in capitals."""
        box = box_of(piece)
        return _in_capitals(piece.text) and any(grid.holds(box.middle_x, box.middle_y) for grid in self.grids)

    def line_above(self, label: Line, index: int) -> str | None:
        """The first line of a label of two lines: right above, with nothing beside it."""
        if len(self.row(index - 1)) != 1:
            return None
        (above,) = self.rows[index - 1]
        box, upper, text = box_of(label), box_of(above), above.text
        is_near = box.top - upper.bottom < _LABEL_ABOVE * box.height
        is_aligned = abs(box.left - upper.left) < _ALIGNED / 2 * box.height and upper.width < 2 * box.width
        is_like = 0.7 < upper.height / box.height < 1.4
        is_words_only = may_be_label(text) and not is_label(text) and not any(c.isdigit() for c in text)
        return (
            text if is_near and is_aligned and is_like and is_words_only and above not in self.taken else None
        )

    def rest(self, label: Line, first: Line, index: int, position: int) -> list[Line]:
        """What goes on with a value beside its label: in its row, and under it where rows have no label there."""
        along = self._along(first, self.rows[index][position + 1 :])
        below = self._block(first, index + 1, box_of(label).left)
        return [*along, *(below or self.wrapped(label, along[-1] if along else first, index))]

    def wrapped(self, label: Line, last: Line, index: int) -> list[Line]:
        """The lines of prose that begin beside a label and go on under it."""
        box, left = box_of(last), box_of(label).left
        margin = max(box_of(line).right for row in self.rows for line in row)
        is_prose = is_words(last.text) and box.width >= _PROSE * box.height
        if not is_prose or box.right - left < _FULL * (margin - left):
            return []
        right, slack, found = box.left, _ALIGNED * box.height, list[Line]()
        for row in self.rows[index + 1 :]:
            other = box_of(row[0])
            is_next = other.top - box.bottom < _LEADING * box.height and len(row) == 1
            fits = (
                left - slack < other.left < right + slack
                and other.right < box.right + _PROSE / 2 * box.height
            )
            if not (is_next and fits) or is_label(row[0].text) or row[0] in self.taken:
                break
            found.append(row[0])
            box = other
        return found

    def under(self, label: Line, index: int) -> list[Line]:
        """The value under a label: what begins where the label begins, or is centred on it; [] for none.

        Under a label with a colon it may stand anywhere within the label's width.
        """
        most = (_BELOW if split(label.text) is None else _BELOW_COLON) * box_of(label).height
        for number, line in self._below(index):
            if box_of(line).top - box_of(label).bottom > most:
                return []
            if _stands_under(label, line) and line not in self.taken and says(line):
                if self._is_other(label, line):
                    return []
                return [line, *self._block(line, number + 1, box_of(line).left)]
        return []

    def has_like(self, label: Line, value: Line, index: int) -> bool:
        """Whether a row near by has two neighbours that begin where these two begin, and the two are no list's.

        Lists stand side by side as well: two entries are alike, and a column of entries has neither a number nor a
        text that begins small.
        """
        left, right, size = box_of(label), box_of(value), len(self.rows[index])
        if _are_entries(label.text, value.text) or (size > 2 and not self._has_values(label, value)):
            return False
        near = [*self.rows[max(0, index - _SUPPORT) : index], *self.rows[index + 1 : index + 1 + _SUPPORT]]
        return any(
            abs(box_of(a).left - left.left) < _ALIGNED * left.height
            and abs(box_of(b).left - right.left)
            < (_LOOSE if len(row) == size == 2 else _ALIGNED) * right.height
            for row in near
            for a, b in pairwise(row)
        )

    def _has_values(self, label: Line, value: Line) -> bool:
        """Whether a row of the form has what is no entry where this value begins, beside what begins like the label."""
        left, right = box_of(label), box_of(value)
        return any(
            abs(box_of(a).left - left.left) < 1.5 * _ALIGNED * left.height
            and abs(box_of(b).left - right.left) < _LOOSE * right.height
            and (is_value(b.text) or b.text[:1].islower())
            for row in self.rows
            for a, b in pairwise(row)
        )

    def _below(self, index: int) -> Iterator[tuple[int, Line]]:
        return ((number, line) for number in range(index + 1, len(self.rows)) for line in self.rows[number])

    def _is_other(self, label: Line, below: Line) -> bool:
        """Whether what stands under a label is no value of it: a label, a heading, prose at a distance."""
        box, other = box_of(label), box_of(below)
        is_far = other.top - box.bottom > _BELOW * box.height and other.width > _PROSE * box.height
        is_heading = other.height > _LARGER * box.height and _in_capitals(below.text)
        are_captions = self.is_caption(label) and self.is_caption(below)
        return is_label(below.text) or is_far or is_heading or are_captions

    def _along(self, first: Line, beside: Sequence[Line]) -> list[Line]:
        """The pieces of a row that go on with one of them."""
        found, last = list[Line](), first
        for piece in beside:
            gap = box_of(piece).left - box_of(last).right
            if gap > _BESIDE * box_of(first).height or is_label(piece.text) or piece in self.taken:
                break
            found.append(piece)
            last = piece
        return found

    def _block(self, first: Line, index: int, left: float) -> list[Line]:
        """The lines under the first one of a value that begin where it begins; what begins at `left` is a label."""
        if not is_words(first.text):
            return []
        found, last = list[Line](), box_of(first)
        for row in self.rows[index:]:
            slack = _ALIGNED * last.height
            here = next((piece for piece in row if abs(box_of(piece).left - last.left) < slack), None)
            if here is None or any(left - slack < box_of(piece).left <= last.left - slack for piece in row):
                break
            is_near = box_of(here).top - last.bottom <= _SAME_BLOCK * last.height
            is_caption = self.is_caption(here) and not _in_capitals(first.text)
            if not is_near or is_label(here.text) or here in self.taken or is_caption:
                break
            found += [here, *self._along(here, row[row.index(here) + 1 :])]
            last = box_of(here)
        return found


def in_columns(upper: Sequence[Line], lower: Sequence[Line]) -> bool:
    """Whether the pieces of two rows stand in the same columns."""
    return len(upper) == len(lower) and all(
        abs(box_of(a).left - box_of(b).left) < 1.5 * _ALIGNED * box_of(a).height
        for a, b in zip(upper, lower, strict=True)
    )


def _are_entries(one: str, other: str) -> bool:
    """Whether two texts are entries of one list: both in brackets, or words with most words in common."""
    if all(text.strip().startswith("(") and text.strip().endswith(")") for text in (one, other)):
        return True
    a, b = normalised(one).split(), normalised(other).split()
    is_numbered = len(a) == len(b) > 1 and a[:-1] == b[:-1]
    return not is_value(other) and (is_numbered or len(set(a) & set(b)) > 1)


def says(piece: Line) -> bool:
    """Whether a piece is more than a line to write on."""
    return any(c.isalnum() for c in piece.text)


def _stands_under(label: Line, line: Line) -> bool:
    box, other = box_of(label), box_of(line)
    is_within = split(label.text) is not None and box.left <= other.left and other.right <= box.right
    nearest = min(abs(other.left - box.left), abs(other.middle_x - box.middle_x))
    return (is_within or nearest < _ALIGNED * box.height) and other.overlap_x(box) > 0


def _in_capitals(text: str) -> bool:
    return text.isupper() and not any(c.isdigit() for c in text)
