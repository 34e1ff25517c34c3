"""How lines stand together on an upright page: rows, columns of prose, reading order."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from unicodedata import bidirectional, east_asian_width

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.geometry import Box, Quad, around

Row = list[Line]

_SAME_ROW = 0.5
"""Lines stand in one row when they share more than this part of the lower one's height."""
_LEAST_GUTTER = 1.0
"""Width of the gap between two columns of prose, in line heights."""
_LEAST_CUT = 1.2
"""Distance in line heights between the characters on both sides of a cut: more than between two words."""
_UPRIGHT = 1.5
"""A text this many times as high as wide does not run across the page."""
_NEAR_SPACE = 1.5
"""A space this near to a gutter, in line heights, is where the numbers of two columns meet."""
_LEAST_PROSE_ROWS = 4
_PROSE_FILL = 0.6
"""A line of prose fills at least this part of its column."""
_LEAST_PROSE_LENGTH = 8.0
"""A line of prose is at least this many times as long as high."""


def rows_of(lines: Iterable[Line]) -> list[Row]:
    """Lines grouped into visual rows from top to bottom, each as it is read: mostly from left to right."""
    rows: list[tuple[Box, Row]] = []
    for line in sorted(lines, key=lambda n: box_of(n).middle_y):
        box = box_of(line)
        if rows and _in_row(box, rows[-1]):
            rows[-1][1].append(line)
        else:
            rows.append((box, [line]))
    return [
        sorted(row, key=lambda n: box_of(n).left, reverse=reads_leftwards(n.text for n in row))
        for _, row in rows
    ]


def reads_leftwards(texts: Iterable[str]) -> bool:
    """Whether most letters are of a script that is written from right to left."""
    kinds = [bidirectional(c) for text in texts for c in text if c.isalpha()]
    return sum(kind in ("R", "AL") for kind in kinds) > len(kinds) / 2


def _in_row(box: Box, row: tuple[Box, Row]) -> bool:
    others = [box_of(line) for line in row[1]]
    if any(other.overlap_x(box) > 0.3 * min(other.width, box.width) for other in others):
        return False
    nearest = min(others, key=lambda other: abs(other.overlap_x(box)))
    return nearest.overlap_y(box) > _SAME_ROW * min(nearest.height, box.height)


def row_box(row: Sequence[Line]) -> Box:
    """The rectangle around the lines of one row, of which there is at least one."""
    return around(box_of(line) for line in row)


def text_height(lines: Sequence[Line]) -> float:
    """Height in pixels of the usual line; 0 for none."""
    return median(box_of(line).height for line in lines) if lines else 0.0


def is_upright(line: Line) -> bool:
    """Whether a text is written upwards or downwards, as at the axes of a chart."""
    box = box_of(line)
    return len(line.text) > 1 and box.height > _UPRIGHT * box.width


def joined(texts: Iterable[str]) -> str:
    """Pieces of one text in order, with a space between them except between Chinese or Japanese characters."""
    whole = ""
    for text in texts:
        between = "" if not whole or (is_wide(whole[-1]) and is_wide(text[:1])) else " "
        whole += between + text if text else ""
    return whole


def is_wide(character: str) -> bool:
    """Whether it is a character of Chinese or Japanese print, which knows no spaces between words."""
    return character != "" and east_asian_width(character) in "WF" and not "가" <= character <= "힣"


def line_cut_at(line: Line, x: float) -> tuple[Line, ...]:
    """A level line cut in two at the gap between its words around `x`; whole when no wide gap is there."""
    box = box_of(line)
    if not line.places or not box.left < x < box.right:
        return (line,)
    at = (x - box.left) / box.width
    before = sum(place < at for place in line.places)
    head, tail = line.text[:before].rstrip(), line.text[before:].lstrip()
    if not head or not tail:
        return (line,)
    start, end = line.places[len(head) - 1], line.places[len(line.text) - len(tail)]
    if (end - start) * box.width < _LEAST_CUT * box.height:
        return (line,)
    return _halves(line, len(head), len(line.text) - len(tail))


def line_cut_at_space(line: Line, x: float) -> tuple[Line, ...]:
    """A level line cut in two at the space nearest to `x`, however narrow; whole when none is near."""
    box = box_of(line)
    spaces = [index for index, character in enumerate(line.text) if character == " "]
    if not line.places or not spaces or not box.left < x < box.right:
        return (line,)
    at = (x - box.left) / box.width
    space = min(spaces, key=lambda index: abs(line.places[index] - at))
    if abs(line.places[space] - at) * box.width > _NEAR_SPACE * box.height:
        return (line,)
    return _halves(line, space, space + 1)


