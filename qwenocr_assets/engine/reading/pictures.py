"""Pixels: an image decoded, a line cut out of it, a page turned upright."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qwenocr_assets.engine.errors import UnreadableImage
from qwenocr_assets.engine.page.geometry import Turn

Picture = NDArray[np.uint8]
"""An image as OpenCV holds it: height × width × 3, BGR."""

_TALL = 1.5
"""A crop at least this many times taller than wide holds a line that runs up or down."""

_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}

_LEAST_SIDE_PX = 10
_GREATEST_ASPECT = 200


def decode(image: bytes) -> Picture:
    """The pixels of an image, on white where it is transparent; a camera's orientation tag is not followed.

    Raises `UnreadableImage` for bytes that are no complete image, for a side under 10 pixels and for a side more
    than 200 times the other (the service's limits, the product guide, section Image limits).
    """
    try:
        with Image.open(io.BytesIO(image)) as opened:
            opened.load()
            picture = _on_white(opened)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImage(f"The image cannot be decoded: {error}.") from error
    width, height = picture.size
    if min(width, height) < _LEAST_SIDE_PX:
        raise UnreadableImage(
            f"The image is {width} × {height} pixels; both sides must have at least {_LEAST_SIDE_PX}."
        )
    if max(width, height) > _GREATEST_ASPECT * min(width, height):
        raise UnreadableImage(
            f"The image is {width} × {height} pixels; one side may be at most {_GREATEST_ASPECT} times the other."
        )
    return np.asarray(cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2BGR), np.uint8)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        samples = np.asarray(picture, np.float64)
        low, high = float(samples.min()), float(samples.max())
        picture = Image.fromarray(((samples - low) * (255 / max(high - low, 1))).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    return picture.convert("RGB")


def cut_out(picture: Picture, corners: NDArray[np.float64]) -> Picture:
    """The picture inside a quad, straightened; a tall one is turned a quarter counter-clockwise to lie flat."""
    a, b, c, d = corners.astype(np.float32)
    width = max(int(max(np.linalg.norm(a - b), np.linalg.norm(c - d))), 1)
    height = max(int(max(np.linalg.norm(a - d), np.linalg.norm(b - c))), 1)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array([a, b, c, d], np.float32), target)
    crop = cv2.warpPerspective(
        picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    if height >= _TALL * width:
        crop = np.rot90(crop)
    return np.ascontiguousarray(crop, dtype=np.uint8)


def turned(given: Picture, turn: Turn) -> Picture:
    """The page turned upright; what comes in at the corners has the colour of the image's edge."""
    if turn.rotation:
        given = np.asarray(cv2.rotate(given, _QUARTERS[turn.rotation]), dtype=np.uint8)
    if turn.skew == 0.0:
        return given
    matrix = Turn(*turn.quarter_size, skew=turn.skew).matrix[:2]
    edge = np.concatenate([given[0], given[-1], given[:, 0], given[:, -1]])
    paper = [float(v) for v in np.median(edge, axis=0)]
    level = cv2.warpAffine(given, matrix, turn.size, flags=cv2.INTER_CUBIC, borderValue=paper)
    return np.asarray(level, dtype=np.uint8)
