"""Picture files opened, and what their headers say."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from PIL import Image

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.imaging.decoder_words import plain_words
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
    MediaType.PSD: "PSD",
}
PAGED = {MediaType.TIFF, MediaType.GIF}
"""Types whose frames are pages; of any other moving picture the first frame is the page."""

_ORIENTATION_TAG = 274
_MAKE_TAG = 271
_BITS_PER_SAMPLE_TAG = 258
_PHOTOMETRIC_TAG = 262
_WHITE_IS_ZERO = 0
_PLANAR_TAG, _APART = 284, 2
_COLOUR_MAP_TAG = 320
_INKS = 5
_EXTRA_SAMPLES_TAG, _UNNAMED = 338, 0
_SAMPLE_FORMAT_TAG, _UNSIGNED, _SIGNED = 339, 1, 2
_SENSIBLE_DPI = (10, 10_000)
_SQUARE_WITHIN = 0.02
"""How far the two resolutions may differ before the pixels count as not square."""
_GREATEST_STRETCH = 8
_SENSOR_ASPECTS = (4 / 3, 3 / 2, 16 / 9)


@dataclass(frozen=True, slots=True)
class Header:
    """What a frame's header says of its picture."""

    dpi: tuple[float, float] | None
    """Pixels per inch across and down, as stored; None where the file does not say, or nothing sensible."""
    pixel_aspect: float
    """How many times taller than broad a pixel is shown; 1 for square ones."""
    orientation: int
    """As EXIF counts, 1 for upright."""
    bits: int
    """Bits per sample."""
    white_is_zero: bool
    signed: bool | None
    """Whether samples are whole numbers with a sign; None where they are none."""
    is_moving: bool
    """Whether it is an animation of which one frame is the page."""


def open_image(content: bytes, media_type: MediaType) -> Image.Image:
    """An image file opened, its header read, its pixels not decoded.

    Raises:
        RejectedInput: it is not what its first bytes claim, or claims absurdly many pixels.
    """
    if media_type in (MediaType.HEIC, MediaType.HEIF):
        _register_heif()
    with decoding(media_type):
        return Image.open(io.BytesIO(content), formats=[_PILLOW_FORMATS[media_type]])


def header_of(image: Image.Image, content: bytes, media_type: MediaType) -> Header:
    """What is said of the frame that an opened image stands at."""
    across, down = _densities(image)
    aspect = across / down
    return Header(
        dpi=_dpi(image),
        pixel_aspect=aspect if abs(aspect - 1) > _SQUARE_WITHIN and _is_sensible(aspect) else 1.0,
        orientation=_orientation(image, content, media_type),
        bits=_bits_per_sample(image, content, media_type),
        white_is_zero=media_type is MediaType.TIFF and _tag(image, _PHOTOMETRIC_TAG) == _WHITE_IS_ZERO,
        signed=_is_signed(image) if media_type is MediaType.TIFF else False,
        is_moving=media_type not in {*PAGED, MediaType.PSD}
        and getattr(image, "is_animated", False)
        and image.format != "MPO",
    )


def is_photograph(image: Image.Image) -> bool:
    """Whether a camera took a picture with lossy compression: it says so, or it has the shape of a sensor.

    A photograph has more pixels than it shows; a scan, a drawing or a screenshot has those that its writing needs.
    """
    if _exif(image).get(_MAKE_TAG):
        return True
    aspect = max(image.size) / min(image.size)
    return any(abs(aspect / sensor - 1) < 0.01 for sensor in _SENSOR_ASPECTS)


@contextmanager
def decoding(media_type: MediaType) -> Iterator[None]:
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
        raise RejectedInput(
            f"The {media_type.name} cannot be decoded: {plain_words(error)}.",
            "It is damaged or incomplete: export, scan or copy it again.",
        ) from error


def _exif(image: Image.Image) -> Image.Exif:
    """Its EXIF, empty when it cannot be read: damaged EXIF says nothing, and makes no picture unusable."""
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001
        return Image.Exif()


def _orientation(image: Image.Image, content: bytes, media_type: MediaType) -> int:
    if media_type is MediaType.PNG and not (b"eXIf" in content or b"Raw profile type exif" in content):
        return 1  # asking Pillow would decode the picture
    try:
        value = int(_exif(image).get(_ORIENTATION_TAG, 1))
    except (TypeError, ValueError):
        return 1
    return value if value in range(1, 9) else 1


def _bits_per_sample(image: Image.Image, content: bytes, media_type: MediaType) -> int:
    if media_type is MediaType.PNG:
        return content[24] if len(content) > 24 else 8
    if media_type is MediaType.TIFF:
        bits = _tag(image, _BITS_PER_SAMPLE_TAG) or 8
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    return 8


def _tag(image: Image.Image, number: int) -> int | tuple[int, ...] | None:
    value: int | tuple[int, ...] | None = image.tag_v2.get(number)  # type: ignore[attr-defined]
    return value


def _is_signed(image: Image.Image) -> bool | None:
    said = _tag(image, _SAMPLE_FORMAT_TAG) or _UNSIGNED
    return {_UNSIGNED: False, _SIGNED: True}.get(said[0] if isinstance(said, tuple) else said)


def require_known_layout(image: Image.Image, media_type: MediaType) -> None:
    """Raises RejectedInput: a TIFF has its colours one after the other with 16 bits each, which comes out as noise, or
    a fifth ink, which is left out."""
    if media_type is MediaType.TIFF and _tag(image, _PHOTOMETRIC_TAG) == _INKS:
        extra = _tag(image, _EXTRA_SAMPLES_TAG)
        if _UNNAMED in (extra if isinstance(extra, tuple) else (extra,)):
            raise RejectedInput(
                "The TIFF has an ink beside cyan, magenta, yellow and black, which is not decoded.",
                "Save it as RGB.",
            )
    if media_type is not MediaType.TIFF or _tag(image, _PLANAR_TAG) != _APART or len(image.getbands()) == 1:
        return
    if _bits_per_sample(image, b"", media_type) > 8:
        raise RejectedInput(
            "The TIFF has its colours apart and with more than 8 bits each, which is not decoded.",
            "Save it with 8 bits, or with its colours together (chunky).",
        )


def narrow_palette(image: Image.Image) -> list[int] | None:
    """The colours of a TIFF that counts them to 255 instead of 65,535, red, green, blue for each; else None.

    Such files are common, and by their format they are all black.
    """
    said = _tag(image, _COLOUR_MAP_TAG) if image.format == "TIFF" and image.mode == "P" else None
    if not isinstance(said, tuple) or len(said) % 3 or not 0 < max(said) < 256:
        return None
    count = len(said) // 3
    return [said[band * count + at] for at in range(count) for band in range(3)]


def _densities(image: Image.Image) -> tuple[float, float]:
    """Pixels across and down in some unit, (1, 1) where nothing sensible is said."""
    said = image.info.get("dpi") or image.info.get("aspect") or image.info.get("resolution")
    if said is None and image.info.get("jfif_unit") == 0:
        said = image.info.get("jfif_density")
    try:
        across, down = (float(value) for value in said or ())
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0, 1.0
    return (across, down) if across > 0 and down > 0 else (1.0, 1.0)


def _is_sensible(aspect: float) -> bool:
    return 1 / _GREATEST_STRETCH <= aspect <= _GREATEST_STRETCH


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    low, high = _SENSIBLE_DPI
    return (across, down) if low <= across <= high and low <= down <= high else None


@cache
def _register_heif() -> None:
    import pi_heif  # loads libheif, which few batches need

    pi_heif.register_heif_opener()
