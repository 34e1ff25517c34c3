"""Running the jobs in this process, on the project's Dagster instance, so that the runs show in the UI."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource
from dagster_shared.error import SerializableErrorInfo

from qwenocr_assets.defs.jobs import BATCH_JOB, COLLECT_JOB, PUBLISH_JOB
from qwenocr_assets.defs.running.archive import restore_batches
from qwenocr_assets.defs.running.dead_runs import BY_COMMAND
from qwenocr_assets.defs.running.origin import of_the_code_location
from qwenocr_assets.errors import DiskFull, ExitCode, exit_code_of
from qwenocr_assets.intake.manifest import Manifest, write_manifest
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.disk import NEXT_STEP, says_full, writing_to

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job's run ended."""

    run_id: str
    error: str | None
    """The first error's message; None when the run succeeded."""
    sent: int
    """Requests that were sent to the service."""
    interrupted: bool = False
    """A person or the system asked it to end."""
    exit_code: ExitCode = ExitCode.DONE
    """Of the first error."""

    @property
    def success(self) -> bool:
        return self.error is None


def register_batch(instance: dg.DagsterInstance, data: DataFolder, manifest: Manifest) -> None:
    """Write a batch's manifest, then make its partition known: in this order nothing is lost by a crash."""
    write_manifest(data, manifest)
    register_partition(instance, manifest.batch_id)


def register_partition(instance: dg.DagsterInstance, batch_id: str) -> None:
    """Make the partition of a batch that has a manifest known; it may be known already, or archived."""
    restore_batches(instance, [batch_id])


def run_batch(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    batch_id: str,
    resources: Mapping[str, Any],
    *,
    resend: Iterable[str] = (),
    only: Iterable[str] | None = None,
) -> JobOutcome:
    """Run the batch job on one batch, with these resources in place of the definitions' own.

    `resend` are final statuses to ask for again. With `only`, no other request keys than these are asked, and these
    however often they have failed.
    """
    # somebody watches: while the service is down they are told so, and decide when to try again
    asked: dict[str, Any] = {"resend": list(resend), "outage_retries": 0}
    if only is not None:
        asked |= {"only": list(only), "given_up": True}
    config = {**_QUIET, "ops": {"ocr_answers": {"config": asked}}}
    return _run(definitions, instance, BATCH_JOB, config, resources, partition_key=batch_id)


def run_collect(
    definitions: dg.Definitions, instance: dg.DagsterInstance, batch_id: str, resources: Mapping[str, Any]
) -> JobOutcome:
    """Run the job that takes back what an intake batch's batch jobs hold."""
    return _run(definitions, instance, COLLECT_JOB, _QUIET, resources, partition_key=batch_id)


def run_publish(
    definitions: dg.Definitions, instance: dg.DagsterInstance, resources: Mapping[str, Any]
) -> JobOutcome:
    """Run the job that loads, builds and publishes the warehouse."""
    return _run(definitions, instance, PUBLISH_JOB, _QUIET, resources)


def _run(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    config: Mapping[str, Any],
    resources: Mapping[str, Any],
    partition_key: str | None = None,
) -> JobOutcome:
    with (
        writing_to(f"Dagster's home ({os.environ.get('DAGSTER_HOME', 'a temporary one')})"),
        of_the_code_location(instance, job),
    ):
        result = definitions.resolve_job_def(job).execute_in_process(
            run_config=config,
            instance=instance,
            partition_key=partition_key,
            raise_on_error=False,
            resources=resources,
            tags=BY_COMMAND,
        )
    error, exit_code = (None, ExitCode.DONE) if result.success else _first_error(result.all_events)
    return JobOutcome(
        run_id=result.run_id,
        error=error,
        exit_code=exit_code,
        sent=sum(_sent(event) for event in result.get_asset_materialization_events()),
        interrupted=any(_is_interrupt(event) for event in result.all_events),
    )


def _first_error(events: Iterable[dg.DagsterEvent]) -> tuple[str, ExitCode]:
    error = None
    for event in events:
        if event.is_step_failure:
            failure = event.step_failure_data
            told = failure.user_failure_data
            if told is not None and told.description:
                return told.description, _exit_code_in(told.metadata)
            error = failure.error
        elif event.is_job_failure:  # before any step: a resource could not be made
            error = event.job_failure_data.error
        if error is not None:
            return _said(error), exit_code_of((error.cause or error).cls_name or "")
    return "The run failed before any step.", ExitCode.UNEXPECTED


def _exit_code_in(metadata: Mapping[str, Any]) -> ExitCode:
    found = metadata.get("error_class")
    return exit_code_of(found.text or "") if isinstance(found, dg.TextMetadataValue) else ExitCode.UNEXPECTED


def _said(error: SerializableErrorInfo) -> str:
    # what Dagster reports is its own wrapper; its cause is the error that was raised
    message = _without_class((error.cause or error).message.strip())
    if says_full(message) and NEXT_STEP not in message:
        return str(DiskFull("There is no space left on the disk.", NEXT_STEP))
    return message


def _is_interrupt(event: dg.DagsterEvent) -> bool:
    return event.is_step_failure and event.step_failure_data.error_source is ErrorSource.INTERRUPT


def _without_class(message: str) -> str:
    """Our own errors speak for themselves; others keep the name of their class."""
    return message.partition(": ")[2] if message.startswith("qwenocr_assets.") else message


def _sent(event: dg.DagsterEvent) -> int:
    value = event.step_materialization_data.materialization.metadata.get("sent")
    return value.value if isinstance(value, dg.IntMetadataValue) and value.value is not None else 0
