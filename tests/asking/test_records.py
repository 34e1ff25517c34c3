"""What is kept of a reply: calls count on over runs until there is a final answer."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from qwenocr_assets.asking.records import AnswerRecord, Asked, record_of
from qwenocr_assets.qwenocr.catalogue import load_catalogue
from qwenocr_assets.qwenocr.errors import (
    PageRefused,
    Retryable,
    RunRefused,
    ServiceDown,
    ServiceError,
    ServiceFault,
    Unfunded,
)
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.statuses import AnswerStatus

MODEL = load_catalogue().model("singapore", None)
ASKED = Asked(MODEL.region, MODEL.name, MODEL.price(), "2026-02-04")
FAULT = ServiceFault(500, "InternalError", "an internal error")


def _record(error: ServiceError, attempts: int, before: AnswerRecord | None = None) -> AnswerRecord:
    reply = Reply(None, error, None, attempts=attempts, latency_ms=1.0, answered_at=datetime.now(UTC))
    return record_of("key", Task.MULTI_LAN, reply, None, ASKED, before)


@pytest.mark.parametrize(
    ("error", "attempts", "before", "in_all"),
    [
        (Retryable(FAULT), 4, None, 4),
        (Retryable(FAULT), 4, (AnswerStatus.FAILED, 4, 8), 16),
        (Retryable(FAULT), 4, (AnswerStatus.UNFUNDED, 0, 8), 12),
        (Retryable(FAULT), 4, (AnswerStatus.REJECTED, 1, 0), 4),
        (Unfunded(FAULT), 0, (AnswerStatus.FAILED, 4, 0), 4),
        (PageRefused(FAULT), 1, (AnswerStatus.FAILED, 4, 0), 5),
        (RunRefused(FAULT), 1, (AnswerStatus.FAILED, 4, 0), 4),
        (ServiceDown(FAULT), 3, None, 0),
    ],
    ids=[
        "the first run",
        "the calls of earlier runs count",
        "no money in between",
        "asked again after a final answer",
        "no money now",
        "refused at last",
        "a bad key is not the page's fault",
        "an outage is not the page's fault",
    ],
)
def test_calls_count_over_runs(
    error: ServiceError, attempts: int, before: tuple[AnswerStatus, int, int] | None, in_all: int
) -> None:
    earlier = None
    if before is not None:
        status, calls, calls_before = before
        earlier = replace(_record(Retryable(FAULT), calls), status=status, attempts_before=calls_before)
    record = _record(error, attempts, earlier)
    assert record.attempts_in_all == in_all
    assert AnswerRecord.from_json(orjson.loads(orjson.dumps(record.to_json()))).attempts_in_all == in_all


def test_a_record_of_an_earlier_version_counts_its_own_calls() -> None:
    values = orjson.loads(orjson.dumps(_record(Retryable(FAULT), 4).to_json()))
    del values["attempts_before"]
    assert AnswerRecord.from_json(values).attempts_in_all == 4
