"""A page image read once: which way up it lies, its lines, its tables. Every task answers from that."""

from collections import OrderedDict
from concurrent.futures import Future
from hashlib import sha256
from threading import Lock

import numpy as np

from qwenocr_assets.engine.geometry import Turn, quad_of, side_lengths
from qwenocr_assets.engine.grids import Rulings, cut_at_rulings
from qwenocr_assets.engine.layout import reading_order
from qwenocr_assets.engine.orientation import find_orientation
from qwenocr_assets.engine.page import Line, ReadPage
from qwenocr_assets.engine.pictures import Picture, cut_out, decode, turned
from qwenocr_assets.engine.ruling import find_rulings
from qwenocr_assets.engine.table_finder import find_tables
from qwenocr_assets.engine.weights import Weights

_LEAST_SCORE = 0.5
"""Lines that the recogniser is less sure of are taken for specks and drawings."""
_REDETECT_SKEW = 0.5
"""Degrees of tilt from which text is searched again on the levelled page; below, the boxes are good as they are."""


class Reader:
    """Reads page images; loads its weights on first use, safe to share between threads.

    The last `cached_pages` pages are kept by the SHA-256 of their bytes, so that several tasks on one page, also
    at the same time, cost one recognition.
    """

    def __init__(self, cached_pages: int = 16) -> None:
        self._weights = Weights()
        self._cached_pages = cached_pages
        self._pages: OrderedDict[str, Future[ReadPage]] = OrderedDict()
        self._lock = Lock()

    def warm_up(self) -> None:
        """Load the weights now. Raises `MissingWeights` when they are not installed."""
        blank = np.full((64, 320, 3), 255, np.uint8)
        self._weights.detect(blank)
        self._weights.recognise([blank])

    def read(self, image: bytes) -> ReadPage:
        """The page on an image (any format Pillow or pillow-heif decodes; the first frame of several).

        Raises `UnreadableImage`, `UnsupportedScript` and `MissingWeights`.
        """
        key = sha256(image).hexdigest()
        with self._lock:
            known = self._pages.get(key)
            if known is None:
                promise = self._pages[key] = Future()
            self._pages.move_to_end(key)
            while len(self._pages) > self._cached_pages:
                self._pages.popitem(last=False)
        if known is not None:
            return known.result()
        try:
            page = self._read(decode(image))
        except BaseException as error:
            promise.set_exception(error)
            with self._lock:
                self._pages.pop(key, None)
            raise
        promise.set_result(page)
        return page

    def _read(self, picture: Picture) -> ReadPage:
        quads = self._weights.detect(picture)
        turn = find_orientation(picture, quads, self._weights.recognise).turn
        upright = turned(picture, turn)
        if turn.rotation or abs(turn.skew) >= _REDETECT_SKEW:
            quads = self._weights.detect(upright)
        else:
            quads = turn.to_upright(quads)
        rulings = find_rulings(upright, float(np.median(side_lengths(quads)[1]))) if len(quads) else Rulings()
        quads = cut_at_rulings(quads, rulings)
        readings = self._weights.recognise([cut_out(upright, corners) for corners in quads])
        upright_lines = reading_order(
            Line(reading.text, quad_of(corners), reading.score, reading.places)
            for corners, reading in zip(quads, readings, strict=True)
            if reading.score >= _LEAST_SCORE
        )
        return ReadPage(
            width=turn.width,
            height=turn.height,
            rotation=turn.rotation,
            skew=turn.skew,
            lines=tuple(_as_given(line, turn) for line in upright_lines),
            upright_lines=tuple(upright_lines),
            tables=find_tables(upright_lines, rulings),
        )


def _as_given(line: Line, turn: Turn) -> Line:
    corners = turn.to_given(np.array(line.quad).reshape(1, 4, 2))
    return Line(line.text, quad_of(corners[0]), line.score, line.places)
