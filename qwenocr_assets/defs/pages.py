"""Pages: one normalised, content-addressed image per page."""

from collections import Counter

import dagster as dg

from qwenocr_assets.defs.decoding import decoders, recipe_for
from qwenocr_assets.defs.layer_samples import doubt_layers
from qwenocr_assets.defs.metadata import OWNERS, column_schema, markdown_table
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import Progress
from qwenocr_assets.defs.resources import DataRoot, Routes
from qwenocr_assets.imaging.batches import batch_page_rows
from qwenocr_assets.intake.routes import DEFAULT_ROUTE
from qwenocr_assets.intake.urls.listed_documents import readable
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import read_table, write_table


@dg.asset(
    partitions_def=intake_batches,
    deps=["documents"],
    group_name="pages",
    kinds={"pillow", "parquet"},
    owners=OWNERS,
    description=PAGES.description,
    metadata={"dagster/column_schema": column_schema(PAGES)},
)
def pages(
    context: dg.AssetExecutionContext, data: DataRoot, routes: Routes, progress: dg.ResourceParam[Progress]
) -> dg.MaterializeResult[None]:
    """The page images of the accepted documents; a page that cannot be made is a row that says why."""
    batch_id = context.partition_key
    accepted = [d for d in read_table(data.folder, DOCUMENTS, batch_id) if d["status"] == "accepted"]
    settings = load_settings()
    recipes = {route.name: recipe_for(settings, route) for route in (DEFAULT_ROUTE, *routes.load())}
    with progress.stage("Pages", len(accepted)) as advance, decoders(settings) as run:
        rows = batch_page_rows(
            run,
            data.folder,
            readable(data.folder, accepted),
            lambda document: recipes[document["route"]],
            on_document=advance,
        )
    taken = {route.name for route in routes.load() if route.text_layer == "use"}
    rows = doubt_layers(rows, {d["document_id"] for d in accepted if d["route"] in taken}, data.folder)
    write_table(data.folder, PAGES, batch_id, rows)
    rejected = [row for row in rows if row["status"] == "rejected"]
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
