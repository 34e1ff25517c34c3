"""`qwenocr batch`: jobs of the Batch API by hand."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.text import Text

from qwenocr_assets.asking.batch_api import polling
from qwenocr_assets.asking.batch_api.jobs import Job, Jobs, JobState
from qwenocr_assets.cli.commands.run import run_paths, stop_if
from qwenocr_assets.cli.ending import exit_code_of_batches
from qwenocr_assets.cli.tables import print_rows
from qwenocr_assets.cli.terminal import print_error
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.defs.resources import running_in
from qwenocr_assets.defs.running.instance import ensure_dagster_home
from qwenocr_assets.defs.running.launch import run_collect, run_publish
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.service import QwenOcr
from qwenocr_assets.errors import ExitCode, UsageError
from qwenocr_assets.intake.routes import DEFAULT_ROUTE
from qwenocr_assets.qwenocr.batch_api.limits import require_batches
from qwenocr_assets.steps.batch_api import due_batches, poll_all, require_one_asked


def submit(paths: Sequence[Path], console: Console) -> ExitCode:
    """Run documents with every route in batch mode; what is handed over is collected later.

    Raises:
        ConfigurationError: the region or model has no batches.
    """
    environment = Environment.load()
    require_batches(environment.catalogue, environment.model)  # before anything is read
    settings = environment.settings
    default = {"name": DEFAULT_ROUTE.name + "-batch", "tasks": [task.value for task in DEFAULT_ROUTE.tasks]}
    routes = [{**route, "mode": "batch"} for route in (*settings.routes, default)]
    return run_paths(paths, console, environment=Environment(settings.model_copy(update={"routes": routes})))


def print_jobs(console: Console, *, wide: bool = False) -> None:
    """List every job, the oldest first."""
    with Ledger.open(Environment.load().database_url) as ledger:
        jobs = Jobs(ledger)
        found = [(job, jobs.line_counts(job.job_id)) for job in jobs.all()]
    if not found:
        console.print("Nothing was handed to the Batch API yet.")
        return
    rows = []
    for job, counts in found:
        lines = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
        cells = (job.job_id, job.state.value, job.status, lines, _time(job.planned_at), job.owner)
        rows.append((*cells, job.batch_id))
    headings = ("job", "state", "status", "lines", "planned, UTC", "account", "intake")
    print_rows(headings, rows, console, wide=wide, blocks=True)


def show_job(console: Console, job_id: str) -> None:
    """Everything that is known of a job."""
    with Ledger.open(Environment.load().database_url) as ledger:
        jobs = Jobs(ledger)
        job = _job(jobs, job_id)
        counts = jobs.line_counts(job.job_id)
    for name in Job.__dataclass_fields__:
        value = getattr(job, name)
        if value is not None:
            shown = _time(value) + " UTC" if name.endswith("_at") else str(value)
            console.print(Text(f"{name:18} {shown}"))
    console.print(Text(f"{'lines':18} {counts}"))


def cancel_job(console: Console, job_id: str) -> None:
    """Ask the service to end a running job."""
    environment = Environment.load()
    with Ledger.open(environment.database_url) as ledger:
        jobs = Jobs(ledger)
        job = _job(jobs, job_id)
        if job.state is not JobState.RUNNING:
            raise UsageError(
                f"Job {job.job_id} is {job.state.value}, not running.", "See `qwenocr batch list`."
            )
        with QwenOcr(environment).batch_services() as services:
            status = polling.cancel(jobs, services(job.owner), job)
    console.print(
        Text(f"Job {job.job_id} is {status}. What is finished is kept: run `qwenocr batch collect` later.")
    )


def collect(console: Console, *, wait: bool = False) -> ExitCode:
    """Ask for all running jobs, and take back what has ended; whether everything went well."""
    environment = Environment.load()
    resources = running_in(environment)
    with (
        Ledger.open(environment.database_url) as ledger,
        QwenOcr(environment).batch_services() as services,
    ):
        jobs = Jobs(ledger)
        failed = poll_all(environment, jobs, services, all_now=True)
        require_one_asked(failed, jobs)
        while wait and any(job.owner not in failed for job in jobs.all(JobState.RUNNING)):
            time.sleep(polling.POLL_SECONDS)
            failed = poll_all(environment, jobs, services, all_now=True)
        due = due_batches(jobs)
        running = len(jobs.all(JobState.RUNNING))
    for account, why in failed.items():
        print_error(console, f"The batch jobs of account {account} cannot be asked for: {why}")
    if not due:
        console.print(f"Nothing has ended; {running} jobs are running.")
        return ExitCode.DONE
    ensure_dagster_home(environment.data)
    from qwenocr_assets.definitions import defs

    errors, codes = [], []
    with dg.DagsterInstance.get() as instance:
        for batch_id in due:
            outcome = run_collect(defs, instance, batch_id, resources)
            stop_if(outcome)
            codes.append(outcome.exit_code)
            if outcome.error:
                errors.append(f"Intake {batch_id}: {outcome.error}")
        outcome = run_publish(defs, instance, resources)
        stop_if(outcome)
        if outcome.error:
            errors.append(f"Warehouse: {outcome.error}")
    console.print(
        f"Collected for {len(due)} intake{'' if len(due) == 1 else 's'}; {running} jobs are running."
    )
    for error in errors:
        print_error(console, error)
    return exit_code_of_batches(environment.data, due, codes, outcome.exit_code)


def _job(jobs: Jobs, job_id: str) -> Job:
    job = jobs.get(job_id)
    if job is None:
        raise UsageError(f"No one job begins with {job_id}.", "See `qwenocr batch list`.")
    return job


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
