"""Asking how running jobs are: every one to two minutes (product guide, page Batch API), more seldom after errors."""

from dataclasses import dataclass
from typing import Any

from qwenocr_assets.asking.batch_api.jobs import Job, Jobs, JobState
from qwenocr_assets.qwenocr.batch_api.service import BatchService, is_the_services_word
from qwenocr_assets.qwenocr.errors import RunRefused, ServiceError

POLL_SECONDS = 60.0
_HOUR = 3600.0
_LATER_SECONDS = 120.0
_MOST_SECONDS = 900.0
GONE = "gone"
"""Our own status of a batch that the service does not know any more: it lists them for 30 days."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What one look at the running jobs brought."""

    asked: int
    ended: tuple[str, ...]
    """Jobs that have ended since the last look."""


def poll(
    jobs: Jobs, service: BatchService, *, region: str, account: str | None = None, all_now: bool = False
) -> Poll:
    """Ask for the running jobs of an account (by default the region's only one) whose time has come, or for all.

    Raises:
        RunRefused: the account is refused as such.
    """
    now = jobs.now()
    owner = account or region
    running = [job for job in jobs.all(JobState.RUNNING) if (job.region, job.owner) == (region, owner)]
    due = [job for job in running if all_now or (job.next_poll_at or 0.0) <= now]
    ended = [job.job_id for job in due if _look(jobs, service, job, now)]
    return Poll(len(due), tuple(ended))


def _look(jobs: Jobs, service: BatchService, job: Job, now: float) -> bool:
    seconds = job.poll_seconds or _LATER_SECONDS
    try:
        seen = service.retrieve(job.service_id or "")
    except ServiceError as error:
        if isinstance(error, RunRefused) and is_the_services_word(error):
            if error.fault.status != 404:
                raise
            jobs.change(job, JobState.ENDED, status=GONE, problem=str(error), ended_at=now)
            return True
        seconds = min(_MOST_SECONDS, 2 * seconds)
        jobs.change(job, problem=str(error), poll_seconds=seconds, next_poll_at=now + seconds)
        return False
    if now - (job.submitted_at or now) > _HOUR:
        seconds = max(seconds, _LATER_SECONDS)
    said: dict[str, Any] = {
        "status": seen.status,
        "completed": seen.completed,
        "failed": seen.failed,
        "problem": seen.problem,
        "output_file_id": seen.output_file_id,
        "error_file_id": seen.error_file_id,
    }
    if seen.has_ended:
        return jobs.change(job, JobState.ENDED, ended_at=now, **said)
    jobs.change(job, next_poll_at=now + seconds, poll_seconds=seconds, **said)
    return False


def cancel(jobs: Jobs, service: BatchService, job: Job) -> str:
    """Ask the service to end a running job; its status then. What is finished stays, and is collected."""
    seen = service.cancel(job.service_id or "")
    jobs.change(job, cancel_asked=1, status=seen.status, next_poll_at=jobs.now())
    return seen.status
