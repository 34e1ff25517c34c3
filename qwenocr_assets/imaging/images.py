"""Image files into pages: untouched where the service takes them as they are, else converted."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.coordinates import IDENTITY, Affine, scaling, then, unturning
from qwenocr_assets.imaging.limits import Limits
from qwenocr_assets.imaging.normalising import PLAIN_MODES, has_transparency, pages_of_pixels
from qwenocr_assets.imaging.page_image import Change, MadePage, Origin, Page, PageImage, RejectedPage
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType

_PILLOW_FORMATS = {
    MediaType.PNG: "PNG",
    MediaType.JPEG: "JPEG",
    MediaType.TIFF: "TIFF",
    MediaType.WEBP: "WEBP",
    MediaType.BMP: "BMP",
    MediaType.GIF: "GIF",
    MediaType.HEIC: "HEIF",
    MediaType.HEIF: "HEIF",
    MediaType.AVIF: "AVIF",
}
_PAGED = {MediaType.TIFF, MediaType.GIF}
"""Types whose frames are pages; of any other moving picture the first frame is the page."""
_LOSSY = {MediaType.JPEG, MediaType.WEBP, MediaType.HEIC, MediaType.HEIF, MediaType.AVIF}

_ORIENTATION_TAG = 274
_SUBFILE_TYPE_TAG = 254
_BITS_PER_SAMPLE_TAG = 258
_NOT_A_PAGE = 0b101
"""Bits of a TIFF's subfile type: a reduced copy of another frame, or a mask."""


def count_images(content: bytes, media_type: MediaType, limits: Limits) -> int:
    """Number of pages in an image file.

    Raises:
        RejectedInput: it cannot be opened, or the service takes no picture of its size.
    """
    image = open_image(content, media_type)
    pages = _page_frames(image, media_type, limits)
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
    image = open_image(content, media_type)
    frames = _page_frames(image, media_type, recipe.limits)
    if len(frames) == 1:
        yield from pages_of_image(content, media_type, 1, recipe)
        return
    for number, frame in enumerate(frames[first - 1 : last], start=first):
        try:
            yield from _pages_of_frame(image, frame, number, recipe)
        except RejectedInput as reason:
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
) -> Iterator[MadePage]:
    """The page of a file with one picture: the file's own bytes if the service takes them.

    `as_is` and `changed` name the page's origin in either case; `dpi` overrides what the file says; `to_original`
    leads from the file's pixels to the original.

    Raises:
        RejectedInput: it cannot be decoded, or the service takes no picture of its size.
    """
    limits = recipe.limits
    image = open_image(content, media_type)
    limits.require_usable(*image.size)
    dpi = dpi or _dpi(image)
    orientation = _orientation(image, content, media_type)
    moving = media_type not in _PAGED and getattr(image, "is_animated", False) and image.format != "MPO"
    deep = _bits_per_sample(image, content, media_type) > 8
    if (
        limits.takes(media_type, *image.size, len(content))
        and not recipe.enhance
        and orientation == 1
        and image.mode in (*PLAIN_MODES, "P")
        and not (has_transparency(image) or moving or deep)
        and _is_whole(image, content, media_type)
    ):
        yield PageImage(number, content, media_type, *image.size, dpi, as_is, to_original=to_original)
        return
    changes: list[Change] = []
    if moving:
        changes.append({"step": "first_frame", "of": image.n_frames})  # type: ignore[attr-defined]
    if deep and image.mode in PLAIN_MODES:
        changes.append({"step": "depth", "to_bits": 8})
    with _decoding(media_type):
        if media_type is MediaType.JPEG and image.width * image.height > limits.max_px:
            full = image.size
            _decode_reduced(image, limits)
            limits = replace(limits, max_px=min(limits.useful_px, limits.max_px))  # the rest is scaled
            if image.size != full:
                changes.append({"step": "scale", "from_px": list(full), "to_px": list(image.size)})
                dpi = dpi * image.width / full[0] if dpi else None
                to_original = then(scaling(full[0] / image.width, full[1] / image.height), to_original)
        stored = image.size
        image.load()
    if media_type is MediaType.TIFF and orientation != 1:  # Pillow turns these by itself
        changes.append({"step": "upright", "exif_orientation": orientation})
        to_original = then(_unturning_tiff(orientation, stored), to_original)
        orientation = 1
    with _decoding(media_type):
        yield from pages_of_pixels(
            image,
            number,
            origin=changed,
            lossy=media_type in _LOSSY,
            recipe=replace(recipe, limits=limits),
            dpi=dpi,
            orientation=orientation,
            changes=tuple(changes),
            to_original=to_original,
        )


