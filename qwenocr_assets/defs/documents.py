"""Documents: every file of an intake batch, accepted or rejected with the reason."""

from collections import Counter

import dagster as dg

from qwenocr_assets.defs.decoding import decoders, examining
from qwenocr_assets.defs.metadata import OWNERS, column_schema, markdown_table
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.resources import DataRoot, Routes
from qwenocr_assets.intake.documents import document_rows
from qwenocr_assets.intake.manifest import read_manifest
from qwenocr_assets.schemas import DOCUMENTS
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import write_table


@dg.asset(
    partitions_def=intake_batches,
    group_name="intake",
    kinds={"parquet"},
    owners=OWNERS,
    description=DOCUMENTS.description,
    metadata={"dagster/column_schema": column_schema(DOCUMENTS)},
)
def documents(
    context: dg.AssetExecutionContext, data: DataRoot, routes: Routes
) -> dg.MaterializeResult[None]:
    """The files of the batch's manifest, and what lists of URLs name: type by content, pages, route."""
    manifest = read_manifest(data.folder, context.partition_key)
    settings = load_settings()
    with decoders(settings) as run:
        rows = document_rows(manifest, routes.load(), examining(settings, data.folder, run))
    write_table(data.folder, DOCUMENTS, manifest.batch_id, rows)
    statuses = Counter(row["status"] for row in rows)
    rejected = [row for row in rows if row["status"] == "rejected"]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "accepted": statuses["accepted"],
            "rejected": statuses["rejected"],
            "size_bytes": sum(row["size_bytes"] for row in rows),
            **({"rejections": markdown_table(rejected, ["name", "reason"])} if rejected else {}),
        }
    )
