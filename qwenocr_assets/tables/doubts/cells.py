"""What speaks against the text of a table's cell: signs that its table was cut or read wrongly there.

| doubt | when |
|---|---|
| `dotted_leader` | dots lead from its text to the next column (`Loans . . . .`), or from most of its column |
| `title_or_note` | all that the first or last row holds may stand over or under the table: see below |
| `header_in_parts` | a header goes on in the row below, so that what stands there is cut into several cells |
| `broken_text` | a bracket has no partner, or a lone sign stands where a dash may be meant |

A title or a note is a long text, or a sentence in the last row, or a text in the first that heads no column.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.values.written import seen

DOTTED_LEADER: Final = "dotted_leader"
TITLE_OR_NOTE: Final = "title_or_note"
HEADER_IN_PARTS: Final = "header_in_parts"
BROKEN_TEXT: Final = "broken_text"

_LEADER: Final = re.compile(r"\w.*?(?:\s[.·…]+|[.·]{2,}|…)(?:\s?[.·…])*\Z", re.DOTALL)
_LEADERS: Final = 0.3
"""Share of a column's cells with leaders from which all of them have one, read or not."""
_FEWEST: Final = 4
_LONG: Final = 60
"""Characters that only cell of a first or last row has, if it is no row of the table."""
_MOST_HEADER_ROWS: Final = 5
_NOTE: Final = re.compile(r"[*†‡§]|(?:\S+\s+){3,}\S+[.。]\Z")
"""What a note begins with, or a sentence."""
_LONE_SIGN: Final = re.compile(r"[=_~|一]")
_BRACKETS: Final = ("()", "[]", "{}")
_ITEM: Final = re.compile(r"\s*\w{1,3}[)\]]")
"""`a)`, `12)`: what counts items."""


def cells_with_doubtful_text(cells: Sequence[Row]) -> list[Row]:
    """Rows of `table_cells` with `text_doubt` set where something speaks against the text."""
    tables: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, cell in enumerate(cells):
        if cell["text"].strip():
            tables[cell["task"], cell["table_index"]].append(at)
    found: dict[int, str] = {}
    for places in tables.values():
        for at, doubt in _doubts([cells[place] for place in places]):
            found.setdefault(places[at], doubt)
    return [{**cell, "text_doubt": found.get(at)} for at, cell in enumerate(cells)]


def _doubts(cells: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """The doubtful ones of a table's filled cells, by their place in the list; the heavier doubt comes first."""
    yield from ((at, HEADER_IN_PARTS) for at in _header_in_parts(cells))
    yield from ((at, TITLE_OR_NOTE) for at in _titles_and_notes(cells))
    yield from ((at, DOTTED_LEADER) for at in _with_leaders(cells))
    yield from ((at, BROKEN_TEXT) for at, cell in enumerate(cells) if _is_broken(cell["text"]))


def _with_leaders(cells: Sequence[Row]) -> Iterator[int]:
    columns: dict[int, list[int]] = defaultdict(list)
    for at, cell in enumerate(cells):
        columns[cell["column_index"]].append(at)
    for column in columns.values():
        dotted = [at for at in column if _LEADER.match(seen(cells[at]["text"]))]
        is_led = len(column) >= _FEWEST and len(dotted) >= _LEADERS * len(column)
        yield from (at for at in column if not cells[at]["is_header"]) if is_led else dotted


def _titles_and_notes(cells: Sequence[Row]) -> Iterator[int]:
    rows: dict[int, list[int]] = defaultdict(list)
    for at, cell in enumerate(cells):
        rows[cell["row_index"]].append(at)
    if len(rows) < 2 or max(cell["column_index"] for cell in cells) == 0:
        return
    first, *_, last = sorted(rows)
    for row in (first, last):
        if len(rows[row]) == 1 and len(cells[rows[row][0]]["text"]) > _LONG:
            yield rows[row][0]
    if len(rows[last]) == 1 and _NOTE.match(cells[rows[last][0]]["text"].strip()):
        yield rows[last][0]
    if len(rows[first]) == 1 and _stands_over_nothing(cells, rows[first][0], rows[sorted(rows)[1]]):
        yield rows[first][0]


def _stands_over_nothing(cells: Sequence[Row], title: int, below: Sequence[int]) -> bool:
    """Whether a lone text of the first column has none below it, so that it heads no column."""
    cell = cells[title]
    is_first = cell["column_index"] == 0 and cell["column_span"] == 1
    return is_first and all(cells[at]["column_index"] > 0 for at in below)


def _header_in_parts(cells: Sequence[Row]) -> Sequence[int]:
    """The cells of the first rows, down to the first row with a text at its start, where a text goes on below."""
    last = min((cell["row_index"] for cell in cells if cell["column_index"] == 0), default=0)
    if not 0 < last < _MOST_HEADER_ROWS:
        return ()
    top = [at for at, cell in enumerate(cells) if cell["row_index"] <= last]
    narrow = {
        (cells[at]["row_index"], cells[at]["column_index"]): cells[at]["text"].strip()
        for at in top
        if cells[at]["column_span"] == 1
    }
    goes_on = any(
        (above := narrow.get((row - 1, column))) is not None and (text[0].islower() or above[-1] in "-‐–—")
        for (row, column), text in narrow.items()
    )
    return top if goes_on else ()


def _is_broken(text: str) -> bool:
    written = _ITEM.sub("", text, count=1) if _ITEM.match(text) else text
    return _LONE_SIGN.fullmatch(text.strip()) is not None or any(
        written.count(opening) != written.count(closing) for opening, closing in _BRACKETS
    )
