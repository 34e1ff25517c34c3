"""Answers into rows of `key_values`: one row per leaf."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.answer_text import storable
from qwenocr_assets.tables.json_text import JsonNumber, read_json
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.typed_values import TEXT, TypedValue, plain_number, typed_value


class Leaf(NamedTuple):
    """A value of nested JSON that holds no other value."""

    path: str
    key: str
    parent_path: str | None
    list_index: int | None
    value: Any


def key_values(answer: Answer, trace: Trace) -> list[Row]:
    """One row per leaf of the answer's JSON, in its order, without boxes.

    The JSON is `ocr_result.kv_result` where the answer has one, else the text. `null`, `"null"`, an empty string, an
    empty object and an empty list are all "no value": NULL, of type null. An answer without JSON gives no rows.
    """
    base = trace.columns()
    source = read_json(answer.text) if answer.key_values is None else answer.key_values
    rows: list[Row] = []
    for leaf in leaves(source):
        value = _written(leaf.value)
        typed = _typed(leaf.value, value)
        rows.append(
            {
                **base,
                "path": leaf.path,
                "key": leaf.key,
                "parent_path": leaf.parent_path,
                "list_index": leaf.list_index,
                "value": value,
                "value_type": typed.type,
                "value_number": typed.number,
                "value_date": typed.day,
                "currency": typed.currency,
            }
        )
    return rows


def leaves(source: Any) -> Iterator[Leaf]:
    """The leaves of nested JSON, in order, each with a path no other leaf has.

    Paths are like `items[2].price`. A key that could be mistaken for part of the path (with a dot, a bracket or a
    quote in it, or empty) stands in brackets as a JSON string: `items[2]["No."]`. A single value outside any object or
    list has no key and gives no leaf.
    """
    if not isinstance(source, dict | list):
        return
    # A stack, not recursion: the depth is the model's choice.
    stack: list[Leaf] = list(_children(Leaf("", "", None, None, source)))[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node.value, dict | list) and node.value:
            stack.extend(list(_children(node))[::-1])
        else:
            yield node


def _children(node: Leaf) -> Iterator[Leaf]:
    parent = node.path or None
    if isinstance(node.value, dict):
        for raw_key, value in node.value.items():
            key = storable(str(raw_key))
            yield Leaf(_below(node.path, key), key, parent, node.list_index, value)
    else:
        for index, value in enumerate(node.value):
            yield Leaf(f"{node.path}[{index}]", node.key, parent, index, value)


_PLAIN_KEY = re.compile(r'[^.\[\]"]+')


def _below(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _written(value: Any) -> str | None:
    """A leaf as written; None when it holds no value."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = storable(str(value))
    return None if text.strip() in ("", "null") else text


def _typed(value: Any, written: str | None) -> TypedValue:
    if written is None:
        return TypedValue("null")
    if isinstance(value, bool):
        return TypedValue("boolean")
    if isinstance(value, JsonNumber | int | float | Decimal):
        number = plain_number(written)
        return TEXT if number is None else TypedValue("number", number=number)
    return typed_value(written)
