"""Texts that go on over neighbouring lines: a cell of several lines, an address, a value beside its other half."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

from qwenocr_assets.geometry import Box, around

_FIRST = 3
"""Letters by which the lines a text may begin in are looked up."""
_LONGEST_START = 400
"""Letters of a text that its first line may say."""
_SHORTEST = 4
"""Letters and digits of the shortest text that is looked for over lines; less is found by chance."""
_MOST_LINES = 16
_MOST_STARTS = 32
_MOST_STEPS = 1000
"""Lines that are tried for one text: where a page says the same again and again, the ways through it have no end."""
_LINE_GAP = 1.2
"""Widest gap between a line and the next below, in line heights."""
_COLUMN_GAP = 6.0
"""Widest gap to a line on the right, in line heights."""


class Chains:
    """Lines by their letters and digits, with what stands right of and below each."""

    def __init__(self, lines: Sequence[tuple[str, Box | None]]) -> None:
        self._lines = [(text, box) for text, box in lines if text]
        self._steps = 0
        self._neighbours: dict[int, list[int]] = {}

    def find(self, wanted: str) -> Box | None:
        """The box around neighbouring lines that together say `wanted` (letters and digits only); None if none do.

        The text may begin inside the first line and end inside the last; a number is never cut in two.
        """
        if len(wanted) < _SHORTEST:
            return None
        self._steps = _MOST_STEPS
        for index, length in self._starts(wanted)[:_MOST_STARTS]:
            chain = self._follow(wanted[length:], [index])
            if chain is not None:
                boxes = [box for i in chain if (box := self._lines[i][1]) is not None]
                return around(boxes) if boxes else None
        return None

    def _starts(self, wanted: str) -> list[tuple[int, int]]:
        """The lines that end with the beginning of a text, and how much of it they say; a number is not cut."""
        found: list[tuple[int, int]] = []
        last, before = self._by_end
        for length in range(_FIRST, min(len(wanted), _LONGEST_START)):
            index = last.get(wanted[length - _FIRST : length], -1)
            while index >= 0 and self._steps > 0:
                self._steps -= 1
                text = self._lines[index][0]
                if text.endswith(wanted[:length]):
                    at = len(text) - length
                    if at == 0 or not text[at - 1 : at + 1].isdigit():
                        found.append((index, length))
                index = before[index]
        return sorted(found, key=lambda start: (start[0], -start[1]))

    @cached_property
    def _by_end(self) -> tuple[dict[str, int], list[int]]:
        """The last line with each end, and per line the one before it with the same end, -1 where none is.

        Chained, since a list for each end is what costs.
        """
        last: dict[str, int] = {}
        before: list[int] = []
        for index, (text, _) in enumerate(self._lines):
            end = text[-_FIRST:]
            before.append(last.get(end, -1))
            last[end] = index
        return last, before

    def _follow(self, wanted: str, chain: list[int]) -> list[int] | None:
        """The chain continued by lines that say the rest; the first that fits, what is below before what is beside."""
        for index in self._next(chain[-1]):
            text = self._lines[index][0]
            self._steps -= 1
            if self._steps < 0:
                return None
            if index in chain or not text:
                continue
            if text.startswith(wanted) and not _cuts_number(text, len(wanted)):
                return [*chain, index]
            if wanted.startswith(text) and len(chain) < _MOST_LINES:
                found = self._follow(wanted[len(text) :], [*chain, index])
                if found is not None:
                    return found
        return None

    def _next(self, index: int) -> list[int]:
        """A line's neighbours: below it, right (or left) of it, and the next in the answer."""
        found = self._neighbours.get(index)
        if found is None:
            found = self._neighbours[index] = self._around(index)
        return found

    def _around(self, index: int) -> list[int]:
        found: list[int] = []
        box = self._lines[index][1]
        if box is not None:
            left, top, right, bottom = box
            height = max(bottom - top, 1.0)
            order, tops = self._by_top
            begin = bisect_left(tops, top - height)
            end = bisect_left(tops, bottom + _LINE_GAP * height)
            below: list[tuple[float, int]] = []
            beside: list[tuple[float, int]] = []
            for other in order[begin:end]:
                their = self._lines[other][1]
                if other == index or their is None:
                    continue
                middle = (their[1] + their[3]) / 2
                if top < middle < bottom:
                    gap = max(their[0] - right, left - their[2])
                    if gap < _COLUMN_GAP * height:
                        beside.append((abs(gap), other))
                elif middle >= bottom and min(right, their[2]) > max(left, their[0]):
                    below.append((their[1] - bottom, other))
            found = [i for _, i in sorted(below)[:3]] + [i for _, i in sorted(beside)[:2]]
        if index + 1 < len(self._lines) and index + 1 not in found:
            found.append(index + 1)
        return found

    @cached_property
    def _by_top(self) -> tuple[list[int], list[float]]:
        """The lines that have boxes, from above to below, and where each begins."""
        order = sorted((box[1], index) for index, (_, box) in enumerate(self._lines) if box is not None)
        return [index for _, index in order], [top for top, _ in order]


def _cuts_number(text: str, at: int) -> bool:
    return at < len(text) and text[at].isdigit() and text[at - 1].isdigit()
