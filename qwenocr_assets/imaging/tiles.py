"""Sheets and strips larger than one image shows: where to cut them into tiles.

They are cut where nothing is written. Where something is written everywhere, neighbours overlap, and what both see is
told apart when their rows are joined (`tables.tile_rows`).
"""

from math import ceil, sqrt
from typing import TYPE_CHECKING

from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.limits import Limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

_SAMPLED_ROWS = 8
"""Of as many rows of pixels one is looked at when strokes are measured."""
_LEAST_STROKES = 200
"""From as many strokes on they say how large a picture's writing is."""
_READABLE_STROKE_PX = 2.0
"""Strokes of usual print at 150 dpi are as thick."""
_THICKEST_STROKE_PX = 40.0
"""What is thicker is no writing."""
_LEAST_STATED_DPI = 100
"""Below, a resolution is a default (72, 96) that says nothing about how large the writing is."""
_STRIP_ASPECT = 50
"""Length of a tile of a strip, as a multiple of its breadth: well within the limit, and few tiles."""
_STRIP_OVERLAP = 3
"""How far such tiles overlap, as a multiple of the breadth: a line of text as high as the strip is broad fits in."""
_BROADEST = 12
"""Most times that a tile of a sheet is broader than high: bands as broad as the sheet cut no line of text."""
_SHORTEST = 0.6
"""Least length of a tile, as a share of even ones: from there on the place to cut is looked for."""
_HALF = 0.65
"""Most of a picture that is in one of its halves."""
_OVERLAP = 0.15
"""How far tiles overlap that have to be cut through writing, as a share of their length."""
_PROBE_PX = 4
"""Pixels that count as one when ink is looked for."""
_INK = 12
"""Levels of grey, of 255, by which neighbours differ where ink begins."""
_MOST_EDGES = 8
"""A cut may cross as many edges of ink: frames and rules of a drawing, not writing."""
_GAP = 2
"""Probes in a row that a gap in the writing is high at least."""
_WIDE_GAP = 8
"""Probes from which a gap is as good as any: paragraphs, not lines."""
_NEARLY_WIDEST = 0.7
"""Share of the widest gap from which a later one is taken instead, so that tiles are few."""
_MARGIN_PX = 16
"""How far a tile reaches over a gap: writing at the very edge of a picture is read badly."""


def tiling_scale(
    width: int, height: int, dpi: float | None, wanted_dpi: float, limits: Limits
) -> float | None:
    """The scale at which a picture is cut into tiles; None when it is read well enough in one look.

    In one look the service sees `limits.useful_px`. `dpi` is the picture's own resolution where it is known: then
    writing is read at `wanted_dpi`, else at the picture's own pixels.
    """
    one_look = sqrt(limits.useful_px / (width * height))
    if not states_resolution(dpi):
        needed, enough = 1.0, one_look >= limits.enough
    else:
        assert dpi is not None
        needed, enough = min(1.0, wanted_dpi / dpi), limits.reads_in_one_look(one_look * dpi, wanted_dpi)
    return None if enough else min(needed, sqrt(limits.sheet_px / (width * height)))


def states_resolution(dpi: float | None) -> bool:
    """Whether a file says how large its picture is; None and what programs write without knowing do not."""
    return dpi is not None and dpi >= _LEAST_STATED_DPI


