"""The PP-OCRv6 weights that ship inside the rapidocr wheel: find text, read text. Nothing is downloaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.errors import MissingWeights
from qwenocr_assets.engine.page.geometry import Quads, from_top_left
from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.scripts import Evidence, script_model

_FILES = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")
_LINE_HEIGHT = 48
"""Height in pixels to which the recogniser scales a line."""

_MOST_PIXELS = 2000 * 1414
"""Text is searched on a page shrunk to this size: A4 at 170 dpi. It is read at full size."""
_GREATEST_ASPECT = 8
"""The detector enlarges a short side to 736 pixels, whatever that makes of the long one."""

# The old angle classifier of rapidocr turns long lines upside down: it stays off. Lines go in one by one, because
# a batch pads all to the widest and costs accuracy.
_OPTIONS = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Global.use_vertical_padding": False,
    "Global.max_side_len": 1_000_000,
    "Det.score_mode": "slow",  # by the outline of a line: one that is bent fills its rectangle badly
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
    # pages are read side by side: threads for each would only wait for each other
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recogniser saw in one crop."""

    text: str
    score: float
    """Mean confidence of the characters, 0 to 1; 0 when there are none."""
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
            detector = self._detector
        height, width = picture.shape[:2]
        scale = min(1.0, (_MOST_PIXELS / (height * width)) ** 0.5)
        boxes = detector(_shrunk(_less_narrow(picture), scale)).boxes
        if boxes is None:
            return np.zeros((0, 4, 2))
        # The detector orders corners by their place on the page, which goes wrong for long tilted boxes.
        quads = from_top_left(np.asarray(boxes, np.float64) / scale)
        return np.clip(quads, 0, (width - 1, height - 1))

    def recognise(self, crops: Sequence[Picture]) -> list[Reading]:
        """One reading for each crop of a line, in order."""
        with self._loading:
            recogniser = self.recogniser
        return [_read(recogniser, crop) for crop in crops]

    @cached_property
    def _detector(self) -> Any:
        return self._engine({"Global.use_rec": False})

    @cached_property
    def recogniser(self) -> Any:
        """rapidocr's `TextRecognizer`, its weights loaded."""
        engine = self._engine({"Global.use_det": False})
        engine.recognize_txt([np.full((_LINE_HEIGHT, 320, 3), 255, np.uint8)])
        return engine.text_rec

    @staticmethod
    def _engine(options: dict[str, object]) -> Any:
        folder = weights_folder()
        from rapidocr import RapidOCR  # takes a second: only when a page is to be read

        return RapidOCR(params={**_OPTIONS, **options, "Global.model_root_dir": str(folder)})


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


def _shrunk(picture: Picture, scale: float) -> Picture:
    if scale == 1.0:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _read(recogniser: Any, crop: Picture) -> Reading:
    posteriors, strip = posteriors_of(recogniser, crop)
    text, score, places = _decode(posteriors, recogniser.postprocess_op.character)
    return Reading(text, score, places, script_model().evidence(posteriors, strip))


def posteriors_of(recogniser: Any, crop: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the recogniser sees along a crop, and the crop as it was given it, both without its padding.

    Steps × classes, class 0 is "no character"; channels × height × width.
    """
    if crop.shape[0] > 2 * _LINE_HEIGHT:
        # The recogniser scales without averaging, which breaks thin strokes of large print.
        size = max(round(crop.shape[1] * _LINE_HEIGHT / crop.shape[0]), 1), _LINE_HEIGHT
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, height, least_width = recogniser.rec_image_shape
    ratio = crop.shape[1] / crop.shape[0]
    strip = recogniser.resize_norm_img(crop, max(least_width / height, ratio))
    posteriors = recogniser.session(strip[np.newaxis])[0]
    width = min(ceil(height * ratio), strip.shape[2])
    steps = min(max(round(len(posteriors) * width / strip.shape[2]), 1), len(posteriors))
    return posteriors[:steps], strip[:, :, :width]


def _decode(
    posteriors: NDArray[np.float32], characters: Sequence[str]
) -> tuple[str, float, tuple[float, ...]]:
    """Text, mean confidence and places of the most probable characters, repeats joined (greedy CTC)."""
    classes = posteriors.argmax(axis=1)
    begins = classes != 0
    begins[1:] &= classes[1:] != classes[:-1]
    steps = np.flatnonzero(begins)
    seen = np.flatnonzero([not characters[c].isspace() for c in classes[steps]])
    if not len(seen):
        return "", 0.0, ()
    steps = steps[seen[0] : seen[-1] + 1]
    return (
        "".join(characters[c] for c in classes[steps]),
        float(posteriors[steps, classes[steps]].mean()),
        tuple(float(step + 0.5) / len(posteriors) for step in steps),
    )
