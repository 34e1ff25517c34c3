"""What stands over the values of a table: titles, which are no part of it, and headers in several lines."""

from collections.abc import Sequence
from dataclasses import replace

from qwenocr_assets.engine.page.apart import with_headers_together
from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.gutters import Column, places
from qwenocr_assets.engine.page.layout import Row, row_box
from qwenocr_assets.engine.page.numbers import is_value
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.engine.page.wrapped import gap_between
from qwenocr_assets.geometry import Box, Quad, around

_WHOLE = 0.8
"""A rule this long, of the table's width, parts what is above it from what is below."""
_WIDE = 0.5
"""A piece this wide, of the table's width, is a title and no header of a column."""
_MOST_TITLE_ROWS = 4
_MOST_HEADER_ROWS = 5
_STACKED_GAP = 0.6
"""Lines of one header are at most so many text heights apart."""
_ALIGNED = 0.7
"""Lines of one header begin, end or are centred within so many text heights of each other."""


def without_title(run: Sequence[Row], rules: Sequence[Box]) -> list[Row]:
    """A run without what stands above its first rule and below its last as text that does not keep to columns."""
    whole = around(row_box(row) for row in run)
    long = [
        rule.middle_y
        for rule in rules
        if rule.overlap_x(whole) >= _WHOLE * whole.width and rule.width < 1.5 * whole.width
    ]
    at = [row_box(row).middle_y for row in run]
    first, last = 0, len(run)
    for index in range(1, min(_MOST_TITLE_ROWS, len(run) - 2) + 1):
        title = run[:index]
        if any(at[index - 1] < y < at[index] for y in long):
            wide = max(box_of(line).width for row in title for line in row) >= _WIDE * whole.width
            if wide and all(len(row) < 3 for row in title):
                first = index
            break
    for index in range(len(run) - 1, max(first + 2, len(run) - _MOST_TITLE_ROWS) - 1, -1):
        if len(run[index]) > 1:
            break
        if any(at[index - 1] < y < at[index] for y in long):
            last = index
    return list(run[first:last])


def with_header(
    rows: Sequence[Row], columns: Sequence[Column], rules: Sequence[Box], height: float
) -> list[Row]:
    """Rows of a table with the lines of its headers joined, and with headers as wide as the columns they stand over."""
    count = _header_rows(rows, columns)
    header: list[Row] = []
    for index in range(count):
        below = rows[index + 1] if index + 1 < len(rows) else []
        row = with_headers_together(rows[index], below, columns, height)
        if header and _is_stacked(rows[index - 1], row, columns, rules, height):
            header[-1] = [*header[-1], *row]
        else:
            header.append([_over_its_columns(line, row, below, columns, rules) for line in row])
    return [*header, *map(list, rows[count:])]


def _header_rows(rows: Sequence[Row], columns: Sequence[Column]) -> int:
    """How many rows stand above the first row of values; 0 where no row is one."""
    of_values = [_is_of_values(row, columns) for row in rows]
    first = next((index for index, is_one in enumerate(of_values[: _MOST_HEADER_ROWS + 1]) if is_one), 0)
    return first if 2 * sum(of_values) > len(rows) - first else 0


def _is_of_values(row: Row, columns: Sequence[Column]) -> bool:
    """Whether most columns of a row, its first aside, have values and not years, which head columns."""
    right = [line for line in row if places(box_of(line), columns).start > 0]
    values = [line for line in right if is_value(line.text)]
    return 2 * len(values) > len(right) and 2 * len(values) >= len(columns) - 1 and not _are_years(values)


def _are_years(values: Sequence[Line]) -> bool:
    return all(
        text[:2] in ("18", "19", "20") and len(text.rstrip("*")) in (4, 7, 9)
        for text in (v.text for v in values)
    )


def _is_stacked(
    above: Row, below: Row, columns: Sequence[Column], rules: Sequence[Box], height: float
) -> bool:
    """Whether a row of a header goes on with the lines of the row above it."""
    if gap_between(above, below) > _STACKED_GAP * height:
        return False
    top, bottom = row_box(above).middle_y, row_box(below).middle_y
    if any(top < rule.middle_y < bottom for rule in rules):
        return False
    if any(len(places(box_of(line), columns)) > 1 for line in above):
        return False
    if _once_for_each(above, below):
        return False
    return all(any(_in_line(box_of(upper), box_of(lower), height) for lower in below) for upper in above)


def _in_line(above: Box, below: Box, height: float) -> bool:
    """Whether two lines of one text, whose left or right edges or middles are one below the other."""
    offsets = (above.left - below.left, above.right - below.right, above.middle_x - below.middle_x)
    return above.overlap_x(below) > 0 and min(map(abs, offsets)) < _ALIGNED * height


def _once_for_each(heads: Row, under: Row) -> list[Row]:
    """The parts of a row that repeats the same texts under each header above it; none where it does not."""
    size, rest = divmod(len(under), len(heads))
    if len(heads) < 2 or rest or size < 2:
        return []
    parts = [sorted(under, key=_left)[start : start + size] for start in range(0, len(under), size)]
    texts = [[piece.text for piece in part] for part in parts]
    return parts if all(text == texts[0] for text in texts) else []


def stands_over_columns(line: Line, below: Row, rules: Sequence[Box]) -> bool:
    """Whether a rule under a line says that it heads some of the columns of the row below, and not all."""
    rule = _own_rule(box_of(line), [line], below, rules, row_box(below).width)
    return rule is not None and 1 < sum(rule.overlap_x(box_of(piece)) > 0 for piece in below) < len(below)


def _own_rule(box: Box, row: Row, below: Row, rules: Sequence[Box], whole: float) -> Box | None:
    """The rule between a header and the row below that is for this header alone."""
    bottom = row_box(below).middle_y
    for rule in rules:
        over = [line for line in row if rule.left < box_of(line).middle_x < rule.right]
        if (
            box.middle_y < rule.middle_y < bottom
            and rule.width < _WHOLE * whole
            and [box] == [box_of(n) for n in over]
        ):
            return rule
    return None


def _over_its_columns(
    line: Line, row: Row, below: Row, columns: Sequence[Column], rules: Sequence[Box]
) -> Line:
    """A header as wide as the rule below it, or as the part of the next row that is there once for each header."""
    if not below:
        return line
    box = box_of(line)
    rule = _own_rule(box, row, below, rules, columns[-1].right - columns[0].left)
    if rule is not None:
        return _widened(line, min(box.left, rule.left), max(box.right, rule.right))
    parts = _once_for_each(row, below)
    if not parts:
        return line
    part = row_box(parts[sorted(row, key=_left).index(line)])
    return _widened(line, min(box.left, part.left), max(box.right, part.right))


def _left(line: Line) -> float:
    return box_of(line).left


def _widened(line: Line, left: float, right: float) -> Line:
    _, top, _, bottom = box_of(line)
    return replace(line, quad=Quad(left, top, right, top, right, bottom, left, bottom))
