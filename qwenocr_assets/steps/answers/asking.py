"""Answers: every request of a batch that has none is asked, and each answer is journalled as it comes."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from functools import partial

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.asking.batch_answers import BatchAnswers
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
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, PAGES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.answers.open_questions import EVERYTHING_OPEN, OpenQuestions, Wanted
from qwenocr_assets.steps.answers.real_time import Others, Questions, RealTime
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table

_MOST_NAMED = 3
"""Batches that are named where many are meant."""
_LATELY_SECONDS = 60.0
"""An answer is paid for before it is saved: what others paid so lately may not have been found yet."""


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
        taken_over = answers.take_over(requests, wanted.resend)
        if taken_over:
            progress.note(_came_from(taken_over))
        open_ones = OpenQuestions(
            environment,
            budget,
            requests,
            read_table(data, PAGES, batch_id),
            answers,
            wanted.with_other_keys(requests),
        )
        questions = open_ones.find()

        def open_purse(account: Account, since: float | None) -> AbstractAsyncContextManager[Purse]:
            return budget.purse(requests, account, batch_id=batch_id, run_id=run_id, put_off_since=since)

        def ask_now(questions: Questions, since: float | None) -> QwenocrError | None:
            to_ask = [r for r in requests if open_ones.asked.keys() & set(answer_keys(r))]
            asking = RealTime(
                environment,
                service,
                budget,
                to_ask,
                answers,
                open_ones.find,
                advance,
                drain,
                progress.note,
                on_account,
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
                refused = others.ask_rest(open_ones.find, ask_now, drain)
        answers.compact()

    rows, latest = open_ones.pdfs().answered()
    of_pdfs = open_ones.parts().keys()
    for told in alone_notes((r for r in rows if r["request_key"] in of_pdfs), _names(data, batch_id)):
        progress.note(told)
    return Asked(
        records={
            task: [latest[r["request_key"]] for r in rows if r["task"] == task and r["request_key"] in latest]
            for task in tasks
        },
        sent=Counter(
            q.task for q in open_ones.asked.values() if _was_sent(answers.latest.get(q.request_key))
        ),
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
