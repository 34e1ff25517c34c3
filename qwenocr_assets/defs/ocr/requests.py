"""Requests: page × task of a batch, each with its quote."""

from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.cost.comparison import Offer
from qwenocr_assets.defs.metadata import markdown_table, usd
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import visible
from qwenocr_assets.steps.requests import make_requests

_OFFER = ["region", "model", "asked by", "expected_usd", "worst_usd"]


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
            "expected_cost_elsewhere": markdown_table(map(_offer, made.offers), _OFFER),
        }
    )


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "region": offer.region,
        "model": offer.model,
        "asked by": "Batch API" if offer.batch else "calls",
        "expected_usd": offer.expected_usd,
        "worst_usd": offer.worst_usd,
    }
