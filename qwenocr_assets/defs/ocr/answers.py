"""Answers: what is asked of the service for each page, and what came back."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg
from pydantic import Field

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.defs.metadata import usd
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.defs.running.tags import tag_account
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.qwenocr.errors import ServiceDown
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.answers.asking import ask
from qwenocr_assets.steps.answers.open_questions import Wanted

_OUTAGE_SECONDS = 300
"""Until the first try after the service was found to be down; doubled for each that follows."""


def ocr_asset(task: Task) -> str:
    """The asset that holds a task's raw answers."""
    return f"ocr_{task.value}"


class OcrConfig(dg.Config):
    """How to treat answers that are already there."""

    # with default=[] the launchpad's form opens with the key; a default_factory is not shown there
    resend: list[str] = Field(
        default=[],
        description="Statuses to ask for again although they are final, like rejected or skipped.",
    )
    only: list[str] | None = Field(
        default=None,
        description="Request keys: nothing else is asked. Without them, everything that has no final answer.",
    )
    only_statuses: list[str] = Field(default=[], description="Only what ended in one of these statuses.")
    only_classes: list[str] = Field(
        default=[],
        description="Only what ended with an error of one of these classes, like Retryable.",
    )
    given_up: bool = Field(
        default=False,
        description="Also what has failed max_attempts_in_all times.",
    )
    outage_retries: int = Field(
        default=3,
        description="How often the step is tried again while the service is down, at growing intervals.",
    )


@dg.multi_asset(
    name="ocr_answers",
    specs=[
        dg.AssetSpec(
            ocr_asset(task),
            deps=["ocr_requests", "batch_jobs"],
            group_name="ocr",
            kinds={"qwen", "zstandard"},
            description=f"Raw answers: {task.spec.description}.",
            skippable=True,
        )
        for task in Task
    ],
    partitions_def=intake_batches,
    can_subset=True,
    # a call costs money: what failed is asked for again by a person or by the next run, never by a blind retry; the
    # step itself asks for one where waiting helps
    op_tags={"dagster/retry_on_asset_or_op_failure": "false"},
)
def ocr_answers(
    context: dg.AssetExecutionContext,
    config: OcrConfig,
    environment: dg.ResourceParam[Environment],
    qwen_ocr: dg.ResourceParam[QwenOcr],
    cost_budget: dg.ResourceParam[CostBudget],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None]]:
    """Ask for every page × task that has no answer yet, and journal each answer as it comes."""
    selected = [task for task in Task if dg.AssetKey(ocr_asset(task)) in context.selected_asset_keys]
    asked = ask(
        environment,
        qwen_ocr,
        cost_budget,
        context.partition_key,
        LoggedProgress(progress, context),
        run_id=context.run.run_id,
        wanted=Wanted(
            frozenset(map(AnswerStatus, config.resend)),
            config.only,
            config.only_statuses,
            config.only_classes,
            config.given_up,
        ),
        tasks=selected,
        on_account=lambda account: tag_account(context, account),
    )
    context.log.info("%d answers taken over, %d requests sent", asked.taken_over, sum(asked.sent.values()))
    refused = asked.refused
    if isinstance(refused, ServiceDown) and context.retry_number < config.outage_retries:
        raise dg.RetryRequested(
            max_retries=config.outage_retries, seconds_to_wait=_OUTAGE_SECONDS * 2**context.retry_number
        ) from refused
    for task in selected:
        yield dg.MaterializeResult(
            asset_key=ocr_asset(task), metadata=_metadata(asked.records[task], asked.sent.get(task, 0))
        )
    if refused is not None:
        raise dg.Failure(
            f"The service refuses every call: {refused}",
            metadata={
                "next_step": refused.next_step or "See the message.",
                "error_class": type(refused).__name__,
            },
            allow_retries=False,
        )


def _metadata(records: Sequence[AnswerRecord], sent: int) -> dict[str, Any]:
    statuses = Counter(record.status.value for record in records)
    return {
        "dagster/row_count": len(records),
        "sent": sent,
        "cost_usd": usd(sum((r.cost_usd or Decimal(0) for r in records), Decimal(0))),
        **{f"answers_{status}": count for status, count in sorted(statuses.items())},
    }
