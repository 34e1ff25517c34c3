"""Answers: every request of a batch that has none is asked, and each answer is journalled as it comes."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from qwenocr_assets.asking.batch_answers import BatchAnswers, Question
from qwenocr_assets.asking.draining import Drain, draining_on_signals
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import held
from qwenocr_assets.environment.progress import Advance, Progress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.errors import ServiceDown
from qwenocr_assets.qwenocr.purse import Purse
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.schemas import OCR_REQUESTS
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.batch_api import asked_at_once, in_batches, page_images
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.tables.completeness import incomplete

_MOST_NAMED = 3
"""Batches that are named where many are meant."""
_POLL_SECONDS = 0.5
_SAVED_SECONDS = 1.0
"""After this, an answer that was paid for is in its journal."""
_LATELY_SECONDS = 60.0
"""An answer is paid for before it is saved: what others paid so lately may not have been found yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are asked. As it is: all that have no final answer."""

    resend: frozenset[AnswerStatus] = frozenset()
    """Statuses to ask for again although they are final, like `rejected` or `skipped`."""
    keys: Collection[str] | None = None
    """Request keys: nothing else is asked."""
    statuses: Collection[str] = ()
    """Only what ended in one of these statuses."""
    classes: Collection[str] = ()
    """Only what ended with an error of one of these classes, like Retryable."""
    given_up: bool = False
    """Also what has failed `max_attempts_in_all` times."""

    def includes(self, question: Question, record: AnswerRecord | None) -> bool:
        """Whether an open question is asked, given the last record of it."""
        if self.keys is not None and question.request_key not in self.keys:
            return False
        status = AnswerStatus.MISSING if record is None else record.status
        error_class = None if record is None else record.error_class
        return (not self.statuses or status in self.statuses) and (
            not self.classes or error_class in self.classes
        )


EVERYTHING_OPEN = Wanted()


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking."""

    records: Mapping[Task, Sequence[AnswerRecord]]
    """By task, the latest record of each request that has one."""
    sent: Mapping[Task, int]
    taken_over: int
    """Answers that other batches had paid for."""
    refused: QwenocrError | None
    """Why the service refused every call, if it did."""


