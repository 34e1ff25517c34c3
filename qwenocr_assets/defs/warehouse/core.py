"""The warehouse: the core tables, loaded from the table files of new and changed batches."""

from contextlib import ExitStack

import dagster as dg

from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.defs.running.archive import archived_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import writing_warehouse
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.schemas import CORRECTIONS, DOCUMENTS, TABLES
from qwenocr_assets.storage.compaction import remove_batch
from qwenocr_assets.warehouse.load import load_changes
from qwenocr_assets.warehouse.publish import working_file

# Looks once every five minutes whether something came in: one run takes in all batches of a burst. What comes while a
# run is underway waits for the next look.
WAREHOUSE_MINUTES = 5
KEEP_UP_TO_DATE = (
    dg.AutomationCondition.cron_tick_passed(f"*/{WAREHOUSE_MINUTES} * * * *")
    & dg.AutomationCondition.any_deps_updated().since_last_handled()
    & ~dg.AutomationCondition.in_progress()
)


@dg.asset(
    deps=list(TABLES),
    group_name="warehouse",
    kinds={"duckdb"},
    automation_condition=KEEP_UP_TO_DATE,
    description="The core tables in DuckDB: new and changed intakes loaded in one transaction.",
)
def warehouse(
    context: dg.AssetExecutionContext,
    environment: dg.ResourceParam[Environment],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """Load what has changed since the last load into the working file; remove batches whose partition is gone."""
    # what people said cannot be made again: it waits for the batch to come back
    data = environment.data
    made_again = [table for table in TABLES.values() if table is not CORRECTIONS]
    deleted = deleted_batches(context.instance)
    with ExitStack() as stack:
        if data.lake is None or deleted:
            stack.enter_context(writing_warehouse(environment, LoggedProgress(progress, context)))
        for batch_id in deleted:
            remove_batch(data, made_again, batch_id)
        # batches are claimed one by one in a lake: loaders need not wait for each other
        report = load_changes(data, working_file(data))
    return dg.MaterializeResult(
        metadata={
            "batches_loaded": len(report.batches_loaded),
            "batches_removed": len(report.batches_removed),
            **{f"rows_{table}": count for table, count in report.rows_by_table.items()},
        }
    )


def deleted_batches(instance: dg.DagsterInstance) -> list[str]:
    """Batches that this instance has run and whose partition was deleted since.

    What it has never run is not deleted: another instance, or one that was lost, may have made it. Neither is what
    was archived.
    """
    known = {*instance.get_dynamic_partitions(intake_batches.name or ""), *archived_batches(instance)}
    return sorted(instance.get_materialized_partitions(dg.AssetKey(DOCUMENTS.name)) - known)
