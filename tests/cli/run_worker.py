"""A run in a process of its own, as Dagster's daemon starts it: `python -m tests.cli.run_worker FOLDER`.

When a line comes in, the run is terminated as from Dagster's UI: one of the process's own threads interrupts it.
"""

import multiprocessing
import sys
import threading
from pathlib import Path

import dagster as dg
from dagster._utils import start_termination_thread
from dagster._utils.interrupts import capture_interrupts
from rich.console import Console

from qwenocr_assets.cli.progress import BarProgress
from qwenocr_assets.definitions import defs
from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.launch import register_batch, run_batch
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.steps.intake import manifests_of


def main() -> None:
    environment = Environment.load()
    terminate, done = multiprocessing.Event(), multiprocessing.Event()

    def listen() -> None:
        if sys.stdin.readline():
            terminate.set()

    [manifest] = manifests_of([Path(sys.argv[1])], environment.settings)
    with dg.DagsterInstance.ephemeral() as instance, capture_interrupts():
        register_batch(instance, environment.data, manifest)
        start_termination_thread(terminate, done)
        threading.Thread(target=listen, daemon=True).start()
        with BarProgress(Console()) as progress:
            resources = running_in(environment, progress=progress)
            outcome = run_batch(defs, instance, manifest.batch_id, resources)
        done.set()
    sys.stdout.write("interrupted\n" if outcome.interrupted else f"sent {outcome.sent}: {outcome.error}\n")


if __name__ == "__main__":
    main()
