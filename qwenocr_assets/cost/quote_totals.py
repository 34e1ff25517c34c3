"""Quotes added up: by document, task, batch, or all together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow.compute as pc

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

    def add(self, row: OcrRequestRow, *, answered: bool) -> None:
        """Add a row of `ocr_requests`."""
        self.requests += 1
        if answered:
            self.answered += 1
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

    A request that occurs twice (the same page in two documents) is sent once, and counts as answered from then on.
    """
    totals = Totals()
    seen: set[str] = set()
    for row in rows:
        key = row["request_key"]
        known = key in answered or key in seen
        seen.add(key)
        for total in (
            totals.all,
            totals.by_batch.setdefault(row["batch_id"], Total()),
            totals.by_document.setdefault(row["document_id"], Total()),
            totals.by_task.setdefault(row["task"], Total()),
        ):
            total.add(row, answered=known)
    return totals


def answered_keys(data: DataFolder, keys: Collection[str]) -> set[str]:
    """Those of the request keys that some batch has a final answer to."""
    if not keys:
        return set()
    final = [status.value for status in AnswerStatus if status.is_final]
    wanted = pc.field("request_key").isin(list(keys)) & pc.field("status").isin(final)
    return set(scan(data, OCR_RESPONSES, ["request_key"], wanted)["request_key"].to_pylist())
