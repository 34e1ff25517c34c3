"""What was read of documents whose truth is known, scored: one table, and one check for all limits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table, table_spec
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.resources import DataRoot, Routes
from qwenocr_assets.intake.routes import Route
from qwenocr_assets.schemas import SCORES, TABLES
from qwenocr_assets.scoring.batch import TABLES_READ, BatchScores, score_batch
from qwenocr_assets.scoring.truth import TruthFolder, read_truths
from qwenocr_assets.settings import ScoringSettings
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.typed_values import Notation

SCORES_WITHIN_LIMITS = "scores_within_limits"


def write_scores(
    data: DataFolder, batch_id: str, truths: TruthFolder, least_iou: float, routes: tuple[Route, ...]
) -> BatchScores:
    """Score a batch and write its rows of `scores`, in place of those that were there."""
    found = score_batch(
        {name: read_table(data, TABLES[name], batch_id) for name in TABLES_READ},
        truths,
        least_iou=least_iou,
        notations={route.name: Notation(route.date_order, route.decimal) for route in routes},
    )
    write_table(data, SCORES, batch_id, [{"batch_id": batch_id, **row} for row in found.rows])
    return found


def build_scores(settings: ScoringSettings) -> dg.AssetsDefinition:
    """The table `scores`; with a truth folder, it has a check."""
    folder = settings.truth_folder
    check = dg.AssetCheckSpec(
        SCORES_WITHIN_LIMITS,
        asset=SCORES.name,
        description=f"The batch's scores are within [scoring] of pipeline.toml, and all truths of {folder} are usable.",
    )

    @dg.multi_asset(
        name="scores",
        specs=[table_spec(SCORES, group="tables", deps=TABLES_READ)],
        check_specs=[check] if folder is not None else [],
        partitions_def=intake_batches,
    )
    def scores(
        context: dg.AssetExecutionContext, data: DataRoot, routes: Routes
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Compare the batch with its truths; without a truth folder the table is empty."""
        batch_id = context.partition_key
        truths = TruthFolder((), ()) if folder is None else read_truths(folder)
        found = write_scores(data.folder, batch_id, truths, settings.iou, routes.load())
        yield dg.MaterializeResult(
            asset_key=SCORES.name,
            metadata={
                "dagster/row_count": len(found.rows),
                "documents_without_truth": len(found.without_truth),
            },
        )
        if folder is not None:
            yield _check(found, truths, settings)

    return scores


def _check(found: BatchScores, truths: TruthFolder, settings: ScoringSettings) -> dg.AssetCheckResult:
    by_task: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in found.rows:
        by_task[row["task"], row["metric"]].append(row["score"])
    means = [
        {"task": task, "metric": metric, "documents": len(scores), "mean": fmean(scores)}
        for (task, metric), scores in by_task.items()
    ]
    outside = [row for row in means if _is_outside(row, settings)]
    problems = [{"file": problem.file, "problem": problem.reason} for problem in truths.problems]
    metadata: dict[str, Any] = {"outside": len(outside), "unusable_truths": len(problems)}
    if means:
        metadata["scores"] = markdown_table(means, ["task", "metric", "documents", "mean"])
    if outside:
        metadata["outside_limits"] = markdown_table(outside, ["task", "metric", "documents", "mean"])
    if problems:
        metadata["problems"] = markdown_table(problems, ["file", "problem"])
    return dg.AssetCheckResult(
        check_name=SCORES_WITHIN_LIMITS,
        asset_key=SCORES.name,
        passed=not outside and not problems,
        severity=dg.AssetCheckSeverity.ERROR if outside else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _is_outside(row: Mapping[str, Any], settings: ScoringSettings) -> bool:
    highest = settings.at_most.get(row["metric"])
    lowest = settings.at_least.get(row["metric"])
    return (highest is not None and row["mean"] > highest) or (lowest is not None and row["mean"] < lowest)
