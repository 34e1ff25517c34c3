"""Scores: a batch compared with the truth about its documents."""

from typing import cast

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.rows import RowsByTable
from qwenocr_assets.schemas import SCORES, TABLES
from qwenocr_assets.scoring.batch import TABLES_READ, BatchScores, score_batch
from qwenocr_assets.scoring.truth import TruthFolder, read_truths
from qwenocr_assets.storage.table_files import read_table, write_table


def truths_of(environment: Environment) -> TruthFolder:
    """The truths that `[scoring]` names; none where it names none."""
    folder = environment.settings.scoring.truth_folder
    return TruthFolder((), ()) if folder is None else read_truths(folder)


def score(
    environment: Environment, batch_id: str, truths: TruthFolder, least_iou: float | None = None
) -> BatchScores:
    """Score a batch and write its rows of `scores`, in place of those that were there."""
    data = environment.data
    found = score_batch(
        cast(RowsByTable, {name: read_table(data, TABLES[name], batch_id) for name in TABLES_READ}),
        truths,
        least_iou=environment.settings.scoring.iou if least_iou is None else least_iou,
        ignores_case=environment.settings.scoring.case == "ignore",
        notations=environment.notations,
    )
    write_table(data, SCORES, batch_id, found.rows)
    return found
