"""The two jobs: one intake batch from files to rows, and everything into the warehouse."""

import dagster as dg

BATCH_JOB = "ocr_batch"
COLLECT_JOB = "collect_batch"
PUBLISH_JOB = "publish_warehouse"

# a failed step that called the service is not repeated blindly: a call costs money
_NO_RETRY = {"dagster/retry_on_asset_or_op_failure": "false", "dagster/max_retries": "0"}

# steps share the process: a subprocess a step would cost more than most steps do
ocr_batch = dg.define_asset_job(
    BATCH_JOB,
    selection=dg.AssetSelection.groups("intake", "pages", "ocr", "tables"),
    executor_def=dg.in_process_executor,
    description="One intake batch: documents, pages, requests, answers, rows.",
    tags=_NO_RETRY,
)

collect_batch = dg.define_asset_job(
    COLLECT_JOB,
    selection=(dg.AssetSelection.groups("ocr", "tables") - dg.AssetSelection.assets("ocr_requests")),
    executor_def=dg.in_process_executor,
    description="One intake batch whose batch jobs have ended: collect, hand over or ask the rest, rows.",
    tags=_NO_RETRY,
)

publish_warehouse = dg.define_asset_job(
    PUBLISH_JOB,
    selection=dg.AssetSelection.groups("warehouse", "staging", "marts", "publish"),
    executor_def=dg.in_process_executor,
    description="Load new and changed batches, build the SQL models, publish the snapshot.",
)
