"""Many questions at once, in virtual time: every reply is saved, whatever happens to the rest."""

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from qwenocr_assets.asking.answering import answer_all
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.emulator.testing.virtual_time import run_in_virtual_time
from qwenocr_assets.errors import BatchTaken, DiskFull, StorageError
from qwenocr_assets.qwenocr.errors import RunRefused, ServiceFault
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.statuses import AnswerStatus

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def reply_to(question: int, error: RunRefused | None = None) -> tuple[Reply, AnswerRecord]:
    record = AnswerRecord(
        request_key=str(question),
        task=Task.TABLE_PARSING,
        status=AnswerStatus.FAILED if error else AnswerStatus.OK,
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

    refused = run_in_virtual_time(
        answer_all(range(count), ask, saved.extend, concurrency=concurrency, drain=Drain(60))
    )
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

    refused = run_in_virtual_time(answer_all(range(100), ask, saved.extend, concurrency=4, drain=Drain(60)))
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
        task = asyncio.create_task(answer_all(range(10), ask, saved.extend, concurrency=10, drain=Drain(60)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_in_virtual_time(run())
    assert sorted(int(r.request_key) for r in saved) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("full_for", "says"),
    [
        pytest.param(
            3, "Asking has stopped; all answers that came are saved.", id="space comes back in time"
        ),
        pytest.param(
            10**6, "2 answers could not be saved, and will be asked and paid again.", id="it does not"
        ),
    ],
)
def test_a_full_disk_stops_asking_and_saving_is_tried_again(full_for: int, says: str) -> None:
    asked: list[int] = []
    saved: list[AnswerRecord] = []
    tries = 0

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        asked.append(question)
        await asyncio.sleep(0.3)
        return reply_to(question)

    def save(records: list[AnswerRecord]) -> None:
        nonlocal tries
        tries += 1
        if tries <= full_for:
            raise DiskFull("There is no space left.", "Free space.")
        saved.extend(records)

    with pytest.raises(DiskFull, match=re.escape(says)):
        run_in_virtual_time(answer_all(range(1000), ask, save, concurrency=1, drain=Drain(1.5)))
    assert asked == [0, 1]
    assert [r.request_key for r in saved] == ([str(n) for n in asked] if full_for == 3 else [])


def test_when_asking_breaks_what_others_wait_for_is_kept() -> None:
    asked: list[int] = []
    saved: list[AnswerRecord] = []

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        asked.append(question)
        if question == 1:
            await asyncio.sleep(0.1)
            raise StorageError("The ledger cannot be written.")
        await asyncio.sleep(0.5)
        return reply_to(question)

    with pytest.raises(StorageError, match="The ledger cannot be written"):
        run_in_virtual_time(answer_all(range(1000), ask, saved.extend, concurrency=3, drain=Drain(60)))
    assert asked == [0, 1, 2]
    assert [r.request_key for r in saved] == ["0", "2"]


def test_who_has_lost_the_batch_stops_at_once() -> None:
    tries = 0

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        await asyncio.sleep(0.1)
        return reply_to(question)

    def save(_: list[AnswerRecord]) -> None:
        nonlocal tries
        tries += 1
        raise BatchTaken("Another run has it.")

    with pytest.raises(BatchTaken, match="could not be saved"):
        run_in_virtual_time(answer_all(range(1000), ask, save, concurrency=2, drain=Drain(60)))
    assert tries == 1


@pytest.mark.parametrize(
    ("wishes", "limit_seconds", "saved_keys"),
    [
        pytest.param(1, 60.0, ["0", "1"], id="what is in flight is awaited"),
        pytest.param(1, 0.2, ["0"], id="until the limit"),
        pytest.param(2, 60.0, ["0"], id="a second wish ends at once"),
    ],
)
def test_a_drained_run_asks_nothing_new(wishes: int, limit_seconds: float, saved_keys: list[str]) -> None:
    """Question 0 is answered, 1 is in flight, 2 waits for its turn when the wish comes."""
    asked: list[int] = []
    saved: list[AnswerRecord] = []
    waiting: list[asyncio.Task[None] | None] = []
    began: list[float] = []

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        asked.append(question)
        if question == 2:
            waiting.append(asyncio.current_task())
            await asyncio.sleep(3600)
        await asyncio.sleep(1.5 if question == 1 else 0.1)
        return reply_to(question)

    async def run() -> None:
        drain = Drain(limit_seconds, lambda: began.append(asyncio.get_running_loop().time()))
        loop = asyncio.get_running_loop()
        for number in range(wishes):
            loop.call_later(0.5 + number / 10, drain.wish)
        refused = await answer_all(
            range(100),
            ask,
            saved.extend,
            concurrency=2,
            drain=drain,
            stop_waiting=lambda: [task.cancel() for task in waiting if task],
        )
        assert refused is None
        assert drain.begun

    run_in_virtual_time(run())
    assert asked == [0, 1, 2]
    assert [r.request_key for r in saved] == saved_keys
    assert len(began) == 1


def test_a_drain_that_has_begun_asks_nothing_at_all() -> None:
    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        pytest.fail(f"question {question} was asked")

    drain = Drain(60)
    drain.wish()
    assert run_in_virtual_time(answer_all(range(9), ask, lambda _: None, concurrency=2, drain=drain)) is None


def test_answers_are_saved_at_most_four_times_a_second() -> None:
    groups: list[int] = []

    async def ask(question: int) -> tuple[Reply, AnswerRecord]:
        await asyncio.sleep(0.001)
        return reply_to(question)

    run_in_virtual_time(
        answer_all(range(400), ask, lambda group: groups.append(len(group)), concurrency=2, drain=Drain(60))
    )
    assert sum(groups) == 400
    assert len(groups) <= 400 * 0.001 / 2 / 0.25 + 1
