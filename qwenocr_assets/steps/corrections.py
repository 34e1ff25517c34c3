"""Corrections: what people said is taken, and the rules are checked again on what it changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.quality.batch_rules import check_again
from qwenocr_assets.review.intake import Imported, import_file


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of a file."""

    done: Imported
    results: Mapping[str, int]
    """Rows of `validation_results` of the batches whose rules now come to something else."""


def take_corrections(
    environment: Environment,
    file: UPath,
    *,
    by: str | None,
    now: datetime,
    on_wait: Callable[[str], None] = lambda _: None,
) -> Corrected:
    """Take a sheet or an export of Label Studio.

    Raises:
        RejectedInput: the file cannot be read.
        InUse, StorageError: someone else is importing, or a table cannot be written.
    """
    data, url = environment.data, environment.database_url
    done = import_file(
        data,
        file,
        by=by,
        now=now,
        notations=environment.notations,
        ledger_url=url,
        on_wait=on_wait,
    )
    return Corrected(done, check_again(data, done.taken.batches, environment.routes, ledger_url=url))
