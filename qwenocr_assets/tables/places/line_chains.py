"""Texts that go on over neighbouring lines: a cell of several lines, an address, a value beside its other half."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

from qwenocr_assets.geometry import Box, around

_FIRST = 3
"""Letters by which the lines a text may begin in are looked up."""
_SHORTEST = 4
"""Letters and digits of the shortest text that is looked for over lines; less is found by chance."""
_MOST_LINES = 16
_MOST_STARTS = 32
_LINE_GAP = 1.2
"""Widest gap between a line and the next below, in line heights."""
_COLUMN_GAP = 6.0
"""Widest gap to a line on the right, in line heights."""


class Chains:
    """Lines by their letters and digits, with what stands right of and below each."""

    def __init__(self, lines: Sequence[tuple[str, Box | None]]) -> None:
        self._lines = [(text, box) for text, box in lines if text]
        self._all = "\n".join(text for text, _ in self._lines)
        self._line_at: list[int] = []
        start = 0
        for text, _ in self._lines:
            self._line_at.append(start)
            start += len(text) + 1

    def find(self, wanted: str) -> Box | None:
        """The box around neighbouring lines that together say `wanted` (letters and digits only); None if none do.

        The text may begin inside the first line and end inside the last; a number is never cut in two.
        """
        if len(wanted) < _SHORTEST:
            return None
        first = wanted[:_FIRST]
        at = self._all.find(first)
        starts = 0
        while at >= 0 and starts < _MOST_STARTS:
            index = bisect_left(self._line_at, at + 1) - 1
            text = self._lines[index][0]
            rest = text[at - self._line_at[index] :]
            before = text[at - self._line_at[index] - 1] if at > self._line_at[index] else ""
            if wanted.startswith(rest) and len(rest) < len(wanted) and not (before + rest[0]).isdigit():
                chain = self._follow(wanted[len(rest) :], [index])
                if chain is not None:
                    boxes = [box for i in chain if (box := self._lines[i][1]) is not None]
                    return around(boxes) if boxes else None
            starts += 1
            at = self._all.find(first, at + 1)
        return None

    def _follow(self, wanted: str, chain: list[int]) -> list[int] | None:
        """The chain continued by lines that say the rest; the first that fits, what is below before what is beside."""
        for index in self._next[chain[-1]]:
            text = self._lines[index][0]
            if index in chain or not text:
                continue
            if text.startswith(wanted) and not _cuts_number(text, len(wanted)):
                return [*chain, index]
            if wanted.startswith(text) and len(chain) < _MOST_LINES:
                found = self._follow(wanted[len(text) :], [*chain, index])
                if found is not None:
                    return found
        return None

    @cached_property
    def _next(self) -> list[list[int]]:
        """Per line its neighbours: below it, right (or left) of it, and the next in the answer."""
        order = sorted((box.top, index) for index, (_, box) in enumerate(self._lines) if box is not None)
        tops = [top for top, _ in order]
        following: list[list[int]] = []
        for index, (_, box) in enumerate(self._lines):
            found: list[int] = []
            if box is not None:
                left, top, right, bottom = box
                height = max(bottom - top, 1.0)
                begin = bisect_left(tops, top - height)
                end = bisect_left(tops, bottom + _LINE_GAP * height)
                below: list[tuple[float, int]] = []
                beside: list[tuple[float, int]] = []
                for _, other in order[begin:end]:
                    their = self._lines[other][1]
                    if other == index or their is None:
                        continue
                    middle = (their.top + their.bottom) / 2
                    if top < middle < bottom:
                        gap = max(their.left - right, left - their.right)
                        if gap < _COLUMN_GAP * height:
                            beside.append((abs(gap), other))
                    elif middle >= bottom and min(right, their.right) > max(left, their.left):
                        below.append((their.top - bottom, other))
                found = [i for _, i in sorted(below)[:3]] + [i for _, i in sorted(beside)[:2]]
            if index + 1 < len(self._lines) and index + 1 not in found:
                found.append(index + 1)
            following.append(found)
        return following


def _cuts_number(text: str, at: int) -> bool:
    return at < len(text) and text[at].isdigit() and text[at - 1].isdigit()
