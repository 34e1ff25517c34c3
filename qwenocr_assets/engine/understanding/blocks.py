"""The page as blocks of a document: title, sections, paragraphs, list items and tables, in reading order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import Row, columns_of, is_wide, joined, row_box, rows_of
from qwenocr_assets.engine.page.read_page import Line, ReadPage, Table
from qwenocr_assets.geometry import Box, around

Kind = Literal["title", "section", "paragraph", "item"]

_LARGE = 1.22
"""Print this many times as high as the body's is a heading."""
_SLIGHTLY_LARGE = 1.08
_LONGEST_HEADING = 120
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,2})\.?\s+\S")
_BULLET = re.compile(r"^[•●▪◦‣∙·○■–—*-]\s*(?=\S)")
_NEW_PARAGRAPH = 0.45
"""Gap between lines, beyond the usual one in line heights, from which a new paragraph begins."""
_RAGGED = 3.0
"""Lines of running text end within this many line heights of the right edge of their column."""
_LEAST_PROSE_LENGTH = 8.0
"""Running text has lines at least this many times as long as high."""
_INDENT = 0.8
_SENTENCE_END = (".", "!", "?", ":", "。", "！", "？", "：", "…", ";", "；")


@dataclass(frozen=True, slots=True)
class Block:
    """A title, section heading, paragraph or list item. A paragraph keeps the line breaks that are meant."""

    kind: Kind
    lines: tuple[str, ...]
    level: int = 0
    """Of a section, from 1."""


def blocks_of(page: ReadPage) -> list[Block | Table]:
    """The blocks of a page in reading order, tables among them where they stand."""
    boxes = [table.bbox for table in page.tables]
    free = [
        line
        for line in page.upright_lines
        if not any(box.holds(box_of(line).middle_x, box_of(line).middle_y) for box in boxes)
    ]
    body = _print_of(free)
    columns = [rows for column in columns_of(free) if (rows := rows_of(column))]
    title = _title(columns, body)
    headings = [row for rows in columns for row in rows if row is not title and _is_large(row, body)]
    sizes = sorted({_size(row, body) for row in headings}, reverse=True)
    placed: list[tuple[Box, Sequence[Block]]] = [
        (box, _as_blocks(group, body, sizes, title, _right_edge(rows, body)))
        for rows in columns
        for group, box in ((group, around(row_box(row) for row in group)) for group in _groups(rows, body))
    ]
    found: list[Block | Table] = [block for _, blocks in placed for block in blocks]
    for table, box in reversed(list(zip(page.tables, boxes, strict=True))):
        before = sum(
            len(blocks) for place, blocks in placed if place.middle_y < box.top and place.overlap_x(box) > 0
        )
        found.insert(before, table)
    return found


@dataclass(frozen=True, slots=True)
class _Print:
    """Size of print: the height of its lines and the width of its characters in pixels."""

    height: float
    width: float

    def times(self, body: "_Print") -> float:
        """How many times larger than `body` this is, by the measure that says less: capitals are only wider."""
        return min(self.height / body.height, 1.1 * self.width / body.width)


def _print_of(lines: Sequence[Line]) -> _Print:
    """Size of most of the print."""
    heights = [box_of(line).height for line in lines for _ in line.text]
    widths = [box_of(line).width / len(line.text) for line in lines for _ in line.text]
    return _Print(median(heights), median(widths)) if heights else _Print(1.0, 1.0)


def _title(columns: Sequence[Sequence[Row]], body: _Print) -> Row | None:
    """The largest print of the page when it is large and near the top."""
    rows = [row for rows in columns for row in rows]
    large = [row for row in rows[:6] if _is_large(row, body)]
    return max(large, key=lambda row: _print_of(row).times(body)) if large and len(rows) > 1 else None


def _is_large(row: Row, body: _Print) -> bool:
    return _print_of(row).times(body) >= _LARGE and len(_text(row)) <= _LONGEST_HEADING


def _size(row: Row, body: _Print) -> float:
    return round(_print_of(row).times(body), 1)


def _text(row: Row) -> str:
    return joined(line.text for line in row)


