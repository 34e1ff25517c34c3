"""Requests and answers: what is asked of the service for each page, and what came back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import dagster as dg
from pydantic import Field

from qwenocr_assets.asking.batch_answers import BatchAnswers, Page, Question
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.records import AnswerRecord, Status
from qwenocr_assets.cost.comparison import compare
from qwenocr_assets.cost.expectations import learn_expectations
from qwenocr_assets.cost.requests import request_rows
from qwenocr_assets.defs.batch_api import asked_at_once, in_batches
from qwenocr_assets.defs.batch_hold import held_batch
from qwenocr_assets.defs.budget import CostBudget
from qwenocr_assets.defs.draining import draining
from qwenocr_assets.defs.metadata import OWNERS, markdown_table, table_spec, usd
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import Progress
from qwenocr_assets.defs.resources import DataRoot, QwenOcr, Routes
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.qwenocr.advice import model_warnings
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.errors import ServiceDown
from qwenocr_assets.qwenocr.purse import Purse
from qwenocr_assets.qwenocr.regions import Protocol
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, PAGES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.completeness import incomplete

_OUTAGE_SECONDS = 300
"""Until the first try after the service was found to be down; doubled for each that follows."""


def ocr_asset(task: Task) -> str:
    """The asset that holds a task's raw answers."""
    return f"ocr_{task.value}"


class OcrConfig(dg.Config):
    """How to treat answers that are already there."""

    resend: list[str] = Field(default_factory=list)
    """Statuses to ask for again although they are final, like `rejected` or `skipped`."""
    only: list[str] | None = None
    """Request keys: nothing else is asked. Without them, everything that has no final answer."""
    only_statuses: list[str] = Field(default_factory=list)
    """Only what ended in one of these statuses."""
    only_classes: list[str] = Field(default_factory=list)
    """Only what ended with an error of one of these classes, like Retryable."""
    given_up: bool = False
    """Also what has failed `max_attempts_in_all` times."""
    outage_retries: int = 3
    """How often the step is tried again while the service is down, at growing intervals."""


@dg.asset(
    partitions_def=intake_batches,
    deps=["pages"],
    group_name="ocr",
    kinds={"parquet"},
    owners=OWNERS,
    description=OCR_REQUESTS.description,
    metadata=table_spec(OCR_REQUESTS, group="ocr", deps=[]).metadata,
)
def ocr_requests(
    context: dg.AssetExecutionContext, data: DataRoot, routes: Routes, qwen_ocr: QwenOcr
) -> dg.MaterializeResult[None]:
    """Page × task, with the quote. Nothing is sent."""
    batch_id = context.partition_key
    pages = read_table(data.folder, PAGES, batch_id)
    rows = request_rows(
        read_table(data.folder, DOCUMENTS, batch_id),
        pages,
        routes.load(),
        qwen_ocr.model_entry,
        qwen_ocr.catalogue,
        learn_expectations(data.folder, qwen_ocr.model_entry),
    )
    write_table(data.folder, OCR_REQUESTS, batch_id, rows)
    for warning in model_warnings(qwen_ocr.catalogue, qwen_ocr.model_entry):
        context.log.warning(warning)
    offers = [offer for offer in compare(rows, pages, qwen_ocr.catalogue) if offer.complete]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "region": qwen_ocr.region,
            "model": qwen_ocr.model_entry.name,
            "expected_cost_usd": usd(sum((r["expected_cost_usd"] for r in rows), Decimal(0))),
            "worst_cost_usd": usd(sum((r["worst_cost_usd"] for r in rows), Decimal(0))),
            "expected_cost_elsewhere": markdown_table(
                map(asdict, offers), ["region", "model", "batch", "expected_usd", "worst_usd"]
            ),
        }
    )