def ask(
    environment: Environment,
    service: QwenOcr,
    budget: CostBudget,
    batch_id: str,
    progress: Progress,
    *,
    run_id: str,
    wanted: Wanted = EVERYTHING_OPEN,
    tasks: Collection[Task] = tuple(Task),
) -> Asked:
    """Ask the batch's requests of these tasks, in the region that is set and those to go on with.

    Money is set aside and limited under `run_id`. Ctrl-C and SIGTERM end the asking: nothing new is sent, and what is
    on its way is awaited for `drain_seconds`.

    Raises:
        InUse: another run has the batch.
        StorageError: answers could not be saved, or the ledger could not be written.
        AboveReserve: an answer cost more than was set aside for it.
    """
    data = environment.data
    budget.catch_up(progress.note)
    with held(environment, batch_id, progress) as hold:
        answers = BatchAnswers.open(data, batch_id, tasks, hold, progress.note)
        requests = [r for r in read_table(data, OCR_REQUESTS, batch_id) if r["task"] in tasks]
        pages = page_images(data, batch_id)
        taken_over = answers.take_over(requests, wanted.resend)
        if taken_over:
            progress.note(_came_from(taken_over))
        batched = in_batches(requests)
        at_once = answers.open_questions(
            [r for r in requests if r.get("mode") != Mode.BATCH],
            pages,
            wanted.resend,
            most_attempts=None if wanted.given_up else environment.settings.max_attempts_in_all,
        )
        late = (
            asked_at_once(
                environment, budget, batch_id, batched, answers.open_questions(batched, pages, frozenset())
            )
            if batched
            else []
        )

        def is_wanted(question: Question) -> bool:
            return wanted.includes(question, answers.latest.get(question.request_key))

        questions = Questions([*filter(is_wanted, at_once)], [*filter(is_wanted, late)])

        def open_purse(model: Model, since: float | None) -> AbstractAsyncContextManager[Purse]:
            return budget.purse(requests, model, batch_id=batch_id, run_id=run_id, put_off_since=since)

        def ask_now(questions: Questions, since: float | None) -> QwenocrError | None:
            purse = partial(open_purse, since=since)
            return asyncio.run(
                _ask(environment, service, purse, answers, questions, advance, drain, progress.note)
            )

        with (
            progress.stage("OCR answers", len(questions)) as advance,
            _draining(environment.settings.drain_seconds, progress) as drain,
        ):
            # what is to be asked once more is asked, whoever else asks it
            refused = ask_now(questions, None if wanted.resend else time.time() - _LATELY_SECONDS)
            if answers.put_off and refused is None:
                others = _Others(environment, budget, answers, requests, progress)
                refused = others.ask_rest(questions, ask_now, drain)
        answers.compact()

    latest = answers.latest
    return Asked(
        records={
            task: [
                latest[r["request_key"]] for r in requests if r["task"] == task and r["request_key"] in latest
            ]
            for task in tasks
        },
        sent=Counter(q.task for q in questions if _was_sent(latest.get(q.request_key))),
        taken_over=taken_over.total(),
        refused=refused,
    )


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked in real time."""

    usual: list[Question]
    late: list[Question]
    """In the dialect of batches, which could not take them."""

    def of(self, request_keys: Collection[str]) -> "Questions":
        """Those with one of these keys."""
        return Questions(
            [q for q in self.usual if q.request_key in request_keys],
            [q for q in self.late if q.request_key in request_keys],
        )

    def __iter__(self) -> Iterator[Question]:
        yield from self.usual
        yield from self.late

    def __len__(self) -> int:
        return len(self.usual) + len(self.late)


async def _ask(
    environment: Environment,
    service: QwenOcr,
    open_purse: Callable[[Model], AbstractAsyncContextManager[Purse]],
    answers: BatchAnswers,
    questions: Questions,
    advance: Advance,
    drain: Drain,
    tell: Callable[[str], object],
) -> QwenocrError | None:
    """Ask in the region that is set; while that one is down, what is left in those listed to go on with."""
    refused: QwenocrError | None = None
    if not questions:
        # the ledger learns that nothing of the batch waits for money any more
        async with open_purse(environment.model):
            return None
    for region, model in environment.regions_in_order:
        refused = None
        in_dialects = (
            (questions.usual, region),
            (questions.late, replace(region, protocol=Protocol.OPENAI)),
        )
        async with open_purse(model) as purse:
            for asked, there in in_dialects:
                if not asked or refused is not None or drain.begun:
                    continue
                async with service.client(there, model, purse, tell) as client:
                    refused = await answers.ask(
                        asked,
                        client,
                        model,
                        environment.catalogue.version,
                        judge=incomplete,
                        on_reply=advance,
                        concurrency=service.in_flight,
                        drain=drain,
                    )
        if not isinstance(refused, ServiceDown) or drain.begun:
            break
        questions = Questions(answers.unanswered(questions.usual), answers.unanswered(questions.late))
    return refused


@dataclass(frozen=True, slots=True)
class _Others:
    """Runs of other batches that ask the same."""

    environment: Environment
    budget: CostBudget
    answers: BatchAnswers
    requests: Sequence[OcrRequestRow]
    progress: Progress

    def ask_rest(
        self,
        questions: Questions,
        ask: Callable[[Questions, float | None], QwenocrError | None],
        drain: Drain,
    ) -> QwenocrError | None:
        """Take over what others were asked, and ask what they leave; what they keep for too long is asked as well."""
        seconds = self.environment.settings.batch_wait_seconds
        give_up_at = time.monotonic() + seconds
        self.progress.note(
            f"{len(self.answers.put_off):,} questions are asked by another run just now. Waiting for its answers, at "
            f"most {seconds:g} s."
        )
        refused = None
        while self.answers.put_off and refused is None and not drain.begun:
            keys = {question.request_key for question in self.answers.put_off}
            self._wait(keys, give_up_at, drain)
            since = time.time()
            self.answers.take_over([r for r in self.requests if r["request_key"] in keys], frozenset())
            left = questions.of({q.request_key for q in self.answers.unanswered(self.answers.put_off)})
            self.answers.put_off.clear()
            if left:
                refused = ask(left, since if time.monotonic() < give_up_at else None)
        return refused

    def _wait(self, keys: Collection[str], give_up_at: float, drain: Drain) -> None:
        while time.monotonic() < give_up_at and not drain.begun:
            if not self.budget.asked_elsewhere(self.answers.batch_id) & set(keys):
                break
            time.sleep(_POLL_SECONDS)
        time.sleep(_SAVED_SECONDS)


def _draining(seconds: float, progress: Progress) -> AbstractContextManager[Drain]:
    def tell() -> None:
        progress.note(
            f"Stopping: answers on their way are awaited for at most {seconds:g} s, and nothing more is asked. "
            "Interrupt again to stop at once."
        )

    return draining_on_signals(seconds, tell)


def _came_from(taken_over: Mapping[str, int]) -> str:
    batches = ", ".join(
        f"{count:,} from batch {batch}" for batch, count in sorted(taken_over.items())[:_MOST_NAMED]
    )
    more = f" and {len(taken_over) - _MOST_NAMED} other batches" if len(taken_over) > _MOST_NAMED else ""
    return f"Answered already, nothing is paid again: {batches}{more}."


def _was_sent(record: AnswerRecord | None) -> bool:
    return record is not None and record.status is not AnswerStatus.UNFUNDED and record.reused_from is None