def is_read_at(grey: Image.Image, scale: float) -> bool:
    """Whether the strokes of a picture of mode L are thick enough for reading once it is scaled so.

    It tells a sheet of paper scanned with many dots from a drawing of the same pixels. Strokes are measured along
    rows of pixels, of what is rarer of light and dark.
    """
    import numpy as np

    dark = np.asarray(grey)[::_SAMPLED_ROWS] < 128  # half of all levels
    ink = np.pad(dark if dark.mean() <= 0.5 else ~dark, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(ink, axis=1)
    strokes = np.nonzero(steps == -1)[1] - np.nonzero(steps == 1)[1]
    usual = float(np.median(strokes)) if len(strokes) >= _LEAST_STROKES else 0.0
    return _READABLE_STROKE_PX / scale <= usual <= _THICKEST_STROKE_PX


def tile_boxes(image: Image.Image, limits: Limits, *, by_area: bool) -> list[Box]:
    """The tiles of a picture of mode 1, L or RGB in the order they are read; the whole picture if it is one look.

    `by_area` says that a tile has at most `limits.useful_px`; a strip is cut by its proportions in any case.

    Raises:
        RejectedInput: it would take more than `limits.max_tiles`.
    """
    width, height = image.size
    if by_area:
        boxes = _boxes_by_area(image, limits.useful_px)
    elif max(width, height) > limits.max_aspect * min(width, height):
        boxes = _boxes_of_strip(width, height)
    else:
        return [(0, 0, width, height)]
    if len(boxes) > limits.max_tiles:
        raise RejectedInput(
            f"The picture of {width:,} × {height:,} pixels would be read as {len(boxes):,} tiles, each paid for by "
            f"itself; at most {limits.max_tiles} are.",
            "Cut it into pages, or scale it down.",
        )
    return boxes


def cut_in_two(image: Image.Image) -> list[tuple[int, int]]:
    """Top and bottom of the two halves of a picture, cut near its middle where nothing is written."""
    grey = image.convert("L").reduce(_PROBE_PX)
    return _spans(grey, image.height, int(image.height * _HALF), across=False)


def _boxes_of_strip(width: int, height: int) -> list[Box]:
    breadth, length = min(width, height), max(width, height)
    tile, overlap = _STRIP_ASPECT * breadth, _STRIP_OVERLAP * breadth
    starts = range(0, max(1, length - overlap), tile - overlap)
    spans = [(start, min(start + tile, length)) for start in starts]
    if width > height:
        return [(start, 0, end, height) for start, end in spans]
    return [(0, start, width, end) for start, end in spans]


def _boxes_by_area(image: Image.Image, most_px: int) -> list[Box]:
    """Bands as broad as the picture; of one that is too broad for that, bands of its columns."""
    width, height = image.size
    grey = image.convert("L").reduce(_PROBE_PX)
    broadest = int(sqrt(most_px * _BROADEST))
    boxes: list[Box] = []
    for left, right in _spans(grey, width, broadest, across=True):
        column = grey.crop((left // _PROBE_PX, 0, ceil(right / _PROBE_PX), grey.height))
        boxes += [
            (left, top, right, bottom)
            for top, bottom in _spans(column, height, most_px // (right - left), across=False)
        ]
    return boxes


def _spans(grey: Image.Image, length: int, longest: int, *, across: bool) -> list[tuple[int, int]]:
    """Where to cut a length into pieces of at most `longest`: through gaps in the writing, else with an overlap.

    Each piece takes the length on by at least a tenth of an even one.
    """
    if length <= longest:
        return [(0, length)]
    edges = _edges(grey, across=across)
    margin = min(_MARGIN_PX, longest // 10)
    spans, start = [], 0
    while (rest := length - start) > longest:
        even = rest / ceil(rest / longest)
        first = start + int(_SHORTEST * even) + margin
        last = start + min(longest - margin, int(rest - _SHORTEST * even))
        place = first // _PROBE_PX + 1
        gap = _gap(edges[place : last // _PROBE_PX])
        if gap is None:
            spans.append((start, start + longest))
            start += longest - int(longest * _OVERLAP)
        else:
            low, high = ((place + edge) * _PROBE_PX for edge in gap)
            cut = max((low + high) // 2, high - _MARGIN_PX)
            spans.append((start, min(cut + margin, high)))
            start = max(cut - margin, low)
    return [*spans, (start, length)]


def _edges(grey: Image.Image, *, across: bool) -> "NDArray[np.int64]":
    """How often a line across the length meets an edge of ink, by its place along the length."""
    import numpy as np

    pixels = np.asarray(grey, np.int16)
    if across:
        pixels = pixels.T
    counts: NDArray[np.int64] = (np.abs(np.diff(pixels, axis=1)) >= _INK).sum(axis=1)
    return counts


def _gap(edges: "NDArray[np.int64]") -> tuple[int, int] | None:
    """Where to cut: the last of the wide places without writing; None if there is none."""
    gaps: list[tuple[int, int]] = []
    begin = None
    for place, count in enumerate([*edges.tolist(), _MOST_EDGES + 1]):
        if count <= _MOST_EDGES:
            begin = place if begin is None else begin
        elif begin is not None:
            gaps.append((begin, place))
            begin = None
    widest = max((end - begin for begin, end in gaps), default=0)
    if widest < _GAP:
        return None
    wide = min(_WIDE_GAP, _NEARLY_WIDEST * widest)
    return next((begin, end) for begin, end in reversed(gaps) if end - begin >= wide)
