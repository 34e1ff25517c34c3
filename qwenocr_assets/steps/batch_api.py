"""Requests of routes in batch mode: handed to the Batch API, watched, and taken back by another run."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from qwenocr_assets.asking.accounts import Account
from qwenocr_assets.asking.batch_answers import BatchAnswers, Question
from qwenocr_assets.asking.batch_api.collecting import Collected, Collector
from qwenocr_assets.asking.batch_api.jobs import Jobs, JobState
from qwenocr_assets.asking.batch_api.pictures import line_bytes, line_of
from qwenocr_assets.asking.batch_api.planning import Rules, Sorted, sort_questions, split
from qwenocr_assets.asking.batch_api.polling import poll
from qwenocr_assets.asking.batch_api.submitting import Submitter
from qwenocr_assets.asking.page_images import Page
from qwenocr_assets.cost.batch_funds import LedgerFunds
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import calls_of
from qwenocr_assets.cost.unfunded import remember
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import held
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import ConfigurationError, QwenocrError
from qwenocr_assets.qwenocr.batch_api.limits import FileLimits, cheaper_at_once
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.errors import RunRefused, ServiceError
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow, PageRow
from qwenocr_assets.schemas import OCR_REQUESTS, PAGES, is_ready
from qwenocr_assets.steps.answers.real_time import of_account
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.tables.completeness import incomplete

_log = logging.getLogger(__name__)

_LIMITS = FileLimits()
Services = Callable[[str], BatchService]
"""The Batch API of an account, by its name."""
UNFUNDED_SUFFIX = "/batch-api"
"""After the id of an intake batch: what of it waits for money here, and not in real time."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a batch has with the Batch API."""

    requests: int
    collected: int = 0
    given_up: int = 0
    handed_over: int = 0
    waiting: int = 0
    warning: str | None = None


def in_batches(requests: Iterable[OcrRequestRow]) -> list[OcrRequestRow]:
    """The rows of `ocr_requests` whose route hands them to the Batch API."""
    return [row for row in requests if row.get("mode") == Mode.BATCH]


def page_images(pages: Iterable[PageRow]) -> dict[str, Page]:
    """By page id, where the images of rows of `pages` lie."""
    return {p["page_id"]: Page(p["uri"], p["media_type"], p.get("text_layer")) for p in pages if is_ready(p)}


def collect_and_hand_over(
    environment: Environment,
    service: QwenOcr,
    budget: CostBudget,
    batch_id: str,
    progress: Progress,
    *,
    run_id: str,
) -> HandedOver:
    """Collect what has ended, then hand over what is still open. Does nothing where no route is in batch mode.

    Raises:
        MissingApiKey: there is no key for the region.
        InUse: another run has the batch.
        AboveReserve: an answer that was collected cost more than was set aside for it; nothing more is handed over.
    """
    data = environment.data
    rows = in_batches(read_table(data, OCR_REQUESTS, batch_id))
    if not rows:
        return HandedOver(0)
    pages = page_images(read_table(data, PAGES, batch_id))
    budget.catch_up(progress.note)
    with (
        held(environment, batch_id, progress) as hold,
        budget.ledger() as ledger,
        service.batch_services() as services,
    ):
        work = _Work(environment, Jobs(ledger), batch_id, rows)
        failed = poll_all(environment, work.jobs, services)
        for job in work.jobs.all(JobState.RUNNING, batch_id=batch_id):
            if job.owner in failed:
                raise failed[job.owner]
        answers = BatchAnswers.open(data, batch_id, {Task(row["task"]) for row in rows}, hold, progress.note)
        funds = LedgerFunds(ledger, environment.caps, {})
        collected = _collect(work, answers, funds, services)
        if funds.above is not None:
            answers.compact()
            raise funds.above
        answers.take_over(rows, frozenset())
        questions = [
            q
            for q in answers.open_questions(rows, pages, frozenset())
            if q.request_key not in collected.given_up
        ]
        planned = _hand_over(work, budget, ledger, services, questions, run_id, progress.note)
        answers.compact()
        waiting = len(work.jobs.waiting_keys(batch_id))
    return HandedOver(
        requests=len(rows),
        collected=collected.answered,
        given_up=len(collected.given_up),
        handed_over=planned,
        waiting=waiting,
        warning=cheaper_at_once(environment.catalogue, environment.model),
    )


