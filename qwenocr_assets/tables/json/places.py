"""Places beside the values of JSON that a model wrote: coordinates are no values of the page."""

from collections.abc import Collection, Mapping
from typing import Any

from qwenocr_assets.qwenocr.wire.box_lists import place_in
from qwenocr_assets.tables.json.text import Pairs

_VALUES = frozenset(("text", "value", "content", "word", "words", "label"))
"""Names of the value itself, beside its place."""
_DEEPEST = 60


def has_places(value: Any) -> bool:
    """Whether any object in it says where it stands."""
    return without_places(value) is not value


def without_places(value: Any, asked: Collection[str] = (), depth: int = 0) -> Any:
    """The same values without the coordinates beside them; itself where there are none.

    An object of a text and its place becomes the text. Keys that are `asked` for stay, whatever they hold.
    """
    if depth > _DEEPEST:
        return value
    if isinstance(value, list):
        inner = [without_places(one, asked, depth + 1) for one in value]
        return inner if any(a is not b for a, b in zip(inner, value, strict=True)) else value
    if not isinstance(value, dict) or isinstance(value, Pairs):
        return value
    found = place_in({key: one for key, one in value.items() if key not in asked})
    kept = {
        k: without_places(v, asked, depth + 1) for k, v in value.items() if found is None or k != found[0]
    }
    if found is None:
        return kept if any(kept[key] is not value[key] for key in value) else value
    texts = [one for key, one in kept.items() if str(key).casefold() in _VALUES and isinstance(one, str)]
    return texts[0] if len(kept) == 1 and texts else without_places(kept, asked, depth + 1)


def schema_keys(schema: Mapping[str, Any] | None) -> frozenset[str]:
    """All keys that a result schema asks for, at any depth."""
    found: set[str] = set()
    stack: list[Any] = [schema]
    while stack:
        inner = stack.pop()
        if isinstance(inner, Mapping):
            found.update(inner)
            stack.extend(inner.values())
        elif isinstance(inner, list):
            stack.extend(inner)
    return frozenset(found)
