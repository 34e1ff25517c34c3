"""Labels and their values on a page, by where they stand: in one line, side by side, one under the other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import columns_of
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.engine.understanding.form_rows import FormRows, in_columns, says
from qwenocr_assets.engine.understanding.labels import concepts_of, is_known, normalised
from qwenocr_assets.engine.understanding.pieces import in_line, is_label, is_value, may_be_label, part, split
from qwenocr_assets.engine.understanding.records import is_number, records_of
from qwenocr_assets.geometry import Box

_NEXT = 2.0
"""What stands farther from a label than this many line heights is another pair where it has a colon."""
_BLOCKS = frozenset({"bill to", "ship to", "seller", "customer", "company", "address"})
"""Labels whose value has a name first, and an address in the lines under it."""
_REMARK = re.compile(r"\(.*\)")
"""A remark behind the colon of a label: "Fee: (until 1 May)"."""
_MARK = re.compile(r"[xX×✓✔☑☒√]")
"""A ticked box is read as one of these."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and its value as printed, line by line, with the place of the label in upright page pixels."""

    label: str
    lines: tuple[str, ...]
    box: Box

    @property
    def value(self) -> str:
        """The lines of the value as one text; those of an address keep apart."""
        if concepts_of(normalised(self.label)) & _BLOCKS:
            return ", ".join(line.rstrip(" ,") for line in self.lines)
        return " ".join(self.lines)


def find_pairs(page: ReadPage) -> list[Pair]:
    """Every label with a value on the page, in reading order; rows of line items are no pairs."""
    found = [(table.bbox, records_of(table)) for table in page.tables]
    tables = [(box, records) for box, records in found if records is not None]
    grids = [box for box, records in found if records is None]
    free = [
        line
        for line in page.upright_lines
        if not any(box.holds(box_of(line).middle_x, box_of(line).middle_y) for box, _ in tables)
        and not _is_turned(line)
    ]
    pairs = [pair for block in columns_of(free) for pair in _pairs(FormRows.of(block, grids))]
    for box, records in tables:
        pairs += [Pair(label, (value,), box) for label, value in records.sums]
    return sorted(pairs, key=lambda pair: pair.box.top)


def _is_turned(line: Line) -> bool:
    """Whether a line runs up or down the page, as numbers in margins do."""
    box = box_of(line)
    return len(line.text) > 2 and box.height > 1.5 * box.width


def _pairs(form: FormRows) -> Iterator[Pair]:
    for index, row in enumerate(form.rows):
        yield from _over_values(form, index)
        for position, piece in enumerate(row):
            if piece not in form.taken and (pair := _pair(form, index, position)) is not None:
                yield pair


def _over_values(form: FormRows, index: int) -> Iterator[Pair]:
    """Labels in a row of boxes with one value under each; more rows of the same columns are a table."""
    labels, values = form.row(index), form.row(index + 1)
    if (
        len(labels) > 2
        and not form.taken & {*labels, *values}
        and all(may_be_label(piece.text) and not is_value(piece.text) for piece in labels)
        and not any(split(piece.text) for piece in (*labels, *values))
        and in_columns(labels, values)
        and not in_columns(values, form.row(index + 2))
        and not in_columns(form.row(index - 1), labels)
    ):
        for label, value in zip(labels, values, strict=True):
            yield Pair(label.text, (value.text,), box_of(label))
        form.taken.update((*labels, *values))


def _pair(form: FormRows, index: int, position: int) -> Pair | None:
    """The pair that a piece is the label of."""
    row = form.rows[index]
    label, (beside, after) = row[position], _two_after(row, position)
    if beside in form.taken:
        beside = None
    found = in_line(label.text)
    if found is not None and not (beside is not None and _REMARK.fullmatch(found[1])):
        value = part(label, len(label.text) - len(found[1]), len(label.text))
        more = form.rest(label, value, index, position) if split(label.text) is not None else []
        form.taken.update(more)
        return Pair(found[0], (found[1], *(line.text for line in more)), box_of(label))
    if beside is not None and _MARK.fullmatch(beside.text.strip()) and any(c.isalpha() for c in label.text):
        return _made(form, label, [beside], index)
    if split(label.text) is None and not may_be_label(label.text):
        return None
    if is_label(label.text):
        is_value_beside = beside is not None and says(beside) and not _is_header(row)
        if beside is not None and is_value_beside and not _is_another(label, beside):
            return _made(form, label, [beside, *form.rest(label, beside, index, position + 1)], index)
        return _made(form, label, form.under(label, index), index)
    if beside is not None and not is_label(beside.text) and not is_value(label.text):
        is_table = after is not None and is_number(beside.text) and is_number(after.text)
        is_edge = len(form.rows) > 2 and index in (0, len(form.rows) - 1)
        is_alone = len(row) == 2 and is_value(beside.text) and not is_edge
        if not is_table and (is_alone or form.has_like(label, beside, index)):
            return _made(form, label, [beside, *form.wrapped(label, beside, index)], index)
    return _made(form, label, form.under(label, index), index) if form.is_caption(label) else None


def _two_after(row: Sequence[Line], position: int) -> tuple[Line | None, Line | None]:
    beside, after, *_ = (*row[position + 1 : position + 3], None, None)
    return beside, after


def _made(form: FormRows, label: Line, value: list[Line], index: int) -> Pair | None:
    if not value:
        return None
    form.taken.update(value)
    text = label.text.rstrip(" :：")
    above = form.line_above(label, index) if split(label.text) is not None else None
    return Pair(f"{above} {text}" if above else text, tuple(line.text for line in value), box_of(label))


def _is_another(label: Line, beside: Line) -> bool:
    """Whether what stands beside a label is a label too; a colon may be a full stop of a name, misread."""
    found = split(beside.text)
    if found is None or not found[1]:
        return is_label(beside.text)
    return is_known(found[0]) or box_of(beside).left - box_of(label).right > _NEXT * box_of(label).height


def _is_header(row: Sequence[Line]) -> bool:
    """Whether a row names columns: words, without a colon and without a number."""
    return len(row) > 2 and all(
        may_be_label(piece.text) and split(piece.text) is None and not is_value(piece.text) for piece in row
    )