def asked_at_once(
    environment: Environment,
    budget: CostBudget,
    batch_id: str,
    rows: Sequence[OcrRequestRow],
    questions: Iterable[Question],
) -> list[Question]:
    """Of these questions of routes in batch mode, those that go in real time all the same."""
    with budget.ledger() as ledger:
        return _Work(environment, Jobs(ledger), batch_id, rows).sort(questions).at_once


def watch(environment: Environment, service: QwenOcr) -> list[str]:
    """Ask how running jobs are; returns the intake batches with something to do."""
    with Ledger.open(environment.database_url) as ledger:
        jobs = Jobs(ledger)
        with service.batch_services() as services:
            failed = poll_all(environment, jobs, services)
            require_one_asked(failed, jobs)
        return due_batches(jobs)


def poll_all(
    environment: Environment, jobs: Jobs, services: Services, *, all_now: bool = False
) -> dict[str, QwenocrError]:
    """Ask how running jobs are, each account's with its own key; returns, by account, why it could not be asked."""
    region = environment.region.name
    owners = sorted({job.owner for job in jobs.all(JobState.RUNNING) if job.region == region})
    failed: dict[str, QwenocrError] = {}
    for owner in owners:
        try:
            poll(jobs, services(owner), region=region, account=owner, all_now=all_now)
        except (RunRefused, ConfigurationError) as error:
            failed[owner] = error
            _log.warning("The batch jobs of account %s cannot be asked for: %s", owner, error)
    return failed


def require_one_asked(failed: Mapping[str, QwenocrError], jobs: Jobs) -> None:
    """Raise why an account could not be asked, where none with running jobs could."""
    owners = {job.owner for job in jobs.all(JobState.RUNNING)}
    if failed and owners <= failed.keys():
        raise next(iter(failed.values()))


def due_batches(jobs: Jobs) -> list[str]:
    """Intake batches with something to do: jobs that have ended, or that a run did not bring to the service."""
    ended = {b for job in jobs.all(JobState.ENDED) for b in jobs.intake_batches(job.job_id)}
    stuck = {job.batch_id for job in jobs.all(JobState.PLANNED, JobState.UPLOADED, JobState.CREATING)}
    return sorted(ended | stuck)


@dataclass(frozen=True)
class _Work:
    """What one intake batch has to do with the Batch API."""

    environment: Environment
    jobs: Jobs
    batch_id: str
    rows: Sequence[OcrRequestRow]

    @property
    def data(self) -> DataFolder:
        return self.environment.data

    @cached_property
    def rules(self) -> Mapping[str, Rules]:
        """By request key."""
        by_route = {
            name: Rules(
                route.batch_rest,
                route.batch_too_large,
                route.batch_window,
                int(route.batch_line_mb * 10**6),
                route.batch_pages_url,
            )
            for name, route in self.environment.routes_by_name.items()
        }
        return {row["request_key"]: by_route.get(row["route"], Rules()) for row in self.rows}

    def rules_of(self, request_key: str) -> Rules:
        return self.rules.get(request_key, Rules())

    def size(self, question: Question) -> int:
        """Bytes of the question's line."""
        rules, question = self.rules_of(question.request_key), self._as_sent(question)
        return line_bytes(self.data, question, self.environment.model.name, rules, _LIMITS)

    def line(self, question: Question) -> bytes:
        rules, question = self.rules_of(question.request_key), self._as_sent(question)
        return line_of(self.data, question, self.environment.model.name, rules, _LIMITS)

    def _as_sent(self, question: Question) -> Question:
        return replace(question, options=self.environment.model.asked_with(question.options))

    def sort(self, questions: Iterable[Question]) -> Sorted:
        """Which of these are to be handed over, and which asked at once."""
        return sort_questions(
            questions,
            lambda q: self.rules_of(q.request_key),
            self.jobs.waiting_keys(self.batch_id),
            self.jobs.times_left(self.batch_id),
            self.size,
            _LIMITS,
        )


