"""Handing jobs over: write the file, upload it, create the batch. Each step can be done again after a crash.

An upload that nobody remembers costs nothing. A create is different: before it, the job is marked `creating`; whoever
finds that mark later looks for a batch of that name and input file, and creates one only when there is none.
"""

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from qwenocr_assets.asking.batch_answers import Question
from qwenocr_assets.asking.batch_api.funds import Funds
from qwenocr_assets.asking.batch_api.jobs import Job, Jobs, JobState
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.qwenocr.batch_api.service import (
    CALL_SECONDS,
    BatchService,
    ServiceJob,
    was_certainly_refused,
)
from qwenocr_assets.qwenocr.errors import PageRefused, Retryable, RunRefused, ServiceError, Throttled

FIRST_POLL_SECONDS = 60.0
SETTLE_SECONDS = CALL_SECONDS + 60.0
"""How long a create may be under way before it is looked for: longer than any call may take."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submitter:
    """What handing over needs."""

    jobs: Jobs
    service: BatchService
    funds: Funds
    line_of: Callable[[Question], bytes]
    """Raises RejectedInput for a question whose image cannot be sent."""
    folder: Path
    """Where input files are written, and removed once they are uploaded."""
    settle_seconds: float = SETTLE_SECONDS
    first_poll_seconds: float = FIRST_POLL_SECONDS

    def submit(self, job: Job, questions: Mapping[str, Question]) -> Job:
        """Bring a job as far as it goes now; the job as it stands then.

        A `Retryable` error leaves it where it was, for the next time.

        Raises:
            RunRefused: every further call would fail too: key, arrears, no such model.
        """
        try:
            if job.state is JobState.PLANNED:
                job = self._upload(job, questions)
            if job.state is JobState.UPLOADED:
                job = self._create(job)
            elif job.state is JobState.CREATING:
                job = self._find_or_create(job)
        except (Retryable, PageRefused) as error:  # a gateway's page may say anything
            job = self._now(job)
            _log.warning("Job %s stays %s for now: %s", job.job_id, job.state.value, error)
        return job

    def _upload(self, job: Job, questions: Mapping[str, Question]) -> Job:
        unusable: dict[str, str] = {}
        written = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{job.job_id}-") as folder:
            path = Path(folder) / f"{job.job_id}.jsonl"
            with path.open("wb") as file:
                for line in self.jobs.lines(job.job_id):
                    if not line.pays:
                        continue
                    question = questions.get(line.request_key)
                    try:
                        if question is None:
                            raise RejectedInput(
                                "The intake does not ask this request any more.", "Run it again."
                            )
                        file.write(self.line_of(question))
                        written += 1
                    except RejectedInput as error:
                        unusable[line.request_key] = str(error)
            if not written:
                self.jobs.close_unsent(job, "no line of it can be sent", self.funds)
                return replace(job, state=JobState.CLOSED)
            try:
                file_id = self.service.upload(path)
            except ServiceError as error:
                return self._refused(job, error)
        if unusable:
            self.jobs.leave_lines(job, unusable, self.funds)
        if not self.jobs.change(job, JobState.UPLOADED, input_file_id=file_id):
            self.service.delete(file_id)  # another process was first
            return self._now(job)
        return replace(job, state=JobState.UPLOADED, input_file_id=file_id)

    def _create(self, job: Job) -> Job:
        """Mark the job, then create its batch."""
        attempt_at = self.jobs.now()
        if not self.jobs.change(job, JobState.CREATING, attempt_at=attempt_at):
            return self._now(job)
        job = replace(job, state=JobState.CREATING, attempt_at=attempt_at)
        metadata = {"ds_name": job.name, "ds_description": f"Intake {job.batch_id}"[:200]}
        try:
            made = self.service.create(job.input_file_id or "", metadata, job.completion_window)
        except Throttled:
            self.jobs.change(job, JobState.UPLOADED)
            raise
        except ServiceError as error:
            if was_certainly_refused(error):
                return self._refused(job, error)
            raise
        return self._adopt(job, made)

    def _find_or_create(self, job: Job) -> Job:
        """Somebody may have created its batch: a process that was killed, or one whose answer was lost."""
        if self.jobs.now() - (job.attempt_at or 0.0) < self.settle_seconds:
            return job
        for made in self.service.find(name=job.name, input_file_id=job.input_file_id):
            if made.input_file_id in (None, job.input_file_id):
                return self._adopt(job, made)
        return self._create(job)

    def _adopt(self, job: Job, made: ServiceJob) -> Job:
        now = self.jobs.now()
        self.jobs.change(
            job,
            JobState.RUNNING,
            service_id=made.id,
            status=made.status,
            submitted_at=job.attempt_at,
            next_poll_at=now + self.first_poll_seconds,
            poll_seconds=self.first_poll_seconds,
        )
        return self._now(job)

    def _refused(self, job: Job, error: ServiceError) -> Job:
        """The service said no to the whole job."""
        if isinstance(error, Retryable) and not was_certainly_refused(error):
            raise error
        self.jobs.close_unsent(job, str(error), self.funds)
        if isinstance(error, RunRefused):
            raise error
        return self._now(job)

    def _now(self, job: Job) -> Job:
        return self.jobs.get(job.job_id) or job
