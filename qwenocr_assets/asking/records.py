"""What is kept of each reply: the record that is journalled, and that a later run finds instead of sending again."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer
from qwenocr_assets.qwenocr.errors import NotOffered, PageRefused, RunRefused, ServiceError, Unfunded
from qwenocr_assets.qwenocr.prices import Price
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.statuses import AnswerStatus


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One reply as journalled. `raw` is the body as it came, `cost_usd` the exact price of the reported usage."""

    request_key: str
    task: Task
    status: AnswerStatus
    region: str
    model: str
    catalogue_version: str
    attempts: int
    latency_ms: float
    answered_at: datetime
    cost_usd: Decimal | None
    error_class: str | None = None
    error_code: str | None = None
    reason: str | None = None
    reused_from: str | None = None
    throttled: int = 0
    """Calls that the account's limit turned away."""
    waited_ms: float = 0.0
    sent_as: str | None = None
    """How the image travelled: data_url, url or upload."""
    raw: str | None = None
    mode: Mode = Mode.REAL_TIME
    """Which way it came."""
    account: str | None = None
    """By its name: who was asked. None stands for the region's only one."""
    attempts_before: int = 0
    """Calls of earlier runs for the same request, all without a final answer."""

    @property
    def attempts_in_all(self) -> int:
        """Calls made for this request, over all runs."""
        return self.attempts_before + self.attempts

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        values["cost_usd"] = None if self.cost_usd is None else str(self.cost_usd)
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "AnswerRecord":
        cost = values["cost_usd"]
        return cls(
            **{
                **values,
                "task": Task(values["task"]),
                "status": AnswerStatus(values["status"]),
                "mode": Mode(values.get("mode") or Mode.REAL_TIME),
                "answered_at": datetime.fromisoformat(values["answered_at"]),
                "cost_usd": None if cost is None else Decimal(cost),
            }
        )

    def answer(self, image_size: tuple[int, int] | None = None) -> Answer | None:
        """The typed answer, for the statuses that have one.

        With the size of the image that was sent, in pixels, positions that came as thousandths become pixels.
        """
        if self.status not in (AnswerStatus.OK, AnswerStatus.PARTIAL) or self.raw is None:
            return None
        try:
            return parse_answer(orjson.loads(self.raw), image_size)
        except (MalformedAnswer, orjson.JSONDecodeError):
            return None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked, and at which price."""

    region: str
    model: str
    price: Price
    catalogue_version: str
    """Of the catalogue that the price is from."""
    account: str | None = None
    """By its name; None for the region's only one."""


def record_of(
    request_key: str,
    task: Task,
    reply: Reply,
    incomplete: str | None,
    asked: Asked,
    before: AnswerRecord | None = None,
) -> AnswerRecord:
    """The record of a reply; `incomplete` says why its content is truncated, if it is.

    `before` is the latest record of the same request: its calls count on while none was answered. What refused the
    whole run says nothing about the request, so its calls do not count.
    """
    answer, error = reply.answer, reply.error
    cost: Decimal | None = Decimal(0)
    if answer is not None:
        tokens = answer.usage.billed
        cost = None if tokens is None else asked.price.cost_usd(tokens)
        incomplete = answer.broken_off or incomplete
        if answer.finish_reason == "length":
            said = "the model stopped at its output limit (`qwenocr retry --split` asks in two halves)"
            incomplete = said + (f"; {incomplete}" if incomplete else "")
    return AnswerRecord(
        request_key=request_key,
        task=task,
        status=_status(error, incomplete),
        region=asked.region,
        account=asked.account,
        model=asked.model,
        catalogue_version=asked.catalogue_version,
        attempts=0 if isinstance(error, RunRefused) else reply.attempts,
        attempts_before=before.attempts_in_all if before is not None and not before.status.is_final else 0,
        latency_ms=round(reply.latency_ms, 1),
        answered_at=reply.answered_at,
        cost_usd=cost,
        error_class=type(error).__name__ if error else None,
        error_code=(error.fault.code or None) if error else None,
        reason=str(error) if error else incomplete,
        throttled=reply.throttled,
        waited_ms=round(reply.waited_ms, 1),
        sent_as=reply.sent_as,
        raw=reply.raw,
    )


def latest_by_key(records: Iterable[AnswerRecord]) -> dict[str, AnswerRecord]:
    """The last record of each request key, in journal order."""
    return {record.request_key: record for record in records}


def _status(error: ServiceError | None, incomplete: str | None) -> AnswerStatus:
    if error is None:
        return AnswerStatus.PARTIAL if incomplete else AnswerStatus.OK
    if isinstance(error, NotOffered):
        return AnswerStatus.SKIPPED
    if isinstance(error, Unfunded):
        return AnswerStatus.UNFUNDED
    return AnswerStatus.REJECTED if isinstance(error, PageRefused) else AnswerStatus.FAILED
