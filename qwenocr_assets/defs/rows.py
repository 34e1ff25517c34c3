"""Answers flattened into tables. Free to repeat: the raw answers are the source of truth."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.asking.batch_answers import answers_of, image_sizes, read_answers
from qwenocr_assets.asking.response_rows import response_rows
from qwenocr_assets.defs.batch_hold import held_batch
from qwenocr_assets.defs.metadata import markdown_table, picture, table_spec, usd
from qwenocr_assets.defs.ocr import ocr_asset
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.pictures import draw_batch
from qwenocr_assets.defs.progress import Progress
from qwenocr_assets.defs.resources import DataRoot, Routes
from qwenocr_assets.imaging.pdf.layer_rows import layer_agreement, text_layer_rows
from qwenocr_assets.imaging.tiles import join_tiles
from qwenocr_assets.quality.completeness import Completeness, completeness
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.schemas import DOCUMENTS, OCR_REQUESTS, OCR_RESPONSES, PAGES, ROW_TABLES, TEXT_LINES
from qwenocr_assets.settings import load_settings
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.batch import flatten_batch
from qwenocr_assets.tables.flatten import fed_by
from qwenocr_assets.tables.typed_values import Notation

EVERY_PAGE_ANSWERED = "every_page_answered"
FAILURE_RATE = "failure_rate_within_limit"


@dg.multi_asset(
    name="rows",
    specs=[
        table_spec(OCR_RESPONSES, group="tables", deps=[ocr_asset(task) for task in Task]),
        *(
            table_spec(schema, group="tables", deps=[ocr_asset(task) for task in fed_by(schema.name)])
            for schema in ROW_TABLES
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            EVERY_PAGE_ANSWERED,
            asset=OCR_RESPONSES.name,
            description="Every page × task of the batch has a whole answer.",
        ),
        dg.AssetCheckSpec(
            FAILURE_RATE,
            asset=OCR_RESPONSES.name,
            description="The share of requests without an answer is within failure_rate_limit.",
        ),
    ],
    partitions_def=intake_batches,
    can_subset=True,
)
def rows(
    context: dg.AssetExecutionContext, data: DataRoot, routes: Routes, progress: dg.ResourceParam[Progress]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Turn the raw answers of a batch into the rows of its tables."""
    # held, so that rows of an older state of the journals never come after those of a newer one
    with held_batch(context, progress):
        yield from _rows(context, data, routes, progress)


def _rows(
    context: dg.AssetExecutionContext, data: DataRoot, routes: Routes, progress: Progress
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    batch_id = context.partition_key
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    requests = read_table(data.folder, OCR_REQUESTS, batch_id)
    pages = read_table(data.folder, PAGES, batch_id)
    latest = read_answers(data.folder.journal(task, batch_id) for task in Task)
    answers = answers_of(latest, image_sizes(requests, pages))

    if OCR_RESPONSES.name in selected:
        settings = load_settings()
        responses = response_rows(requests, latest, answers, most_attempts=settings.max_attempts_in_all)
        write_table(data.folder, OCR_RESPONSES, batch_id, responses)
        result = completeness(responses)
        yield dg.MaterializeResult(asset_key=OCR_RESPONSES.name, metadata=_response_metadata(responses))
        yield from _checks(result, settings.failure_rate_limit)

    loaded = routes.load()
    notations = {route.name: Notation(route.date_order, route.decimal) for route in loaded}
    with progress.stage("Rows", len(pages)) as advance:
        tables = flatten_batch(requests, pages, answers, on_page=advance, notations=notations)
    tables = join_tiles(tables, pages)
    taking = {route.name for route in loaded if route.text_layer == "use"}
    taken = {d["document_id"] for d in read_table(data.folder, DOCUMENTS, batch_id) if d["route"] in taking}
    tables[TEXT_LINES.name] += text_layer_rows(
        page for page in pages if not (page["document_id"] in taken and page.get("text_layer_doubt"))
    )

    for schema in ROW_TABLES:
        if schema.name not in selected:
            continue
        metadata: dict[str, Any] = {
            "dagster/row_count": write_table(data.folder, schema, batch_id, tables[schema.name])
        }
        if schema is TEXT_LINES and (agreement := layer_agreement(tables[schema.name])) is not None:
            metadata["text_layer_agreement"] = agreement
        if schema is TEXT_LINES and tables[schema.name]:
            pictures = draw_batch(data.folder, batch_id, pages, tables[schema.name])
            if pictures.sheet:
                metadata["pages_with_boxes"] = picture(pictures.sheet, "pages with their boxes")
                metadata["pictures"] = dg.MetadataValue.path(str(pictures.folder))
        yield dg.MaterializeResult(asset_key=schema.name, metadata=metadata)


def _response_metadata(responses: list[dict[str, Any]]) -> dict[str, Any]:
    result = completeness(responses)
    return {
        "dagster/row_count": len(responses),
        "cost_usd": usd(sum((r.get("cost_usd") or Decimal(0) for r in responses), Decimal(0))),
        "failure_rate": result.failure_rate,
        **{f"answers_{status}": count for status, count in result.by_status.items()},
        **_failures(result),
    }


def _failures(result: Completeness) -> dict[str, Any]:
    if not result.failures:
        return {}
    return {"failures": markdown_table(result.failures, ["page_id", "task", "status", "reason"])}


def _checks(result: Completeness, limit: float) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(
        check_name=EVERY_PAGE_ANSWERED,
        asset_key=OCR_RESPONSES.name,
        passed=result.every_page_answered,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={**result.by_status, **_failures(result)},
    )
    yield dg.AssetCheckResult(
        check_name=FAILURE_RATE,
        asset_key=OCR_RESPONSES.name,
        passed=result.failure_rate <= limit,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"failure_rate": result.failure_rate, "limit": limit},
    )
