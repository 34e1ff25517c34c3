"""The whole way, from files to SQL, without Dagster: the same steps in the same order."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwenocr_assets.asking.unanswered import RETRIED, unanswered
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import held
from qwenocr_assets.environment.progress import Progress, QuietProgress
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import QwenocrError
from qwenocr_assets.intake.manifest import write_manifest
from qwenocr_assets.intake.originals import keep_originals
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.answers.asking import ask
from qwenocr_assets.steps.answers.open_questions import EVERYTHING_OPEN, Wanted
from qwenocr_assets.steps.batch_api import collect_and_hand_over
from qwenocr_assets.steps.documents import examine
from qwenocr_assets.steps.finished import is_finished, note_finished
from qwenocr_assets.steps.intake import manifests_of
from qwenocr_assets.steps.live_catalogue import known_differences
from qwenocr_assets.steps.money import write_costs
from qwenocr_assets.steps.pages import MOST_HALVINGS, make_pages, to_halve
from qwenocr_assets.steps.requests import make_requests
from qwenocr_assets.steps.rows import flatten
from qwenocr_assets.steps.rules import check_rules
from qwenocr_assets.steps.scores import score, truths_of


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What came of one intake batch."""

    batch_id: str
    sent: int
    """Requests that were sent to the service."""
    refused: QwenocrError | None = None
    """Why the service refused every call, if it did."""


def run(
    environment: Environment, paths: Sequence[Path], progress: Progress | None = None
) -> list[BatchOutcome]:
    """Read documents into the tables of their intake batches. What is answered already is not sent again.

    Raises:
        ConfigurationError: a setting that cannot work, like a cloud region without a key.
        StorageError: the data folder cannot be written.
        RejectedInput: a path that does not exist, or no file to read below the paths.
    """
    environment.require_usable()
    for told in known_differences(environment):
        (progress or QuietProgress()).note(told)
    manifests = manifests_of(paths, environment.settings)
    for manifest in manifests:
        write_manifest(environment.data, keep_originals(environment.data, manifest))
    return [_run_unless_finished(environment, m.batch_id, progress or QuietProgress()) for m in manifests]


def ask_again(
    environment: Environment,
    *,
    statuses: Collection[AnswerStatus] = RETRIED,
    batches: Sequence[str] = (),
    progress: Progress | None = None,
) -> list[BatchOutcome]:
    """Ask again for what ended in one of these statuses, in these batches or in all."""
    found = unanswered(environment.data, batches or environment.data.batch_ids(), list(statuses), ())
    resend = frozenset(status for status in statuses if status.is_final)
    return [
        run_batch(
            environment,
            batch.batch_id,
            progress or QuietProgress(),
            Wanted(resend=resend, keys=batch.request_keys, given_up=True),
        )
        for batch in found
    ]


def run_batch(
    environment: Environment, batch_id: str, progress: Progress, wanted: Wanted = EVERYTHING_OPEN
) -> BatchOutcome:
    """Run one intake batch that has a manifest, from its files to its rows."""
    service, budget, run_id = QwenOcr(environment), CostBudget(environment), str(uuid.uuid4())
    examine(environment, batch_id)
    sent = 0
    for _ in range(1 + MOST_HALVINGS):
        make_pages(environment, batch_id, progress)
        make_requests(environment, batch_id)
        collect_and_hand_over(environment, service, budget, batch_id, progress, run_id=run_id)
        asked = ask(environment, service, budget, batch_id, progress, run_id=run_id, wanted=wanted)
        sent += sum(asked.sent.values())
        with held(environment, batch_id, progress) as hold:
            flatten(environment, batch_id, progress, hold)
        if asked.refused is not None or not to_halve(environment, batch_id):
            break
        wanted = EVERYTHING_OPEN
    check_rules(environment, batch_id)
    score(environment, batch_id, truths_of(environment))
    write_costs(environment, budget, batch_id)
    if asked.refused is None:
        note_finished(environment, batch_id)
    return BatchOutcome(batch_id, sent, asked.refused)


def _run_unless_finished(environment: Environment, batch_id: str, progress: Progress) -> BatchOutcome:
    if is_finished(environment, batch_id):
        return BatchOutcome(batch_id, 0)
    return run_batch(environment, batch_id, progress)
