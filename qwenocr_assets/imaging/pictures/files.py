"""Image files into pages: untouched where the service takes them as they are, else converted."""

from collections.abc import Iterator
from dataclasses import replace

from PIL import Image, ImageChops

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.coordinates import IDENTITY, Affine, scaling, then, unturning
from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.normalising import PLAIN_MODES, is_blank, pages_of_pixels
from qwenocr_assets.imaging.page_image import Change, MadePage, Origin, Page, PageImage, RejectedPage
from qwenocr_assets.imaging.pictures.depths import in_8_bits
from qwenocr_assets.imaging.pictures.frames import opened_at_pages
from qwenocr_assets.imaging.pictures.grounds import has_transparency
from qwenocr_assets.imaging.pictures.headers import (
    PAGED,
    Header,
    decoding,
    header_of,
    is_photograph,
    narrow_palette,
    open_image,
    require_known_layout,
)
from qwenocr_assets.imaging.pictures.whole import require_all_there
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.imaging.tiles import is_read_at, states_resolution, tiling_scale
from qwenocr_assets.intake.media_types import MediaType

_HEADERS_BYTES = 4096
_SAMPLES = 64
_LOSSY = {MediaType.JPEG, MediaType.WEBP, MediaType.HEIC, MediaType.HEIF, MediaType.AVIF}


def count_images(content: bytes, media_type: MediaType, limits: Limits) -> int:
    """Number of pages in an image file.

    Raises:
        RejectedInput: it cannot be opened, or the service takes no picture of its size.
    """
    _, image, pages = opened_at_pages(content, media_type, limits)
    if len(pages) == 1:
        limits.require_usable(*image.size)
    return len(pages)


def image_pages(
    content: bytes, media_type: MediaType, recipe: Recipe, first: int = 1, last: int | None = None
) -> Iterator[Page]:
    """Pages `first` to `last` of an image file, one after the other.

    Raises:
        RejectedInput: it cannot be opened, or its only picture cannot be used.
    """
    if media_type not in PAGED:
        yield from pages_of_image(content, media_type, 1, recipe)
        return
    whole, image, frames = opened_at_pages(content, media_type, recipe.limits)
    if whole is content and image.n_frames == 1:  # type: ignore[attr-defined]
        yield from pages_of_image(content, media_type, 1, recipe, opened=image)
        return
    for number, frame in enumerate(frames[first - 1 : last], start=first):
        try:
            with decoding(media_type):
                image.seek(frame)
                require_all_there(image, whole, media_type)
            picture: Change = {"step": "frame", "index": frame}
            yield from _converted(image, whole, media_type, number, recipe, changes=[picture])
        except RejectedInput as reason:
            if len(frames) == 1:
                raise
            yield RejectedPage(number, reason)


def pages_of_image(
    content: bytes,
    media_type: MediaType,
    number: int,
    recipe: Recipe,
    *,
    as_is: Origin = "untouched",
    changed: Origin = "converted",
    dpi: float | None = None,
    to_original: Affine = IDENTITY,
    opened: Image.Image | None = None,
) -> Iterator[MadePage]:
    """The page of a file with one picture: the file's own bytes if the service takes them.

    `as_is` and `changed` name the page's origin in either case; `dpi` overrides what the file says; `to_original`
    leads from the file's pixels to the original; `opened` is the file opened already.

    Raises:
        RejectedInput: it cannot be decoded, or the service takes no picture of its size.
    """
    image = opened or open_image(content, media_type)
    recipe.limits.require_usable(*image.size)
    with decoding(media_type):
        require_all_there(image, content, media_type)
    header = header_of(image, content, media_type)
    if dpi is not None:
        header = replace(header, dpi=(dpi, dpi), pixel_aspect=1.0)
    if (
        recipe.limits.takes(media_type, *image.size, len(content))
        and not recipe.enhance
        and header.orientation == 1
        and header.pixel_aspect == 1
        and image.mode in (*PLAIN_MODES, "P")
        and not (has_transparency(image) or header.is_moving or header.bits > 8)
        and not (header.signed and header.bits == 8)
        and narrow_palette(image) is None
        and _sheet_scale(image, content, header, media_type, recipe) is None
        and _is_whole(image, content, media_type)
    ):
        yield PageImage(
            number,
            content,
            media_type,
            *image.size,
            header.dpi[0] if header.dpi else None,
            as_is,
            to_original=to_original,
            file_dpi=header.dpi,
            is_blank=_is_blank(image, content, media_type),
        )
        return
    yield from _converted(
        image, content, media_type, number, recipe, header=header, origin=changed, to_original=to_original
    )


