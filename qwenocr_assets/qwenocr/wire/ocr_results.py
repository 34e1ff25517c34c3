"""`ocr_result` as the service's own tasks give it: lines with their places, and the layouts of a page.

`words_info` has corners (`location`) in the references, and none in the guide's newer sample; which unit
`qwen3.5-ocr` uses is shown nowhere. `layouts` is known from two programs alone (July 2026).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from qwenocr_assets.geometry import Quad
from qwenocr_assets.qwenocr.answers import BoxDoubt, Layout, Word
from qwenocr_assets.qwenocr.wire.box_lists import Item, place_in
from qwenocr_assets.qwenocr.wire.positions import given_rectangle
from qwenocr_assets.qwenocr.wire.rectangles import Placed, Rectangle, corners, placed, rectangle

POS_UNIT, UNKNOWN_UNIT = "pos_unit", "unknown"
"""What `page_bodies` writes beside a `pos` that is in pixels of the service's own drawing; the service has no such key.
"""

_SIDE_FOR_SIDE = 0.03
"""Share of the image by which the middles of `location` and rectangle may differ and still be in one unit."""


def native_words(results: Iterable[dict[str, Any]], size: tuple[int, int] | None) -> tuple[Word, ...]:
    """The lines of `words_info`, with corners in pixels of an image of `size` where their unit can be told.

    Corners that came are taken as pixels of the image, as the references say, unless they lie outside it.
    """
    lists = (result.get("words_info") for result in results)
    raws = [raw for found in lists if isinstance(found, list) for raw in found if isinstance(raw, dict)]
    given = [rectangle(raw.get("location"), is_centred=False) for raw in raws]
    turned = [_turned(raw) for raw in raws]
    cornered = _of_corners(given, size)
    if _are_pixels(given, turned, size):
        made = [_in_pixels(place) for place in turned]
    else:
        made = placed([p if g is None else None for p, g in zip(turned, given, strict=True)], size)
    where = [m if g is None else c for g, c, m in zip(given, cornered, made, strict=True)]
    return tuple(
        Word(
            text=str(raw.get("text") or ""),
            quad=quad,
            rotate_rect=given_rectangle(Item("", place)),
            least_score=_share(raw.get("least_score")),
            box_doubt=doubt,
        )
        for raw, place, (quad, doubt) in zip(raws, turned, where, strict=True)
    )


def _share(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


def layouts_of(results: Iterable[dict[str, Any]]) -> tuple[Layout, ...]:
    """The parts of `layouts`, in order."""
    lists = (result.get("layouts") for result in results)
    raws = [raw for found in lists if isinstance(found, list) for raw in found if isinstance(raw, dict)]
    return tuple(map(_layout, raws))


def _layout(raw: dict[str, Any]) -> Layout:
    page = raw.get("pageNum")
    place = rectangle(raw.get("pos"), is_centred=False)
    return Layout(
        page=page if isinstance(page, int) and not isinstance(page, bool) and page >= 0 else None,
        kind=str(raw.get("type") or ""),
        text=str(raw.get("text") or ""),
        markdown=str(raw.get("markdownContent") or ""),
        outline=None if place is None else place.outline(is_centred=False),
        unit_unknown=raw.get(POS_UNIT) == UNKNOWN_UNIT,
    )


def _turned(raw: dict[str, Any]) -> Rectangle | None:
    """The line's rectangle; else a place under another name than the references'."""
    if (place := rectangle(raw.get("rotate_rect"))) is not None:
        return place
    other = place_in({key: value for key, value in raw.items() if key not in ("rotate_rect", "location")})
    return other[1] if other is not None else None


def _of_corners(given: Sequence[Rectangle | None], size: tuple[int, int] | None) -> list[Placed]:
    quads = [None if place is None else Quad(*place.numbers) for place in given]
    if size is None or all(quad is None or _is_on(quad, size) for quad in quads):
        return [Placed(quad, None) for quad in quads]
    return placed(given, size)


def _is_on(quad: Quad, size: tuple[int, int]) -> bool:
    left, top, right, bottom = quad.box
    return left < size[0] and top < size[1] and right > 0 and bottom > 0


def _are_pixels(
    given: Sequence[Rectangle | None], turned: Sequence[Rectangle | None], size: tuple[int, int] | None
) -> bool:
    """Whether lines that have both corners and a rectangle show that rectangles are in the corners' pixels."""
    both = [(Quad(*g.numbers).box, t) for g, t in zip(given, turned, strict=True) if g and t]
    return any(
        abs(box.middle_x - place.numbers[0]) <= _SIDE_FOR_SIDE * (size[0] if size else place.numbers[0])
        and abs(box.middle_y - place.numbers[1]) <= _SIDE_FOR_SIDE * (size[1] if size else place.numbers[1])
        for box, place in both
        if len(place.numbers) == 5
    )


def _in_pixels(place: Rectangle | None) -> Placed:
    if place is None:
        return Placed(None, None)
    try:
        return Placed(corners(place.outline(is_centred=True), (1.0, 1.0)), BoxDoubt.FROM_RECTANGLE)
    except ValueError:  # beyond all numbers
        return Placed(None, BoxDoubt.UNIT_UNKNOWN)
