"""A page image read once: which way up it lies, its lines, its tables. Every task answers from that."""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from hashlib import sha256
from threading import Lock, Semaphore

import cv2
import numpy as np

from qwenocr_assets.engine.errors import EngineError, UnreadableImage, UnsupportedScript
from qwenocr_assets.engine.page.geometry import Quads, Turn, quad_of, side_lengths
from qwenocr_assets.engine.page.grids import Rulings, cut_at_rulings
from qwenocr_assets.engine.page.layout import block_by_block
from qwenocr_assets.engine.page.read_page import Line, ReadPage
from qwenocr_assets.engine.page.table_finder import find_tables
from qwenocr_assets.engine.reading.cjk import corrected
from qwenocr_assets.engine.reading.memory import FreedMemory
from qwenocr_assets.engine.reading.orientation import Recognise, find_turn
from qwenocr_assets.engine.reading.other_scripts import read_other
from qwenocr_assets.engine.reading.own_text import page_of_own_text
from qwenocr_assets.engine.reading.pictures import Picture, cut_out, decode, turned
from qwenocr_assets.engine.reading.ruling import find_rulings
from qwenocr_assets.engine.reading.scripts import page_script
from qwenocr_assets.engine.reading.tesseract import how_to_install, languages_for, script_name
from qwenocr_assets.engine.reading.weights import Reading, Weights
from qwenocr_assets.engine.reading.whole_lines import seen_lines
from qwenocr_assets.geometry import Quad
from qwenocr_assets.own_text import OwnLine, to_json

_LEAST_SCORE = 0.5
"""Lines that the recogniser is less sure of are taken for specks and drawings."""
_LEAST_TESSERACT_SCORE = 0.25
"""Tesseract doubts itself more: below this, its lines are noise."""
_LEAST_HEIGHT = 8.5
"""Pixels: print that is lower is read as other words, or taken for another script, and the recogniser is sure of it."""
_LEAST_PRINT = 15.0
"""Less print than this (in line heights) does not tell how high a page's print is."""
_REDETECT_SKEW = 0.5
"""Degrees of tilt from which text is searched again on the levelled page; below, the boxes are good as they are."""

_WIDER = 0.2
"""How far the box of a second reading reaches over the first one's, in heights of the line."""


