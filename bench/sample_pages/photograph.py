"""A flat page as a camera sees it: seen at an angle on a table, unevenly lit, a little blurred and noisy."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Sheet

Point = tuple[float, float]


def photographed(sheet: Sheet, size: tuple[int, int], corners: Sequence[Point], seed: int) -> Sheet:
    """A photograph of `size` px where the page's corners, clockwise from top left, lie at `corners` (px)."""
    width, height = sheet.image.size
    page: list[Point] = [(0, 0), (width, 0), (width, height), (0, height)]
    forth, back = homography(page, corners), homography(corners, page)

    # Twice the size and down again: the transform itself does not smooth.
    fine = (size[0] * 2, size[1] * 2)
    scale = back @ np.diag([0.5, 0.5, 1.0])
    numbers = tuple((scale / scale[2, 2]).flat)[:8]
    seen = [
        layer.transform(fine, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC)
        .resize(size, Image.Resampling.LANCZOS)
        .filter(ImageFilter.GaussianBlur(0.8))
        for layer in (sheet.image.convert("L"), Image.new("L", (width, height), 255))
    ]
    paper, cover = (np.asarray(layer, dtype=np.float64) / 255 for layer in seen)
    dice = np.random.default_rng(seed)
    shadow = np.asarray(seen[1].filter(ImageFilter.GaussianBlur(14)), dtype=np.float64) / 255
    table = _table(size, dice) * (1 - 0.5 * np.roll(shadow, (10, 8), (0, 1)))[..., None]
    lit = paper[..., None] * np.array([247.0, 243.0, 232.0]) * _light(size)[..., None]
    mixed = lit * cover[..., None] + table * (1 - cover[..., None])
    noise = dice.normal(0, 3.0, mixed.shape[:2])[..., None] + dice.normal(0, 1.2, mixed.shape)
    image = Image.fromarray(np.clip(mixed + noise + 0.5, 0, 255).astype(np.uint8))
    return sheet.mapped(image, mapping(forth))


def homography(source: Sequence[Point], target: Sequence[Point]) -> np.ndarray:
    """The 3 × 3 matrix that takes four points to four points."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows, dtype=float), np.array(values)), 1.0).reshape(3, 3)


def mapping(matrix: np.ndarray) -> Callable[[float, float], Point]:
    def moved(x: float, y: float) -> Point:
        u, v, w = matrix @ (x, y, 1.0)
        return float(u / w), float(v / w)

    return moved


def _light(size: tuple[int, int]) -> np.ndarray:
    """Brightness from a lamp up on the left: 1.0 near it, about 0.72 far from it."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    return 1.0 - 0.28 * np.clip(np.hypot(x - 0.3, 0.8 * (y - 0.25)), 0, 1) ** 1.3


def _table(size: tuple[int, int], dice: np.random.Generator) -> np.ndarray:
    """A wooden table: dark, with soft stripes along its length."""
    stripes = np.convolve(dice.normal(0, 1, size[0] + 40), np.ones(41) / 41, "valid")
    return np.array([104.0, 82.0, 62.0]) * (_light(size) * (1 + 0.5 * stripes[None, :]))[..., None]
