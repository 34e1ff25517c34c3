"""The PP-OCRv6 weights that ship inside the rapidocr wheel: find text, read text. Nothing is downloaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import groupby, islice
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np

from qwenocr_assets.cores import core_count
from qwenocr_assets.engine.errors import MissingWeights
from qwenocr_assets.engine.page.geometry import Quads, from_top_left
from qwenocr_assets.engine.reading.certainty import least_certain
from qwenocr_assets.engine.reading.networks import Floats, Network, load_network
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.raised_digits import with_raised_digits
from qwenocr_assets.engine.reading.scripts import Evidence, script_model
from qwenocr_assets.engine.reading.spaces import with_seen_spaces

_FILES = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")
_LINE_HEIGHT = 48
"""Height in pixels to which the recogniser scales a line."""
_LEAST_WIDTH = 160
"""Width in pixels to which shorter lines are padded for the recogniser."""
_WIDTH_STEP = 16
"""Lines are padded to a multiple of it: a network prepares itself for each width anew."""

_BATCH_WIDTH = 1600
"""Pixels of lines read together: more take more memory, and no less time."""

_MOST_PIXELS = 1408 * 1000
"""Text is searched on a page shrunk to this size: A4 at 120 dpi. It is read at full size. On twice as many pixels the
detector takes twice as long and cuts words of large scans apart."""
_LEAST_SIDE = 640
"""Pixels to which the short side of a page is enlarged for the detector."""
_SIDE_STEP = 32
"""The detector takes sides that are a multiple of it."""
_GREATEST_ASPECT = 8
"""Pages are made at least as broad as this part of their length: the short side is enlarged, whatever that makes of
the long one."""
_MOST_LINES = 20_000
"""rapidocr looks at 1,000 blots of ink if not told otherwise, from the foot of the page up, and drops the rest."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recogniser saw in one crop."""

    text: str
    score: float
    """Mean probability of the characters, 0 to 1; 0 when there are none."""
    least_score: float
    """How certain it is at its least certain place, 0 to 1: see `certainty`."""
    places: tuple[float, ...]
    """Where each character stands along the crop, 0 (start) to 1 (end); () when not known."""
    evidence: Evidence
    """What the line tells of its script."""


def weights_folder() -> Path:
    """Folder of the weights. Raises `MissingWeights` when the package or a file is not there."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise MissingWeights(
            "The embedded engine needs the package rapidocr: install the project with its extra `engine`."
        )
    folder = Path(spec.origin).parent / "models"
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise MissingWeights(
            f"{folder} lacks {', '.join(missing)}: this rapidocr came without the weights of the default models. "
            "Install the version that pyproject.toml names from its wheel."
        )
    return folder


class Weights:
    """Detector and recogniser; loaded on first use, safe to share between threads."""

    def __init__(self) -> None:
        self._loading = Lock()

    def detect(self, picture: Picture) -> Quads:
        """Quads of the text lines on a picture, in its pixels; none is an empty array."""
        with self._loading:
            detector, outlines = self._detector, self._outlines
        height, width = picture.shape[:2]
        broad = _less_narrow(picture)
        with detector.run(_pixels(_resized(broad, _searched_size(broad)))) as probabilities:
            boxes, _ = outlines(probabilities, broad.shape[:2])
        if not len(boxes):
            return np.zeros((0, 4, 2))
        # The detector orders corners by their place on the page, which goes wrong for long tilted boxes.
        return np.clip(from_top_left(np.asarray(boxes, np.float64)), 0, (width - 1, height - 1))

    def recognise(self, crops: Sequence[Picture]) -> list[Reading]:
        """One reading for each crop of a line, in order."""
        readings = {index: self._reading(posteriors, line) for index, posteriors, line in self.seen(crops)}
        return [readings[index] for index in range(len(crops))]

    def _reading(self, posteriors: Floats, line: Floats) -> Reading:
        text, scores, places = _decode(posteriors, self.characters)
        least = least_certain(posteriors, posteriors.argmax(axis=1), self.characters)
        evidence = script_model().evidence(posteriors, line)
        if not text:
            return Reading("", 0.0, 0.0, (), evidence)
        text, places = with_seen_spaces(with_raised_digits(text, places, line), places, line)
        return Reading(text, float(scores.mean()), least, places, evidence)

    def seen(self, crops: Sequence[Picture]) -> Iterator[tuple[int, Floats, Floats]]:
        """What the recogniser sees along crops of lines, and each crop as it was given it, both without padding.

        Index of the crop; steps × classes, class 0 is "no character"; channels × height × width. Narrow ones come
        first, since a network prepares itself for each width anew. They are valid until the next is asked for.
        """
        with self._loading:
            recogniser = self._recogniser
        lines = [_line_pixels(crop) for crop in crops]
        for width, alike in _batches([line.shape[3] for line in lines]):
            with recogniser.run(np.concatenate([_padded(lines[index], width) for index in alike])) as output:
                for index, posteriors in zip(alike, output, strict=True):
                    steps = len(posteriors)
                    own = round(steps * lines[index].shape[3] / width)
                    yield index, posteriors[: min(max(own, 1), steps)], lines[index][0]

    @cached_property
    def _detector(self) -> Network:
        return load_network(weights_folder() / _FILES[0], at_once=1)  # its pictures are large

    @cached_property
    def _outlines(self) -> Any:
        """What makes boxes of the detector's probabilities."""
        from rapidocr.ch_ppocr_det.utils import (
            DBPostProcess,
        )  # takes a second: only when a page is to be read

        return DBPostProcess(
            thresh=0.3,
            box_thresh=0.5,
            max_candidates=_MOST_LINES,
            unclip_ratio=1.6,
            use_dilation=True,
            score_mode="slow",  # by the outline of a line: one that is bent fills its rectangle badly
        )

    @cached_property
    def _recogniser(self) -> Network:
        return load_network(weights_folder() / _FILES[1], at_once=core_count())

    @cached_property
    def characters(self) -> tuple[str, ...]:
        """The characters that the recogniser tells apart, by class; class 0 is "no character"."""
        return "", *self._recogniser.characters, " "


