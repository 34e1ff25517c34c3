"""Which way the lines of a page run: found from its ink alone, without reading it."""

import math
from itertools import pairwise

from PIL import Image, ImageChops

from qwenocr_assets.imaging.coordinates import Affine

_SIDE_PX = 900
"""Side of the reduced picture that is looked at."""
_MOST_DEGREES = 5.0
_TIMES_CLEARER = 1.3
"""How much more clearly lines must show across than along before a page is turned by a quarter."""
_UPSIDE_DOWN = -0.08
"""Balance of strokes above and below small letters (b d f h, g p q y) from which a page stands on its head."""


def skew_degrees(image: Image.Image) -> float:
    """By how much to turn a page counter-clockwise so that its lines run level: within ±5°, in steps of 0.1°."""
    ink = _ink(image)
    coarse = [step / 2 for step in range(-int(2 * _MOST_DEGREES), int(2 * _MOST_DEGREES) + 1)]
    best = max(coarse, key=lambda degrees: (_clearness(ink, degrees), -abs(degrees)))
    fine = [round(best + step / 10, 1) for step in range(-4, 5)]
    best = max(fine, key=lambda degrees: (_clearness(ink, degrees), -abs(degrees)))
    return best if _clearness(ink, best) > 1.02 * _clearness(ink, 0.0) else 0.0


def quarter_turns(image: Image.Image) -> int:
    """How many quarters to turn a page counter-clockwise so that it stands upright, 0 to 3.

    Lines across are told from lines along by how clearly they show. Which way is up is told by the strokes above and
    below small letters, so only for scripts that have them (Latin, Greek, Cyrillic); otherwise it stays as it is.
    """
    ink = _ink(image)
    lying = ink.transpose(Image.Transpose.ROTATE_90)
    degrees, along = _levelled(ink)
    lying_degrees, across = _levelled(lying)
    turns = 1 if across > _TIMES_CLEARER * along else 0
    level = lying.rotate(lying_degrees) if turns else ink.rotate(degrees)
    return turns + 2 if _balance(level) < _UPSIDE_DOWN else turns


def _levelled(ink: Image.Image) -> tuple[float, float]:
    """The turn, in steps of a degree, at which lines show most clearly, and how clearly."""
    most = int(_MOST_DEGREES)
    clearness = {degrees: _clearness(ink, degrees) for degrees in sorted(range(-most, most + 1), key=abs)}
    best = max(clearness, key=lambda degrees: clearness[degrees])
    return best, clearness[best]


def turned(image: Image.Image, degrees: float) -> tuple[Image.Image, Affine]:
    """The picture turned counter-clockwise on white, made as large as it needs, and the way back to its pixels."""
    white = 255 if image.mode == "L" else (255, 255, 255)
    result = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=white)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = result.width / 2, result.height / 2
    back = (
        cos, -sin, image.width / 2 - cos * x + sin * y,
        sin, cos, image.height / 2 - sin * x - cos * y,
    )  # fmt: skip
    return result, back


def _ink(image: Image.Image) -> Image.Image:
    """The page reduced, its ink white on black: what is clearly darker than the paper around it."""
    grey = image.convert("L")
    grey.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX, reducing_gap=None)
    paper = grey.resize((max(1, grey.width // 16), max(1, grey.height // 16)), Image.Resampling.BOX)
    darkness = ImageChops.subtract(paper.resize(grey.size, Image.Resampling.BILINEAR), grey)
    return darkness.point(lambda value: 255 if value > 20 else 0)


def _profile(ink: Image.Image) -> list[float]:
    """The share of ink in each row, 0 to 255."""
    return [float(value) for value in ink.resize((1, ink.height), Image.Resampling.BOX).tobytes()]


def _clearness(ink: Image.Image, degrees: float) -> float:
    """How sharply rows with and without ink alternate when the page is turned."""
    rows = _profile(ink.rotate(degrees, Image.Resampling.BILINEAR) if degrees else ink)
    return sum((a - b) ** 2 for a, b in pairwise(rows)) / max(1, len(rows))


def _balance(ink: Image.Image) -> float:
    """Ink above the body of the lines minus that below it, as a share of both; 0 when there is neither."""
    above = below = 0.0
    for line in _lines(_profile(ink)):
        core = [place for place, value in enumerate(line) if value >= 0.5 * max(line)]
        above += sum(line[: core[0]])
        below += sum(line[core[-1] + 1 :])
    return (above - below) / (above + below) if above + below else 0.0


def _lines(rows: list[float]) -> list[list[float]]:
    """The rows of each line of text: runs between rows with next to no ink."""
    lines: list[list[float]] = [[]]
    for value in rows:
        if value > 1:
            lines[-1].append(value)
        elif lines[-1]:
            lines.append([])
    return [line for line in lines if len(line) >= 4]
