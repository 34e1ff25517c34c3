"""Answers into rows of `key_values`: one row per leaf."""

from collections.abc import Mapping
from typing import Any

from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.storage.table_files import Row
from qwenocr_assets.tables.answer_text import storable
from qwenocr_assets.tables.html.dom import without_markup
from qwenocr_assets.tables.json.places import schema_keys, without_places
from qwenocr_assets.tables.json.text import (
    REPEATED_KEYS,
    JsonReading,
    Pairs,
    as_plain_json,
    read_json,
)
from qwenocr_assets.tables.leaf_values import leaf_values
from qwenocr_assets.tables.leaves import Leaf, leaves
from qwenocr_assets.tables.trace import Trace
from qwenocr_assets.tables.values.notation import UNDECLARED, Notation


def key_values(
    answer: Answer,
    trace: Trace,
    schema: Mapping[str, Any] | None = None,
    notation: Notation = UNDECLARED,
) -> list[Row]:
    """One row per leaf of the answer's JSON, in its order, without boxes.

    `null`, `"null"`, an empty string, an empty object and an empty list are all "no value": NULL, of type null; so is
    what only gives back the schema's own words. Markup of HTML and Markdown in a value is read. An answer without JSON
    gives no rows, nor do coordinates beside its values. `schema` is the result schema that was sent, if one was: its
    keys that the answer lacks get rows too. `notation` is how the route's documents write dates and numbers.
    """
    base = trace.columns()
    reading = _reading(answer)
    reading = reading._replace(value=without_places(reading.value, schema_keys(schema)))
    repairs = ", ".join(reading.repairs) or None
    rows: list[Row] = []
    found = list(leaves(reading.value, schema))
    scores = {leaf.path: leaf.value for leaf in leaves(answer.key_value_scores)}
    written = [None if _is_echo(leaf) else _written(leaf.value) for leaf in found]
    for leaf, value, typed in zip(found, written, leaf_values(found, written, notation), strict=True):
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
                "value_boolean": typed.truth,
                "typed_doubt": typed.doubt,
                "currency": typed.currency,
                "score": _score(scores.get(leaf.path)) if value is not None else None,
                "presence": leaf.presence,
                "repairs": repairs,
            }
        )
    return rows


def _reading(answer: Answer) -> JsonReading:
    """`ocr_result.kv_result` where the answer has one, unless the text says the same and more.

    `kv_result` is parsed from the text by the service, which costs it numbers as written and repeated keys.
    """
    if answer.key_values is None:
        return read_json(answer.text)
    said = read_json(answer.text) if answer.text else JsonReading(None)
    if not said.repairs or said.repairs == (REPEATED_KEYS,):
        try:
            if as_plain_json(said.value) == answer.key_values:
                return said
        except RecursionError:
            pass  # nested deeper than any page says; kv_result stands
    return JsonReading(answer.key_values)


def _score(said: Any) -> float | None:
    is_number = isinstance(said, int | float) and not isinstance(said, bool)
    return float(said) if is_number and 0 <= said <= 1 else None


_SHORTEST_ECHO = 4


def _is_echo(leaf: Leaf) -> bool:
    """Whether a model gave back what the schema says beside the key, `YYYY-MM-DD`, instead of a value."""
    hint = leaf.hint.strip().casefold()
    return len(hint) >= _SHORTEST_ECHO and str(leaf.value).strip().casefold() == hint


def _written(value: Any) -> str | None:
    """A leaf as written; None when it holds no value."""
    if value is None or isinstance(value, dict | list | Pairs):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = without_markup(storable(str(value)))
    return None if text.strip().casefold() in ("", "null") else text