@dg.multi_asset(
    name="ocr_answers",
    specs=[
        dg.AssetSpec(
            ocr_asset(task),
            deps=["ocr_requests", "batch_jobs"],
            group_name="ocr",
            kinds={"qwen", "zstandard"},
            owners=OWNERS,
            description=f"Raw answers: {task.spec.description}.",
            skippable=True,
        )
        for task in Task
    ],
    partitions_def=intake_batches,
    can_subset=True,
    pool="ocr_account",
    # a call costs money: what failed is asked for again by a person or by the next run, never by a blind retry; the
    # step itself asks for one where waiting helps
    op_tags={"dagster/retry_on_asset_or_op_failure": "false"},
)
def ocr_answers(
    context: dg.AssetExecutionContext,
    config: OcrConfig,
    data: DataRoot,
    routes: Routes,
    qwen_ocr: QwenOcr,
    cost_budget: CostBudget,
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Ask for every page × task that has no answer yet, and journal each answer as it comes."""
    batch_id = context.partition_key
    selected = [task for task in Task if dg.AssetKey(ocr_asset(task)) in context.selected_asset_keys]
    with held_batch(context, progress) as hold:
        answers = BatchAnswers.open(data.folder, batch_id, selected, hold)
        requests = [r for r in read_table(data.folder, OCR_REQUESTS, batch_id) if r["task"] in selected]
        pages = {
            p["page_id"]: Page(p["uri"], p["media_type"]) for p in read_table(data.folder, PAGES, batch_id)
        }
        resend = frozenset(Status(s) for s in config.resend)
        reused = answers.take_over(requests, resend)
        questions = answers.open_questions(
            [r for r in requests if r.get("mode") != Mode.BATCH],
            pages,
            resend,
            most_attempts=None if config.given_up else load_settings().max_attempts_in_all,
        )
        late: list[Question] = []
        if batched := in_batches(requests):
            still_open = answers.open_questions(batched, pages, frozenset())
            late = asked_at_once(
                data.folder, cost_budget, batch_id, qwen_ocr, batched, routes.load(), still_open
            )
        questions = [q for q in questions if _is_wanted(q, answers, config)]
        late = [q for q in late if _is_wanted(q, answers, config)]
        context.log.info(
            "%d requests, %d taken over, %d to send", len(requests), reused, len(questions) + len(late)
        )

        def purse(model: Model) -> AbstractAsyncContextManager[Purse]:
            return cost_budget.purse(
                requests,
                model,
                catalogue_version=qwen_ocr.catalogue.version,
                batch_id=batch_id,
                run_id=context.run.run_id,
            )

        with (
            progress.stage("OCR answers", len(questions) + len(late)) as advance,
            draining(context, progress) as drain,
        ):
            refused = asyncio.run(_ask(qwen_ocr, purse, answers, questions, late, advance, drain))
        answers.compact()

    if isinstance(refused, ServiceDown) and context.retry_number < config.outage_retries:
        raise dg.RetryRequested(
            max_retries=config.outage_retries, seconds_to_wait=_OUTAGE_SECONDS * 2**context.retry_number
        ) from refused

    sent = Counter(q.task for q in (*questions, *late) if _was_sent(q, answers))
    for task in selected:
        records = [answers.latest[r["request_key"]] for r in requests if _answered(r, task, answers)]
        yield dg.MaterializeResult(asset_key=ocr_asset(task), metadata=_metadata(records, sent[task]))
    if refused is not None:
        raise dg.Failure(
            f"The service refuses every call: {refused}",
            metadata={
                "next_step": refused.next_step or "See the message.",
                "error_class": type(refused).__name__,
            },
            allow_retries=False,
        )


async def _ask(
    qwen_ocr: QwenOcr,
    open_purse: Callable[[Model], AbstractAsyncContextManager[Purse]],
    answers: BatchAnswers,
    questions: list[Question],
    late: list[Question],
    advance: Any,
    drain: Drain,
) -> QwenocrError | None:
    """Ask in the region that is set; while that one is down, what is left in those listed to go on with.

    `late` are questions in the dialect of batches, which are asked in real time all the same.
    """
    refused: QwenocrError | None = None
    if not questions and not late:
        # the ledger learns that nothing of the batch waits for money any more
        async with open_purse(qwen_ocr.model_entry):
            return None
    for region, model in qwen_ocr.order:
        refused = None
        async with open_purse(model) as purse:
            for asked, there in ((questions, region), (late, replace(region, protocol=Protocol.OPENAI))):
                if not asked or refused is not None or drain.begun:
                    continue
                async with qwen_ocr.client(there, model, purse) as client:
                    refused = await answers.ask(
                        asked,
                        client,
                        model,
                        qwen_ocr.catalogue.version,
                        judge=incomplete,
                        on_reply=advance,
                        concurrency=qwen_ocr.in_flight,
                        drain=drain,
                    )
        if not isinstance(refused, ServiceDown) or drain.begun:
            break
        questions, late = answers.unanswered(questions), answers.unanswered(late)
    return refused


def _is_wanted(question: Question, answers: BatchAnswers, config: OcrConfig) -> bool:
    if config.only is not None and question.request_key not in config.only:
        return False
    record = answers.latest.get(question.request_key)
    status, error_class = (
        (record.status, record.error_class) if record is not None else (Status.MISSING, None)
    )
    return (not config.only_statuses or status in config.only_statuses) and (
        not config.only_classes or error_class in config.only_classes
    )


def _was_sent(question: Question, answers: BatchAnswers) -> bool:
    record = answers.latest.get(question.request_key)
    return record is not None and record.status is not Status.UNFUNDED


def _answered(request: dict[str, Any], task: Task, answers: BatchAnswers) -> bool:
    return request["task"] == task and request["request_key"] in answers.latest


def _metadata(records: list[AnswerRecord], sent: int) -> dict[str, Any]:
    statuses = Counter(record.status.value for record in records)
    return {
        "dagster/row_count": len(records),
        "sent": sent,
        "cost_usd": usd(sum((r.cost_usd or Decimal(0) for r in records), Decimal(0))),
        **{f"answers_{status}": count for status, count in sorted(statuses.items())},
    }
