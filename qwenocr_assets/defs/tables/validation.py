"""The routes' rules applied to a batch, with one check for all of them, and what the routes ask of people."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table, table_spec
from qwenocr_assets.defs.partitions import batch_check, intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.schemas import CORRECTIONS, DOCUMENTS, KEY_VALUES, ROUTES, VALIDATION_RESULTS
from qwenocr_assets.statuses import Outcome
from qwenocr_assets.steps.rules import check_rules
from qwenocr_assets.storage.table_files import read_table

RULES_HOLD = "rules_hold"

_BROKEN = (Outcome.FAILED, Outcome.MISSING)


@dg.multi_asset(
    name="validation",
    specs=[
        table_spec(
            VALIDATION_RESULTS, group="tables", deps=[DOCUMENTS.name, KEY_VALUES.name, CORRECTIONS.name]
        ),
        table_spec(ROUTES, group="tables", deps=[DOCUMENTS.name]),
    ],
    check_specs=[
        batch_check(
            RULES_HOLD,
            asset=VALIDATION_RESULTS.name,
            description="All values, corrections included, satisfy their route's rules.",
        )
    ],
    partitions_def=intake_batches,
)
def validation(
    context: dg.AssetExecutionContext, environment: dg.ResourceParam[Environment]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Apply each route's rules to the values of its documents as they stand."""
    batch_id = context.partition_key
    checked = check_rules(environment, batch_id)
    outcomes = {f"results_{n}": count for n, count in Counter(r["outcome"] for r in checked.results).items()}
    yield dg.MaterializeResult(
        asset_key=VALIDATION_RESULTS.name, metadata={"dagster/row_count": len(checked.results), **outcomes}
    )
    yield dg.MaterializeResult(asset_key=ROUTES.name, metadata={"dagster/row_count": len(checked.routes)})
    names = {row["document_id"]: row["name"] for row in read_table(environment.data, DOCUMENTS, batch_id)}
    broken = [{"document": names[r["document_id"]], **r} for r in checked.results if r["outcome"] in _BROKEN]
    serious = not broken or any(row["severity"] == "error" for row in broken)
    columns = ["document", "rule", "severity", "path", "value", "outcome", "reason"]
    yield dg.AssetCheckResult(
        check_name=RULES_HOLD,
        asset_key=VALIDATION_RESULTS.name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if serious else dg.AssetCheckSeverity.WARN,
        metadata={"broken": len(broken), **({"results": markdown_table(broken, columns)} if broken else {})},
    )
