"""Requests of routes in batch mode: handed to the Batch API, watched, and taken back by another run."""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from qwenocr_assets.asking.batch_answers import BatchAnswers, Page, Question
from qwenocr_assets.asking.batch_api.collecting import Collected, Collector
from qwenocr_assets.asking.batch_api.jobs import Jobs, JobState
from qwenocr_assets.asking.batch_api.pictures import line_bytes, line_of
from qwenocr_assets.asking.batch_api.planning import Rules, Sorted, sort_questions, split
from qwenocr_assets.asking.batch_api.polling import poll
from qwenocr_assets.asking.batch_api.submitting import Submitter
from qwenocr_assets.cost.batch_funds import LedgerFunds
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.purse import calls_of
from qwenocr_assets.cost.unfunded import remember
from qwenocr_assets.defs.batch_hold import held_batch
from qwenocr_assets.defs.budget import CostBudget
from qwenocr_assets.defs.jobs import collect_batch
from qwenocr_assets.defs.metadata import OWNERS
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import Progress
from qwenocr_assets.defs.resources import DataRoot, QwenOcr, Routes
from qwenocr_assets.intake.routes import DEFAULT_ROUTE, Route
from qwenocr_assets.qwenocr.batch_api.limits import (
    COMPLETION_WINDOW,
    FileLimits,
    batch_priced,
    cheaper_at_once,
)
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import OCR_REQUESTS, PAGES
from qwenocr_assets.settings import Settings, load_settings
from qwenocr_assets.storage.data_folder import DataFolder, is_local, local_path
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.tables.completeness import incomplete

_LIMITS = FileLimits()
_RETRY_SECONDS = 600
"""A run that failed is asked for again after this."""
UNFUNDED_SUFFIX = "/batch-api"
"""After the id of an intake batch: what of it waits for money here, and not in real time."""

Rows = list[Mapping[str, Any]]


