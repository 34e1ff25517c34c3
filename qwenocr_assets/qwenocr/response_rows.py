"""Rows of `ocr_responses`: what came of each request of a batch."""

from collections.abc import Iterable, Mapping
from typing import Any

from qwenocr_assets.qwenocr.answers import Usage
from qwenocr_assets.qwenocr.records import AnswerRecord, Status


def response_rows(
    requests: Iterable[Mapping[str, Any]], latest: Mapping[str, AnswerRecord]
) -> list[dict[str, Any]]:
    """One row a request: its answer's record, or status `missing` where nothing was asked yet."""
    return [_row(request, latest.get(request["request_key"])) for request in requests]


def _row(request: Mapping[str, Any], record: AnswerRecord | None) -> dict[str, Any]:
    trace = {name: request[name] for name in ("batch_id", "document_id", "page_id", "task", "request_key")}
    if record is None:
        return {
            **trace,
            "status": Status.MISSING.value,
            "reason": "Not asked yet. Run the batch again.",
            "attempts": 0,
        }
    answer = record.answer()
    usage = answer.usage if answer else Usage()
    return {
        **trace,
        "status": record.status.value,
        "error_class": record.error_class,
        "error_code": record.error_code,
        "reason": record.reason,
        "attempts": record.attempts,
        "latency_ms": record.latency_ms,
        "region": record.region,
        "model": record.model,
        "reported_model": answer.reported_model if answer else None,
        "request_id": answer.request_id if answer else None,
        "finish_reason": answer.finish_reason if answer else None,
        "image_tokens": usage.image_tokens,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": record.cost_usd,
        "catalogue_version": record.catalogue_version,
        "reused_from": record.reused_from,
        "answered_at": record.answered_at.replace(tzinfo=None),
        "raw": record.raw,
    }
