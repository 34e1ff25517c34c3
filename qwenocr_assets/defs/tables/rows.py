"""Answers flattened into tables. Free to repeat: the raw answers are the source of truth."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table, picture, table_spec, usd
from qwenocr_assets.defs.ocr.answers import ocr_asset
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import held
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.quality.completeness import Completeness, completeness
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrResponseRow
from qwenocr_assets.schemas import OCR_RESPONSES, ROW_TABLES, TEXT_LINES
from qwenocr_assets.steps.rows import BatchRows
from qwenocr_assets.tables.flatten import fed_by

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
    context: dg.AssetExecutionContext,
    environment: dg.ResourceParam[Environment],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Turn the raw answers of a batch into the rows of its tables."""
    batch_id = context.partition_key
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    with held(environment, batch_id, LoggedProgress(progress, context)):
        made = BatchRows(environment, batch_id, progress)
        if OCR_RESPONSES.name in selected:
            responses = made.write_responses()
            yield dg.MaterializeResult(asset_key=OCR_RESPONSES.name, metadata=_response_metadata(responses))
            yield from _checks(completeness(responses), environment.settings.failure_rate_limit)
        for schema in ROW_TABLES:
            if schema.name in selected:
                metadata: dict[str, Any] = {"dagster/row_count": made.write(schema)}
                if schema is TEXT_LINES:
                    metadata |= _seen(made)
                yield dg.MaterializeResult(asset_key=schema.name, metadata=metadata)


def _seen(made: BatchRows) -> dict[str, Any]:
    """How far the text layers agree with what was recognised, and the pages with their lines to look at."""
    metadata: dict[str, Any] = {}
    if (agreement := made.layer_agreement()) is not None:
        metadata["text_layer_agreement"] = agreement
    if made.tables["text_lines"] and (pictures := made.draw()).sheet:
        metadata["pages_with_boxes"] = picture(pictures.sheet, "pages with their boxes")
        metadata["pictures"] = dg.MetadataValue.path(str(pictures.folder))
    return metadata


def _response_metadata(responses: list[OcrResponseRow]) -> dict[str, Any]:
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