def in_batches(requests: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of `ocr_requests` whose route hands them to the Batch API."""
    return [row for row in requests if row.get("mode") == Mode.BATCH]


@dataclass(frozen=True, slots=True)
class BatchWork:
    """What one intake batch has to do with the Batch API."""

    data: DataFolder
    jobs: Jobs
    batch_id: str
    qwen_ocr: QwenOcr
    rows: Rows
    rules: Mapping[str, Rules]
    """By request key."""

    def sort(self, questions: Iterable[Question]) -> Sorted:
        """Which of these are to be handed over, and which asked at once."""
        model = self.qwen_ocr.model_entry.name

        def size(question: Question) -> int:
            return line_bytes(self.data, question, model, self.rules_of(question.request_key), _LIMITS)

        return sort_questions(
            questions,
            lambda q: self.rules_of(q.request_key),
            self.jobs.waiting_keys(self.batch_id),
            self.jobs.times_left(self.batch_id),
            size,
            _LIMITS,
        )

    def rules_of(self, request_key: str) -> Rules:
        return self.rules.get(request_key, Rules())


@contextmanager
def batch_work(
    data: DataFolder, ledger: Ledger, batch_id: str, qwen_ocr: QwenOcr, rows: Rows, routes: Iterable[Route]
) -> Iterator[BatchWork]:
    """The work of one intake batch, with the ledger's database open."""
    by_name = {
        r.name: Rules(r.batch_rest, r.batch_too_large, r.batch_pages_url) for r in (DEFAULT_ROUTE, *routes)
    }
    rules = {row["request_key"]: by_name.get(row["route"], Rules()) for row in rows}
    yield BatchWork(data, Jobs(ledger), batch_id, qwen_ocr, rows, rules)


def asked_at_once(
    data: DataFolder,
    cost_budget: CostBudget,
    batch_id: str,
    qwen_ocr: QwenOcr,
    rows: Rows,
    routes: Iterable[Route],
    questions: Iterable[Question],
) -> list[Question]:
    """Of these questions of routes in batch mode, those that go in real time all the same."""
    with cost_budget.ledger() as ledger, batch_work(data, ledger, batch_id, qwen_ocr, rows, routes) as work:
        return work.sort(questions).at_once


def open_service(qwen_ocr: QwenOcr) -> BatchService:
    """The service of the region that is set.

    Raises:
        MissingApiKey: there is no key for it.
    """
    return BatchService(qwen_ocr.region_entry, load_settings().api_key_for(qwen_ocr.region))


@dg.asset(
    name="batch_jobs",
    partitions_def=intake_batches,
    deps=["ocr_requests"],
    group_name="ocr",
    kinds={"qwen"},
    owners=OWNERS,
    pool="ocr_account",
    op_tags={"dagster/retry_on_asset_or_op_failure": "false"},
    description="What was handed to the Batch API, for routes in batch mode; takes back what has ended.",
)
def batch_jobs(
    context: dg.AssetExecutionContext,
    data: DataRoot,
    routes: Routes,
    qwen_ocr: QwenOcr,
    cost_budget: CostBudget,
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """Collect what has ended, then hand over what is still open. Does nothing where no route is in batch mode."""
    batch_id = context.partition_key
    rows = in_batches(read_table(data.folder, OCR_REQUESTS, batch_id))
    if not rows:
        return dg.MaterializeResult(metadata={"requests": 0})
    if warning := cheaper_at_once(qwen_ocr.catalogue, qwen_ocr.model_entry):
        context.log.warning(warning)
    pages = {p["page_id"]: Page(p["uri"], p["media_type"]) for p in read_table(data.folder, PAGES, batch_id)}
    with (
        held_batch(context, progress) as hold,
        cost_budget.ledger() as ledger,
        batch_work(data.folder, ledger, batch_id, qwen_ocr, rows, routes.load()) as work,
        open_service(qwen_ocr) as service,
    ):
        poll(work.jobs, service, region=qwen_ocr.region)
        answers = BatchAnswers.open(data.folder, batch_id, {Task(row["task"]) for row in rows}, hold)
        collected = _collect(work, answers, ledger, service, cost_budget)
        answers.take_over(rows, frozenset())
        questions = [
            q
            for q in answers.open_questions(rows, pages, frozenset())
            if q.request_key not in collected.given_up
        ]
        planned = _hand_over(work, ledger, service, cost_budget, questions, context.run.run_id)
        answers.compact()
        waiting = len(work.jobs.waiting_keys(batch_id))
    return dg.MaterializeResult(
        metadata={
            "requests": len(rows),
            "collected": collected.answered,
            "given_up": len(collected.given_up),
            "handed_over": planned,
            "waiting": waiting,
        }
    )


def _collect(
    work: BatchWork, answers: BatchAnswers, ledger: Ledger, service: BatchService, cost_budget: CostBudget
) -> Collected:
    catalogue = work.qwen_ocr.catalogue
    return Collector(
        work.jobs,
        service,
        LedgerFunds(ledger, cost_budget.caps, {}),
        lambda job: batch_priced(catalogue.model(job.region, job.model)),
        catalogue.version,
        incomplete,
        answers.save,
        work.rules_of,
    ).collect(work.batch_id)


def _hand_over(
    work: BatchWork,
    ledger: Ledger,
    service: BatchService,
    cost_budget: CostBudget,
    questions: list[Question],
    run_id: str,
) -> int:
    """Plan what is open, and bring every job that is not running as far as it goes; how many requests were planned."""
    model = work.qwen_ocr.model_entry
    calls = calls_of(work.rows, batch_priced(model), work.qwen_ocr.catalogue.version, run_id)
    funds = LedgerFunds(ledger, cost_budget.caps, calls)
    open_ones = work.sort(questions).batch
    sized = (
        (q, line_bytes(work.data, q, model.name, work.rules_of(q.request_key), _LIMITS)) for q in open_ones
    )
    planned = 0
    for file in split(sized, _LIMITS):
        lines = [(q.request_key, q.task) for q in file]
        planned += work.jobs.plan(
            work.batch_id, lines, region=model.region, model=model.name, window=COMPLETION_WINDOW, funds=funds
        ).lines
    remember(ledger, f"{work.batch_id}{UNFUNDED_SUFFIX}", funds.refused.values())
    submitter = Submitter(
        work.jobs,
        service,
        funds,
        lambda q: line_of(work.data, q, model.name, work.rules_of(q.request_key), _LIMITS),
        (local_path(work.data.root) if is_local(work.data.root) else Path(tempfile.gettempdir()))
        / "batch_api",
    )
    asked = {question.request_key: question for question in questions}
    for job in work.jobs.all(JobState.PLANNED, JobState.UPLOADED, JobState.CREATING, batch_id=work.batch_id):
        if job.batch_id == work.batch_id:
            submitter.submit(job, asked)
    return planned


@dg.sensor(
    job=collect_batch,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks how batch jobs are, and runs the intake batches whose jobs have ended or got stuck.",
)
def watch_batches() -> dg.SensorResult | dg.SkipReason:
    return watch(load_settings())


def watch(settings: Settings) -> dg.SensorResult | dg.SkipReason:
    """One look at the jobs."""
    if settings.region == "local":
        return dg.SkipReason("The embedded engine has no batches.")
    with Ledger.open(settings.ledger_url) as ledger:
        jobs = Jobs(ledger)
        if jobs.all(JobState.RUNNING):
            from qwenocr_assets.defs.resources import resources_for

            with open_service(resources_for(settings)["qwen_ocr"]) as service:
                poll(jobs, service, region=settings.region)
        due = due_batches(jobs)
    if not due:
        return dg.SkipReason("No batch job has ended.")
    turn = int(time.time() // _RETRY_SECONDS)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=f"collect-{batch_id}-{turn}", partition_key=batch_id) for batch_id in due
        ]
    )


def due_batches(jobs: Jobs) -> list[str]:
    """Intake batches with something to do: jobs that have ended, or that a run did not bring to the service."""
    ended = {b for job in jobs.all(JobState.ENDED) for b in jobs.intake_batches(job.job_id)}
    stuck = {job.batch_id for job in jobs.all(JobState.PLANNED, JobState.UPLOADED, JobState.CREATING)}
    return sorted(ended | stuck)
