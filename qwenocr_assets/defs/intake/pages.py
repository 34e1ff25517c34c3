"""Pages: one normalised, content-addressed image per page."""

from collections import Counter

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.statuses import PageStatus
from qwenocr_assets.steps.pages import make_pages


@dg.asset(deps=["documents"], group_name="pages", kinds={"pillow", "parquet"}, partitions_def=intake_batches)
def pages(
    context: dg.AssetExecutionContext,
    environment: dg.ResourceParam[Environment],
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult[None]:
    """The page images of the accepted documents; a page that cannot be made is a row that says why."""
    rows = make_pages(environment, context.partition_key, progress)
    rejected = [row for row in rows if row["status"] == PageStatus.REJECTED]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "rejected": len(rejected),
            "size_bytes": sum(row.get("size_bytes") or 0 for row in rows),
            **{
                f"pages_{origin}": count
                for origin, count in Counter(r["origin"] for r in rows if r.get("origin")).items()
            },
            **({"rejections": markdown_table(rejected, ["page_id", "reason"])} if rejected else {}),
        }
    )
