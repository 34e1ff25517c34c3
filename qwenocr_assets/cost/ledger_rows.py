"""Rows of `cost_ledger`: a batch's entries of the ledger, as everybody may query them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import RowMapping

from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.qwenocr.prices import Price, to_usd
from qwenocr_assets.rows import CostLedgerRow, OcrRequestRow
from qwenocr_assets.schemas import COST_LEDGER, OCR_REQUESTS
from qwenocr_assets.statuses import LedgerState
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table


def write_ledger_rows(data: DataFolder, ledger: Ledger, batch_id: str) -> list[CostLedgerRow]:
    """Write a batch's `cost_ledger` as it is now; returns its rows."""
    asked: dict[str, OcrRequestRow] = {}
    for request in read_table(data, OCR_REQUESTS, batch_id):
        for key in (request["request_key"], request.get("whole_key")):
            if key:
                asked.setdefault(key, request)
    rows = [ledger_row(e, asked.get(e["request_key"])) for e in ledger.entries(batch_id=batch_id)]
    write_table(data, COST_LEDGER, batch_id, rows)
    return rows


def ledger_row(entry: RowMapping, request: OcrRequestRow | None) -> CostLedgerRow:
    """One entry as a row; `request` is the first that it was made for."""
    usd_input, usd_output = Price(entry["input_price_pico"], entry["output_price_pico"]).usd_per_million
    return {
        "batch_id": entry["batch_id"],
        "entry_id": entry["entry_id"],
        "document_id": request and request["document_id"],
        "page_id": request and request["page_id"],
        "request_key": entry["request_key"],
        "state": LedgerState(entry["state"]),
        "run_id": entry["run_id"],
        "account": entry["account"] or entry["region"],
        "region": entry["region"],
        "model": entry["model"],
        "reported_model": entry["reported_model"],
        "task": entry["task"],
        "route": entry["route"],
        "catalogue_version": entry["catalogue_version"],
        "estimated_input_tokens": entry["estimated_input_tokens"],
        "input_tokens": entry["input_tokens"],
        "output_tokens": entry["output_tokens"],
        "reason": entry["reason"],
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
    match LedgerState(entry["state"]):
        case LedgerState.SETTLED:
            return to_usd(entry["settled_pico"])
        case LedgerState.RELEASED:
            return Decimal(0)
        case _:
            return to_usd(entry["reserved_pico"])


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
