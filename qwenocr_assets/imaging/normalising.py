"""Pixels as the service wants them: upright, without transparency, in black and white, grey or RGB."""

from collections.abc import Iterator
from typing import cast

from PIL import Image, ImageChops

from qwenocr_assets.imaging.coordinates import IDENTITY, Affine, moving, scaling, then, unturning
from qwenocr_assets.imaging.encoding import encode, scale
from qwenocr_assets.imaging.enhancing import enhance
from qwenocr_assets.imaging.page_image import Change, MadePage, Origin, PageImage, Tile, TiledPage
from qwenocr_assets.imaging.pictures.depths import in_8_bits
from qwenocr_assets.imaging.pictures.grounds import flattened, has_transparency
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.imaging.tiles import tile_boxes

PLAIN_MODES = ("1", "L", "RGB")
_GREY_TOLERANCE = 10
"""Largest difference of two channels, of 255, that still counts as grey: compression leaves as much on a scan."""

_SAMPLES = 64
"""Pixels a side that are looked at first: writing shows in one of them nearly always."""
_SAME = 3
"""Levels, of 255, that an eye does not tell apart."""

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
    at_scale: float | None = None,
    file_dpi: tuple[float, float] | None = None,
) -> Iterator[MadePage]:
    """A page from decoded pixels: one image, or the tiles of a sheet that is too large or too long for one.

    `orientation` is EXIF's, 1 for upright; `lossy` says that the pixels come from a lossy picture, so that JPEG
    loses nothing that was not lost before; `to_original` leads from the pixels given to the original. `at_scale` is
    the scale at which a sheet larger than one look is cut up (`tiles.tiling_scale`), `file_dpi` what its file states.

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
    if at_scale is not None and at_scale < 1:
        full = image.size
        image, scaled = scale(image, at_scale)
        changes = (*changes, scaled)
        to_original = then(scaling(full[0] / image.width, full[1] / image.height), to_original)
        dpi = dpi * image.width / full[0] if dpi else None
    boxes = tile_boxes(image, limits, by_area=at_scale is not None)
    written = [len(boxes) == 1 or not is_blank(image.crop(box)) for box in boxes]
    if not any(written):
        written[0] = True  # one is asked about all the same, and found blank
    if len(boxes) > 1:
        yield TiledPage(
            number, *image.size, dpi, to_original, sum(written), len(boxes) - sum(written), file_dpi=file_dpi
        )
    for index, box in enumerate(boxes, start=1):
        part = image if len(boxes) == 1 else image.crop(box)
        if len(boxes) > 1 and not written[index - 1]:
            continue  # nothing is asked about an empty part
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
            file_dpi=file_dpi,
            is_blank=is_blank(part),
        )


def upright(image: Image.Image, orientation: int) -> tuple[Image.Image, tuple[Change, ...]]:
    """The picture turned as its EXIF orientation asks."""
    if orientation not in _UPRIGHT:
        return image, ()
    return image.transpose(_UPRIGHT[orientation]), ({"step": "upright", "exif_orientation": orientation},)


def plain(image: Image.Image) -> tuple[Image.Image, tuple[Change, ...]]:
    """The picture in mode 1, L or RGB; what is transparent gets a ground, more than 8 bits become 8."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        image, change = in_8_bits(image, 16 if mode.startswith("I;16") else 32)
        return image, (change,)
    if has_transparency(image):
        image, change = flattened(image)
        return image, (change,)
    if mode in PLAIN_MODES:
        return image, ()
    converted = image.convert("L" if mode == "P" and _has_grey_palette(image) else "RGB")
    return converted, ({"step": "convert", "from_mode": mode, "to_mode": converted.mode},)


def is_blank(image: Image.Image) -> bool:
    """Whether a picture has but one colour, as far as an eye can tell."""
    if image.mode == "P":
        image = image.convert("RGB")
    few = image.resize((_SAMPLES, _SAMPLES), Image.Resampling.NEAREST)
    return _is_even(few) and _is_even(image)


def _is_even(image: Image.Image) -> bool:
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(high - low <= _SAME for low, high in cast(tuple[tuple[float, float], ...], bands))


def is_grey(image: Image.Image, tolerance: int = _GREY_TOLERANCE) -> bool:
    """Whether an RGB picture has no colour."""
    red, green, blue = image.split()
    return all(
        _extrema(ImageChops.difference(a, b))[1] <= tolerance for a, b in ((red, green), (green, blue))
    )


def _extrema(band: Image.Image) -> tuple[float, float]:
    """Lowest and highest value of a picture with one band."""
    return cast(tuple[float, float], band.getextrema())


def _has_grey_palette(image: Image.Image) -> bool:
    palette = image.getpalette("RGB") or []
    return palette[0::3] == palette[1::3] == palette[2::3]
