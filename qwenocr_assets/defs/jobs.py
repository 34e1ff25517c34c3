"""The jobs: one intake batch from files to rows, its answers once more, and everything into the warehouse."""

import dagster as dg

BATCH_JOB = "ocr_batch"
COLLECT_JOB = "collect_batch"
REDRIVE_JOB = "redrive_batch"
PUBLISH_JOB = "publish_warehouse"

# a failed step that called the service is not repeated blindly: a call costs money
_NO_RETRY = {"dagster/retry_on_asset_or_op_failure": "false", "dagster/max_retries": "0"}

# steps share the process: a subprocess a step would cost more than most steps do
ocr_batch = dg.define_asset_job(
    BATCH_JOB,
    selection=dg.AssetSelection.groups("intake", "pages", "ocr", "tables"),
    executor_def=dg.in_process_executor,
    description="One intake: documents, pages, requests, answers, rows.",
    tags=_NO_RETRY,
)

_ANSWERS_AND_ROWS = dg.AssetSelection.groups("ocr", "tables") - dg.AssetSelection.assets("ocr_requests")

collect_batch = dg.define_asset_job(
    COLLECT_JOB,
    selection=_ANSWERS_AND_ROWS,
    executor_def=dg.in_process_executor,
    description="One intake whose batch jobs have ended: collect, hand over or ask the rest, rows.",
    tags=_NO_RETRY,
)

redrive_batch = dg.define_asset_job(
    REDRIVE_JOB,
    selection=_ANSWERS_AND_ROWS,
    executor_def=dg.in_process_executor,
    description="One intake whose requests are asked again that have no answer: all of them, or those of some "
    "statuses and error classes (only_statuses, only_classes in the configuration of ocr_answers). Over many intakes: "
    "as a backfill.",
    tags=_NO_RETRY,
)

publish_warehouse = dg.define_asset_job(
    PUBLISH_JOB,
    selection=dg.AssetSelection.groups("warehouse", "staging", "marts", "publish"),
    executor_def=dg.in_process_executor,
    description="Load new and changed intakes, build the SQL models, publish the snapshot.",
)
