"""Answers flattened into tables. Free to repeat: the raw answers are the source of truth."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.app.addresses import document_url
from qwenocr_assets.defs.metadata import links, markdown_table, picture, table_spec, usd
from qwenocr_assets.defs.ocr.answers import ocr_asset
from qwenocr_assets.defs.partitions import batch_check, intake_batches
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.defs.warehouse.core import WAREHOUSE_MINUTES
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import held
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.quality.completeness import Completeness, completeness
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrResponseRow
from qwenocr_assets.schemas import DOCUMENTS, OCR_RESPONSES, ROW_TABLES, TEXT_LINES
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.rows import BatchRows
from qwenocr_assets.storage.table_files import read_table
from qwenocr_assets.tables.flatten import fed_by

EVERY_PAGE_ANSWERED = "every_page_answered"
FAILURE_RATE = "failure_rate_within_limit"
NOTHING_SKIPPED = "nothing_skipped"


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
        batch_check(
            EVERY_PAGE_ANSWERED,
            asset=OCR_RESPONSES.name,
            description="Every page × task of the intake has a whole answer.",
        ),
        batch_check(
            FAILURE_RATE,
            asset=OCR_RESPONSES.name,
            description="The share of requests without an answer is within failure_rate_limit.",
        ),
        batch_check(
            NOTHING_SKIPPED,
            asset=OCR_RESPONSES.name,
            description="No page was left out because the model or engine does not offer what it needs.",
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
    with held(environment, batch_id, LoggedProgress(progress, context)) as hold:
        made = BatchRows(environment, batch_id, progress, hold)
        if OCR_RESPONSES.name in selected:
            responses = made.write_responses()
            yield dg.MaterializeResult(
                asset_key=OCR_RESPONSES.name,
                metadata=_response_metadata(responses) | {"in_sql": _in_sql(datetime.now(UTC))},
            )
            yield from _checks(completeness(responses), environment.settings.failure_rate_limit)
            yield _skipped(responses)
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
    if made.tables["text_lines"] and (pictures := made.draw()).first:
        metadata["first_page"] = picture(pictures.first, "the first page with its boxes")
        documents = read_table(made.environment.data, DOCUMENTS, made.batch_id, ["document_id", "name"])
        if documents:
            metadata["first_document"] = dg.MetadataValue.url(document_url(documents[0]["document_id"]))
        metadata["on_the_page"] = links((d["name"], document_url(d["document_id"])) for d in documents)
        metadata["pictures"] = dg.MetadataValue.path(str(pictures.folder))
    return metadata


def _in_sql(now: datetime) -> str:
    """When the rows are in SQL: the warehouse is looked after every five minutes."""
    at = now + timedelta(minutes=WAREHOUSE_MINUTES - now.minute % WAREHOUSE_MINUTES)
    return f"from {at:%H:%M} UTC, if warehouse_automation is on; at once after a command"


def _skipped(responses: Sequence[OcrResponseRow]) -> dg.AssetCheckResult:
    skipped = [row for row in responses if row["status"] == AnswerStatus.SKIPPED]
    return dg.AssetCheckResult(
        check_name=NOTHING_SKIPPED,
        asset_key=OCR_RESPONSES.name,
        passed=not skipped,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "skipped": len(skipped),
            **({"pages": markdown_table(skipped, ["page_id", "task", "reason"])} if skipped else {}),
        },
    )


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
