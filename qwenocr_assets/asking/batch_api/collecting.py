"""Taking back what ended jobs hold: output and error files, line by line, joined by request key.

Answers are journalled first and marked in the database afterwards, in small groups: a crash between the two repeats a
group, and the same answer under the same key replaces itself. The files are never held as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from qwenocr_assets.asking.batch_answers import Judge
from qwenocr_assets.asking.batch_api.funds import Funds
from qwenocr_assets.asking.batch_api.jobs import Job, Jobs, JobState, Line, answered, leave
from qwenocr_assets.asking.batch_api.planning import MOST_TIMES, Rules
from qwenocr_assets.asking.batch_api.polling import GONE
from qwenocr_assets.asking.records import AnswerRecord, Asked, record_of
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.batch_api.lines import Result, read_result
from qwenocr_assets.qwenocr.batch_api.service import BatchService
from qwenocr_assets.qwenocr.errors import PageRefused, Retryable, ServiceError, ServiceFault
from qwenocr_assets.qwenocr.images import SentAs
from qwenocr_assets.qwenocr.prices import FREE
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Mode

_GROUP = 200
_GROUP_CHARACTERS = 4_000_000
_TRUST_SECONDS = 86_400.0
"""So long a result file that is shorter than its batch says is taken for torn; afterwards for all there is."""
_NEXT_STEP = "Run the intake again."

Save = Callable[[list[AnswerRecord]], None]
"""Keeps records durably: when it returns, they are on disk."""


@dataclass(slots=True)
class Collected:
    """What was taken back for one intake batch."""

    jobs: int = 0
    answered: int = 0
    left: dict[str, str] = field(default_factory=dict)
    """Request keys without an answer that are asked again, with the reason."""
    given_up: dict[str, str] = field(default_factory=dict)
    """Those that a person has to ask again; their records say so."""


@dataclass(frozen=True, slots=True)
class Collector:
    """What collecting for one intake batch needs."""

    jobs: Jobs
    service: BatchService
    funds: Funds
    catalogue_version: str
    """Of lines that nothing is paid for."""
    judge: Judge
    save: Save
    rules: Callable[[str], Rules]
    """What the route of a request key says; defaults for one that is not asked any more."""

    def collect(self, batch_id: str, *, account: str | None = None) -> Collected:
        """Take back everything that waits for an intake batch in jobs that have ended, of an account or of all.

        Raises:
            ServiceError: a result file could not be read to its end; what came is kept, and the rest comes next time.
        """
        collected = Collected()
        times_left = self.jobs.times_left(batch_id)
        for job in self.jobs.all(JobState.ENDED, batch_id=batch_id):
            if account is not None and job.owner != account:
                continue
            self._collect(job, batch_id, times_left, collected)
            self.jobs.close_if_done(job)
            collected.jobs += 1
        return collected

    def _collect(self, job: Job, batch_id: str, times_left: Mapping[str, int], collected: Collected) -> None:
        waiting = {line.request_key: line for line in self.jobs.lines(job.job_id, batch_id=batch_id)}
        without: dict[str, ServiceError] = {}
        group: list[tuple[Line, Result]] = []
        characters = 0

        def flush() -> None:
            nonlocal characters
            self._keep(job, group)
            collected.answered += len(group)
            group.clear()
            characters = 0

        read = 0
        for file_id in (job.output_file_id, job.error_file_id):
            if file_id is None:
                continue
            with self.service.lines(file_id) as lines:
                for text in lines:
                    result = read_result(text)
                    if result is None:
                        continue
                    read += isinstance(result.result, Answer)
                    line = waiting.get(result.custom_id)
                    if line is None:
                        continue
                    if isinstance(result.result, ServiceError) and not isinstance(result.result, PageRefused):
                        without[result.custom_id] = result.result
                        continue
                    del waiting[result.custom_id]
                    group.append((line, result))
                    characters += len(result.raw)
                    if len(group) >= _GROUP or characters > _GROUP_CHARACTERS:
                        flush()
        flush()
        if read < job.completed and self.jobs.now() - (job.ended_at or 0.0) < _TRUST_SECONDS:
            raise Retryable(
                ServiceFault(0, "", f"job {job.job_id}: {read} of {job.completed} answers are in its files"),
                "Collect again later.",
            )
        self._leave(job, waiting, without, times_left, collected)

    def _keep(self, job: Job, group: list[tuple[Line, Result]]) -> None:
        """Journal a group of results, then mark it and settle its money in one transaction."""
        if not group:
            return
        self.save(self._records(job, group))

        def mark(connection: Connection) -> None:
            for line, found in group:
                answered(connection, job.job_id, line)
                if line.entry_id is None:
                    continue
                if isinstance(found.result, Answer):
                    self.funds.settle(
                        connection, line.entry_id, found.result.usage, found.result.reported_model
                    )
                else:
                    self.funds.release(connection, line.entry_id)

        self.jobs.write(mark)

    def _leave(
        self,
        job: Job,
        waiting: Mapping[str, Line],
        without: Mapping[str, ServiceError],
        times_left: Mapping[str, int],
        collected: Collected,
    ) -> None:
        """Free the lines that have no answer; what is not asked again by itself gets a record that says why."""
        reasons = {key: str(without.get(key) or _why(job)) for key in waiting}
        over = {
            key: Result(
                key, without.get(key) or Retryable(ServiceFault(0, "NotAnswered", reason), _NEXT_STEP), ""
            )
            for key, reason in reasons.items()
            if self._is_given_up(job, key, without.get(key), times_left.get(key, 0) + 1)
        }
        self.save(self._records(job, [(waiting[key], result) for key, result in over.items()]))

        def mark(connection: Connection) -> None:
            for key, line in waiting.items():
                leave(
                    connection, job.job_id, line, reasons[key], self.funds, may_be_billed=job.status == GONE
                )

        self.jobs.write(mark)
        for key, reason in reasons.items():
            (collected.given_up if key in over else collected.left)[key] = reason

    def _is_given_up(self, job: Job, key: str, error: ServiceError | None, times: int) -> bool:
        match self.rules(key).rest:
            case "real_time":
                return False
            case "leave":
                return True
            case _:
                refuses_all = error is not None and not isinstance(error, Retryable)
                return times >= MOST_TIMES or job.status == "failed" or job.cancel_asked or refuses_all

    def _records(self, job: Job, found: Sequence[tuple[Line, Result]]) -> list[AnswerRecord]:
        """The records of results, at the prices that their money was set aside at."""
        entry_ids = [line.entry_id for line, _ in found if line.entry_id is not None]
        priced = self.jobs.read(lambda connection: self.funds.priced(connection, entry_ids))
        free = (FREE, self.catalogue_version)
        return [
            self._record(
                job,
                line,
                result,
                Asked(job.region, job.model, *priced.get(line.entry_id or 0, free), job.owner),
            )
            for line, result in found
        ]

    def _record(self, job: Job, line: Line, found: Result, asked: Asked) -> AnswerRecord:
        answer = found.result if isinstance(found.result, Answer) else None
        ended_at = job.ended_at or self.jobs.now()
        reply = Reply(
            answer=answer,
            error=found.result if isinstance(found.result, ServiceError) else None,
            raw=found.raw or None,
            attempts=1,
            latency_ms=1000 * (ended_at - (job.submitted_at or ended_at)),
            answered_at=datetime.fromtimestamp(ended_at, UTC),
            sent_as=SentAs.DATA_URL,
        )
        incomplete = self.judge(line.task, answer) if answer else None
        record = record_of(line.request_key, line.task, reply, incomplete, asked)
        return replace(record, mode=Mode.BATCH, reused_from=None if line.pays else job.batch_id)


def _why(job: Job) -> str:
    said = f": {job.problem}" if job.problem else ""
    return f"the batch job {job.job_id} ended as {job.status} without an answer to it{said}"
