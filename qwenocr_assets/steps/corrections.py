"""Corrections: what people said is taken, and the rules are checked again on what it changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from upath import UPath

from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.quality.batch_rules import check_again, check_batch
from qwenocr_assets.quality.rule_work import RuleWork
from qwenocr_assets.review.intake import Imported, Word, import_file, take_word
from qwenocr_assets.review.statements import Statement
from qwenocr_assets.rows import ValidationResultRow


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
    return Corrected(done, check_rules_again(environment, done.taken.batches))


def check_rules_again(environment: Environment, batches: Iterable[str]) -> Mapping[str, int]:
    """Check the rules of batches that somebody corrected; returns how many rows each has whose results are others now.

    Raises:
        BatchInUse, StorageError: someone else is importing, or a table cannot be written.
    """
    return check_again(environment.data, batches, environment.routes, ledger_url=environment.database_url)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one word, and what the document's rules say since."""

    word: Word
    results: Sequence[ValidationResultRow]


def say(
    environment: Environment,
    statement: Statement,
    *,
    by: str,
    now: datetime,
    knows: str | None,
    work: RuleWork,
) -> Answered:
    """Take what one person says of one value, unless somebody said something since that they have not seen.

    `knows` is the correction_id of the word that they saw, None where there was none; `work` is where rules are
    computed. The rules of the whole batch are left to `check_rules_again`.

    Raises:
        BatchInUse, StorageError: someone else is importing, or the table cannot be written.
    """
    data = environment.data
    word = take_word(
        data,
        statement,
        by=by,
        now=now,
        knows=knows,
        notations=environment.notations,
        ledger_url=environment.database_url,
    )
    results = check_batch(
        data, statement.batch_id, environment.routes, documents=[statement.document_id], work=work
    )
    return Answered(word, results)
