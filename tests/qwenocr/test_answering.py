"""Many questions at once: every reply is saved, whatever happens to the rest."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from qwenocr_assets.qwenocr.answering import answer_all
from qwenocr_assets.qwenocr.errors import RunRefused, ServiceFault
from qwenocr_assets.qwenocr.records import AnswerRecord, Status
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.tasks import Task

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def reply_to(question: int, error: RunRefused | None = None) -> tuple[Reply, AnswerRecord]:
    record = AnswerRecord(
        request_key=str(question),
        task=Task.TABLE_PARSING,
        status=Status.FAILED if error else Status.OK,
        region="local",
        model="m",
        catalogue_version="v",
        attempts=1,
        latency_ms=1.0,
        answered_at=NOW,
        cost_usd=Decimal(0),
    )
    return Reply(None, error, None, 1, 1.0, NOW), record


@pytest.mark.parametrize(("count", "concurrency"), [(0, 4), (1, 4), (200, 1), (200, 16)])
def test_every_reply_is_saved_once(count: int, concurrency: int) -> None:
    saved: list[AnswerRecord] = []
    in_flight = most = 0

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0)
        in_flight -= 1
        return reply_to(question)

    refused = asyncio.run(answer_all(range(count), ask, saved.extend, concurrency=concurrency))
    assert refused is None
    assert sorted(int(r.request_key) for r in saved) == list(range(count))
    assert most <= concurrency


def test_a_refused_run_asks_no_more_and_saves_what_was_in_flight() -> None:
    saved: list[AnswerRecord] = []
    asked: list[int] = []

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        asked.append(question)
        await asyncio.sleep(0.01 if question == 3 else 0.05)
        return reply_to(
            question, RunRefused(ServiceFault(401, "InvalidApiKey", "")) if question == 3 else None
        )

    refused = asyncio.run(answer_all(range(100), ask, saved.extend, concurrency=4))
    assert isinstance(refused, RunRefused)
    assert asked == [0, 1, 2, 3]
    assert len(saved) == 4


def test_an_interrupted_run_keeps_what_has_come() -> None:
    saved: list[AnswerRecord] = []

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        if question >= 5:
            await asyncio.sleep(3600)
        return reply_to(question)

    async def run() -> None:
        task = asyncio.create_task(answer_all(range(10), ask, saved.extend, concurrency=10))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert sorted(int(r.request_key) for r in saved) == [0, 1, 2, 3, 4]


def test_when_saving_fails_asking_stops() -> None:
    asked: list[int] = []

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        asked.append(question)
        await asyncio.sleep(0.1)
        return reply_to(question)

    def full_disk(_: list[AnswerRecord]) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        asyncio.run(answer_all(range(1000), ask, full_disk, concurrency=2))
    assert len(asked) < 20
