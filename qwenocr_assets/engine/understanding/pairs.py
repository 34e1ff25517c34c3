"""Labels and their values on a page, by where they stand: in one line, side by side, one under the other."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import Row, columns_of, rows_of
from qwenocr_assets.engine.page.read_page import Line, ReadPage, Table
from qwenocr_assets.engine.understanding.labels import concepts_of, is_known, normalised
from qwenocr_assets.engine.understanding.records import records_of
from qwenocr_assets.geometry import Box, Quad

_COLON = re.compile(r"\s*[:：]\s*")
_MOST_WORDS = 6
_MOST_CHARACTERS = 40
_BELOW = 1.6
"""A value stands at most this many line heights under its label."""
_SAME_BLOCK = 0.8
"""Lines of an address are at most this many line heights apart."""
_BLOCKS = frozenset({"bill to", "ship to", "seller", "customer", "company", "address"})
"""Labels whose value under them may have several lines."""
_WIDE_GAP = 1.6
"""A gap of this many line heights between two words of a line parts one pair from the next."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and its value as printed, line by line, with the place of the label in upright page pixels."""

    label: str
    lines: tuple[str, ...]
    box: Box

    @property
    def value(self) -> str:
        """The lines of the value as one text."""
        return ", ".join(line.rstrip(" ,") for line in self.lines)


def find_pairs(page: ReadPage) -> list[Pair]:
    """Every label with a value on the page, in reading order; rows of line items are no pairs."""
    boxes = [table.bbox for table in page.tables]
    free = [
        line
        for line in page.upright_lines
        if not any(box.holds(box_of(line).middle_x, box_of(line).middle_y) for box in boxes)
    ]
    pairs = [pair for block in columns_of(free) for pair in _from_rows(rows_of(block))]
    for table, box in zip(page.tables, boxes, strict=True):
        records = records_of(table)
        if records is None:
            pairs += _from_form(table)
        else:
            pairs += [Pair(label, (value,), box) for label, value in records.sums]
    return sorted(pairs, key=lambda pair: pair.box.top)


def _from_rows(rows: Sequence[Row]) -> Iterator[Pair]:
    pieces = [[piece for line in row for piece in _pieces(line)] for row in rows]
    taken: set[Line] = set()
    for index, row in enumerate(pieces):
        is_plain_pair = len(row) == 2 and _split(row[0].text) is None and _split(row[1].text) is None
        for piece, beside in zip_longest(row, row[1:]):
            if piece in taken:
                continue
            found = _in_line(piece.text)
            if found is not None:
                yield Pair(found[0], (found[1],), box_of(piece))
                continue
            value = _value_of(piece, beside, pieces[index + 1 :], taken, is_plain_pair)
            if value is not None:
                label = piece.text.rstrip(" :：")
                block = [value]
                if value is not beside and concepts_of(normalised(label)) & _BLOCKS:
                    block = [value, *_below(value, pieces[index + 1 :], taken)]
                taken.update(block)
                yield Pair(label, tuple(line.text for line in block), box_of(piece))


def _in_line(text: str) -> tuple[str, str] | None:
    """Label and value that stand in one piece of text, with a colon or after a known label; else None."""
    split = _split(text)
    if split is None:
        return _led_by_label(text)
    return split if split[1] else None


def _value_of(
    label: Line, beside: Line | None, below: Sequence[Row], taken: set[Line], is_plain_pair: bool
) -> Line | None:
    """The piece that is the value of a label without one in its line: to the right, else right under it."""
    if not _may_be_label(label.text):
        return None
    if beside is not None and (_split(beside.text) is not None or is_known(beside.text)):
        beside = None
    if _split(label.text) is not None or is_known(label.text):
        return beside or _under(label, below, taken)
    return beside if is_plain_pair and beside is not None and _is_value(beside.text) else None


def _pieces(line: Line) -> list[Line]:
    """A line cut into its pairs: where a wide gap, or a known label with a colon, begins another one."""
    text = line.text
    cuts = [
        match.end()
        for match in re.finditer(r"\s+", text)
        if _gap_before(line, match.end()) >= _WIDE_GAP or _begins_label(text, match.end())
    ]
    pieces = []
    for start, end in pairwise([0, *cuts, len(text)]):
        if text[start:end].strip():
            pieces.append(_part(line, start, end))
    return pieces


def _gap_before(line: Line, position: int) -> float:
    """Space before the character at `position`, in line heights; 0 when places are not known."""
    if not line.places:
        return 0.0
    box = box_of(line)
    before = len(line.text[:position].rstrip()) - 1
    return (line.places[position] - line.places[before]) * box.width / box.height - 0.5


