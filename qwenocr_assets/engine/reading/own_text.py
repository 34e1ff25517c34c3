"""A page whose text came with its image, as a PDF's own text does: laid out like one that is read, and not read."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from qwenocr_assets.engine.page.geometry import Turn, quad_of
from qwenocr_assets.engine.page.grids import Rulings
from qwenocr_assets.engine.page.layout import block_by_block
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.engine.page.table_finder import find_tables
from qwenocr_assets.engine.reading.pictures import Picture, turned
from qwenocr_assets.engine.reading.ruling import find_rulings
from qwenocr_assets.geometry import Box, Quad
from qwenocr_assets.own_text import OwnLine

_ABOVE, _BELOW, _BESIDE = 0.4, 0.2, 0.2
"""Of a line's height, around its ink: as much as the detector's boxes have, which layout and tables go by."""
_LEAST_HEIGHT = 0.75
"""Of the page's usual line: a dash or full stops alone are lower."""


def page_of_own_text(picture: Picture, own: Sequence[OwnLine]) -> ReadPage:
    """The page on a picture as its own lines say it: layout and tables are found as where lines are recognised."""
    height, width = picture.shape[:2]
    turn = Turn(width, height, _rotation(own))
    parts = [_upright(part, turn) for line in own for part in line.parts()]
    usual = float(np.median([part.height for part in parts])) if parts else 0.0
    rulings = find_rulings(turned(picture, turn), usual) if parts else Rulings()
    lines = block_by_block(_line(part, usual) for one in parts for part in _cut_at_rulings(one, rulings))
    return ReadPage(
        width=width,
        height=height,
        rotation=turn.rotation,
        skew=0.0,
        lines=tuple(_as_given(line, turn) for line in lines),
        upright_lines=tuple(lines),
        tables=find_tables(lines, rulings),
    )


def _rotation(own: Sequence[OwnLine]) -> int:
    """By how many degrees clockwise the image is to be turned so that most of its text is upright."""
    letters = dict.fromkeys((0, 90, 180, 270), 0)
    for line in own:
        x1, y1, x2, y2, *_ = line.quad
        across, down = x2 - x1, y2 - y1
        level, upright = (0 if across > 0 else 180), (90 if down > 0 else 270)
        stands = level if abs(across) >= abs(down) else upright
        letters[-stands % 360] += len(line.text)
    return max(letters, key=lambda turn: letters[turn])


def _upright(line: OwnLine, turn: Turn) -> OwnLine:
    return replace(line, quad=quad_of(turn.to_upright(np.array(line.quad).reshape(1, 4, 2))[0]))


def _as_given(line: Line, turn: Turn) -> Line:
    return replace(line, quad=quad_of(turn.to_given(np.array(line.quad).reshape(1, 4, 2))[0]))


def _cut_at_rulings(line: OwnLine, rulings: Rulings) -> list[OwnLine]:
    """The line cut where a vertical ruling of a grid runs between two of its words."""
    if not _is_level(line.quad):
        return [line]
    box = line.quad.box
    columns = [x for grid in rulings.grids if grid.box.overlap_y(box) > 0 for x in grid.columns_at]
    return line.cut_at(
        index
        for index, ((_, end), (start, _)) in enumerate(pairwise(line.words), 1)
        if any(box.left + end * box.width - 1 <= x <= box.left + start * box.width + 1 for x in columns)
    )


def _is_level(quad: Quad) -> bool:
    return quad.x1 < quad.x2 and abs(quad.y2 - quad.y1) <= quad.x2 - quad.x1


def _line(part: OwnLine, usual: float) -> Line:
    """As a recognised line: with some paper around it, and the place of each character."""
    if not _is_level(part.quad):
        return Line(part.text, part.quad, 1.0)
    box = part.quad.box
    more = max(0.0, (_LEAST_HEIGHT * usual - box.height) / 2)
    height = box.height + 2 * more
    around = Box(
        box.left - _BESIDE * height,
        box.top - more - _ABOVE * height,
        box.right + _BESIDE * height,
        box.bottom + more + _BELOW * height,
    )
    at = [(box.left - around.left + place * box.width) / around.width for place in _places(part)]
    return Line(part.text, Quad.of(around), 1.0, tuple(at))


def _places(part: OwnLine) -> list[float]:
    """Where each character stands along the part; none where that is not known."""
    places: list[float] = []
    before = 0.0
    if not part.words:
        return []
    for index, (word, (start, end)) in enumerate(zip(part.text.split(" "), part.words, strict=True)):
        if index:
            places.append((before + start) / 2)
        places += [start + (end - start) * (at + 0.5) / len(word) for at in range(len(word))]
        before = end
    return places
