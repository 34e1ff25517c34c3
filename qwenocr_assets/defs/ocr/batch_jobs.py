"""Requests of routes in batch mode: handed to the Batch API, watched, and taken back by another run."""

import time
from dataclasses import asdict

import dagster as dg

from qwenocr_assets.defs.jobs import collect_batch
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.outgoing import visible
from qwenocr_assets.steps import batch_api

_RETRY_SECONDS = 600
"""A run that failed is asked for again after this."""


@dg.asset(
    deps=["ocr_requests"],
    group_name="ocr",
    kinds={"qwen"},
    partitions_def=intake_batches,
    op_tags={"dagster/retry_on_asset_or_op_failure": "false"},
    description="What was handed to the Batch API, for routes in batch mode; takes back what has ended.",
)
def batch_jobs(
    context: dg.AssetExecutionContext,
    environment: dg.ResourceParam[Environment],
    qwen_ocr: dg.ResourceParam[QwenOcr],
    cost_budget: dg.ResourceParam[CostBudget],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """Collect what has ended, then hand over what is still open. Does nothing where no route is in batch mode."""
    done = batch_api.collect_and_hand_over(
        environment,
        qwen_ocr,
        cost_budget,
        context.partition_key,
        LoggedProgress(progress, context),
        run_id=context.run.run_id,
    )
    if done.warning:
        context.log.warning(visible(done.warning))
    return dg.MaterializeResult(metadata={k: v for k, v in asdict(done).items() if k != "warning"})


@dg.sensor(
    job=collect_batch,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks how batch jobs are, and runs the intakes whose jobs have ended or got stuck.",
)
def watch_batches(
    environment: dg.ResourceParam[Environment], qwen_ocr: dg.ResourceParam[QwenOcr]
) -> dg.SensorResult | dg.SkipReason:
    return watch(environment, qwen_ocr)


def watch(environment: Environment, qwen_ocr: QwenOcr) -> dg.SensorResult | dg.SkipReason:
    """One look at the jobs."""
    if environment.region.is_local:
        return dg.SkipReason("The embedded engine has no batches.")
    due = batch_api.watch(environment, qwen_ocr)
    if not due:
        return dg.SkipReason("No batch job has ended.")
    turn = int(time.time() // _RETRY_SECONDS)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=f"collect-{batch_id}-{turn}", partition_key=batch_id) for batch_id in due
        ]
    )
