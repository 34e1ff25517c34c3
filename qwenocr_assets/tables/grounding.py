"""Where on the page a value stands: its box among the recognised lines, or the news that it stands nowhere.

A value is looked for as a whole line first, then inside the lines. Both sides are compared after NFKC, case folding
and white space made single; spaces beside Chinese or Japanese characters do not count. Inside a line a value must
stand by itself: `37.50` is not found in `¥337.50`, nor `art` in `start`. A value that occurs several times on the
page is paired with its places in reading order: the second row that says `10` gets the second `10`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import hypot
from typing import NamedTuple
from unicodedata import east_asian_width, normalize

from qwenocr_assets.storage.table_files import Row

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in page pixels."""


class _Place(NamedTuple):
    """Where a value was found."""

    ground: str
    box: Box


def ground_rows(rows: Iterable[Row], lines: Sequence[Row], *, column: str) -> list[Row]:
    """The rows with `left_px` … `bottom_px` and `ground` filled for the text in `column`.

    `lines` are rows of `text_lines` of the same page; those without a box are left aside. `ground` is `line`,
    `within_line`, `not_found`, or None when the page has no lines with boxes or the text is empty.
    """
    page = _Page(lines)
    return [_grounded(row, page, row.get(column)) for row in rows]


def _grounded(row: Row, page: "_Page", value: str | None) -> Row:
    wanted = normalised(value) if value else ""
    if page.is_empty or not wanted:
        return row
    place = page.place(wanted)
    if place is None:
        return {**row, "ground": "not_found"}
    left, top, right, bottom = place.box
    return {
        **row,
        "left_px": left,
        "top_px": top,
        "right_px": right,
        "bottom_px": bottom,
        "ground": place.ground,
    }


# Kana, Han with its extensions, and full-width punctuation; not Hangul, which is written with spaces.
_UNSPACED = "\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_SPACE = re.compile(rf"(?<=[{_UNSPACED}])\s+|\s+(?=[{_UNSPACED}])")


def normalised(text: str) -> str:
    """A text as it is compared."""
    if text.isascii():
        return " ".join(text.lower().split())
    return _SPACE.sub("", " ".join(normalize("NFKC", text).casefold().split()))


class _Page:
    """The lines of a page, ready to be searched."""

    def __init__(self, lines: Iterable[Row]) -> None:
        boxed = [line for line in lines if line.get("left_px") is not None]
        self._lines = [(normalised(line["text"]), line) for line in boxed]
        self._whole: dict[str, list[int]] = {}
        self._starts: list[int] = []
        start = 0
        for index, (text, _) in enumerate(self._lines):
            if text:
                self._whole.setdefault(text, []).append(index)
            self._starts.append(start)
            start += len(text) + 1
        self._all = "\n".join(text for text, _ in self._lines)
        self._places: dict[str, list[_Place]] = {}
        self._asked: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        return not self._whole

    def place(self, wanted: str) -> _Place | None:
        """The next place of a normalised text; when there are no more, the last one again."""
        places = self._places.get(wanted)
        if places is None:
            places = self._places[wanted] = self._find(wanted)
        if not places:
            return None
        turn = self._asked.get(wanted, 0)
        self._asked[wanted] = turn + 1
        return places[min(turn, len(places) - 1)]

    def _find(self, wanted: str) -> list[_Place]:
        whole = self._whole.get(wanted)
        if whole is not None:
            return [_Place("line", _box(self._lines[index][1])) for index in whole]
        places: list[_Place] = []
        at = self._all.find(wanted)
        while at >= 0:
            if _stands_alone(self._all, at, at + len(wanted)):
                index = bisect_right(self._starts, at) - 1
                text, line = self._lines[index]
                start = at - self._starts[index]
                places.append(_Place("within_line", _cut(line, text, start, start + len(wanted))))
            at = self._all.find(wanted, at + 1)
        return places


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the match is not a part of a longer word or number."""
    return not (_joined(text, start - 1, start) or _joined(text, end, end - 1))


def _joined(text: str, outside: int, inside: int) -> bool:
    """Whether the character at `outside` continues the word or number that ends at `inside`."""
    if not 0 <= outside < len(text):
        return False
    neighbour, edge = text[outside], text[inside]
    if edge.isdigit():
        if neighbour in ".,":
            # A separator only when another digit stands behind it; else the end of a sentence.
            beyond = outside + (outside - inside)
            return 0 <= beyond < len(text) and text[beyond].isdigit()
        return neighbour.isdigit()
    return _is_spelt(edge) and _is_spelt(neighbour)


_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")


def _is_spelt(character: str) -> bool:
    """Whether a character is a letter of a script that separates words."""
    return character.isalpha() and not _UNSPACED_CHARACTER.match(character)


def _box(line: Row) -> Box:
    return (line["left_px"], line["top_px"], line["right_px"], line["bottom_px"])


def _cut(line: Row, text: str, start: int, end: int) -> Box:
    """The part of a line's box that characters `start` to `end` take up, full-width ones counting double."""
    total = _width(text)
    begin, finish = _width(text[:start]) / total, _width(text[:end]) / total
    left, top, right, bottom = _box(line)
    quad: list[float] = line.get("quad_px") or [left, top, right, top, right, bottom, left, bottom]
    x1, y1, x2, y2, x3, y3, x4, y4 = quad
    if len(text) > 1 and hypot(x4 - x1, y4 - y1) > 1.5 * hypot(x2 - x1, y2 - y1):
        # Vertical writing: the text runs along the long side.
        x1, y1, x2, y2, x3, y3, x4, y4 = x2, y2, x3, y3, x4, y4, x1, y1
    xs = _along(x1, x2, begin, finish) + _along(x4, x3, begin, finish)
    ys = _along(y1, y2, begin, finish) + _along(y4, y3, begin, finish)
    return (min(xs), min(ys), max(xs), max(ys))


def _along(a: float, b: float, begin: float, finish: float) -> list[float]:
    return [a + (b - a) * begin, a + (b - a) * finish]


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