def _right_edge(rows: Sequence[Row], body: _Print) -> float:
    """Where running text of a column is wrapped: the rightmost place where several lines end."""
    ends = sorted((row_box(row).right for row in rows), reverse=True)
    for end in ends:
        near = sum(end - _RAGGED * body.height <= other <= end for other in ends)
        if near >= max(2, len(ends) // 6):
            return end
    return ends[0]


def _groups(rows: Sequence[Row], body: _Print) -> list[list[Row]]:
    """Rows of one column grouped where a wider gap, other print, an indent or a bullet begins something new."""
    right = _right_edge(rows, body)
    gaps = [row_box(below).top - row_box(above).bottom for above, below in pairwise(rows)]
    usual = min(median(gaps), body.height) if gaps else 0.0
    groups = [[rows[0]]]
    for (above, below), gap in zip(pairwise(rows), gaps, strict=True):
        ends_sentence = _text(above).endswith(_SENTENCE_END)
        begins = (
            gap > usual + _NEW_PARAGRAPH * body.height
            or _is_large(above, body) != _is_large(below, body)
            or _numbering(below, body) is not None
            or _numbering(above, body) is not None
            or bool(_BULLET.match(_text(below)))
            or (ends_sentence and row_box(below).left - row_box(above).left > _INDENT * body.height)
            or (
                ends_sentence
                and _is_broken_on_purpose(above, below, right)
                and _has_wrapped(groups[-1], right)
            )
        )
        if begins:
            groups.append([])
        groups[-1].append(below)
    return groups


def _is_broken_on_purpose(above: Row, below: Row, right: float) -> bool:
    """Whether the first word of the next line would have had room on this one."""
    upper = row_box(above)
    if upper.width < _LEAST_PROSE_LENGTH * upper.height or len(above) > 1 or len(below) > 1:
        return True
    text, box = _text(below), row_box(below)
    word = 1 if is_wide(text[:1]) else len(text.split(maxsplit=1)[0]) + 1
    return upper.right + word * box.width / len(text) < right


def _has_wrapped(rows: Sequence[Row], right: float) -> bool:
    """Whether a group is running text: a line of it was broken for want of room."""
    return any(not _is_broken_on_purpose(above, below, right) for above, below in pairwise(rows))


def _numbering(row: Row, body: _Print) -> str | None:
    """Number of a numbered heading ("2.1 Results"); None for other text, also for "12 Harbour Road"."""
    text = _text(row)
    match = _NUMBERED.match(text)
    if match is None or len(row) > 1 or len(text) > 60 or text.endswith(_SENTENCE_END):
        return None
    if "." not in match[1] and _print_of(row).times(body) < _SLIGHTLY_LARGE:
        return None
    words = text[match.end(1) :].strip(" .")
    return match[1] if words[:1].isupper() and sum(c.isalpha() for c in words) > len(words) / 2 else None


def _as_blocks(
    group: Sequence[Row], body: _Print, sizes: Sequence[float], title: Row | None, right: float
) -> list[Block]:
    texts = [_text(row) for row in group]
    numbering = _numbering(group[0], body)
    if any(row is title for row in group):
        return [Block("title", (joined(texts),))]
    if numbering is not None:
        title_text = joined(texts).removeprefix(numbering).lstrip(" .")
        return [Block("section", (title_text,), numbering.count(".") + 1)]
    if _is_large(group[0], body):
        return [Block("section", (joined(texts),), min(sizes.index(_size(group[0], body)) + 1, 3))]
    bullet = _BULLET.match(texts[0])
    if bullet:
        return [Block("item", (_running([texts[0][bullet.end() :], *texts[1:]]),))]
    return [Block("paragraph", tuple(_meant_lines(group, right)))]


def _meant_lines(rows: Sequence[Row], right: float) -> Iterator[str]:
    """The text of a paragraph; lines that were broken on purpose, like those of an address, stay apart."""
    run = [_text(rows[0])]
    for above, below in pairwise(rows):
        if _is_broken_on_purpose(above, below, right):
            yield _running(run)
            run = []
        run.append(_text(below))
    yield _running(run)


def _running(texts: Sequence[str]) -> str:
    """Lines of running text as one; a word parted by a hyphen at the end of a line is whole again."""
    whole = ""
    for text in texts:
        if re.search(r"[^\W\d_]{2}-$", whole) and text[:1].islower():
            whole = whole[:-1] + text
        else:
            whole = joined([whole, text])
    return whole
