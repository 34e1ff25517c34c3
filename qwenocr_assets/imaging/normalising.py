"""Pixels as the service wants them: upright, without transparency, in black and white, grey or RGB."""

from collections.abc import Iterator
from typing import cast

from PIL import Image, ImageChops

from qwenocr_assets.imaging.coordinates import IDENTITY, Affine, moving, scaling, then, unturning
from qwenocr_assets.imaging.encoding import encode
from qwenocr_assets.imaging.enhancing import enhance
from qwenocr_assets.imaging.page_image import Change, MadePage, Origin, PageImage, Tile, TiledPage
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.imaging.tiles import tile_boxes

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


def pages_of_pixels(
    image: Image.Image,
    number: int,
    *,
    origin: Origin,
    lossy: bool,
    recipe: Recipe,
    dpi: float | None = None,
    orientation: int = 1,
    renderer: str | None = None,
    changes: tuple[Change, ...] = (),
    to_original: Affine = IDENTITY,
) -> Iterator[MadePage]:
    """A page from decoded pixels: one image, or for a strip that is too long for the service its tiles.

    `orientation` is EXIF's, 1 for upright; `lossy` says that the pixels come from a lossy picture, so that JPEG
    loses nothing that was not lost before; `to_original` leads from the pixels given to the original.

    Raises:
        RejectedInput: the service takes no picture of this size.
    """
    limits = recipe.limits
    limits.require_usable(*image.size)
    to_original = then(unturning(orientation, *image.size), to_original)
    image, turned = upright(image, orientation)
    image, plained = plain(image)
    image, enhanced, moved = enhance(image, recipe.enhance)
    to_original = then(moved, to_original)
    changes = (*changes, *turned, *plained, *enhanced)
    boxes = tile_boxes(*image.size, limits.max_aspect)
    if len(boxes) > 1:
        yield TiledPage(number, *image.size, dpi, to_original, len(boxes))
    for index, box in enumerate(boxes, start=1):
        part = image if len(boxes) == 1 else image.crop(box)
        tile = None if len(boxes) == 1 else Tile(index, box[0], box[1])
        encoded = encode(part, lossy=lossy, limits=limits)
        back = scaling(part.width / encoded.width_px, part.height / encoded.height_px)
        yield PageImage(
            number,
            encoded.content,
            encoded.media_type,
            encoded.width_px,
            encoded.height_px,
            dpi * encoded.width_px / part.width if dpi else None,
            origin,
            renderer,
            (*changes, *encoded.changes),
            then(then(back, moving(box[0], box[1])), to_original),
            encoded.pixels_sha256,
            tile,
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


def is_blank(image: Image.Image) -> bool:
    """Whether a picture of mode L or RGB has but one colour."""
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(low == high for low, high in cast(tuple[tuple[float, float], ...], bands))


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
