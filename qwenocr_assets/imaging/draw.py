"""Pictures for people: boxes drawn over a page, small previews. All of them JPEG."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.geometry import Quad
from qwenocr_assets.imaging.encoding import scale, to_jpeg
from qwenocr_assets.imaging.normalising import plain
from qwenocr_assets.imaging.pictures.files import decoded
from qwenocr_assets.intake.media_types import HEAD_BYTES, sniff

_COLOURS = ((214, 39, 40), (31, 119, 180), (44, 160, 44), (148, 103, 189))
_FILL_OPACITY = 36
_JPEG_QUALITY = 80
_SMALL_QUALITY = 60
_SMALLEST_BYTES = 2_000
_GAP_PX = 8
_BACKGROUND = (240, 240, 240)


def draw_boxes(
    content: bytes,
    boxes: Sequence[Sequence[float]],
    *,
    labels: Sequence[str | None] = (),
    max_side_px: int = 1600,
) -> bytes:
    """The picture with boxes drawn over it as by `boxes_over`, as JPEG with sides of at most `max_side_px`.

    Raises:
        RejectedInput: the picture cannot be decoded.
        ValueError: a box has neither 4 nor 8 numbers.
    """
    return to_jpeg(boxes_over(content, boxes, labels=labels, max_side_px=max_side_px), _JPEG_QUALITY)


def boxes_over(
    content: bytes,
    boxes: Sequence[Sequence[float]],
    *,
    labels: Sequence[str | None] = (),
    max_side_px: int | None = None,
    font: Path | None = None,
) -> Image.Image:
    """The picture in RGB with boxes drawn over it; larger ones are scaled to `max_side_px`, boxes with them.

    Each box is a quad (x1, y1 … x4, y4, like `location` of an answer's lines: top left, top right, bottom right,
    bottom left; product guide, section Advanced recognition) or upright (left, top, right, bottom), in pixels of the
    picture given. `labels` stand at the boxes' first corners, as many as there are. The built-in font knows Latin
    letters only: without a TrueType `font`, a label in another script is left out.

    Raises:
        RejectedInput: the picture cannot be decoded.
        ValueError: a box has neither 4 nor 8 numbers.
        OSError: the font cannot be read.
    """
    image = _picture(content)
    image, factor = (image, 1.0) if max_side_px is None else _shrunk(image, max_side_px)
    canvas = ImageDraw.Draw(image, "RGBA")
    line_px = max(1, round(max(image.size) / 800))
    letters_px = max(10, max(image.size) / 110)
    letters = ImageFont.truetype(font, letters_px) if font else ImageFont.load_default(size=letters_px)
    for index, box in enumerate(boxes):
        colour = _COLOURS[index % len(_COLOURS)]
        corners = [(x * factor, y * factor) for x, y in Quad.of(box).corners]
        canvas.polygon(corners, fill=(*colour, _FILL_OPACITY))
        canvas.line([*corners, corners[0]], fill=colour, width=line_px)
        label = labels[index] if index < len(labels) else None
        if label and (font or label.isascii()):
            canvas.text(corners[0], label, fill=colour, font=letters, anchor="lb")
    return image


def preview(content: bytes, *, max_bytes: int = 30_000, max_side_px: int = 1000) -> bytes:
    """The picture as a JPEG small enough to lie in an event log.

    Raises:
        RejectedInput: the picture cannot be decoded.
    """
    image, _ = _shrunk(_picture(content), max_side_px)
    return _jpeg_within(image, max_bytes)


def shrunk_copy(content: bytes, *, max_side_px: int) -> bytes:
    """The picture as JPEG with sides of at most `max_side_px`.

    Raises:
        RejectedInput: the picture cannot be decoded.
    """
    return to_jpeg(_shrunk(_picture(content), max_side_px)[0], _JPEG_QUALITY)


def side_by_side(before: bytes, after: bytes, *, side_px: int = 1400) -> bytes:
    """Two pictures beside each other, each with sides of at most `side_px`, as one JPEG.

    Raises:
        RejectedInput: one of them cannot be decoded.
    """
    left, right = (_shrunk(_picture(content), side_px)[0] for content in (before, after))
    sheet = Image.new(
        "RGB",
        (left.width + right.width + 3 * _GAP_PX, max(left.height, right.height) + 2 * _GAP_PX),
        _BACKGROUND,
    )
    sheet.paste(left, (_GAP_PX, _GAP_PX))
    sheet.paste(right, (left.width + 2 * _GAP_PX, _GAP_PX))
    return to_jpeg(sheet, _JPEG_QUALITY)


def _picture(content: bytes) -> Image.Image:
    media_type = sniff(content[:HEAD_BYTES])
    if media_type is None:
        raise RejectedInput("The picture is of no type that can be drawn on.")
    image, _ = plain(decoded(content, media_type))
    return image.convert("RGB")


def _shrunk(image: Image.Image, max_side_px: int) -> tuple[Image.Image, float]:
    """The picture with sides of at most `max_side_px`, and the factor by which coordinates shrink."""
    factor = max_side_px / max(image.size)
    return (scale(image, factor)[0], factor) if factor < 1 else (image, 1.0)


def _jpeg_within(image: Image.Image, max_bytes: int) -> bytes:
    """The picture as JPEG of at most `max_bytes`, scaled down as far as that takes."""
    if max_bytes < _SMALLEST_BYTES:
        raise ValueError(f"No picture fits into {max_bytes} bytes; give at least {_SMALLEST_BYTES}.")
    content = to_jpeg(image, _SMALL_QUALITY)
    while len(content) > max_bytes:
        image, _ = scale(image, 0.95 * min(1.0, (max_bytes / len(content)) ** 0.5))
        content = to_jpeg(image, _SMALL_QUALITY)
    return content
