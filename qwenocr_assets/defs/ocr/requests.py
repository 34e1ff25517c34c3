"""Requests: page × task of a batch, each with its quote."""

from dataclasses import asdict
from decimal import Decimal

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table, usd
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import visible
from qwenocr_assets.steps.requests import make_requests

_OFFER = ["region", "model", "batch", "expected_usd", "worst_usd"]


@dg.asset(deps=["pages"], group_name="ocr", kinds={"parquet"}, partitions_def=intake_batches)
def ocr_requests(
    context: dg.AssetExecutionContext, environment: dg.ResourceParam[Environment]
) -> dg.MaterializeResult[None]:
    """Page × task, with the quote. Nothing is sent."""
    made = make_requests(environment, context.partition_key)
    for warning in made.warnings:
        context.log.warning(visible(warning))
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(made.rows),
            "region": environment.region.name,
            "model": environment.model.name,
            "expected_cost_usd": usd(sum((r["expected_cost_usd"] for r in made.rows), Decimal(0))),
            "worst_cost_usd": usd(sum((r["worst_cost_usd"] for r in made.rows), Decimal(0))),
            "expected_cost_elsewhere": markdown_table(map(asdict, made.offers), _OFFER),
        }
    )
