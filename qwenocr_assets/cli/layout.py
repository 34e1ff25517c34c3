"""How a table fits the terminal's width, as a value: nothing that is a number or a name is ever cut.

Prose wraps. What does not fit then gives way by weight: empty columns, then keys, boxes and times, then what is the
same in all rows or in another column, then paths, then the others from the right, and names, statuses, reasons, values
and amounts last. A few wide rows are shown one record per block instead.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

RULED, PLAIN = 3, 2
"""Cells that part two columns: a blank, a rule and a blank, or two blanks where that makes room."""
_PROSE = 28
"""Cells beyond which a text may wrap."""
_NARROWEST = 20
"""Cells to which it may, and its longest word."""
_LONGEST_WORD = 36
"""Cells up to which a word in it stays whole."""
_MOST_BLOCKS = 10
"""Rows that are shown one record per block."""
_TALLEST = 8
"""Lines of a wrapped text beyond which a few rows are better read one record per block."""
_LEAST_COLUMNS = 3
_HEAVY = re.compile(
    r"^(.*_)?(name|reason|status|value|text|finding|mean|metric|amount)$"
    r"|^(total|table|truth|read|path|place|key|description|quantity|unit_price)$"
)
_LIGHT = re.compile(r"(_id|_key|_hash|^sha256|^uri|^page_image|_px|_at|_code)$")
_INSIDE = re.compile(r"_path$")
"""Where in an answer something is, beside what it is."""
_NESTED = re.compile(r"\{.*\}|\[(None|[-\d.,\s])*\]", re.DOTALL)
"""An object, or numbers that are a box; a list of texts is what somebody wants to read."""
_AWAY = 3
"""The weight from which a column is not worth a block's line, where there is no room for all."""
_NAMES = re.compile(r"(^|_)(name|path|place|model|route|task|metric|column|rule)$")


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by number."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]
    """Cells of each column that is shown."""
    folded: tuple[int, ...]
    """Columns that are left out for want of width."""
    gap: int = RULED
    is_blocks: bool = False
    """One record per block: a line for each column."""


def fit(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, blocks: bool = True) -> Layout:
    """Lay out a table of texts for a terminal of `width` cells; without `blocks` it stays a table."""
    everything = range(len(columns))
    natural = [_natural(columns, rows, place) for place in everything]
    least = []
    for place in everything:
        texts = [row[place] for row in rows]
        narrow = max(_NARROWEST, cell_len(columns[place]), _longest_word(texts))
        least.append(min(natural[place], narrow) if _is_prose(columns[place], texts) else natural[place])
    for gap in (RULED, PLAIN):
        if _total(least, gap) <= width:
            table = _spread(everything, natural, least, width, gap)
            if blocks and len(rows) <= _MOST_BLOCKS and _height(rows, table.widths) > _TALLEST:
                return Layout(tuple(everything), (), (), PLAIN, is_blocks=True)
            return table
    weights = [_weight(columns, rows, place) for place in everything]
    # what is not worth much is shown where it needs no second line
    least = [natural[p] if weights[p] >= _AWAY else least[p] for p in everything]
    shown: list[int] = []
    for place in sorted(everything, key=lambda place: (weights[place], place)):
        if _total([least[p] for p in (*shown, place)], PLAIN) <= width:
            shown.append(place)
    worth = tuple(place for place in everything if weights[place] < _AWAY) or tuple(everything)
    few = len(rows) <= _MOST_BLOCKS and not set(worth) <= set(shown)
    if (blocks and few) or len(shown) < min(_LEAST_COLUMNS, len(worth)):
        return Layout(worth, (), tuple(p for p in everything if p not in worth), PLAIN, is_blocks=True)
    return _spread(sorted(shown), natural, least, width, PLAIN, everything)


def _natural(columns: Sequence[str], rows: Sequence[Sequence[str]], place: int) -> int:
    lines = (line for row in rows for line in row[place].split("\n"))
    return max([cell_len(columns[place]), *map(cell_len, lines)])


def _height(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> int:
    """Lines of the highest cell, about: how often its text fills its column."""
    cells = (
        sum(-(-max(cell_len(line), 1) // cells) for line in text.split("\n"))
        for row in rows
        for text, cells in zip(row, widths, strict=True)
    )
    return max(cells, default=0)


def _is_prose(column: str, texts: Sequence[str]) -> bool:
    """Text that may be broken between words: no name, and somewhere longer than a line's part."""
    if _NAMES.search(column):
        return False
    return any(cell_len(text) > _PROSE and (" " in text or not text.isascii()) for text in texts)


def _longest_word(texts: Sequence[str]) -> int:
    words = (word for text in texts for word in text.split() if word.isascii())
    return max((len(word) for word in words if len(word) <= _LONGEST_WORD), default=0)


def _weight(columns: Sequence[str], rows: Sequence[Sequence[str]], place: int) -> int:
    """The less, the longer a column stays."""
    texts, column = [row[place] for row in rows], columns[place]
    if rows and not any(texts):
        return _AWAY + 3
    if _LIGHT.search(column):
        return _AWAY + 2
    if len(rows) > 1 and any(texts == [row[before] for row in rows] for before in range(place)):
        return _AWAY + 1
    if same_everywhere(texts):
        return 2 if _HEAVY.search(column) else _AWAY + 1
    if _INSIDE.search(column) or any(_NESTED.fullmatch(text) and len(text) > _PROSE for text in texts):
        return _AWAY
    return 0 if _HEAVY.search(column) else 1


def same_everywhere(texts: Sequence[str]) -> bool:
    """Whether a column of several rows says one thing."""
    return len(texts) > 1 and len(set(texts)) == 1


def _total(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * len(widths) - (1 if gap == RULED else gap)


def _spread(
    shown: Sequence[int],
    natural: Sequence[int],
    least: Sequence[int],
    width: int,
    gap: int,
    everything: Sequence[int] = (),
) -> Layout:
    """Give what is left of the width to the columns that could use it, evenly."""
    widths = {place: least[place] for place in shown}
    left = width - _total(list(widths.values()), gap)
    while left > 0 and (hungry := [p for p in shown if widths[p] < natural[p]]):
        share = max(left // len(hungry), 1)
        for place in hungry[: max(left, 0)]:
            more = min(share, natural[place] - widths[place])
            widths[place] += more
            left -= more
    folded = tuple(place for place in everything if place not in shown)
    return Layout(tuple(shown), tuple(widths[place] for place in shown), folded, gap)
