"""What a batch has cost: its entries of the ledger as a table, plotted over the batches, and checked."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.cost.drift import InputDrift, PriceDrift, input_drift, price_drifts
from qwenocr_assets.cost.savings import saved_usd
from qwenocr_assets.cost.spending import Period
from qwenocr_assets.cost.unfunded import UnfundedBatch
from qwenocr_assets.defs.metadata import markdown_table, usd
from qwenocr_assets.defs.partitions import batch_check, intake_batches
from qwenocr_assets.defs.running.tags import tag_ended
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.quality.completeness import by_class, completeness
from qwenocr_assets.qwenocr.prices import dollars, to_usd
from qwenocr_assets.rows import CostLedgerRow, OcrResponseRow
from qwenocr_assets.schemas import COST_LEDGER, OCR_REQUESTS, OCR_RESPONSES
from qwenocr_assets.statuses import AnswerStatus, LedgerState
from qwenocr_assets.steps.money import write_costs
from qwenocr_assets.storage.table_files import read_table

FUNDED = "every_request_funded"
AS_QUOTED = "billed_as_quoted"

_CALL = ["entry_id", "page_id", "task", "cost_usd", "reason"]
_MODELS = list(PriceDrift.__dataclass_fields__)
_WARN = dg.AssetCheckSeverity.WARN


@dg.asset(
    partitions_def=intake_batches,
    deps=[OCR_RESPONSES.name],
    group_name="tables",
    kinds={"sqlalchemy", "parquet"},
    check_specs=[
        batch_check(
            FUNDED,
            asset=COST_LEDGER.name,
            description="The budget had money for every request; the sensor resume_unfunded asks the others later.",
        ),
        batch_check(
            AS_QUOTED,
            asset=COST_LEDGER.name,
            description="Of every call it is known what it cost (no answer was lost), reported input tokens are within "
            "10 % of the quote over the whole intake, and no answer names a model with another price.",
        ),
    ],
)
def cost_ledger(
    context: dg.AssetExecutionContext,
    environment: dg.ResourceParam[Environment],
    cost_budget: dg.ResourceParam[CostBudget],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The batch's calls that cost money, beside its quote, what was saved, and what is left."""
    batch_id, data = context.partition_key, environment.data
    responses = read_table(data, OCR_RESPONSES, batch_id)
    found = write_costs(environment, cost_budget, batch_id)
    tag_ended(context, environment, responses)
    rows = found.rows
    quoted = {r["request_key"]: r["expected_cost_usd"] for r in read_table(data, OCR_REQUESTS, batch_id)}
    spent = {
        state: _sum(rows, state)
        for state in (LedgerState.SETTLED, LedgerState.UNCERTAIN, LedgerState.RESERVED)
    }
    drift, drifts = input_drift(rows), price_drifts(rows, environment.catalogue)
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "quoted_usd": usd(sum(quoted.values(), Decimal(0))),
            **{f"{state}_usd": usd(amount) for state, amount in spent.items()},
            "saved_by_cache_usd": usd(saved_usd(responses, environment.model)),
            "input_drift": drift.share,
            **_left(found.periods),
            **_failures(responses, rows),
        }
    )
    yield from _checks(responses, found.refusals, rows, drift, drifts)


def _failures(responses: list[OcrResponseRow], rows: list[CostLedgerRow]) -> dict[str, Any]:
    """What did not end well, by class, with the money that went into it."""
    failures = completeness(responses).failures
    if not failures:
        return {}
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        spent[row["request_key"]] += row["cost_usd"]
    columns = ["status", "error_class", "requests", "calls", "cost_usd"]
    return {"failures_by_class": markdown_table(by_class(failures, spent), columns)}


def _left(periods: Iterable[Period]) -> dict[str, Any]:
    """What is left of each cap, by names that stay the same from day to day, so that they can be plotted."""
    left: dict[str, Any] = {}
    for period in periods:
        kind = period.scope.kind
        name = f"{kind.value}_{period.scope.named}" if period.scope.named else kind.value
        left[f"spent_{name}_usd"] = usd(period.spent_usd)
        if period.remaining_usd is not None:
            left[f"remaining_{name}_usd"] = usd(period.remaining_usd)
    return left


def _sum(rows: list[CostLedgerRow], state: LedgerState) -> Decimal:
    return sum((row["cost_usd"] for row in rows if row["state"] == state), Decimal(0))


def _checks(
    responses: list[OcrResponseRow],
    refusals: list[UnfundedBatch],
    rows: list[CostLedgerRow],
    drift: InputDrift,
    drifts: list[PriceDrift],
) -> Iterator[dg.AssetCheckResult]:
    unfunded = [r for r in responses if r["status"] == AnswerStatus.UNFUNDED]
    yield dg.AssetCheckResult(
        check_name=FUNDED,
        passed=not unfunded,
        severity=_WARN,
        metadata={
            "unfunded": len(unfunded),
            **{f"unfunded_{task}": n for task, n in sorted(Counter(r["task"] for r in unfunded).items())},
            **{str(refusal.scope): f"cap of {dollars(to_usd(refusal.cap_pico))}" for refusal in refusals},
            **({"next_step": "Raise the cap under [budget], or wait for its period."} if unfunded else {}),
        },
    )
    uncertain = [row for row in rows if row["state"] == LedgerState.UNCERTAIN]
    yield dg.AssetCheckResult(
        check_name=AS_QUOTED,
        passed=not uncertain and drift.is_within_limit and not drifts,
        severity=_WARN,
        metadata={
            "uncertain": len(uncertain),
            "input_drift": drift.share,
            "input_tokens_estimated": drift.estimated,
            "input_tokens_reported": drift.reported,
            **({"uncertain_calls": markdown_table(uncertain, _CALL)} if uncertain else {}),
            **({"other_prices": markdown_table(map(asdict, drifts), _MODELS)} if drifts else {}),
        },
    )
