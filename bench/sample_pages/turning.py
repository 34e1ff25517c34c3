"""Pages that were not put straight on the glass: turned by any angle, and what a scanner adds to them."""

import math

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Sheet

PAPER = 255


def turned(sheet: Sheet, degrees: float, keep_size: bool = False) -> Sheet:
    """The page turned clockwise by `degrees`; white corners; boxes become quads in the new image's pixels.

    The image grows to hold the whole page, or with `keep_size` (for small angles) stays as large as it was.
    Quarter turns move pixels and do not resample.
    """
    width, height = sheet.image.size
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    new_width = width if keep_size else math.ceil(width * abs(cos) + height * abs(sin) - 1e-6)
    new_height = height if keep_size else math.ceil(width * abs(sin) + height * abs(cos) - 1e-6)

    def moved(x: float, y: float) -> tuple[float, float]:
        dx, dy = x - width / 2, y - height / 2
        return dx * cos - dy * sin + new_width / 2, dx * sin + dy * cos + new_height / 2

    quarters = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }
    if degrees in quarters:
        return sheet.mapped(sheet.image.transpose(quarters[int(degrees)]), moved)
    # Pillow asks where each new pixel comes from: the turn back.
    x0 = width / 2 - cos * new_width / 2 - sin * new_height / 2
    y0 = height / 2 + sin * new_width / 2 - cos * new_height / 2
    image = sheet.image.transform(
        (new_width, new_height),
        Image.Transform.AFFINE,
        (cos, sin, x0, -sin, cos, y0),
        Image.Resampling.BICUBIC,
        fillcolor=PAPER,
    )
    return sheet.mapped(image, moved)


def scanned(sheet: Sheet, seed: int) -> Sheet:
    """The look of a flatbed scan: soft ink, paper that is not white, a shadow at one edge, specks."""
    dice = np.random.default_rng(seed)
    grey = np.asarray(sheet.image.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float64) / 255
    height, width = grey.shape
    paper = 240 - 4 * np.linspace(0, 1, height)[:, None] - 70 * np.exp(-np.arange(width) / 14)[None, :]
    picture = 38 + (paper - 38) * grey + dice.normal(0, 2.5, grey.shape)
    for x, y in zip(dice.integers(0, width - 2, 90), dice.integers(0, height - 2, 90), strict=True):
        picture[y : y + 2, x : x + 2] -= dice.integers(20, 90)
    image = Image.fromarray(np.clip(picture + 0.5, 0, 255).astype(np.uint8))
    return Sheet(image, lines=sheet.lines, key_values=sheet.key_values, tables=sheet.tables)