def _begins_label(text: str, position: int) -> bool:
    """Whether a second label starts at `position`: known words up to a colon, after a first pair."""
    if not _COLON.search(text[:position]):
        return False
    split = _split(text[position:])
    return split is not None and is_known(split[0])


def _part(line: Line, start: int, end: int) -> Line:
    text = line.text[start:end].strip()
    box = box_of(line)
    left = (
        box.left + (line.places[start] if line.places else start / len(line.text)) * box.width
        if start
        else box.left
    )
    stop = start + len(line.text[start:end].rstrip())
    right = (
        box.left + (line.places[stop - 1] if line.places else stop / len(line.text)) * box.width
        if stop < len(line.text)
        else box.right
    )
    return Line(text, Quad(left, box.top, right, box.top, right, box.bottom, left, box.bottom), line.score)


def _split(text: str) -> tuple[str, str] | None:
    """Label and value of "label: value" (the value may be empty); None when the text is no such pair."""
    match = _COLON.search(text)
    if match is None:
        return None
    label, value = text[: match.start()], text[match.end() :]
    digit_before = label[-1:].isdigit()
    if value.startswith("//") or (digit_before and value[:1].isdigit() and match.group() == ":"):
        return None  # a web address, a time or a ratio
    return (label.strip(), value.strip()) if _may_be_label(label) else None


def _may_be_label(text: str) -> bool:
    return (
        0 < len(text.strip()) <= _MOST_CHARACTERS
        and len(text.split()) <= _MOST_WORDS
        and any(c.isalpha() for c in text)
        and sum(c.isdigit() for c in text) <= len(text) / 4
    )


def _is_value(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _under(label: Line, rows: Iterable[Row], taken: set[Line]) -> Line | None:
    """The piece right under a label that begins where the label begins, or is centred on it."""
    box = box_of(label)
    for line in (line for row in rows for line in row):
        other = box_of(line)
        if other.top - box.bottom > _BELOW * box.height:
            return None
        aligned = abs(other.left - box.left) < box.height or abs(other.middle_x - box.middle_x) < box.height
        if aligned and other.overlap_x(box) > 0 and line not in taken:
            return None if _split(line.text) is not None or is_known(line.text) else line
    return None


def _below(first: Line, rows: Iterable[Row], taken: set[Line]) -> Iterator[Line]:
    """The lines of a block, such as an address, under its first line."""
    last = box_of(first)
    for line in (line for row in rows for line in row):
        box = box_of(line)
        gap = box.top - last.bottom
        if gap > _SAME_BLOCK * last.height:
            return
        aligned = abs(box.left - last.left) < 0.5 * last.height and gap > -0.5 * last.height
        if aligned and box.middle_y > last.middle_y and line not in taken:
            if _split(line.text) is not None or is_known(line.text):
                return
            yield line
            last = box


def _led_by_label(text: str) -> tuple[str, str] | None:
    """Label and value of "Invoice No INV-7": words that are a known label, then a value with a digit."""
    words = text.split()
    for count in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        label, value = " ".join(words[:count]), " ".join(words[count:])
        if _is_value(value) and value[0] != "(" and not _is_value(label) and concepts_of(normalised(label)):
            short = count == 1 and not re.match(r"[\d#$€£¥￥+-]", value)
            return None if short else (label, value)
    return None


def _from_form(table: Table) -> Iterator[Pair]:
    """Pairs of a table that is a form: each label cell with the cell to its right, or below a header of two rows."""
    rows: dict[int, list[str]] = {}
    for cell in sorted(table.cells, key=lambda c: (c.row, c.column)):
        rows.setdefault(cell.row, []).append(cell.text)
    box = table.bbox
    height = box.height / max(len(rows), 1)
    for index, texts in rows.items():
        place = Box(box.left, box.top + index * height, box.right, box.top + (index + 1) * height)
        if index == 0 and _is_header_over_values(list(rows.values())):
            yield from (Pair(a, (b,), place) for a, b in zip(*list(rows.values()), strict=True) if a and b)
            return
        position = 0
        while position < len(texts):
            text = texts[position]
            split = _split(text)
            if split is not None and split[1]:
                yield Pair(split[0], (split[1],), place)
            elif position + 1 < len(texts) and texts[position + 1] and _may_be_label(text):
                yield Pair(split[0] if split else text, (texts[position + 1],), place)
                position += 1
            position += 1


def _is_header_over_values(rows: Sequence[Sequence[str]]) -> bool:
    return (
        len(rows) == 2
        and len(rows[0]) == len(rows[1]) > 2
        and all(_may_be_label(text) and not text.endswith((":", "：")) for text in rows[0] if text)
        and any(_is_value(text) for text in rows[1])
    )
