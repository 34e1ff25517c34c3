"""The leaves of nested JSON with their paths, compared with the schema that asked for them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from qwenocr_assets.schemas import value_path
from qwenocr_assets.tables.answer_text import storable
from qwenocr_assets.tables.json.text import Pairs

EXPECTED, MISSING, SURPLUS = "expected", "missing", "surplus"
"""Whether a key is in the schema and in the answer; see `leaves`."""


class Leaf(NamedTuple):
    """A value of nested JSON that holds no other value."""

    path: str
    key: str
    parent_path: str | None
    list_index: int | None
    value: Any
    presence: str | None = None
    """expected, missing or surplus; None where no schema was given."""
    hint: str = ""
    """What the schema says beside the key, such as YYYY-MM-DD."""


def leaves(source: Any, schema: Mapping[str, Any] | None = None) -> Iterator[Leaf]:
    """The leaves of nested JSON, in order, each with a path no other leaf has.

    Paths are like `items[2].price`. A key that could be mistaken for part of the path (with a dot, a bracket, a
    quote or a # in it, or empty) stands in brackets as a JSON string: `items[2]["No."]`. Of a key that an object
    has more than once (`Pairs`), the second leaf's path is `total#2`. A single value outside any object or list has
    no key and gives no leaf.

    With a result schema (product guide, section Key information extraction), each leaf is `expected` or `surplus`, and
    each key of the schema that the answer lacks gives a leaf of its own without a value, `missing`: a key inside a
    list once for every element, or for the list itself when it is not there at all. Where the schema has an object and
    the answer a list of objects, as of a page with several receipts, each of these is held against the schema. A key
    around all of it that the schema does not know (`{"invoices": [{…}, {…}], "count": 2}`) is no part of the paths;
    what stands beside it is surplus. Where the schema has a single value and the answer an object with one
    (`{"value": "12.50", "confidence": 0.9}`) or a list of one, that is the value; where it has several they are surplus
    and the single one is missing.
    """
    beside, source = _unwrapped(source, schema)
    if beside and isinstance(source, dict | Pairs):
        beside, source = [], Pairs([*beside, *_pairs(source)])
    if isinstance(source, dict | list | Pairs):
        yield from _inside(Leaf("", "", None, None, source), schema)
    yield from _leaves_below(Leaf("", "", None, None, Pairs(beside)), SURPLUS)


def _unwrapped(source: Any, schema: Any) -> tuple[list[tuple[str, Any]], Any]:
    """What the schema asked for, where the model put names of its own around it, behind what else stood there.

    A wrapper is an object with no key of the schema and one value that has some: `{"invoices": [{…}], "count": 2}`.
    """
    beside: list[tuple[str, Any]] = []
    inner = source
    while isinstance(schema, Mapping) and isinstance(inner, dict | Pairs):
        pairs = list(_pairs(inner))
        if any(str(key) in schema for key, _ in pairs):
            break
        inside = [pair for pair in pairs if isinstance(pair[1], dict | list | Pairs) and pair[1]]
        asked = [pair for pair in inside if _is_asked_for(pair[1], schema)]
        wrapped = asked or inside
        if len(wrapped) != 1:
            break
        beside += [pair for pair in pairs if pair is not wrapped[0]]
        inner = wrapped[0][1]
        if asked:
            return beside, inner
    return [], source


def _is_asked_for(value: Any, schema: Mapping[str, Any]) -> bool:
    objects = value if is_records(value) else [value]
    return any(
        str(name) in schema for one in objects if isinstance(one, dict | Pairs) for name, _ in _pairs(one)
    )


def _inside(node: Leaf, schema: Any) -> Iterator[Leaf]:
    """The leaves below a node; as deep as the schema goes by recursion."""
    if schema is None:
        yield from _leaves_below(node, None)
        return
    if not isinstance(schema, Mapping | list):
        yield from _single(node._replace(hint=str(schema or "")))
        return
    value = node.value
    if isinstance(schema, list):
        wanted = schema[0] if schema else ""
        if isinstance(wanted, Mapping) and isinstance(value, dict | Pairs) and _has_any(value, wanted):
            node = node._replace(value=[value])
            value = node.value
        if isinstance(wanted, Mapping) and isinstance(value, str) and value.strip() not in ("", "null"):
            node = node._replace(value=[value])
            value = node.value
        if not isinstance(value, list) or not value:
            yield from _unlike(node, {})
            return
        for child in _children(node):
            yield from _inside(child, wanted)
        return
    if is_records(value):
        for record in _children(node):
            yield from _inside(record, schema)
        return
    if not isinstance(value, dict | Pairs):
        yield from _unlike(node, schema)
        return
    for child in _children(node):
        if child.key in schema:
            yield from _inside(child, schema[child.key])
        else:
            yield from _leaves_below(child, SURPLUS)
    present = {str(key) for key, _ in _pairs(value)}
    yield from _missing(node, {key: inner for key, inner in schema.items() if key not in present})


_VALUE_ITSELF = frozenset(("value", "text", "content", "answer", "val"))
"""Names of a single value among what a model says of it: `{"value": "12.50", "confidence": 0.9}`."""


def _single(node: Leaf) -> Iterator[Leaf]:
    """The leaves of what should be a single value; one that is not single is kept, and the single one is missing."""
    if not isinstance(node.value, dict | list | Pairs) or not node.value:
        yield from _leaves_below(node, EXPECTED)
        return
    if isinstance(node.value, list):
        if len(node.value) == 1 and not isinstance(node.value[0], dict | list | Pairs):
            yield from _leaves_below(node._replace(value=node.value[0]), EXPECTED)
            return
    else:
        pairs = _pairs(node.value)
        own = [
            inner
            for key, inner in pairs
            if str(key).casefold() in _VALUE_ITSELF and not isinstance(inner, dict | list | Pairs)
        ]
        if len(own) == 1:
            yield from _leaves_below(node._replace(value=own[0]), EXPECTED)
            rest = Pairs((key, inner) for key, inner in pairs if inner is not own[0])
            if rest:
                yield from _leaves_below(node._replace(value=rest, hint=""), SURPLUS)
            return
    yield from _leaves_below(node, SURPLUS)
    yield Leaf(node.path, node.key, node.parent_path, node.list_index, None, MISSING)


def _has_any(value: Any, schema: Mapping[str, Any]) -> bool:
    return any(str(key) in schema for key, _ in _pairs(value))


def is_records(value: Any) -> bool:
    """Whether a value is a list of objects: where the schema asks for one, each of them is such an object."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict | Pairs) for one in value)


def _unlike(node: Leaf, schema: Mapping[str, Any]) -> Iterator[Leaf]:
    """Leaves of a value that has not the form its schema asks for: it is kept, and what it should hold is missing."""
    is_empty = node.value is None or node.value in ("", "null") or node.value in ({}, [])
    if not is_empty or not schema:
        yield from _leaves_below(node, EXPECTED)
    yield from _missing(node, schema)


def _missing(node: Leaf, schema: Mapping[str, Any]) -> Iterator[Leaf]:
    for key, inner in schema.items():
        leaf = Leaf(value_path(node.path, key), key, node.path or None, node.list_index, None, MISSING)
        if isinstance(inner, Mapping) and inner:
            yield from _missing(leaf, inner)
        else:
            yield leaf


def _leaves_below(node: Leaf, presence: str | None) -> Iterator[Leaf]:
    """All leaves of a node, itself included, marked alike. A stack, not recursion: the depth is the model's choice."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node.value, dict | list | Pairs) and node.value:
            stack.extend(list(_children(node))[::-1])
        elif node.path:
            yield node._replace(presence=presence)


def _children(node: Leaf) -> Iterator[Leaf]:
    parent = node.path or None
    if isinstance(node.value, list):
        for index, value in enumerate(node.value):
            yield Leaf(f"{node.path}[{index}]", node.key, parent, index, value, hint=node.hint)
        return
    times: dict[str, int] = {}
    for raw_key, value in _pairs(node.value):
        key = storable(str(raw_key))
        path = value_path(node.path, key)
        times[key] = times.get(key, 0) + 1
        if times[key] > 1:
            path = f"{path}#{times[key]}"
        yield Leaf(path, key, parent, node.list_index, value, hint=node.hint)


def _pairs(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else value
