"""Enhancement of page pictures, as a chain of named steps that a route declares; off by default.

Each step takes a picture of mode L or RGB and returns one, with what to record and how it moved the pixels.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFilter, ImageOps

from qwenocr_assets.imaging.coordinates import IDENTITY, Affine, then
from qwenocr_assets.imaging.page_image import Change
from qwenocr_assets.imaging.straightening import quarter_turns, skew_degrees, turned

if TYPE_CHECKING:
    import numpy as np

_CLAHE_GRID = 8
_CLAHE_CLIP = 2.0
_BACKGROUND_REDUCTION = 8
_LEAST_SKEW_DEGREES = 0.1

Step = Callable[[Image.Image], tuple[Image.Image, dict[str, Any], Affine]]


def enhance(image: Image.Image, steps: Sequence[str]) -> tuple[Image.Image, tuple[Change, ...], Affine]:
    """A picture of mode 1, L or RGB after the steps, what to record, and the way from its pixels to those before.

    A step that finds nothing to do (a straight page, one that stands upright) is recorded nowhere.
    """
    changes: list[Change] = []
    to_before = IDENTITY
    for name in steps:
        before = image.convert("L") if image.mode == "1" else image
        after, recorded, moved = STEPS[name](before)
        if after is not before:
            image = after
            changes.append({"step": name, **recorded})
            to_before = then(moved, to_before)
    return image, tuple(changes), to_before


def _greyscale(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    return (image if image.mode == "L" else image.convert("L")), {}, IDENTITY


def _contrast(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    return ImageOps.autocontrast(image, cutoff=1, preserve_tone=True), {"cutoff_percent": 1}, IDENTITY


def _denoise_mean(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    return image.filter(ImageFilter.BoxBlur(1)), {"window_px": 3}, IDENTITY


def _denoise_median(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    return image.filter(ImageFilter.MedianFilter(3)), {"window_px": 3}, IDENTITY


def _equalise(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    recorded = {"grid": _CLAHE_GRID, "clip": _CLAHE_CLIP}
    if image.mode == "L":
        return _clahe(image), recorded, IDENTITY
    luma, blue, red = image.convert("YCbCr").split()
    return Image.merge("YCbCr", (_clahe(luma), blue, red)).convert("RGB"), recorded, IDENTITY


def _whiten(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    """Divide by the paper's own brightness, which is what remains when print is painted over."""
    import numpy as np

    small = image.reduce(_BACKGROUND_REDUCTION)
    for _ in range(2):
        small = small.filter(ImageFilter.MaxFilter(5))
    paper = np.asarray(
        small.filter(ImageFilter.GaussianBlur(4)).resize(image.size, Image.Resampling.BILINEAR)
    )
    pixels = np.asarray(image).astype(np.uint16) * 255
    whitened = np.minimum(pixels // np.maximum(paper, 1), 255).astype(np.uint8)
    return Image.fromarray(whitened), {}, IDENTITY


def _deskew(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    degrees = skew_degrees(image)
    if abs(degrees) < _LEAST_SKEW_DEGREES:
        return image, {}, IDENTITY
    straight, to_before = turned(image, degrees)
    return straight, {"degrees": degrees}, to_before


def _orientation(image: Image.Image) -> tuple[Image.Image, dict[str, Any], Affine]:
    turns = quarter_turns(image)
    if turns == 0:
        return image, {}, IDENTITY
    upright, to_before = turned(image, 90 * turns)
    return upright, {"degrees": 90 * turns}, to_before


def _clahe(image: Image.Image) -> Image.Image:
    """Contrast-limited adaptive histogram equalisation of a picture of mode L."""
    import numpy as np

    pixels = np.asarray(image)
    height, width = pixels.shape
    rows = _edges(height)
    columns = _edges(width)
    maps = np.empty((len(rows) - 1, len(columns) - 1, 256), np.float32)
    for y in range(len(rows) - 1):
        for x in range(len(columns) - 1):
            maps[y, x] = _clipped_map(pixels[rows[y] : rows[y + 1], columns[x] : columns[x + 1]])
    y0, y1, wy = _between(rows, height)
    x0, x1, wx = _between(columns, width)
    result = np.empty_like(pixels)
    for y in range(height):  # row by row: little memory
        line = pixels[y]
        above = maps[y0[y], x0, line] * (1 - wx) + maps[y0[y], x1, line] * wx
        below = maps[y1[y], x0, line] * (1 - wx) + maps[y1[y], x1, line] * wx
        result[y] = above * (1 - wy[y]) + below * wy[y] + 0.5
    return Image.fromarray(result)


def _clipped_map(cell: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """How a cell's values are spread out: its cumulated histogram, no value counting more than the clip allows."""
    import numpy as np

    histogram = np.bincount(cell.ravel(), minlength=256).astype(np.float64)
    most = max(1.0, _CLAHE_CLIP * cell.size / 256)
    excess = np.maximum(histogram - most, 0).sum()
    histogram = np.minimum(histogram, most) + excess / 256
    spread: np.ndarray[Any, Any] = histogram.cumsum() * (255 / cell.size)
    return spread


def _edges(length: int) -> list[int]:
    cells = min(_CLAHE_GRID, length)
    return [round(length * cell / cells) for cell in range(cells + 1)]


def _between(edges: list[int], length: int) -> tuple[Any, Any, Any]:
    """For each pixel the cells whose centres lie before and after it, and the weight of the latter."""
    import numpy as np

    centres = np.array([(a + b - 1) / 2 for a, b in pairwise(edges)])
    place = np.interp(np.arange(length), centres, np.arange(len(centres)))
    before = np.floor(place).astype(int)
    after = np.minimum(before + 1, len(centres) - 1)
    return before, after, (place - before).astype(np.float32)


STEPS: dict[str, Step] = {
    "orientation": _orientation,
    "deskew": _deskew,
    "greyscale": _greyscale,
    "denoise_mean": _denoise_mean,
    "denoise_median": _denoise_median,
    "whiten": _whiten,
    "equalise": _equalise,
    "contrast": _contrast,
}
"""The steps by name, in the order that usually makes sense."""