def open_image(content: bytes, media_type: MediaType) -> Image.Image:
    """An image file opened, its header read, its pixels not decoded.

    Raises:
        RejectedInput: it is not what its first bytes claim, or claims absurdly many pixels.
    """
    if media_type in (MediaType.HEIC, MediaType.HEIF):
        _register_heif()
    with _decoding(media_type):
        return Image.open(io.BytesIO(content), formats=[_PILLOW_FORMATS[media_type]])


def decoded(content: bytes, media_type: MediaType) -> Image.Image:
    """An image file's (first) picture, decoded.

    Raises:
        RejectedInput: it cannot be decoded.
    """
    image = open_image(content, media_type)
    with _decoding(media_type):
        image.load()
    return image


def _pages_of_frame(image: Image.Image, frame: int, number: int, recipe: Recipe) -> Iterator[MadePage]:
    media_type = MediaType.TIFF if image.format == "TIFF" else MediaType.GIF
    with _decoding(media_type):
        image.seek(frame)
        recipe.limits.require_usable(*image.size)
        dpi = _dpi(image)
        image.load()
        picture: Change = {"step": "frame", "index": frame}
        yield from pages_of_pixels(
            image.copy(), number, origin="converted", lossy=False, recipe=recipe, dpi=dpi, changes=(picture,)
        )


def _unturning_tiff(orientation: int, size: tuple[int, int]) -> Affine:
    """From a TIFF's picture to the stored one; Pillow turns it upright, and tells the size that it has then."""
    width, height = size
    return unturning(orientation, *((height, width) if orientation >= 5 else (width, height)))


def _page_frames(image: Image.Image, media_type: MediaType, limits: Limits) -> list[int]:
    """Indices of the frames that are pages."""
    if media_type not in _PAGED:
        return [0]
    with _decoding(media_type):
        frames = list(range(getattr(image, "n_frames", 1)))
        limits.require_pages(len(frames))
        if media_type is MediaType.TIFF and len(frames) > 1:
            frames = [frame for frame in frames if not _subfile_type(image, frame) & _NOT_A_PAGE] or [0]
        image.seek(0)
    return frames


def _subfile_type(image: Image.Image, frame: int) -> int:
    image.seek(frame)
    return int(image.tag_v2.get(_SUBFILE_TYPE_TAG, 0))  # type: ignore[attr-defined]


def _orientation(image: Image.Image, content: bytes, media_type: MediaType) -> int:
    """EXIF orientation, 1 when there is none or it cannot be read."""
    if media_type is MediaType.PNG and not (b"eXIf" in content or b"Raw profile type exif" in content):
        return 1  # asking Pillow would decode the picture
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
        return int(value) if int(value) in range(1, 9) else 1
    except Exception:  # noqa: BLE001  damaged EXIF says nothing, and makes no picture unusable
        return 1


def _bits_per_sample(image: Image.Image, content: bytes, media_type: MediaType) -> int:
    if media_type is MediaType.PNG:
        return content[24] if len(content) > 24 else 8
    if media_type is MediaType.TIFF:
        bits = image.tag_v2.get(_BITS_PER_SAMPLE_TAG, (8,))  # type: ignore[attr-defined]
        return max(bits) if isinstance(bits, tuple) else int(bits)
    return 8


def _dpi(image: Image.Image) -> float | None:
    """The resolution that the file states, if it is a sensible one."""
    try:
        dpi = float(image.info["dpi"][0])
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return dpi if 10 <= dpi <= 10_000 else None


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
    with _decoding(media_type):
        image.load()
    return True


def _decode_reduced(image: Image.Image, limits: Limits) -> None:
    """Let a JPEG be decoded at the smallest half, quarter or eighth that is enough."""
    factor = limits.shrinking_factor(*image.size)
    image.draft(None, (round(image.width * factor), round(image.height * factor)))


@contextmanager
def _decoding(media_type: MediaType) -> Iterator[None]:
    """Turn whatever a decoder raises into `RejectedInput`: on damaged bytes they raise nearly anything."""
    try:
        yield
    except RejectedInput:
        raise
    except MemoryError:
        raise  # said by the worker, which knows its bound
    except Image.DecompressionBombError as error:
        raise RejectedInput("The picture claims more pixels than are decoded.", "Scale it down.") from error
    except Exception as error:
        said = str(error).rstrip(".") or type(error).__name__
        raise RejectedInput(
            f"The {media_type.name} cannot be decoded: {said}.",
            "It is damaged or incomplete: export, scan or copy it again.",
        ) from error


@cache
def _register_heif() -> None:
    import pillow_heif  # loads libheif, which few batches need

    pillow_heif.register_heif_opener()
