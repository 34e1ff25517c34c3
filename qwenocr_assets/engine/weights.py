"""The PP-OCRv6 weights that ship inside the rapidocr wheel: find text, read text. Nothing is downloaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qwenocr_assets.engine.errors import MissingWeights
from qwenocr_assets.engine.geometry import Quads
from qwenocr_assets.engine.pictures import Picture

_FILES = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")
_LINE_HEIGHT = 48
"""Height in pixels to which the recogniser scales a line."""

# The old angle classifier of rapidocr turns long lines upside down: it stays off. Lines go in one by one, because
# a batch pads all to the widest and costs accuracy.
_OPTIONS = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recogniser saw in one crop."""

    text: str
    score: float
    """Mean confidence of the characters, 0 to 1; 0 when there are none."""
    places: tuple[float, ...]
    """Where each character stands along the crop, 0 (start) to 1 (end)."""


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
        """Quads of the text lines on a picture, in its pixels, from top to bottom; none is an empty array."""
        with self._loading:
            detector = self._detector
        boxes = detector(picture).boxes
        return np.zeros((0, 4, 2)) if boxes is None else np.asarray(boxes, np.float64)

    def recognise(self, crops: Sequence[Picture]) -> list[Reading]:
        """One reading for each crop of a line, in order."""
        with self._loading:
            recogniser = self._recogniser
        return [_read(recogniser, crop) for crop in crops]

    @cached_property
    def _detector(self) -> Any:
        return self._engine({"Global.use_rec": False})

    @cached_property
    def _recogniser(self) -> Any:
        engine = self._engine({"Global.use_det": False})
        engine.recognize_txt([np.full((_LINE_HEIGHT, 320, 3), 255, np.uint8)])
        return engine.text_rec

    @staticmethod
    def _engine(options: dict[str, object]) -> Any:
        folder = weights_folder()
        from rapidocr import RapidOCR  # takes a second: only when a page is to be read

        return RapidOCR(params={**_OPTIONS, **options, "Global.model_root_dir": str(folder)})


def _read(recogniser: Any, crop: Picture) -> Reading:
    if crop.shape[0] > 2 * _LINE_HEIGHT:
        # The recogniser scales without averaging, which breaks thin strokes of large print.
        scale = _LINE_HEIGHT / crop.shape[0]
        crop = np.asarray(
            cv2.resize(
                crop, (max(round(crop.shape[1] * scale), 1), _LINE_HEIGHT), interpolation=cv2.INTER_AREA
            ),
            np.uint8,
        )
    _, height, least_width = recogniser.rec_image_shape
    ratio = crop.shape[1] / crop.shape[0]
    padded_ratio = max(least_width / height, ratio)
    posteriors = recogniser.session(recogniser.resize_norm_img(crop, padded_ratio)[np.newaxis])[0]
    return _decode(posteriors, recogniser.postprocess_op.character, padded_ratio / ratio)


def _decode(posteriors: NDArray[np.float32], characters: Sequence[str], padding: float) -> Reading:
    """The most probable character at each step, repeats joined (greedy CTC).

    `posteriors` is steps × classes, class 0 is "no character"; `padding` is padded width ÷ crop width.
    """
    classes = posteriors.argmax(axis=1)
    begins = classes != 0
    begins[1:] &= classes[1:] != classes[:-1]
    steps = np.flatnonzero(begins)
    seen = np.flatnonzero([not characters[c].isspace() for c in classes[steps]])
    steps = steps[seen[0] : seen[-1] + 1] if len(seen) else steps[:0]
    if not len(steps):
        return Reading("", 0.0, ())
    return Reading(
        "".join(characters[c] for c in classes[steps]),
        float(posteriors[steps, classes[steps]].mean()),
        tuple(min(float(s + 0.5) / len(posteriors) * padding, 1.0) for s in steps),
    )
