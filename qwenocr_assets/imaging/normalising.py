"""Pixels as the service wants them: upright, without transparency, in black and white, grey or RGB."""

from typing import cast

from PIL import Image, ImageChops

from qwenocr_assets.imaging.encoding import encode
from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.page_image import Change, Origin, PageImage

PLAIN_MODES = ("1", "L", "RGB")
_GREY_TOLERANCE = 10
"""Largest difference of two channels, of 255, that still counts as grey: compression leaves as much on a scan."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each orientation of the EXIF standard."""


def page_of_pixels(
    image: Image.Image,
    number: int,
    *,
    origin: Origin,
    lossy: bool,
    limits: Limits,
    dpi: float | None = None,
    orientation: int = 1,
    renderer: str | None = None,
    changes: tuple[Change, ...] = (),
) -> PageImage:
    """A page image from decoded pixels.

    `orientation` is EXIF's, 1 for upright; `lossy` says that the pixels come from a lossy picture, so that JPEG
    loses nothing that was not lost before.

    Raises:
        RejectedInput: the service takes no picture of this size.
    """
    limits.require_usable(*image.size)
    image, turned = upright(image, orientation)
    image, plained = plain(image)
    before = image.width
    encoded = encode(image, lossy=lossy, limits=limits)
    return PageImage(
        number,
        encoded.content,
        encoded.media_type,
        encoded.width_px,
        encoded.height_px,
        dpi * encoded.width_px / before if dpi else None,
        origin,
        renderer,
        (*changes, *turned, *plained, *encoded.changes),
    )


def upright(image: Image.Image, orientation: int) -> tuple[Image.Image, tuple[Change, ...]]:
    """The picture turned as its EXIF orientation asks."""
    if orientation not in _UPRIGHT:
        return image, ()
    return image.transpose(_UPRIGHT[orientation]), ({"step": "upright", "exif_orientation": orientation},)


def plain(image: Image.Image) -> tuple[Image.Image, tuple[Change, ...]]:
    """The picture in mode 1, L or RGB; transparency becomes white, more than 8 bits become 8."""
    mode = image.mode
    if has_transparency(image):
        return _flattened(image), ({"step": "flatten", "background": "white", "from_mode": mode},)
    if mode in PLAIN_MODES:
        return image, ()
    if mode == "P":
        converted = image.convert("L" if _has_grey_palette(image) else "RGB")
    elif mode.startswith("I;16"):
        converted = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    elif mode in ("I", "F"):
        converted = _stretched(image)
    else:
        converted = image.convert("RGB")
    return converted, ({"step": "convert", "from_mode": mode, "to_mode": converted.mode},)


def has_transparency(image: Image.Image) -> bool:
    """Whether the picture has an alpha channel or a transparent colour."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def is_grey(image: Image.Image, tolerance: int = _GREY_TOLERANCE) -> bool:
    """Whether an RGB picture has no colour."""
    red, green, blue = image.split()
    return all(
        _extrema(ImageChops.difference(a, b))[1] <= tolerance for a, b in ((red, green), (green, blue))
    )


def _extrema(band: Image.Image) -> tuple[float, float]:
    """Lowest and highest value of a picture with one band."""
    return cast(tuple[float, float], band.getextrema())


def _flattened(image: Image.Image) -> Image.Image:
    grey = image.mode in ("L", "LA", "La", "1")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("L" if grey else "RGB")


def _has_grey_palette(image: Image.Image) -> bool:
    palette = image.getpalette("RGB") or []
    return palette[0::3] == palette[1::3] == palette[2::3]


def _stretched(image: Image.Image) -> Image.Image:
    """A picture of integers or floats of unknown range, its darkest value black and its brightest white."""
    low, high = _extrema(image)
    factor = 255 / ((high - low) or 1)
    return image.point(lambda value: value * factor + (-low * factor)).convert("L")