class Reader:
    """Reads page images; loads its weights on first use, safe to share between threads.

    Scripts that its own weights do not know it reads with Tesseract, where the extra `scripts` and Debian's data are
    installed and `with_tesseract` is not turned off. The last `cached_pages` pages are kept by the SHA-256 of their
    bytes, so that several tasks on one page, also at the same time, cost one recognition. As many pages are read at a
    time as there are processors; who waits for a page that another reads keeps none of them.
    """

    def __init__(
        self, cached_pages: int = 16, with_tesseract: bool = True, weights: Weights | None = None
    ) -> None:
        self._weights = weights or Weights()
        self._with_tesseract = with_tesseract
        self._cached_pages = cached_pages
        self._pages: OrderedDict[str, Future[ReadPage]] = OrderedDict()
        self._lock = Lock()
        self._processors = Semaphore(os.cpu_count() or 1)
        self._freed = FreedMemory()

    def warm_up(self) -> None:
        """Load the weights now. Raises `MissingWeights` when they are not installed."""
        blank = np.full((64, 320, 3), 255, np.uint8)
        self._weights.detect(blank)
        self._weights.recognise([blank])

    def read(self, image: bytes) -> ReadPage:
        """The page on an image (any format Pillow or pi-heif decodes; the first frame of several).

        Raises `UnreadableImage` (also where the print is too small), `UnsupportedScript` and `MissingWeights`.
        """
        return self._once(sha256(image).hexdigest(), lambda: self._read(decode(image)))

    def lay_out(self, image: bytes, own: Sequence[OwnLine]) -> ReadPage:
        """The page on an image as the text says it that came with it; nothing is recognised.

        Raises `UnreadableImage`.
        """
        key = f"{sha256(image).hexdigest()} {sha256(to_json(own).encode()).hexdigest()}"
        return self._once(key, lambda: page_of_own_text(decode(image), own))

    def _once(self, key: str, make: Callable[[], ReadPage]) -> ReadPage:
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
            with self._processors:
                page = make()
        except BaseException as error:
            promise.set_exception(error)
            if not isinstance(error, EngineError):  # what is wrong with the page will be wrong again
                with self._lock:
                    self._pages.pop(key, None)
            raise
        promise.set_result(page)
        self._freed.page_read()
        return page

    def read_wider(self, image: bytes, quads: Sequence[Quad], stretched: float = 1.0) -> list[Reading]:
        """A second reading of some lines of an image, each with more of the paper around it, in order.

        `quads` are in pixels of the image as given, like those of `ReadPage.lines`; `stretched` is by how much the
        lines are made longer. Print that is clear is read the
        same both times; where the two differ, one of them is wrong. Raises `UnreadableImage` and `MissingWeights`.
        """
        if not quads:
            return []
        with self._processors:
            picture = decode(image)
            height, width = picture.shape[:2]
            corners = np.array(quads, np.float64).reshape(-1, 4, 2)
            wider = np.clip(_widened(corners), 0, (width - 1, height - 1))
            crops = [cut_out(picture, quad) for quad in wider]
            return self._weights.recognise([_stretched(crop, stretched) for crop in crops])

    def _read(self, picture: Picture) -> ReadPage:
        quads = self._weights.detect(picture)
        recognise = _each_once(self._weights.recognise)
        turn = find_turn(picture, quads, recognise)
        upright = turned(picture, turn)
        if turn.rotation or abs(turn.skew) >= _REDETECT_SKEW:
            quads = self._weights.detect(upright)
        else:
            quads = turn.to_upright(quads)
        rulings = find_rulings(upright, float(np.median(side_lengths(quads)[1]))) if len(quads) else Rulings()
        quads = cut_at_rulings(quads, rulings)
        _require_height(quads)
        lines = block_by_block(self._lines(upright, quads, recognise))
        return ReadPage(
            width=turn.width,
            height=turn.height,
            rotation=turn.rotation,
            skew=turn.skew,
            lines=tuple(_as_given(line, turn) for line in lines),
            upright_lines=tuple(lines),
            tables=find_tables(lines, rulings),
        )

    def _lines(self, upright: Picture, quads: Quads, recognise: Recognise) -> list[Line]:
        """The lines in the quads of an upright page, in no order. Raises `UnsupportedScript`."""
        seen = seen_lines(upright, quads, recognise)
        lines = [
            Line(
                corrected(reading.text, reading.places),
                quad_of(corners),
                reading.score,
                reading.places,
                reading.least_score,
            )
            for corners, reading in zip(seen.quads, seen.readings, strict=True)
        ]
        lengths = [crop.shape[1] / crop.shape[0] for crop in seen.crops]
        script = page_script([reading.evidence for reading in seen.readings], lengths)
        languages = languages_for(script.foreign) if script.foreign and self._with_tesseract else ()
        if script.unreadable is not None and not languages:
            raise UnsupportedScript(
                f"The page is written in {script_name(script.unreadable)}, which the embedded engine cannot read as it "
                f"is installed: {how_to_install(script.unreadable)}, or use a cloud region."
            )
        foreign = script.foreign_lines if languages else ()
        kept = [n for i, n in enumerate(lines) if i not in foreign and n.score >= _LEAST_SCORE]
        if foreign:
            others = read_other([seen.crops[i] for i in foreign], languages, recognise)
            kept += [
                Line(text, lines[i].quad, score)
                for i, (text, score) in zip(foreign, others, strict=True)
                if score >= _LEAST_TESSERACT_SCORE
            ]
        return [line for line in kept if line.text]


def _each_once(recognise: Recognise) -> Recognise:
    """Reads a crop once: the lines that tell which way up a page lies are mostly lines of it as they are."""
    known: dict[bytes, Reading] = {}

    def _read(crops: Sequence[Picture]) -> list[Reading]:
        keys = [sha256(repr(crop.shape).encode() + crop.tobytes()).digest() for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in known}
        known.update(zip(new, recognise(list(new.values())), strict=True))
        return [known[key] for key in keys]

    return _read


def _stretched(crop: Picture, factor: float) -> Picture:
    height, width = crop.shape[:2]
    return (
        crop if factor == 1.0 else cv2.resize(crop, (max(1, round(width * factor)), height)).astype(np.uint8)
    )


def _widened(quads: Quads) -> Quads:
    """Quads moved outwards by a part of their height on every side."""
    heights = np.maximum(side_lengths(quads)[1], 1.0)[:, None]
    along, down = quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9) * heights * _WIDER
    down = down * _WIDER
    outwards: Quads = np.stack([-along - down, along - down, along + down, down - along], axis=1)
    return np.asarray(quads + outwards, np.float64)


def _require_height(quads: Quads) -> None:
    """Raise `UnreadableImage` where most lines of a page are lower than can be read; specks are no lines."""
    lengths, heights = side_lengths(quads)
    worded = lengths >= 2 * heights
    print_there = float((lengths[worded] / heights[worded]).sum()) if worded.any() else 0.0
    if print_there >= _LEAST_PRINT and (height := float(np.median(heights[worded]))) < _LEAST_HEIGHT:
        raise UnreadableImage(
            f"Its print is about {height:.0f} pixels high, too small to read. "
            "Scan or draw it larger: 20 pixels are good."
        )


def _as_given(line: Line, turn: Turn) -> Line:
    corners = turn.to_given(np.array(line.quad).reshape(1, 4, 2))
    return replace(line, quad=quad_of(corners[0]))
