"""Lists of lines with their places that a model wrote as JSON, whatever it was asked for."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from json_repair import repair_json

from qwenocr_assets.qwenocr.wire.rectangles import Rectangle, rectangle

_TEXTS = (
    "text",
    "content",
    "transcription",
    "word",
    "words",
    "line",
    "label",
    "value",
    "ocr_text",
    "rec_text",
)
_CENTRED = ("rotate_rect", "rotated_rect", "rotate_box", "rotaterect", "rbox")
_CORNERED = ("bbox", "bbox_2d", "box_2d", "bounding_box", "boundingbox")
_PLACES = (
    *_CENTRED, *_CORNERED,
    "location", "box", "rect", "rectangle", "position", "pos", "points", "polygon", "poly", "quad", "coordinates",
    "coords",
)  # fmt: skip
"""Names under which places came, or come in other recognisers' answers."""

_BEGIN = re.compile(
    r"\A\s*(?:```[a-z]{0,12}\s*)?(?=[\[{])|```(?:json)?\s*(?=[\[{])|^\s*(?=[\[{])",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_DEEPEST = 4
"""Lists and names around a line."""
_LONGEST_INTRODUCTION = 400
_A_PLACE = re.compile(r"rect|box|loc|pos|poly|point|quad|coord|\[\s*-?\d", re.IGNORECASE)


class Item(NamedTuple):
    """One line; the text is empty where only its place came."""

    text: str
    place: Rectangle | None
    has_place: bool = False
    """Whether it names a place, be it one that cannot be read."""


def box_list(text: str) -> list[Item] | None:
    """The lines of an answer that is a JSON list of lines with places, fenced, wrapped or cut off; None for others.

    Of one that is cut off, the line it breaks off in is dropped: half a line is a wrong line.
    """
    source = json_source(text)
    return items_of(_json(source)) if source is not None and _A_PLACE.search(source) else None


def json_source(text: str) -> str | None:
    """A text from its JSON's first bracket on, behind a fence or a few words; None for a text that is no JSON."""
    begin = _BEGIN.search(text, 0, _LONGEST_INTRODUCTION)
    return None if begin is None else text[begin.end() :]


def items_of(value: Any) -> list[Item] | None:
    """The lines in a JSON value that is nothing but lines with places; None for any other value."""
    found = list(_items(value, 0))
    items = [item for item in found if item is not None]
    return items if len(items) == len(found) and any(item.has_place for item in items) else None


def lines_alone(value: Any) -> list[Item] | None:
    """As `items_of`, where every line has its place."""
    items = items_of(value)
    return items if items and all(item.has_place for item in items) else None


def place_in(pairs: dict[str, Any]) -> tuple[str, Rectangle | None] | None:
    """The name and the place of an object that says where it stands, be it one that cannot be read; None for others."""
    for key, value in pairs.items():
        name = str(key).casefold()
        if name in _PLACES and ((place := _place(name, value)) is not None or _are_numbers(value, 0)):
            return key, place
    return None


def _are_numbers(value: Any, depth: int) -> bool:
    """Whether a value is a list with nothing but numbers in it, or lists of them."""
    if not isinstance(value, list) or not value or depth > _DEEPEST:
        return False
    return all(_are_numbers(inner, depth + 1) or isinstance(inner, int | float) for inner in value)


def _place(name: str, value: Any) -> Rectangle | None:
    """Four numbers beside a name of rotated rectangles may be either; beside others they are corners if they can be."""
    if name in _CENTRED:
        return rectangle(value)
    return rectangle(value, is_centred=False) or (None if name in _CORNERED else rectangle(value))


def _json(source: str) -> Any:
    body = source.rstrip().removesuffix("```").rstrip()
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    ends_whole = body.endswith('"') and len(_QUOTE.findall(body)) % 2 == 0
    end = len(body) if ends_whole else body.rfind("}") + 1 or body.rfind("]") + 1
    try:
        return repair_json(body[:end], return_objects=True, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None


def _items(value: Any, depth: int) -> Iterator[Item | None]:
    """The lines below a value; None among them for what is no line."""
    if depth > _DEEPEST:
        yield None
    elif isinstance(value, list):
        item = _pair(value)
        if item is None and depth and (place := rectangle(value)) is not None:
            item = Item("", place, True)
        if item is not None:
            yield item
            return
        for inner in value:
            yield from _items(inner, depth + 1) if isinstance(inner, list | dict) else (None,)
    elif isinstance(value, dict):
        if (item := _line(value)) is not None:
            yield item
            return
        inside = [inner for inner in value.values() if isinstance(inner, list | dict) and inner]
        yield from (Item(inner, None) for inner in value.values() if isinstance(inner, str) and inner)
        yield from _items(inside[0], depth + 1) if len(inside) == 1 else (None,)
    else:
        yield None


def _line(pairs: dict[str, Any]) -> Item | None:
    """An object with a place and at most one text, beside numbers such as a score."""
    found = place_in(pairs)
    if found is None and len(pairs) == 1:
        return next(
            (Item(v, None) for k, v in pairs.items() if str(k).casefold() in _TEXTS and isinstance(v, str)),
            None,
        )
    if found is None:
        named = [
            key for key, inner in pairs.items() if isinstance(inner, list) and rectangle(inner) is not None
        ]
        if len(pairs) != 2 or len(named) != 1:
            return None
        found = named[0], rectangle(pairs[named[0]])
    rest = {str(key).casefold(): inner for key, inner in pairs.items() if key != found[0]}
    texts = {key: inner for key, inner in rest.items() if isinstance(inner, str)}
    text = next((texts[name] for name in _TEXTS if name in texts), None)
    if text is None and len(texts) > 1:
        return None
    if any(
        isinstance(inner, dict) or (isinstance(inner, list) and rectangle(inner) is None)
        for inner in rest.values()
    ):
        return None
    return Item(text if text is not None else next(iter(texts.values()), ""), found[1], True)


def _pair(values: list[Any]) -> Item | None:
    """A place and its text as a list, the text maybe in one with its score."""
    if len(values) not in (2, 3):
        return None
    places = [
        place for value in values if isinstance(value, list) and (place := rectangle(value)) is not None
    ]
    texts = [value for value in values if isinstance(value, str)]
    texts += [
        value[0]
        for value in values
        if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str)
    ]
    return Item(texts[0], places[0], True) if len(places) == 1 and len(texts) == 1 else None
