"""`qwenocr run`: paths → intake batches → the Dagster jobs, with progress bars and a summary."""

import logging
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg
from rich.console import Console
from upath import UPath

from qwenocr_assets.asking.catalogue_overrides import catalogue_of
from qwenocr_assets.asking.failover import failover_order
from qwenocr_assets.cli.ending import exit_code_of_batches
from qwenocr_assets.cli.finished import is_finished, note_finished
from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.cli.summary import print_summary
from qwenocr_assets.cli.terminal import print_error
from qwenocr_assets.defs.instance import ensure_dagster_home
from qwenocr_assets.defs.launch import JobOutcome, register_partition, run_batch, run_publish
from qwenocr_assets.defs.partitions import intake_batches
from qwenocr_assets.defs.processes import close_dead_runs, living_process
from qwenocr_assets.defs.resources import resources_for
from qwenocr_assets.errors import ExitCode, RejectedInput, Stopped
from qwenocr_assets.intake.manifest import (
    Manifest,
    cut_batches,
    is_unaltered,
    load_manifest,
    manifests_of_folder,
    newest_versions,
    resolved,
    write_manifest,
)
from qwenocr_assets.intake.routes import load_routes
from qwenocr_assets.intake.scan import find_files
from qwenocr_assets.settings import Settings, load_settings, project_root
from qwenocr_assets.storage.data_folder import is_local


def run_paths(
    paths: Sequence[Path],
    console: Console,
    *,
    by_manifest: Sequence[str] = (),
    resend: Iterable[str] = (),
    settings: Settings | None = None,
) -> ExitCode:
    """Run documents through both jobs; returns what came of them.

    `by_manifest` are manifests of batches to run as well, maybe of another data folder.

    Raises:
        ConfigurationError: a setting that cannot work, like a cloud region without a key.
        StorageError: the data folder cannot be written.
        RejectedInput: a path that does not exist, no file to read below the paths, or a manifest that was changed.
    """
    settings = settings or load_settings()
    failover_order(catalogue_of(settings), settings)
    load_routes(settings.routes, project_root())
    data = settings.data_folder
    data.require_writable()
    manifests = [
        *(m for path in paths for m in manifests_of(path, settings)),
        *map(replayed, by_manifest),
    ]
    if not manifests:
        raise RejectedInput(
            f"There is no file to read in {', '.join(map(str, paths))}.",
            "Put document images or PDFs there, or name another folder.",
        )

    for manifest in manifests:
        write_manifest(data, manifest)
    return run_batches(settings, [m.batch_id for m in manifests], console, resend=resend)


def run_batches(
    settings: Settings,
    batch_ids: Sequence[str],
    console: Console,
    *,
    resend: Iterable[str] = (),
    only: Mapping[str, Collection[str] | None] | None = None,
) -> ExitCode:
    """Run batches that have a manifest, then the warehouse; returns what came of it.

    With `only`, by batch, nothing but these request keys is asked; None stands for all of a batch.
    """
    silence()
    home = ensure_dagster_home()
    from qwenocr_assets.definitions import defs

    sent, errors, codes = 0, [], []
    with (
        dg.DagsterInstance.get() as instance,
        living_process(home) as tags,
        BarProgress(console) as progress,
    ):
        close_dead_runs(instance, home)
        resources = {**resources_for(settings), "progress": progress}
        resend = tuple(resend)
        finished = set() if resend or only is not None else _finished(settings, batch_ids, instance)
        for batch_id in (b for b in batch_ids if b not in finished):
            register_partition(instance, batch_id)
            keys = None if only is None else only[batch_id]
            outcome = run_batch(defs, instance, batch_id, resources, resend=resend, only=keys, tags=tags)
            sent += outcome.sent
            stop_if(outcome)
            codes.append(outcome.exit_code)
            if outcome.error:
                errors.append(f"Batch {batch_id}: {outcome.error}")
            else:
                note_finished(settings, batch_id)
        outcome = run_publish(defs, instance, resources, tags=tags)
        stop_if(outcome)
        if outcome.error:
            errors.append(f"Warehouse: {outcome.error}")

    if finished:
        console.print(
            f"{len(finished)} of {len(batch_ids)} batches are as they were: nothing to do for them."
        )
    print_summary(settings, batch_ids, sent, console)
    for error in errors:
        print_error(console, error)
    return exit_code_of_batches(settings.data_folder, batch_ids, codes, outcome.exit_code)


def _finished(settings: Settings, batch_ids: Sequence[str], instance: dg.DagsterInstance) -> set[str]:
    """The batches to leave as they are. One that this Dagster instance does not know is shown to it first."""
    known = set(instance.get_dynamic_partitions(intake_batches.name or ""))
    return {batch_id for batch_id in batch_ids if batch_id in known and is_finished(settings, batch_id)}


def stop_if(outcome: JobOutcome) -> None:
    """End the command where a run was interrupted.

    Raises:
        Stopped: it was.
    """
    if outcome.interrupted:
        raise Stopped(
            "Stopped. What was answered is saved.",
            "Run the same command: it goes on where this one stopped, and pays for no answer again.",
        )


def replayed(address: str) -> Manifest:
    """The manifest at a path or URL, to run its batch again.

    Raises:
        StorageError: there is none, or it cannot be understood.
        RejectedInput: it was changed.
    """
    path = UPath(address)
    manifest = load_manifest(path.absolute() if is_local(path) else path)
    if not is_unaltered(manifest):
        raise RejectedInput(
            f"{address} was changed: its files make another batch than {manifest.batch_id}.",
            "Take the manifest as it was written, or run the files themselves.",
        )
    return manifest


def manifests_of(path: Path, settings: Settings) -> list[Manifest]:
    """The intake batches of a file or folder."""
    root = UPath(path).absolute()
    if not root.exists():
        raise RejectedInput(f"{path} does not exist.", "Check the path.")
    return cut_batches(
        root,
        list(find_files(root)),
        max_files=settings.batch_max_files,
        max_bytes=settings.batch_max_bytes,
        known=newest_versions(manifests_of_folder(settings.data_folder, resolved(root))),
    )


def silence() -> None:
    """Dagster's own log and notices go to the UI; the terminal shows bars and the summary."""
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
