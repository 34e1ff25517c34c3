"""Values as they stand: what a person said, else what the model said, as `staging.stg_key_values` has them."""

from collections.abc import Iterable, Sequence
from typing import Any

from qwenocr_assets.storage.table_files import Row

_WHERE = ("document_id", "page_id", "task", "path")
_TYPED = ("value_type", "value_number", "value_date", "currency", "value_boolean")


def standing_values(key_values: Sequence[Row], corrections: Iterable[Row]) -> list[Row]:
    """Where each value is, what stands there and what it is as a number, a date and so on.

    Rows of `key_values` and `corrections` in; out come the rows of `key_values` in their order, then what people added.
    Of a place the newest statement counts. Elements of lists move, so what was said of one holds only while the model
    says the same of it. What a person called absent has no value. Corrections of other pages than the values' may only
    be given when those pages are there.
    """
    newest: dict[tuple[str, str, str], Row] = {}
    for row in sorted(corrections, key=lambda r: (r["corrected_at"], r["correction_id"])):
        newest[row["page_id"], row["task"], row["place"]] = row
    standing: list[Row] = []
    for row in key_values:
        said = newest.pop((row["page_id"], row["task"], row["path"]), None)
        standing.append({name: row[name] for name in _WHERE} | _value(row, said))
    for (_, _, place), said in newest.items():
        # a cell has no key; an element that the model had and has no more has moved
        in_place = said["list_index"] is None or said["action"] == "added"
        if said["key"] is not None and said["human_value"] is not None and in_place:
            standing.append({name: said[name] for name in _WHERE[:3]} | {"path": place} | _said(said))
    return standing


def _value(row: Row, said: Row | None) -> dict[str, Any]:
    holds = said is not None and (row["list_index"] is None or said["model_value"] == row["value"])
    # a value that was confirmed keeps what its route made of it
    if said is None or not holds or said["human_value"] == row["value"]:
        return {name: row[name] for name in ("value", *_TYPED)}
    return _said(said)


def _said(said: Row) -> dict[str, Any]:
    return {"value": said["human_value"], **{name: said[name] for name in _TYPED}}
