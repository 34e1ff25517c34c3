"""Samples of more than 8 bits as 8: by the range that the data really uses.

Scanners and cameras put 10 or 12 bits into samples of 16 and leave the upper ones empty: taken at its word, such a
page is black.
"""

from typing import cast

from PIL import Image

from qwenocr_assets.imaging.page_image import Change

_LEAST_SPAN = 1 / 16
"""Share of the range below which the darkest and the brightest value become black and white: pale writing on pale."""
_MOST_FLOAT = 1e30
"""Beyond are no values of pictures, but signs for none."""
_ALPHA = ("A", "a")


def in_8_bits(
    image: Image.Image, bits: int, *, white_is_zero: bool = False, signed: bool | None = None
) -> tuple[Image.Image, Change]:
    """A decoded picture whose file has `bits` per sample, with 8; grey ones in mode L.

    `white_is_zero` says that a grey picture's values run from white to black, which Pillow heeds up to 8 bits only.
    `signed` says whether its whole numbers have signs; Pillow takes 8 bits for unsigned and 32 for signed.
    """
    if bits == 8 and signed:
        shifted = image.point([value ^ 0x80 for value in range(256)] * len(image.getbands()))
        return shifted, {"step": "depth", "from_bits": bits, "to_bits": 8}
    if image.mode == "I;16B":
        image = image.convert("I")
    elif image.mode == "F":
        image = _within_reason(image)
    elif image.mode == "I" and bits == 32 and signed is False:
        image = _unsigned(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _grey(image, bits, white_is_zero)
    bands = dict(zip(image.getbands(), image.split(), strict=True))
    used = _used_bits([band for name, band in bands.items() if name not in _ALPHA])
    filled = [_filled(band, _used_bits([band]) if name in _ALPHA else used) for name, band in bands.items()]
    return Image.merge(image.mode, filled), {"step": "depth", "from_bits": bits - 8 + used, "to_bits": 8}


def _grey(image: Image.Image, bits: int, white_is_zero: bool) -> tuple[Image.Image, Change]:
    black, white = cast(tuple[float, float], image.getextrema())
    if image.mode.startswith("I;16"):
        used = max(int(white).bit_length(), 8)
        if white - black >= _LEAST_SPAN * (2**used - 1):
            black, white, bits = 0, 2**used - 1, used
    factor = 255 / ((white - black) or 1)
    values = image.convert("I") if image.mode.startswith("I;16") else image
    grey = values.point(lambda value: value * factor + (-black * factor)).convert("L")
    if white_is_zero:
        grey = grey.point([255 - value for value in range(256)])
    return grey, {"step": "depth", "from_bits": bits, "to_bits": 8}


def _within_reason(image: Image.Image) -> Image.Image:
    """Floating values without what stands for no value (NaN, -3.4e38), which becomes the brightest."""
    black, white = cast(tuple[float, float], image.getextrema())
    if -_MOST_FLOAT < black <= white < _MOST_FLOAT:
        return image
    import numpy as np  # such files are rare

    values = np.asarray(image)
    known = np.isfinite(values) & (np.abs(values) < _MOST_FLOAT)
    brightest = values[known].max() if known.any() else 0.0
    return Image.fromarray(np.where(known, values, brightest).astype(np.float32))


def _unsigned(image: Image.Image) -> Image.Image:
    """The upper 16 of 32 bits without a sign."""
    import numpy as np

    return Image.fromarray((np.asarray(image).view(np.uint32) >> 16).astype(np.uint16))


def _used_bits(bands: list[Image.Image]) -> int:
    """How many of 8 bits the brightest value of bands of mode L needs; Pillow keeps the upper 8 of 16."""
    return max(int(cast(tuple[float, float], band.getextrema())[1]).bit_length() for band in bands)


def _filled(band: Image.Image, used: int) -> Image.Image:
    """A band stretched so that the `used` lower bits fill all 8."""
    if used in (0, 8):
        return band
    return band.point([min(255, value * 255 // (2**used - 1)) for value in range(256)])