def _halves(line: Line, end: int, start: int) -> tuple[Line, Line]:
    """The characters of a line before `end` and from `start` on, parted in the middle of what is between them."""
    box = box_of(line)
    middle = box.left + (line.places[end - 1] + line.places[start]) / 2 * box.width
    return (
        _part(line, line.text[:end], 0, box.left, middle),
        _part(line, line.text[start:], start, middle, box.right),
    )


def _part(line: Line, text: str, first: int, left: float, right: float) -> Line:
    box = box_of(line)
    start, end = (left - box.left) / box.width, (right - box.left) / box.width
    places = line.places[first : first + len(text)]
    return Line(
        text,
        Quad(left, box.top, right, box.top, right, box.bottom, left, box.bottom),
        line.score,
        tuple((place - start) / (end - start) for place in places),
        line.least_score,
    )


def block_by_block(lines: Iterable[Line]) -> list[Line]:
    """Lines of an upright page as a person reads them: columns of prose one after the other, else row by row."""
    return [line for block in columns_of(list(lines)) for row in rows_of(block) for line in row]


def columns_of(lines: Sequence[Line]) -> list[list[Line]]:
    """The page cut into blocks in reading order; within a block no columns of prose stand side by side."""
    gutter = _find_gutter(lines)
    if gutter is None:
        return [list(lines)] if lines else []
    blocks: list[list[Line]] = []
    for band, parted in _bands(lines, gutter):
        if not parted:
            blocks.append(band)
            continue
        left = columns_of([n for n in band if box_of(n).middle_x < gutter])
        right = columns_of([n for n in band if box_of(n).middle_x >= gutter])
        blocks += right + left if reads_leftwards(n.text for n in band) else left + right
    return blocks


def _bands(lines: Sequence[Line], gutter: float) -> list[tuple[list[Line], bool]]:
    """Lines from top to bottom in runs that cross the gutter (false) or stand beside it (true)."""
    bands: list[tuple[list[Line], bool]] = []
    for line in sorted(lines, key=lambda n: box_of(n).top):
        parted = not _crosses(box_of(line), gutter)
        if bands and bands[-1][1] == parted:
            bands[-1][0].append(line)
        else:
            bands.append(([line], parted))
    return [(band, parted and min(_prose_rows(band, gutter)) >= _LEAST_PROSE_ROWS) for band, parted in bands]


def _crosses(box: Box, gutter: float) -> bool:
    return box.left < gutter < box.right


def _find_gutter(lines: Sequence[Line]) -> float | None:
    """The middle of the gap that parts most lines into two columns of prose; None when there is no such gap."""
    if len(lines) < 2 * _LEAST_PROSE_ROWS:
        return None
    height = text_height(lines)
    gaps = {
        round((left + right) / 2 / height) * height
        for row in rows_of(lines)
        for left, right in pairwise_gaps(row)
        if right - left >= _LEAST_GUTTER * height
    }
    parted_rows = {
        gutter: sum(min(_prose_rows(band, gutter)) for band, parted in _bands(lines, gutter) if parted)
        for gutter in gaps
    }
    best = max(parted_rows, key=lambda gutter: parted_rows[gutter], default=None)
    return best if best is not None and parted_rows[best] >= _LEAST_PROSE_ROWS else None


def pairwise_gaps(row: Row) -> list[tuple[float, float]]:
    """Right edge of each line of a row and left edge of the next to its right."""
    boxes = sorted((box_of(line) for line in row), key=lambda box: box.left)
    return [(before.right, after.left) for before, after in pairwise(boxes)]


def _prose_rows(lines: Sequence[Line], gutter: float) -> tuple[int, int]:
    """How many lines left and right of a gutter look like prose."""
    sides = (
        [box_of(n) for n in lines if box_of(n).middle_x < gutter],
        [box_of(n) for n in lines if box_of(n).middle_x >= gutter],
    )
    left, right = (_prose_count(side) for side in sides)
    return left, right


def _prose_count(boxes: Sequence[Box]) -> int:
    """Lines of the column that holds most prose among boxes that may stand in several columns."""
    columns: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: b.left):
        if columns and around(columns[-1]).overlap_x(box) > 0:
            columns[-1].append(box)
        else:
            columns.append([box])
    return max((_full_lines(column) for column in columns), default=0)


def _full_lines(boxes: Sequence[Box]) -> int:
    """How many lines of a column fill it as prose does; 0 when most do not."""
    column = around(boxes).width
    full = [b for b in boxes if b.width >= _PROSE_FILL * column and b.width >= _LEAST_PROSE_LENGTH * b.height]
    return len(full) if 2 * len(full) >= len(boxes) else 0