def decoded(content: bytes, media_type: MediaType) -> Image.Image:
    """An image file's (first) picture, decoded.

    Raises:
        RejectedInput: it cannot be decoded.
    """
    image = open_image(content, media_type)
    with decoding(media_type):
        image.load()
    return image


def _converted(
    image: Image.Image,
    content: bytes,
    media_type: MediaType,
    number: int,
    recipe: Recipe,
    *,
    header: Header | None = None,
    origin: Origin = "converted",
    changes: list[Change] | None = None,
    to_original: Affine = IDENTITY,
) -> Iterator[MadePage]:
    """The page that an opened image stands at, as pixels."""
    changes = changes or []
    header = header or header_of(image, content, media_type)
    limits, stored = recipe.limits, image.size
    limits.require_usable(*stored)
    at_scale = _sheet_scale(image, content, header, media_type, recipe)
    dpi, orientation, aspect = header.dpi and header.dpi[0], header.orientation, header.pixel_aspect
    if header.is_moving:
        changes.append({"step": "first_frame", "of": image.n_frames})  # type: ignore[attr-defined]
    with decoding(media_type):
        if media_type is MediaType.JPEG and at_scale is None and image.width * image.height > limits.max_px:
            _decode_reduced(image, limits)
            limits = replace(limits, max_px=min(limits.useful_px, limits.max_px))  # the rest is scaled
            if image.size != stored:
                shrunk = image.width / stored[0]
                changes.append({"step": "scale", "from_px": list(stored), "to_px": list(image.size)})
                dpi = dpi * shrunk if dpi else None
                to_original = then(scaling(stored[0] / image.width, stored[1] / image.height), to_original)
        stored = image.size
        image.load()
        pixels = image if len(changes) == 0 or changes[0]["step"] != "frame" else image.copy()
        if media_type is MediaType.JPEG and image.mode == "CMYK":
            pixels = _inked(pixels)
        require_known_layout(image, media_type)
        if (colours := narrow_palette(image)) is not None:
            pixels = image.copy()
            pixels.putpalette(colours)
        if header.bits > 8 or (header.signed and header.bits == 8):
            pixels, deepened = in_8_bits(
                pixels, header.bits, white_is_zero=header.white_is_zero, signed=header.signed
            )
            changes.append(deepened)
    if media_type is MediaType.TIFF and orientation != 1:  # Pillow turns these by itself
        changes.append({"step": "upright", "exif_orientation": orientation})
        to_original = then(_unturning_tiff(orientation, stored), to_original)
        aspect = 1 / aspect if orientation >= 5 else aspect
        orientation = 1
    if aspect != 1:
        pixels, squared, to_stored = _squared(pixels, aspect)
        changes.append(squared)
        to_original = then(to_stored, to_original)
        dpi = max(header.dpi) if header.dpi else None
    with decoding(media_type):
        yield from pages_of_pixels(
            pixels,
            number,
            origin=origin,
            lossy=media_type in _LOSSY,
            recipe=replace(recipe, limits=limits),
            dpi=dpi,
            orientation=orientation,
            changes=tuple(changes),
            to_original=to_original,
            at_scale=at_scale,
            file_dpi=header.dpi,
        )