def _collect(work: _Work, answers: BatchAnswers, funds: LedgerFunds, services: Services) -> Collected:
    """What has ended, from each account that handed it over."""
    collected = Collected()
    for owner in sorted({job.owner for job in work.jobs.all(JobState.ENDED, batch_id=work.batch_id)}):
        found = Collector(
            work.jobs,
            services(owner),
            funds,
            work.environment.catalogue.version,
            incomplete,
            answers.save,
            work.rules_of,
        ).collect(work.batch_id, account=owner)
        collected.jobs += found.jobs
        collected.answered += found.answered
        collected.left |= found.left
        collected.given_up |= found.given_up
    return collected


def _by_window(work: _Work, questions: Iterable[Question]) -> dict[str, list[Question]]:
    """Questions by how long the service may take: one file has one window."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(work.rules_of(question.request_key).window, []).append(question)
    return found


def _hand_over(
    work: _Work,
    budget: CostBudget,
    ledger: Ledger,
    services: Services,
    questions: list[Question],
    run_id: str,
    tell: Callable[[str], object],
) -> int:
    """Plan what is open, and bring every job that is not running as far as it goes; how many requests were planned."""
    environment, model = work.environment, work.environment.model
    to_plan = work.sort(questions).batch
    account = environment.accounts[0]
    if to_plan:
        keys = {question.request_key for question in to_plan}
        wanted = [row for row in work.rows if row["request_key"] in keys]
        account = budget.take_account(work.batch_id, environment.accounts, wanted)
    calls = calls_of(
        work.rows, model, environment.catalogue.version, run_id, Mode.BATCH, account=account.name
    )
    funds = LedgerFunds(ledger, environment.caps, calls)
    planned = 0
    for window, those in _by_window(work, to_plan).items():
        for file in split(((q, work.size(q)) for q in those), _LIMITS):
            lines = [(q.request_key, q.task) for q in file]
            planned += work.jobs.plan(
                work.batch_id,
                lines,
                region=model.region,
                model=model.name,
                window=window,
                funds=funds,
                account=account.name,
            ).lines
    remember(ledger, f"{work.batch_id}{UNFUNDED_SUFFIX}", funds.refused.values())
    root = work.data.root
    folder = local_path(root) if is_local(root) else Path(tempfile.gettempdir())
    asked = {question.request_key: question for question in questions}
    for job in work.jobs.all(JobState.PLANNED, JobState.UPLOADED, JobState.CREATING, batch_id=work.batch_id):
        if job.batch_id != work.batch_id:
            continue
        submitter = Submitter(work.jobs, services(job.owner), funds, work.line, folder / "batch_api")
        try:
            submitter.submit(job, asked)
        except RunRefused as error:
            raise _refused(work, budget, funds, environment.account_called(job.owner), error, tell) from error
    return planned


def _refused(
    work: _Work,
    budget: CostBudget,
    funds: LedgerFunds,
    account: Account,
    error: RunRefused,
    tell: Callable[[str], object],
) -> ServiceError:
    """The error with the account's name. Where there are others, what it has not got yet is free for them."""
    accounts = work.environment.accounts
    budget.note_account(work.batch_id, account, accounts, error)
    if len(accounts) > 1:
        for job in work.jobs.all(JobState.PLANNED, JobState.UPLOADED, batch_id=work.batch_id):
            if (job.batch_id, job.owner) == (work.batch_id, account.name):
                work.jobs.close_unsent(job, str(error), funds)
    return of_account(error, account, accounts, tell) or error
