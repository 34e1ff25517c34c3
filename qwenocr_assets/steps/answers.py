"""Answers: every request of a batch that has none is asked, and each answer is journalled as it comes."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.asking.batch_answers import AnyQuestion, BatchAnswers
from qwenocr_assets.asking.draining import Drain, draining_on_signals
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.asking.whole_pdfs import answer_keys
from qwenocr_assets.cost.requests import alone_notes
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import held
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.qwenocr.purse import Purse
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, PAGES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.batch_api import asked_at_once, in_batches, page_images
from qwenocr_assets.steps.real_time import Others, Questions, RealTime
from qwenocr_assets.steps.whole_pdfs import pdf_questions, whole_pdfs
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table

_MOST_NAMED = 3
"""Batches that are named where many are meant."""
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

    def includes(self, question: AnyQuestion, record: AnswerRecord | None) -> bool:
        """Whether an open question is asked, given the last record of it."""
        if self.keys is not None and question.request_key not in self.keys:
            return False
        status = AnswerStatus.MISSING if record is None else record.status
        error_class = None if record is None else record.error_class
        return (not self.statuses or status in self.statuses) and (
            not self.classes or error_class in self.classes
        )

    def with_other_keys(self, requests: Iterable[OcrRequestRow]) -> "Wanted":
        """With all keys under which what is wanted may be asked: a page of a whole PDF alone, and that PDF."""
        if self.keys is None:
            return self
        wanted = set(self.keys)
        found = (answer_keys(row) for row in requests if not wanted.isdisjoint(answer_keys(row)))
        return replace(self, keys=wanted.union(*found))


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
    on_account: Callable[[Account], object] = lambda _: None,
) -> Asked:
    """Ask the batch's requests of these tasks, in the region that is set and those to go on with.

    `on_account` hears whose account is asked, each time when one is taken. Money is set aside and limited under
    `run_id`. Ctrl-C and SIGTERM end the asking: nothing new is sent, and what is on its way is awaited for
    `drain_seconds`.

    Raises:
        InUse: another run has the batch.
        StorageError: answers could not be saved, or the ledger could not be written.
        AboveReserve: an answer cost more than was set aside for it.
    """
    data = environment.data
    budget.catch_up(progress.note)
    with held(environment, batch_id, progress) as hold:
        requests = [r for r in read_table(data, OCR_REQUESTS, batch_id) if r["task"] in tasks]
        asked_for = {Task(r["task"]) for r in requests}
        answers = BatchAnswers.open(data, batch_id, sorted(asked_for), hold, progress.note)
        made = read_table(data, PAGES, batch_id)
        pages = page_images(made)
        taken_over = answers.take_over(requests, wanted.resend)
        if taken_over:
            progress.note(_came_from(taken_over))
        batched = in_batches(requests)
        wanted = wanted.with_other_keys(requests)
        asked: dict[str, AnyQuestion] = {}

        def find() -> Questions:
            """What is to be asked as the journals are now: of PDFs that were asked about whole, what that has left."""
            pdfs = whole_pdfs(requests, answers.latest, made)
            at_once = answers.open_questions(
                [r for r in requests if r.get("mode") != Mode.BATCH],
                pages,
                wanted.resend,
                most_attempts=None if wanted.given_up else environment.settings.max_attempts_in_all,
                wholes=pdfs,
            )
            late = (
                asked_at_once(
                    environment,
                    budget,
                    batch_id,
                    batched,
                    answers.open_questions(batched, pages, frozenset()),
                )
                if batched
                else []
            )
            _, last = pdfs.answered()
            begun = {r["request_key"] for r in requests if r.get("whole_key") in asked}

            def is_wanted(question: AnyQuestion) -> bool:
                key = question.request_key
                if key in asked and key in answers.latest and answers.latest[key].status.is_final:
                    return False
                return key in begun or wanted.includes(
                    question, last.get(key) or last.get(parts.get(key, ""))
                )

            whole = pdf_questions(environment, batch_id, pdfs)
            found = Questions(
                [*filter(is_wanted, whole)], [*filter(is_wanted, at_once)], [*filter(is_wanted, late)]
            )
            asked.update((q.request_key, q) for q in found)
            return found

        parts = {r["request_key"]: answer_keys(r)[1] for r in requests if r.get("whole_key")}
        questions = find()

        def open_purse(account: Account, since: float | None) -> AbstractAsyncContextManager[Purse]:
            return budget.purse(requests, account, batch_id=batch_id, run_id=run_id, put_off_since=since)

        def ask_now(questions: Questions, since: float | None) -> QwenocrError | None:
            to_ask = [r for r in requests if asked.keys() & set(answer_keys(r))]
            asking = RealTime(
                environment, service, budget, to_ask, answers, find, advance, drain, progress.note, on_account
            )
            return asking.ask(questions, partial(open_purse, since=since))

        with (
            progress.stage("OCR answers", len(questions)) as advance,
            _draining(environment.settings.drain_seconds, progress) as drain,
        ):
            # what is to be asked once more is asked, whoever else asks it
            refused = ask_now(questions, None if wanted.resend else time.time() - _LATELY_SECONDS)
            if answers.put_off and refused is None:
                others = Others(environment, budget, answers, requests, progress)
                refused = others.ask_rest(find, ask_now, drain)
        answers.compact()

    rows, latest = whole_pdfs(requests, answers.latest, made).answered()
    for told in alone_notes((r for r in rows if parts.keys() & {r["request_key"]}), _names(data, batch_id)):
        progress.note(told)
    return Asked(
        records={
            task: [latest[r["request_key"]] for r in rows if r["task"] == task and r["request_key"] in latest]
            for task in tasks
        },
        sent=Counter(q.task for q in asked.values() if _was_sent(answers.latest.get(q.request_key))),
        taken_over=taken_over.total(),
        refused=refused,
    )


def _names(data: DataFolder, batch_id: str) -> dict[str, str]:
    rows = read_table(data, DOCUMENTS, batch_id, ["document_id", "name"])
    return {row["document_id"]: row["name"] for row in rows}


def _draining(seconds: float, progress: Progress) -> AbstractContextManager[Drain]:
    def tell() -> None:
        progress.note(
            f"Stopping: answers on their way are awaited for at most {seconds:g} s, and nothing more is asked. "
            "Interrupt again to stop at once."
        )

    return draining_on_signals(seconds, tell)


def _came_from(taken_over: Mapping[str, int]) -> str:
    batches = ", ".join(
        f"{count:,} from intake {batch}" for batch, count in sorted(taken_over.items())[:_MOST_NAMED]
    )
    more = f" and {len(taken_over) - _MOST_NAMED} other intakes" if len(taken_over) > _MOST_NAMED else ""
    return f"Answered already, nothing is paid again: {batches}{more}."


def _was_sent(record: AnswerRecord | None) -> bool:
    return record is not None and record.status is not AnswerStatus.UNFUNDED and record.reused_from is None
