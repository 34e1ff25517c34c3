"""Rows of a page as the texts that stand apart in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qwenocr_assets.engine.page.geometry import box_of
from qwenocr_assets.engine.page.layout import rows_of
from qwenocr_assets.engine.page.read_page import Line
from qwenocr_assets.geometry import Box, around

_APART = 1.0
"""Pieces of a row that are at least this many line heights apart say different things."""
_ONE_WORD = 0.15
"""Pieces that are nearer than this were cut within a word."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A text that stands by itself in a row, in upright page pixels."""

    text: str
    box: Box


def segments_of(lines: Iterable[Line]) -> list[list[Segment]]:
    """Rows from top to bottom, each as it is read; what a stroke or a small gap cut in a row is whole again."""
    return [_joined(row) for row in rows_of(lines)]


def _joined(row: Sequence[Line]) -> list[Segment]:
    whole: list[Segment] = []
    for line in row:
        box = box_of(line)
        last = whole[-1] if whole else None
        gap = max(box.left - last.box.right, last.box.left - box.right) if last is not None else 0.0
        if last is None or gap >= _APART * min(box.height, last.box.height):
            whole.append(Segment(line.text, box))
        else:
            between = "" if gap < _ONE_WORD * box.height else " "
            whole[-1] = Segment(last.text + between + line.text, around((last.box, box)))
    return whole
