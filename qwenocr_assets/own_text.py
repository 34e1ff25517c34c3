"""The text that a page carries itself, as it goes along with the page's image: only ever to the embedded engine.

On its way it is a JSON list with an entry a line: the text, its quad, where its words begin and end along the line,
from 0 to 1, one after the other, and the numbers of the fonts that it is set in.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import dist

import orjson

from qwenocr_assets.geometry import Quad

_APART = 0.7
"""Words further apart than this, in heights of their line, are two parts: cells of a table, a label and its value."""
_APART_OF_BULLET = 4.0
_OVERLAP = 0.3
"""Words that begin further before the last one's end than this, in heights, are not the next ones on their line."""
_BULLETS = frozenset("•‣◦▪▫■□●○◆◇▸►➢➤✓✔❖·")


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line of a page's own text, or a part of one."""

    text: str
    """Words with one space between each two."""
    quad: Quad
    """Around its ink, in pixels of the page image."""
    words: tuple[tuple[float, float], ...] = ()
    """Where each word begins and ends along the quad, from 0 to 1; none where that is not known. In some files words
    come in another order than they stand in."""
    fonts: tuple[int, ...] = ()
    """Which of the page's fonts it is set in, by numbers that only tell them apart."""

    @property
    def height(self) -> float:
        """Of its ink, in pixels."""
        return dist(self.quad[:2], self.quad[6:])

    @property
    def length(self) -> float:
        return dist(self.quad[:2], self.quad[2:4])

    def parts(self) -> list["OwnLine"]:
        """The line cut where its words stand wide apart, but not behind a bullet, and where the next stands before."""
        bullet = 1 if self.text.split(" ")[0] in _BULLETS else 0
        return self.cut_at(
            index
            for index, ((_, end), (start, _)) in enumerate(pairwise(self.words), 1)
            if (start - end) * self.length > (_APART if index != bullet else _APART_OF_BULLET) * self.height
            or start < end - _OVERLAP * self.height / max(self.length, 1e-9)
        )

    def cut_at(self, words: Iterator[int]) -> list["OwnLine"]:
        """The line cut before the words with these numbers."""
        cuts = list(words)
        if not cuts:
            return [self]
        return [self.part(first, behind) for first, behind in pairwise([0, *cuts, len(self.words)])]

    def part(self, first: int, behind: int) -> "OwnLine":
        """The words from one number on, up to another."""
        begin = min(start for start, _ in self.words[first:behind])
        end = max(stop for _, stop in self.words[first:behind])
        length = max(end - begin, 1e-9)
        return OwnLine(
            " ".join(self.text.split(" ")[first:behind]),
            _along(self.quad, begin, end),
            tuple(
                ((start - begin) / length, (stop - begin) / length)
                for start, stop in self.words[first:behind]
            ),
            self.fonts,
        )


def stored_lines(text: str) -> tuple[OwnLine, ...]:
    """The lines in a JSON text. Raises ValueError for anything else."""
    return own_lines(orjson.loads(text))


def own_lines(entries: object) -> tuple[OwnLine, ...]:
    """The lines in a value out of JSON. Raises ValueError for anything else."""
    if not isinstance(entries, list):
        raise ValueError("it is no list of lines")  # noqa: TRY004  a value out of JSON
    return tuple(_line(entry) for entry in entries)


def to_json(lines: Sequence[OwnLine]) -> str:
    """The lines as they travel and are stored."""
    return orjson.dumps(
        [
            (line.text, list(line.quad), [edge for word in line.words for edge in word], line.fonts)
            for line in lines
        ]
    ).decode()


def is_placed(lines: Sequence[OwnLine]) -> bool:
    """Whether of every word is known where it stands: it can take the place of recognised lines."""
    return bool(lines) and all(line.words for line in lines)


def own_text_key(text: str) -> str:
    """What of it goes into a request's identity: another text is another question."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _line(entry: object) -> OwnLine:
    if not isinstance(entry, list) or len(entry) < 2 or not isinstance(entry[0], str):
        raise ValueError("a line is a list of its text, its quad, its words and its fonts")
    text, quad = entry[:2]
    edges, fonts = [*entry[2:4], [], []][:2]
    try:
        numbers = [float(edge) for edge in edges]
        line = OwnLine(
            text,
            Quad.of([float(number) for number in quad]),
            tuple(zip(numbers[::2], numbers[1::2], strict=True)),
            tuple(int(font) for font in fonts),
        )
    except TypeError as error:
        raise ValueError(f"the line {text[:40]!r} has something else than numbers for its places") from error
    if line.words and len(line.words) != len(text.split(" ")):
        raise ValueError(f"the line {text[:40]!r} has other words than places of words")
    return line


def _along(quad: Quad, begin: float, end: float) -> Quad:
    x1, y1, x2, y2, x3, y3, x4, y4 = quad
    upper = [(x1 + (x2 - x1) * at, y1 + (y2 - y1) * at) for at in (begin, end)]
    lower = [(x4 + (x3 - x4) * at, y4 + (y3 - y4) * at) for at in (end, begin)]
    return Quad(*(number for corner in (*upper, *lower) for number in corner))
