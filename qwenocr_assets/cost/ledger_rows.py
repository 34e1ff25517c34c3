"""Rows of `cost_ledger`: a batch's entries of the ledger, as everybody may query them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping

from qwenocr_assets.cost.entries import State
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.qwenocr.prices import Price, to_usd
from qwenocr_assets.schemas import COST_LEDGER, OCR_REQUESTS
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table


def write_ledger_rows(data: DataFolder, ledger: Ledger, batch_id: str) -> list[dict[str, Any]]:
    """Write a batch's `cost_ledger` as it is now; returns its rows."""
    pages: dict[str, dict[str, str]] = {}
    for request in read_table(data, OCR_REQUESTS, batch_id):
        place = {name: request[name] for name in ("document_id", "page_id")}
        pages.setdefault(request["request_key"], place)
    rows = [
        ledger_row(entry) | pages.get(entry["request_key"], {}) for entry in ledger.entries(batch_id=batch_id)
    ]
    write_table(data, COST_LEDGER, batch_id, rows)
    return rows


def ledger_row(entry: RowMapping) -> dict[str, Any]:
    """One entry as a row."""
    same = (
        "entry_id",
        "batch_id",
        "request_key",
        "state",
        "run_id",
        "region",
        "model",
        "reported_model",
        "task",
    )
    tokens = (
        "route",
        "catalogue_version",
        "estimated_input_tokens",
        "input_tokens",
        "output_tokens",
        "reason",
    )
    usd_input, usd_output = Price(entry["input_price_pico"], entry["output_price_pico"]).usd_per_million
    return {
        **{name: entry[name] for name in (*same, *tokens)},
        "usd_per_million_input": usd_input,
        "usd_per_million_output": usd_output,
        "expected_cost_usd": to_usd(entry["expected_pico"]),
        "reserved_usd": to_usd(entry["reserved_pico"]),
        "cost_usd": _counted(entry),
        "day": date.fromisoformat(entry["day"]),
        "reserved_at": _time(entry["reserved_at"]),
        "closed_at": None if entry["closed_at"] is None else _time(entry["closed_at"]),
    }


def _counted(entry: RowMapping) -> Decimal:
    match State(entry["state"]):
        case State.SETTLED:
            return to_usd(entry["settled_pico"])
        case State.RELEASED:
            return Decimal(0)
        case _:
            return to_usd(entry["reserved_pico"])


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
