"""Values as they stand: what a person said, else what the model said, as `staging.stg_key_values` has them."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypedDict

from qwenocr_assets.rows import CorrectionRow, KeyValueRow
from qwenocr_assets.statuses import Action


class _Where(TypedDict):
    document_id: str
    page_id: str
    task: str


class _Said(TypedDict):
    value: str | None
    value_type: str
    value_number: Decimal | None
    value_date: date | None
    currency: str | None
    value_boolean: bool | None


class StandingValue(TypedDict):
    """A value as it stands: the columns of `key_values` that say where it is and what."""

    document_id: str
    page_id: str
    task: str
    path: str
    value: str | None
    value_type: str
    value_number: Decimal | None
    value_date: date | None
    currency: str | None
    value_boolean: bool | None


def standing_values(
    key_values: Sequence[KeyValueRow], corrections: Iterable[CorrectionRow]
) -> list[StandingValue]:
    """Where each value is, what stands there and what it is as a number, a date and so on.

    Rows of `key_values` and `corrections` in; out come the rows of `key_values` in their order, then what people added.
    Of a place the newest statement counts, unless it undoes what was said before. Elements of lists move, so what was
    said of one holds only while the model says the same of it. What a person called absent has no value. Corrections of
    other pages than the values' may only be given when those pages are there.
    """
    newest: dict[tuple[str, str, str], CorrectionRow] = {}
    for correction in sorted(corrections, key=lambda c: (c["corrected_at"], c["correction_id"])):
        place = correction["page_id"], correction["task"], correction["place"]
        if correction["action"] == Action.UNDONE:
            newest.pop(place, None)
        else:
            newest[place] = correction
    standing: list[StandingValue] = []
    for row in key_values:
        said = newest.pop((row["page_id"], row["task"], row["path"]), None)
        standing.append({**_where(row), "path": row["path"], **_value(row, said)})
    for (_, _, path), said in newest.items():
        # a cell has no key; an element that the model had and has no more has moved
        in_place = said["list_index"] is None or said["action"] == Action.ADDED
        if said["key"] is not None and said["human_value"] is not None and in_place:
            standing.append({**_where(said), "path": path, **_said(said)})
    return standing


def _where(row: KeyValueRow | CorrectionRow) -> _Where:
    return {"document_id": row["document_id"], "page_id": row["page_id"], "task": row["task"]}


def _value(row: KeyValueRow, said: CorrectionRow | None) -> _Said:
    holds = said is not None and (row["list_index"] is None or said["model_value"] == row["value"])
    # a value that was confirmed keeps what its route made of it
    if said is None or not holds or said["human_value"] == row["value"]:
        return {
            "value": row["value"],
            "value_type": row["value_type"],
            "value_number": row["value_number"],
            "value_date": row["value_date"],
            "currency": row["currency"],
            "value_boolean": row["value_boolean"],
        }
    return _said(said)


def _said(said: CorrectionRow) -> _Said:
    return {
        "value": said["human_value"],
        "value_type": said["value_type"],
        "value_number": said["value_number"],
        "value_date": said["value_date"],
        "currency": said["currency"],
        "value_boolean": said["value_boolean"],
    }
