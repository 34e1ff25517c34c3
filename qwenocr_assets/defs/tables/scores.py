"""What was read of documents whose truth is known, scored: one table, and one check for all limits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table, table_spec
from qwenocr_assets.defs.partitions import batch_check, intake_batches
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.outgoing import markdown
from qwenocr_assets.schemas import SCORES
from qwenocr_assets.scoring.batch import TABLES_READ, BatchScores
from qwenocr_assets.scoring.truth import TruthFolder
from qwenocr_assets.settings import ScoringSettings
from qwenocr_assets.steps.scores import score, truths_of

SCORES_WITHIN_LIMITS = "scores_within_limits"


def build_scores(settings: ScoringSettings) -> dg.AssetsDefinition:
    """The table `scores`; with a truth folder, it has a check."""
    folder = settings.truth_folder
    check = batch_check(
        SCORES_WITHIN_LIMITS,
        asset=SCORES.name,
        description=markdown(
            f"The intake's scores are within [scoring] of pipeline.toml, and all truths of {folder} are usable."
        ),
    )

    @dg.multi_asset(
        name="scores",
        specs=[table_spec(SCORES, group="tables", deps=TABLES_READ)],
        check_specs=[check] if folder is not None else [],
        partitions_def=intake_batches,
    )
    def scores(
        context: dg.AssetExecutionContext, environment: dg.ResourceParam[Environment]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Compare the batch with its truths; without a truth folder the table is empty."""
        truths = truths_of(environment)
        found = score(environment, context.partition_key, truths)
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
