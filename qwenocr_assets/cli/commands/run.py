"""`qwenocr run`: paths → intakes → the Dagster jobs, with progress bars and a summary."""

import logging
import time
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.text import Text

from qwenocr_assets.cli.ending import exit_code_of_batches
from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.cli.summary import print_summary
from qwenocr_assets.cli.terminal import print_error
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.dead_runs import close_dead_runs
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.defs.running.launch import JobOutcome, register_partition, run_batch, run_publish
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.errors import ExitCode, Stopped
from qwenocr_assets.intake.manifest import write_manifest
from qwenocr_assets.intake.originals import keep_originals
from qwenocr_assets.steps.finished import is_finished, note_finished
from qwenocr_assets.steps.intake import manifests_of, replayed
from qwenocr_assets.steps.live_catalogue import known_differences
from qwenocr_assets.steps.pages import MOST_HALVINGS, to_halve


def run_paths(
    paths: Sequence[Path],
    console: Console,
    *,
    by_manifest: Sequence[str] = (),
    resend: Iterable[str] = (),
    environment: Environment | None = None,
) -> ExitCode:
    """Run documents through both jobs; returns how they ended.

    `by_manifest` are manifests of batches to run as well, maybe of another data folder.

    Raises:
        ConfigurationError: a setting that cannot work, like a cloud region without a key.
        StorageError: the data folder cannot be written.
        RejectedInput: a path that does not exist, no file to read below the paths, or a manifest that was changed.
    """
    environment = environment or Environment.load()
    environment.require_usable()
    for told in known_differences(environment):
        console.print(Text(f"Warning: {told}", style="bold yellow"))
    manifests = [
        *(manifests_of(paths, environment.settings) if paths else []),
        *map(replayed, by_manifest),
    ]
    for manifest in manifests:
        write_manifest(environment.data, keep_originals(environment.data, manifest))
    return run_batches(environment, [m.batch_id for m in manifests], console, resend=resend)


PUBLISH_SECONDS = 30.0
"""How old the published warehouse may become while more batches are read."""
_MOST_PUBLISHING = 0.1
"""Share of a run that publishing in between may take."""


def run_batches(
    environment: Environment,
    batch_ids: Sequence[str],
    console: Console,
    *,
    resend: Iterable[str] = (),
    only: Mapping[str, Collection[str] | None] | None = None,
) -> ExitCode:
    """Run batches that have a manifest, then the warehouse; returns how it ended.

    Rows of batches that are done can be asked for in SQL while the others are read.

    With `only`, by batch, nothing but these request keys is asked; None stands for all of a batch.
    """
    silence()
    ensure_dagster_home(environment.data)
    from qwenocr_assets.definitions import defs

    sent, errors, codes = 0, [], []
    with dg.DagsterInstance.get() as instance, BarProgress(console) as progress:
        close_dead_runs(instance, environment.database_url)
        resources = running_in(environment, progress=progress)
        resend = tuple(resend)
        finished = set() if resend or only is not None else _finished(environment, batch_ids, instance)
        published_at, took = time.monotonic(), 0.0
        for number, batch_id in enumerate(b for b in batch_ids if b not in finished):
            now = time.monotonic()
            if number and now - published_at >= max(PUBLISH_SECONDS, took / _MOST_PUBLISHING):
                # what goes wrong here goes wrong again at the end, and is told there
                stop_if(run_publish(defs, instance, resources))
                published_at = time.monotonic()
                took = published_at - now
            register_partition(instance, batch_id)
            keys = None if only is None else only[batch_id]
            for _ in range(1 + MOST_HALVINGS):
                outcome = run_batch(defs, instance, batch_id, resources, resend=resend, only=keys)
                sent += outcome.sent
                stop_if(outcome)
                if outcome.error or not to_halve(environment, batch_id):
                    break
                keys = None
            codes.append(outcome.exit_code)
            if outcome.error:
                errors.append(f"Intake {batch_id}: {outcome.error}")
            else:
                note_finished(environment, batch_id)
        outcome = run_publish(defs, instance, resources)
        stop_if(outcome)
        if outcome.error:
            errors.append(f"Warehouse: {outcome.error}")

    if finished:
        console.print(f"{len(finished)} of {len(batch_ids)} intakes are unchanged: nothing to do for them.")
    print_summary(environment, batch_ids, sent, console)
    for error in errors:
        print_error(console, error)
    return exit_code_of_batches(environment.data, batch_ids, codes, outcome.exit_code)


def _finished(environment: Environment, batch_ids: Sequence[str], instance: dg.DagsterInstance) -> set[str]:
    """The batches to leave as they are. One that this Dagster instance does not know is shown to it first."""
    known = set(instance.get_dynamic_partitions(intake_batches.name or ""))
    return {batch_id for batch_id in batch_ids if batch_id in known and is_finished(environment, batch_id)}


def stop_if(outcome: JobOutcome) -> None:
    """End the command where a run was interrupted.

    Raises:
        Stopped: it was.
    """
    if outcome.interrupted:
        raise Stopped(
            "Stopped. Answers so far are saved.",
            "Run the same command: it goes on where this one stopped, and pays for no answer again.",
        )


def silence() -> None:
    """Dagster's own log and notices go to the UI; the terminal shows bars and the summary."""
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
