"""Pages: one normalised, content-addressed image per page."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table
from qwenocr_assets.defs.partitions import batch_check, intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.schemas import PAGES
from qwenocr_assets.statuses import PageStatus
from qwenocr_assets.steps.pages import make_pages

EVERY_PAGE_MADE = "every_page_made"


@dg.asset(
    deps=["documents"],
    group_name="pages",
    kinds={"pillow", "parquet"},
    partitions_def=intake_batches,
    check_specs=[
        batch_check(
            EVERY_PAGE_MADE,
            asset=PAGES.name,
            description="Every page of the accepted documents has an image that can be asked about.",
        )
    ],
)
def pages(
    context: dg.AssetExecutionContext,
    environment: dg.ResourceParam[Environment],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The page images of the accepted documents; a page that cannot be made is a row that says why."""
    rows = make_pages(environment, context.partition_key, progress)
    rejected = [row for row in rows if row["status"] == PageStatus.REJECTED]
    why = {"rejections": markdown_table(rejected, ["page_id", "reason"])} if rejected else {}
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "rejected": len(rejected),
            "size_bytes": sum(row.get("size_bytes") or 0 for row in rows),
            **{
                f"pages_{origin}": count
                for origin, count in Counter(r["origin"] for r in rows if r.get("origin")).items()
            },
            **why,
        },
    )
    yield dg.AssetCheckResult(
        check_name=EVERY_PAGE_MADE,
        passed=not rejected,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rejected": len(rejected), **why},
    )
