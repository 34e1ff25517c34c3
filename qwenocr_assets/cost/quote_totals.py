"""Quotes added up: by document, task, batch, or all together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow.compute as pc

from qwenocr_assets.asking.whole_pdfs import answer_keys
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.schemas import OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.scan import scan


@dataclass(slots=True)
class Total:
    """A sum of quotes. Each request is counted once, and what is answered already costs nothing."""

    requests: int = 0
    answered: int = 0
    """Of the requests, those with an answer that is paid for already."""
    input_tokens: int = 0
    expected_output_tokens: int = 0
    worst_output_tokens: int = 0
    expected_usd: Decimal = Decimal(0)
    worst_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    """Expected price of what is answered already."""

    def add(self, row: OcrRequestRow, *, answered: bool, is_request: bool = True) -> None:
        """Add a row of `ocr_requests`; `is_request` is False for all but the first page of a PDF asked about whole."""
        self.requests += is_request
        if answered:
            self.answered += is_request
            self.saved_usd += row["expected_cost_usd"]
            return
        self.input_tokens += row["image_tokens"] + row["prompt_tokens"]
        self.expected_output_tokens += row["expected_output_tokens"]
        self.worst_output_tokens += row["worst_output_tokens"]
        self.expected_usd += row["expected_cost_usd"]
        self.worst_usd += row["worst_cost_usd"]


@dataclass(frozen=True, slots=True)
class Totals:
    """All sums of some requests."""

    all: Total = field(default_factory=Total)
    by_batch: dict[str, Total] = field(default_factory=dict)
    by_document: dict[str, Total] = field(default_factory=dict)
    """By document_id."""
    by_task: dict[str, Total] = field(default_factory=dict)


def total_up(rows: Iterable[OcrRequestRow], answered: Collection[str]) -> Totals:
    """The sums of these rows of `ocr_requests`; `answered` are the request keys that need not be sent.

    A request that occurs twice (the same page in two documents) is sent once, and counts as answered from then on. One
    about a whole PDF is one request, however many pages share it.
    """
    totals = Totals()
    first: dict[str, tuple[str, str]] = {}
    counted_wholes: set[tuple[str, tuple[str, str]]] = set()
    for row in rows:
        whole = row.get("whole_key")
        of = row["batch_id"], row["document_id"] if whole else row["page_id"]
        is_new = (whole or row["request_key"]) not in first
        is_own = first.setdefault(whole or row["request_key"], of) == of
        known = not (is_new or (whole and is_own)) or any(key in answered for key in answer_keys(row))
        counted = whole is None or (whole, of) not in counted_wholes
        if whole is not None:
            counted_wholes.add((whole, of))
        for total in (
            totals.all,
            totals.by_batch.setdefault(row["batch_id"], Total()),
            totals.by_document.setdefault(row["document_id"], Total()),
            totals.by_task.setdefault(row["task"], Total()),
        ):
            total.add(row, answered=known, is_request=counted)
    return totals


def answered_keys(data: DataFolder, keys: Collection[str]) -> set[str]:
    """Those of the request keys that some batch has a final answer to."""
    if not keys:
        return set()
    final = [status.value for status in AnswerStatus if status.is_final]
    wanted = pc.field("request_key").isin(list(keys)) & pc.field("status").isin(final)
    return set(scan(data, OCR_RESPONSES, ["request_key"], wanted)["request_key"].to_pylist())
