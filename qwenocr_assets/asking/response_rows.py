"""Rows of `ocr_responses`: what came of each request of a batch."""

from collections.abc import Iterable, Mapping

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.qwenocr.answers import Answer, Usage
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.rows import OcrRequestRow, OcrResponseRow
from qwenocr_assets.statuses import AnswerStatus

_NOT_ASKED = "Not asked yet. Run the intake again."
_GIVEN_UP = "Given up after {} calls: only `qwenocr retry` asks again."
_WAITING = "Waiting for the Batch API: `qwenocr batch list` says how far it is."


def response_rows(
    requests: Iterable[OcrRequestRow],
    latest: Mapping[str, AnswerRecord],
    answers: Mapping[str, Answer],
    *,
    most_attempts: int,
) -> list[OcrResponseRow]:
    """One row a request: what its answer's record says, or status `missing` where nothing was asked yet.

    `latest` and `answers` are by request key, the latter as `answers_of` gives them. What failed after
    `most_attempts` calls over all runs is given up, and its reason says so.
    """
    keys = ((request, request["request_key"]) for request in requests)
    return [_row(request, latest.get(key), answers.get(key), most_attempts) for request, key in keys]


def _row(
    request: OcrRequestRow, record: AnswerRecord | None, answer: Answer | None, most_attempts: int
) -> OcrResponseRow:
    row: OcrResponseRow = {
        "batch_id": request["batch_id"],
        "document_id": request["document_id"],
        "page_id": request["page_id"],
        "task": request["task"],
        "request_key": request["request_key"],
        "whole_key": request.get("whole_key"),
        "alone_reason": request.get("alone_reason"),
        "status": AnswerStatus.MISSING,
        "reason": _WAITING if request.get("mode") == Mode.BATCH else _NOT_ASKED,
        "attempts": 0,
        "attempts_in_all": 0,
    }
    if record is None:
        return row
    given_up = record.status is AnswerStatus.FAILED and record.attempts_in_all >= most_attempts
    usage = answer.usage if answer else Usage()
    return {
        **row,
        "status": record.status,
        "error_class": record.error_class,
        "error_code": record.error_code,
        "reason": f"{record.reason} {_GIVEN_UP.format(record.attempts_in_all)}"
        if given_up
        else record.reason,
        "attempts": record.attempts,
        "attempts_in_all": record.attempts_in_all,
        "latency_ms": record.latency_ms,
        "throttled": record.throttled,
        "waited_ms": record.waited_ms,
        "sent_as": record.sent_as,
        "mode": record.mode.value,
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
