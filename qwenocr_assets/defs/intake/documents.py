"""Documents: every file of an intake batch, accepted or rejected with the reason."""

from collections import Counter

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.statuses import DocumentStatus
from qwenocr_assets.steps.documents import examine


@dg.asset(group_name="intake", kinds={"parquet"}, partitions_def=intake_batches)
def documents(
    context: dg.AssetExecutionContext, environment: dg.ResourceParam[Environment]
) -> dg.MaterializeResult[None]:
    """The files of the batch's manifest, and what lists of URLs name: type by content, pages, route."""
    rows = examine(environment, context.partition_key)
    statuses = Counter(row["status"] for row in rows)
    rejected = [row for row in rows if row["status"] == DocumentStatus.REJECTED]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "accepted": statuses[DocumentStatus.ACCEPTED],
            "rejected": statuses[DocumentStatus.REJECTED],
            "size_bytes": sum(row["size_bytes"] for row in rows),
            **({"rejections": markdown_table(rejected, ["name", "reason"])} if rejected else {}),
        }
    )
