"""Rows of `key_values` put together again into the JSON object that they were."""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from qwenocr_assets.rows import KeyValueRow
from qwenocr_assets.scoring.fields import merged

_STEP = re.compile(r'\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|\.?(?P<key>[^.\[\]]+)')


def nested(key_values: Iterable[KeyValueRow]) -> Any:
    """Rows of `key_values` as the JSON object they came from: `items[2].price` leads through a list. Absent values and
    those that the schema asked for in vain are left out."""
    root: dict[str | int, Any] = {}
    for row in key_values:
        if row.get("value") is None:
            continue
        steps = [_step(match) for match in _STEP.finditer(row["path"])]
        if not steps:
            continue
        place = root
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else {}
        place[steps[-1]] = row["value"]
    if root and all(
        isinstance(step, int) for step in root
    ):  # the answer was a list: its objects side by side
        return merged(value for value in map(_listed, root.values()) if isinstance(value, dict))
    return _listed(root)


def _step(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    return str(orjson.loads(match["quoted"])) if match["quoted"] is not None else match["key"]


def _listed(place: Any) -> Any:
    if not isinstance(place, dict):
        return place
    if place and all(isinstance(step, int) for step in place):
        return [_listed(place[step]) for step in sorted(place)]
    return {str(step): _listed(value) for step, value in place.items()}