def _less_narrow(picture: Picture) -> Picture:
    """The picture with paper added at the right or below, so that no side is too short for the detector."""
    height, width = picture.shape[:2]
    below, right = (
        max(ceil(width / _GREATEST_ASPECT) - height, 0),
        max(ceil(height / _GREATEST_ASPECT) - width, 0),
    )
    if not below and not right:
        return picture
    return np.asarray(cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)


def _searched_size(picture: Picture) -> tuple[int, int]:
    """Width and height at which text is searched on a picture."""
    height, width = picture.shape[:2]
    scale = min(1.0, (_MOST_PIXELS / (height * width)) ** 0.5)
    scale *= max(1.0, _LEAST_SIDE / (min(height, width) * scale))
    return (
        max(round(width * scale / _SIDE_STEP), 1) * _SIDE_STEP,
        max(round(height * scale / _SIDE_STEP), 1) * _SIDE_STEP,
    )


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture at a size (width, height); where it shrinks, thin strokes are averaged and not skipped."""
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    return np.asarray(
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )


def _pixels(picture: Picture) -> Floats:
    """A picture as the networks take it: 1 × channels × height × width, from -1 (black) to 1."""
    return np.asarray(cv2.dnn.blobFromImage(picture, 1 / 127.5, mean=(127.5, 127.5, 127.5)), np.float32)


def _batches(widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Lines that are read together: the width that they are padded to, and which of them.

    Padding changes what is read at the end of a line, so only those go together that are padded to the same width
    when alone.
    """
    padded = [max(ceil(width / _WIDTH_STEP) * _WIDTH_STEP, _LEAST_WIDTH) for width in widths]
    for width, alike in groupby(sorted(range(len(widths)), key=padded.__getitem__), padded.__getitem__):
        while batch := list(islice(alike, max(_BATCH_WIDTH // width, 1))):
            yield width, batch


def _padded(line: Floats, width: int) -> Floats:
    return np.pad(line, ((0, 0), (0, 0), (0, 0), (0, width - line.shape[3])))


def _line_pixels(crop: Picture) -> Floats:
    """A crop of a line as the recogniser takes it, not padded yet."""
    size = max(ceil(_LINE_HEIGHT * crop.shape[1] / crop.shape[0]), 1), _LINE_HEIGHT
    # Large print needs averaging, or thin strokes break.
    how = cv2.INTER_AREA if crop.shape[0] > 2 * _LINE_HEIGHT else cv2.INTER_LINEAR
    return _pixels(np.asarray(cv2.resize(crop, size, interpolation=how), np.uint8))


def _decode(posteriors: Floats, characters: Sequence[str]) -> tuple[str, Floats, tuple[float, ...]]:
    """Text, probabilities and places of the most probable characters, repeats joined (greedy CTC)."""
    classes = posteriors.argmax(axis=1)
    begins = classes != 0
    begins[1:] &= classes[1:] != classes[:-1]
    steps = np.flatnonzero(begins)
    written = np.flatnonzero([not characters[c].isspace() for c in classes[steps]])
    if not len(written):
        return "", np.zeros(0, np.float32), ()
    steps = steps[written[0] : written[-1] + 1]
    return (
        "".join(characters[c] for c in classes[steps]),
        posteriors[steps, classes[steps]],
        tuple(float(step + 0.5) / len(posteriors) for step in steps),
    )
