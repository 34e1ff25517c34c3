"""How many tokens an image costs, by the service's own scaling rule.

Product guide, section Image token conversion: the image is scaled so that its sides are multiples of the
patch side and its area lies between `min_pixels` and `max_pixels`; then `tokens = area / token_pixels + 2`,
the two being the marks that open and close an image. It is an estimate: bills follow the reported usage.
"""

import math
import re
from itertools import accumulate

MIN_PIXELS = 3 * 32 * 32
"""The guide's default `min_pixels` for models with 32 × 32 pixels a token."""

MAX_PIXELS = 8192 * 32 * 32
"""The guide's default `max_pixels` for models with 32 × 32 pixels a token."""

TOKEN_PIXELS = 32 * 32
"""Pixels a token for qwen-vl-ocr, qwen-vl-ocr-2025-11-20 and qwen-vl-ocr-latest; 28 × 28 for the rest."""

_IMAGE_MARKS = 2


def smart_resize(
    height: int, width: int, *, min_pixels: int, max_pixels: int, factor: int
) -> tuple[int, int]:
    """The (height, width) in pixels to which the service scales an image before it reads it.

    Both are multiples of `factor`, halves rounding to even as the guide's own code does. A side is never less
    than one `factor`, where the guide's code would give a very long and narrow image no pixels at all; such
    an image may then exceed `max_pixels`.

    Raises ValueError for a side, limit or factor below 1, or `min_pixels` above `max_pixels`.
    """
    if min(height, width, min_pixels, max_pixels, factor) < 1:
        raise ValueError("sides, pixel limits and factor must be at least 1")
    if min_pixels > max_pixels:
        raise ValueError(f"min_pixels {min_pixels} is above max_pixels {max_pixels}")

    scaled_height = round(height / factor) * factor
    scaled_width = round(width / factor) * factor
    if scaled_height * scaled_width > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        scaled_height = math.floor(height / shrink / factor) * factor
        scaled_width = math.floor(width / shrink / factor) * factor
    elif scaled_height * scaled_width < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        scaled_height = math.ceil(height * grow / factor) * factor
        scaled_width = math.ceil(width * grow / factor) * factor
    return max(scaled_height, factor), max(scaled_width, factor)


def image_tokens(
    width: int, height: int, *, token_pixels: int = TOKEN_PIXELS, min_pixels: int, max_pixels: int
) -> int:
    """Estimated input tokens of a `width` × `height` image, in pixels.

    `token_pixels` is the area of one token, a square number (1024 or 784, by model). Raises ValueError as
    `smart_resize` does, and for a `token_pixels` that is no square.
    """
    factor = math.isqrt(token_pixels)
    if factor * factor != token_pixels:
        raise ValueError(f"token_pixels must be a square number, got {token_pixels}")
    scaled_height, scaled_width = smart_resize(
        height, width, min_pixels=min_pixels, max_pixels=max_pixels, factor=factor
    )
    return scaled_height * scaled_width // token_pixels + _IMAGE_MARKS


_WHOLE_TOKENS = re.compile(r"[0-9\u2e80-\U0010ffff]")
_WHOLE_TOKEN_SHARES = 7
_OTHER_SHARES = 2
"""Counted in sevenths of a token, to stay with whole numbers: 2/7 is one token for 3.5 characters."""


def text_tokens(text: str) -> int:
    """Estimated tokens of a text, rounded up: a digit or a Chinese, Japanese or Korean character is one, 3.5 others
    are one. The guide's samples, reported and estimated: ticket 159, 157; receipt 58, 53; LaTeX 845, 1,048; HTML
    1,981, 1,343."""
    whole = len(_WHOLE_TOKENS.findall(text))
    shares = whole * _WHOLE_TOKEN_SHARES + (len(text) - whole) * _OTHER_SHARES
    return -(-shares // _WHOLE_TOKEN_SHARES)


def cut_to_tokens(text: str, most: int) -> str:
    """The longest beginning of `text` that `text_tokens` counts as at most `most`."""
    if text_tokens(text) <= most:
        return text
    allowed = most * _WHOLE_TOKEN_SHARES
    shares = accumulate(_WHOLE_TOKEN_SHARES if _WHOLE_TOKENS.match(c) else _OTHER_SHARES for c in text)
    return text[: sum(1 for used in shares if used <= allowed)]
