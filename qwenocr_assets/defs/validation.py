"""The routes' rules applied to a batch, with one check for all of them, and what the routes ask of people."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table, table_spec
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.resources import DataRoot, Routes
from qwenocr_assets.intake.routes import route_rows
from qwenocr_assets.quality.batch_rules import check_batch
from qwenocr_assets.quality.validation import Outcome
from qwenocr_assets.schemas import CORRECTIONS, DOCUMENTS, KEY_VALUES, ROUTES, VALIDATION_RESULTS
from qwenocr_assets.storage.table_files import read_table, write_table

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
        dg.AssetCheckSpec(
            RULES_HOLD,
            asset=VALIDATION_RESULTS.name,
            description="The values of the batch, as people left them, obey the rules of their routes.",
        )
    ],
    partitions_def=intake_batches,
)
def validation(
    context: dg.AssetExecutionContext, data: DataRoot, routes: Routes
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Apply each route's rules to the values of its documents as they stand."""
    batch_id = context.partition_key
    accepted = [r for r in read_table(data.folder, DOCUMENTS, batch_id) if r["status"] == "accepted"]
    declared = routes.load()
    found = check_batch(data.folder, batch_id, declared)
    count = write_table(data.folder, VALIDATION_RESULTS, batch_id, found)
    outcomes = {f"results_{name}": n for name, n in Counter(row["outcome"] for row in found).items()}
    yield dg.MaterializeResult(
        asset_key=VALIDATION_RESULTS.name, metadata={"dagster/row_count": count, **outcomes}
    )
    asked = [{"batch_id": batch_id, **row} for row in route_rows(declared)]
    yield dg.MaterializeResult(
        asset_key=ROUTES.name,
        metadata={"dagster/row_count": write_table(data.folder, ROUTES, batch_id, asked)},
    )
    names = {row["document_id"]: row["name"] for row in accepted}
    broken = [{"document": names[r["document_id"]], **r} for r in found if r["outcome"] in _BROKEN]
    serious = not broken or any(row["severity"] == "error" for row in broken)
    columns = ["document", "rule", "severity", "path", "value", "outcome", "reason"]
    yield dg.AssetCheckResult(
        check_name=RULES_HOLD,
        asset_key=VALIDATION_RESULTS.name,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if serious else dg.AssetCheckSeverity.WARN,
        metadata={"broken": len(broken), **({"results": markdown_table(broken, columns)} if broken else {})},
    )
