"""Words of one header that stand in two columns, told from two headers by how near they are."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.gutters import Column, places
from qwenocr_assets.engine.page.layout import Row, joined, pairwise_gaps, row_box
from qwenocr_assets.engine.page.numbers import is_value
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.geometry import Box, Quad, around

_WORD_GAP = 0.8
"""Words of one header are at most so many text heights apart…"""
_FARTHER = 0.5
"""…and what stands in two columns is so many more."""


def is_one_header(row: Row, others: Collection[Row], height: float) -> bool:
    """Whether the pieces of a row are one text over columns that most rows keep much wider apart.

    Under it the columns have headers of their own; else each piece is likelier one.
    """
    gaps = _gaps(row)
    if not gaps or not _is_of_words(row):
        return False
    bottom = row_box(row).middle_y
    below = min(
        (other for other in others if row_box(other).top > bottom), key=lambda r: row_box(r).top, default=[]
    )
    if len(below) < 2 or not _is_of_words(below):
        return False
    wider = sorted(gap for other in others for gap in _gaps(other))
    return _is_near(gaps, wider[len(wider) // 2 :], height)


def with_headers_together(row: Row, below: Row, columns: Sequence[Column], height: float) -> Row:
    """A row of a header with words put together under which the next row has two headers that come again there."""
    pieces = sorted(row, key=_left)
    under = sorted(below, key=_left)
    again = Counter((one.text, other.text) for one, other in pairwise(under))
    gaps = _gaps(pieces)
    done: Row = pieces[:1]
    for gap, piece in zip(gaps, pieces[1:], strict=True):
        over = range(_last(done[-1], columns), _last(piece, columns) + 1)
        beneath = [line for line in under if places(box_of(line), columns).start in over]
        is_cut = len(over) == len(beneath) == 2 and again[beneath[0].text, beneath[1].text] > 1
        wider = [other for other in gaps if other > _WORD_GAP * height]
        if is_cut and wider and _is_near([gap], wider, height):
            done[-1] = _as_one([done[-1], piece], beneath)
        else:
            done.append(piece)
    return done


def _as_one(pieces: Sequence[Line], beneath: Sequence[Line]) -> Line:
    """The words of a header as one, as wide as what it heads."""
    whole = around(map(box_of, pieces))
    below = around(map(box_of, beneath))
    wide = Box(min(whole.left, below.left), whole.top, max(whole.right, below.right), whole.bottom)
    return replace(pieces[0], text=joined(line.text for line in pieces), quad=Quad.of(wide), places=())


def _is_of_words(row: Row) -> bool:
    return not any(is_value(line.text) for line in row)


def _is_near(gaps: Sequence[float], wider: Sequence[float], height: float) -> bool:
    return max(gaps) < _WORD_GAP * height and min(wider, default=0.0) > max(gaps) + _FARTHER * height


def _gaps(row: Row) -> list[float]:
    return [right - left for left, right in pairwise_gaps(row)]


def _last(line: Line, columns: Sequence[Column]) -> int:
    return places(box_of(line), columns).stop - 1


def _left(line: Line) -> float:
    return box_of(line).left
