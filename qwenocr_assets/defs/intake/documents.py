"""Documents: every file of an intake batch, accepted or rejected with the reason."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from qwenocr_assets.app.addresses import document_url
from qwenocr_assets.defs.metadata import links, markdown_table
from qwenocr_assets.defs.partitions import batch_check, intake_batches
from qwenocr_assets.defs.running.tags import tag_begun
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import DOCUMENTS
from qwenocr_assets.statuses import DocumentStatus
from qwenocr_assets.steps.documents import examine

EVERY_DOCUMENT_ACCEPTED = "every_document_accepted"


@dg.asset(
    group_name="intake",
    kinds={"parquet"},
    partitions_def=intake_batches,
    check_specs=[
        batch_check(
            EVERY_DOCUMENT_ACCEPTED,
            asset=DOCUMENTS.name,
            description="Every file of the intake could be read.",
        )
    ],
)
def documents(
    context: dg.AssetExecutionContext, environment: dg.ResourceParam[Environment]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The files of the batch's manifest, and what lists of URLs name: type by content, pages, route."""
    rows = examine(environment, context.partition_key)
    tag_begun(context, environment)
    statuses = Counter(row["status"] for row in rows)
    rejected = [row for row in rows if row["status"] == DocumentStatus.REJECTED]
    why = {"rejections": markdown_table(rejected, ["name", "reason"])} if rejected else {}
    accepted = [row for row in rows if row["status"] == DocumentStatus.ACCEPTED]
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "accepted": statuses[DocumentStatus.ACCEPTED],
            "rejected": statuses[DocumentStatus.REJECTED],
            "size_bytes": sum(row["size_bytes"] for row in rows),
            **(
                {"first_document": dg.MetadataValue.url(document_url(accepted[0]["document_id"]))}
                if accepted
                else {}
            ),
            "on_the_page": links((row["name"], document_url(row["document_id"])) for row in accepted),
            **why,
        },
    )
    yield dg.AssetCheckResult(
        check_name=EVERY_DOCUMENT_ACCEPTED,
        passed=not rejected,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"rejected": len(rejected), **why},
    )
