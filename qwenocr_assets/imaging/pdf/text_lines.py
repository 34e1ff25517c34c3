"""The characters of a page put together as lines, in the order in which a person reads them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import Any
from unicodedata import normalize

from qwenocr_assets.geometry import Quad
from qwenocr_assets.imaging.pdf.ink import Box
from qwenocr_assets.imaging.pdf.reading_order import reading_order, reads_leftwards
from qwenocr_assets.own_text import OwnLine
from qwenocr_assets.raised import lowered, raised

HYPHEN = 2
"""PDFium's code for a hyphen at the end of a line; the break behind it is left out."""
_WORD_GAP = 0.2
_LINE_GAP = 1.0
"""Pieces on one line this near to each other, in heights of the line, are one line; nearer than a word, one word."""
_SMALLER = (0.4, 0.85)
"""Heights of raised and lowered letters, in those of the letters beside them."""
_RAISED_BY = 0.2
_LOWERED_BY = 0.08
"""How far their feet are above or below those of the letters beside them, in heights of these."""
_PRESENTATION_FORMS = (range(0xFB00, 0xFE00), range(0xFE70, 0xFEFF))
"""Ligatures, and letters of Arabic and Hebrew in the shapes they have within words."""


@dataclass(frozen=True, slots=True)
class Character:
    """A printed character as it stands on the page image."""

    index: int
    """PDFium's."""
    code: int
    box: Box
    """Around its ink, in pixels of the page image."""
    room: Box
    """From the top to the bottom of the font's letters, whatever the letter: its size and where its line runs."""
    turn: int
    """Quarter turns clockwise by which it stands on the page image."""
    is_aslant: bool
    """Whether it stands otherwise than in quarter turns."""
    shape: Any
    """The text object it is of."""
    key: int
    """Of that object."""
    font: int
    """Tells the page's fonts apart."""


def is_space(code: int) -> bool:
    """Whether a character of PDFium's is a space, also one that does not break, or steers: nothing of it is seen."""
    return code != HYPHEN and (code <= 32 or chr(code).isspace())


def lines_of(characters: Sequence[Character], codes: Sequence[int]) -> list[list[Character]]:
    """The characters line by line, in reading order."""
    turns = [c.turn for c in characters]
    upright = max(range(4), key=turns.count)
    pieces: list[list[Character]] = []
    for _, of_one in groupby(characters, key=lambda c: c.turn):
        previous = None
        for character in of_one:
            if (
                previous is None
                or _breaks(codes, previous.index, character.index)
                or _gap(pieces[-1][-8:], [character]) > _LINE_GAP
            ):
                pieces.append([])
            pieces[-1].append(character)
            previous = character
    main = [piece for piece in pieces if piece[0].turn == upright]
    aside = [piece for piece in pieces if piece[0].turn != upright]
    return [*_joined(_ordered(main, codes), codes), *aside]


def _breaks(codes: Sequence[int], before: int, after: int) -> bool:
    """Whether a line ends between two printed characters."""
    return codes[before] == HYPHEN or any(code in (10, 13) for code in codes[before + 1 : after])


def _ordered(pieces: list[list[Character]], codes: Sequence[int]) -> list[list[Character]]:
    return reading_order(pieces, _upright_box, lambda piece: reads_leftwards(_text(piece, codes)))


def _joined(pieces: Sequence[list[Character]], codes: Sequence[int]) -> list[list[Character]]:
    """Pieces that stand one beside the other as one line, and those that PDFium takes for one.

    It takes what is level for one line: across the cells of a table, and across columns of prose, which the reading
    order has parted.
    """
    lines: list[list[Character]] = []
    for piece in pieces:
        if lines and (_is_near(lines[-1], piece) or _is_next(lines[-1], piece, codes)):
            lines[-1] = [*lines[-1], *piece]
        else:
            lines.append(piece)
    return lines


def _is_next(line: Sequence[Character], piece: Sequence[Character], codes: Sequence[int]) -> bool:
    before, after = line[-1].index, piece[0].index
    return before < after and not _breaks(codes, before, after)


def _is_near(line: Sequence[Character], piece: Sequence[Character]) -> bool:
    a, b = _upright_box(line), _upright_box(piece)
    is_level = min(a[3], b[3]) - max(a[1], b[1]) > 0.5 * min(a[3] - a[1], b[3] - b[1])
    return is_level and _gap(line, piece) < _LINE_GAP