def _squared(image: Image.Image, aspect: float) -> tuple[Image.Image, Change, Affine]:
    """A picture whose pixels are `aspect` times taller than broad, as one of square pixels; nothing is made smaller."""
    size = (round(image.width / min(aspect, 1.0)), round(image.height * max(aspect, 1.0)))
    square = (image.convert("L") if image.mode == "1" else image).resize(size, Image.Resampling.BICUBIC)
    change: Change = {"step": "square_pixels", "from_px": list(image.size), "to_px": list(size)}
    return square, change, scaling(image.width / size[0], image.height / size[1])


def _sheet_scale(
    image: Image.Image, content: bytes, header: Header, media_type: MediaType, recipe: Recipe
) -> float | None:
    """The scale at which the picture is read in tiles; None where one look is enough."""
    one_look = recipe.limits.shrinking_factor(*image.size)
    if one_look == 1 or (media_type in _LOSSY and is_photograph(image)):
        return None
    dpi = header.dpi and min(header.dpi)
    scale = tiling_scale(*image.size, dpi, recipe.dpi, recipe.limits)
    if scale is None or states_resolution(dpi):
        return scale
    return None if is_read_at(_grey(image, content, media_type), one_look) else scale


def _grey(image: Image.Image, content: bytes, media_type: MediaType) -> Image.Image:
    """An opened picture in mode L; a JPEG stays undecoded, to be decoded smaller later on."""
    with decoding(media_type):
        if media_type is not MediaType.JPEG:
            return image.convert("L")
        with open_image(content, media_type) as probe:
            probe.draft("L", probe.size)
            return probe.convert("L")


def _inked(image: Image.Image) -> Image.Image:
    """A JPEG's inks. Pillow takes them for inverted, as Adobe writes them; without Adobe's mark they are not.

    Some writers set the mark and invert nothing, or the other way round: what is one colour is taken the other way.
    """
    if "adobe" not in image.info:
        image = ImageChops.invert(image)
    few = image.resize((_SAMPLES, _SAMPLES), Image.Resampling.NEAREST)
    vanished = is_blank(few.convert("RGB")) and is_blank(image.convert("RGB"))
    return ImageChops.invert(image) if vanished else image


def _unturning_tiff(orientation: int, size: tuple[int, int]) -> Affine:
    """From a TIFF's picture to the stored one; Pillow turns it upright, and tells the size that it has then."""
    width, height = size
    return unturning(orientation, *((height, width) if orientation >= 5 else (width, height)))


def _is_whole(image: Image.Image, content: bytes, media_type: MediaType) -> bool:
    """Whether the file reaches its end; cheaply where the format allows, else by decoding it.

    Raises:
        RejectedInput: it breaks off.
    """
    match media_type:
        case MediaType.JPEG if b"\xff\xd9" in content[-32:]:
            return True
        case MediaType.PNG if b"IEND" in content[-32:]:
            return True
        case MediaType.WEBP if int.from_bytes(content[4:8], "little") + 8 <= len(content):
            return True
    with decoding(media_type):
        image.load()
    return True


def _is_blank(image: Image.Image, content: bytes, media_type: MediaType) -> bool:
    """Whether a picture has but one colour.

    Raises:
        RejectedInput: it had to be decoded to know, and is damaged.
    """
    with decoding(media_type):
        return _packs_like_one_colour(image, content, media_type) and is_blank(image)


def _packs_like_one_colour(image: Image.Image, content: bytes, media_type: MediaType) -> bool:
    """Whether a picture may be of one colour, by its bytes: most need not be decoded to know that they are not."""
    pixels = image.width * image.height
    match media_type:
        case MediaType.PNG:
            return len(content) <= _HEADERS_BYTES + pixels * len(image.getbands()) / (
                800 if image.mode == "1" else 100
            )
        case MediaType.JPEG | MediaType.WEBP:
            return len(content) <= _HEADERS_BYTES + pixels / 25
    return True  # decoded already


def _decode_reduced(image: Image.Image, limits: Limits) -> None:
    """Let a JPEG be decoded at the smallest half, quarter or eighth that is enough."""
    factor = limits.shrinking_factor(*image.size)
    image.draft(None, (round(image.width * factor), round(image.height * factor)))