def _gap(line: Sequence[Character], piece: Sequence[Character]) -> float:
    """How far two pieces are apart from side to side, in heights of the higher one."""
    a, b = _upright_box(line), _upright_box(piece)
    return max(b[0] - a[2], a[0] - b[2]) / max(a[3] - a[1], b[3] - b[1], 1e-6)


def _text(line: Sequence[Character], codes: Sequence[int]) -> str:
    """What a line says, with PDFium's spaces between words; ligatures and shaped letters as plain ones.

    What is raised or lowered must not run into a number: 10³ is not 103, and a footnote's mark no digit of an amount.
    """
    glyphs = [
        (" " if place and _is_apart(line[place - 1], character, codes) else "") + _glyph(character.code)
        for place, character in enumerate(line)
    ]
    written = zip(_ways_to_write(line, glyphs), glyphs, strict=True)
    return "".join(
        write("".join(glyph for _, glyph in run)) for write, run in groupby(written, itemgetter(0))
    )


def _glyph(code: int) -> str:
    glyph = "-" if code == HYPHEN else chr(code)
    return normalize("NFKC", glyph) if any(code in forms for forms in _PRESENTATION_FORMS) else glyph


def _ways_to_write(line: Sequence[Character], glyphs: Sequence[str]) -> Iterator[Callable[[str], str]]:
    """For each character how it is written: as it is, raised or lowered from the last one that is neither.

    What a space parts is as it is, and so is what stands beside letters that are large themselves, like initials.
    """
    rooms = [_upright(c.room, c.turn) for c in line]
    largest = 1.2 * median(room[3] - room[1] for room in rooms)
    base: Box | None = None
    for room, glyph in zip(rooms, glyphs, strict=True):
        write: Callable[[str], str] = str
        if base is not None and not glyph.startswith(" "):
            height = base[3] - base[1]
            if _SMALLER[0] * height < room[3] - room[1] < _SMALLER[1] * height and height <= largest:
                above = (base[3] - room[3]) / height
                write = raised if above > _RAISED_BY else lowered if above < -_LOWERED_BY else str
        if write is str:
            base = room
        yield write


def _words(line: Sequence[Character], codes: Sequence[int]) -> list[list[Character]]:
    words: list[list[Character]] = []
    for place, character in enumerate(line):
        if not place or _is_apart(line[place - 1], character, codes):
            words.append([])
        words[-1].append(character)
    return words


def _is_apart(before: Character, after: Character, codes: Sequence[int]) -> bool:
    if after.index > before.index and after.index - before.index < 8:
        return any(is_space(code) for code in codes[before.index + 1 : after.index])
    return _gap([before], [after]) > _WORD_GAP


def layer_line(line: Sequence[Character], codes: Sequence[int]) -> OwnLine:
    """The line as a value, its quad from where its text begins."""
    left, top, right, bottom = around(line)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    start = line[0].turn
    text, places = _text(line, codes), _places(line, codes)
    return OwnLine(
        text,
        Quad(*(number for corner in corners[start:] + corners[:start] for number in corner)),
        places if len(places) == len(text.split(" ")) else (),  # some signs are written as several words
        tuple(sorted({character.font for character in line})),
    )


def _places(line: Sequence[Character], codes: Sequence[int]) -> tuple[tuple[float, float], ...]:
    """Where each word begins and ends along the line, from 0 to 1; none where words have no such places: aslant and in
    scripts written leftwards."""
    if any(character.is_aslant for character in line) or reads_leftwards("".join(chr(c.code) for c in line)):
        return ()
    left, _, right, _ = _upright_box(line)
    length = max(right - left, 1e-6)
    boxes = [_upright_box(word) for word in _words(line, codes)]
    return tuple((round((box[0] - left) / length, 4), round((box[2] - left) / length, 4)) for box in boxes)


def around(line: Sequence[Character]) -> Box:
    boxes = [c.box for c in line]
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def _upright_box(line: Sequence[Character]) -> Box:
    """Its box on the page turned so that it stands upright."""
    return _upright(around(line), line[0].turn)


def _upright(box: Box, turn: int) -> Box:
    left, top, right, bottom = box
    match turn:
        case 1:
            return top, -right, bottom, -left
        case 2:
            return -right, -bottom, -left, -top
        case 3:
            return -bottom, left, -top, right
    return box
