"""The answers of one intake batch: what its journals hold, what can be taken over, what is still to ask."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from upath import UPath

from qwenocr_assets.asking.answering import AskedElsewhere, answer_all
from qwenocr_assets.asking.draining import Drain
from qwenocr_assets.asking.page_images import Page, PageImages
from qwenocr_assets.asking.records import AnswerRecord, Asked, latest_by_key, record_of
from qwenocr_assets.asking.reuse import answers_of_other_batches
from qwenocr_assets.asking.whole_pdfs import WholePdfs, answer_keys
from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.own_text import own_text_key
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.qwenocr.catalogue import Model
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import Retryable, ServiceError, ServiceFault
from qwenocr_assets.qwenocr.pdfs import Pdf
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.rows import OcrRequestRow, PageRow
from qwenocr_assets.schemas import is_ready
from qwenocr_assets.state.batch_hold import BatchHold
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.storage.data_folder import DataFolder, is_local
from qwenocr_assets.storage.journal import Journal, Mended


@dataclass(frozen=True, slots=True)
class Question:
    """A request about a page that is to be sent."""

    request_key: str
    task: Task
    page: Page
    options: RequestOptions


@dataclass(frozen=True, slots=True)
class PdfQuestion:
    """A request about a whole PDF that is to be sent."""

    request_key: str
    task: Task
    read: Callable[[], Pdf]
    """Its content, or the address where the service finds it. Raises `RejectedInput` for what is not what it was."""
    options: RequestOptions


AnyQuestion = Question | PdfQuestion


Judge = Callable[[Task, Answer], str | None]
"""Says from an answer's text why it is truncated; None when it is complete."""


@dataclass(frozen=True, slots=True)
class BatchAnswers:
    """The journals of a batch that is held, and the latest record of each request key in them."""

    data: DataFolder
    batch_id: str
    hold: BatchHold
    journals: dict[Task, Journal]
    latest: dict[str, AnswerRecord]
    put_off: list[AnyQuestion] = field(default_factory=list)
    """What was not asked since another batch asked the same."""

    @classmethod
    def open(
        cls,
        data: DataFolder,
        batch_id: str,
        tasks: Iterable[Task],
        hold: BatchHold,
        tell: Callable[[str], object] = lambda _: None,
    ) -> "BatchAnswers":
        """Read the journals of these tasks, after mending what a crash or a bad disk did to them.

        People are told what was lost by it.
        """
        journals = {task: Journal(data.journal(task, batch_id)) for task in tasks}
        answers = cls(data, batch_id, hold, journals, {})
        found: list[AnswerRecord] = []
        with answers._ours():
            for task, journal in journals.items():
                mended, records = journal.mend_and_read()
                found += map(AnswerRecord.from_json, records)
                if lost := _lost(task, batch_id, mended):
                    tell(lost)
        answers.latest.update(latest_by_key(found))
        return answers

    def take_over(self, requests: Sequence[OcrRequestRow], resend: Collection[AnswerStatus]) -> Counter[str]:
        """Journal the answers that other batches already paid for; returns how many come from which batch."""
        unanswered = {key for r in requests for key in answer_keys(r)} - self.latest.keys()
        found = answers_of_other_batches(self.data, unanswered, self.batch_id)
        records = [record for record in found.values() if record.status not in resend]
        self.save(records)
        return Counter(record.reused_from or "" for record in records)

    def open_questions(
        self,
        requests: Iterable[OcrRequestRow],
        pages: Mapping[str, Page],
        resend: Collection[AnswerStatus],
        *,
        most_attempts: int | None = None,
        wholes: WholePdfs | None = None,
    ) -> list[Question]:
        """The pages without a final answer, each key once, in the order of the requests.

        Left out are those that failed after `most_attempts` calls over all runs (None leaves none out), and the pages
        of PDFs that `wholes` has to ask about whole, or has an answer for.
        """
        questions: dict[str, Question] = {}
        for request in requests:
            key = request["request_key"]
            record = self.latest.get(key)
            pdf = wholes.of(request) if wholes is not None else None
            if pdf is not None and (record is None or not record.status.is_final):
                part = pdf.part(request)
                if pdf.is_due or (part is not None and part.status not in resend):
                    continue
            if record is None or record.status in resend or _is_open(record, most_attempts):
                options = RequestOptions.from_json(request["options"])
                questions[key] = Question(key, Task(request["task"]), pages[request["page_id"]], options)
        return list(questions.values())

    async def ask(
        self,
        questions: Iterable[AnyQuestion],
        client: Client,
        model: Model,
        catalogue_version: str,
        *,
        account: str | None = None,
        judge: Judge,
        on_reply: Callable[[], None],
        concurrency: int,
        drain: Drain,
    ) -> ServiceError | None:
        """Send the questions and journal the replies; returns the error that refuses the whole run, if any.

        `account` is the name of the one that the client calls with. When the drain begins, no further call is sent, and
        those under way are waited for. What another batch asks just now is put off.

        Raises:
            StorageError: replies could not be saved.
        """

        images = PageImages(self.data)
        asked = Asked(model.region, model.name, model.price(), catalogue_version, account)

        async def ask_one(question: AnyQuestion) -> tuple[Reply, AnswerRecord] | None:
            self.hold.check()
            try:
                asked_about = (
                    await images.of(question.page) if isinstance(question, Question) else question.read()
                )
                own_text = _own_text(question)
            except RejectedInput as error:
                reply = _unsent(error.message)
            else:
                request = Request(asked_about, question.task, question.options, own_text)
                try:
                    reply = await client.ask(request, question.request_key)
                except AskedElsewhere:
                    self.put_off.append(question)
                    return None
            incomplete = judge(question.task, reply.answer) if reply.answer else None
            on_reply()
            key = question.request_key
            record = record_of(key, question.task, reply, incomplete, asked, self.latest.get(key))
            return reply, record

        return await answer_all(
            questions,
            ask_one,
            self.save,
            concurrency=concurrency,
            drain=drain,
            stop_waiting=client.stop,
        )

    def save(self, records: Iterable[AnswerRecord]) -> None:
        """Journal records; when this returns, they are on disk.

        Raises:
            BatchTaken: another run has the batch now.
            StorageError: nobody can say whether it has.
        """
        by_task: dict[Task, list[AnswerRecord]] = {}
        for record in records:
            by_task.setdefault(record.task, []).append(record)
        with self._ours():
            for task, group in by_task.items():
                self.journals[task].append(r.to_json() for r in group)
                self.latest.update((r.request_key, r) for r in group)

    def compact(self) -> None:
        """Put together what object storage holds in parts."""
        with self._ours():
            for journal in self.journals.values():
                journal.compact()

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """Write in here. Parts on object storage have names of their own: no lock is held while they travel."""
        if is_local(self.data.root):
            with self.hold.writing():
                yield
        else:
            with self.hold.writing():
                pass
            yield


def _own_text(question: AnyQuestion) -> str | None:
    """The text that goes along with the image of a question. Raises `RejectedInput` where it is not what it was."""
    if isinstance(question, PdfQuestion) or question.options.own_text is None:
        return None
    own_text = question.page.own_text
    if own_text is None or own_text_key(own_text) != question.options.own_text:
        raise RejectedInput(
            f"the own text of the page {question.page.uri} is not what it was when the question was made",
            "Materialize the intake's requests again.",
        )
    return own_text


def _lost(task: Task, batch_id: str, mended: Mended) -> str | None:
    """What people should know of a journal that had to be mended."""
    if mended.damaged:
        return (
            f"The journal of {task.value} of intake {batch_id} is damaged in {len(mended.damaged)} places: the answers "
            f"there are lost and asked again; all others are kept. The damaged bytes are in "
            f"{mended.damaged[0].parent}. Check the disk."
        )
    if mended.torn_bytes:
        return (
            f"The journal of {task.value} of intake {batch_id} ended in an answer that was not written to its end "
            f"({mended.torn_bytes:,} bytes): it is asked again."
        )
    return None


def _is_open(record: AnswerRecord, most_attempts: int | None) -> bool:
    return not record.status.is_final and (
        most_attempts is None
        or record.status is not AnswerStatus.FAILED
        or record.attempts_in_all < most_attempts
    )


def _unsent(why: str) -> Reply:
    """The reply to a question that could not be sent: it failed, and may be asked again."""
    error = Retryable(
        ServiceFault(0, "NotSent", why), "Materialize the intake's pages again, then its answers."
    )
    return Reply(None, error, None, attempts=0, latency_ms=0.0, answered_at=datetime.now(UTC))


def read_answers(journals: Iterable[UPath]) -> dict[str, AnswerRecord]:
    """The latest record of each request key in these journals."""
    return _latest(Journal(path) for path in journals)


def _latest(journals: Iterable[Journal]) -> dict[str, AnswerRecord]:
    return latest_by_key(AnswerRecord.from_json(r) for journal in journals for r in journal.read())


def answers_of(
    latest: Mapping[str, AnswerRecord], image_sizes: Mapping[str, tuple[int, int]]
) -> dict[str, Answer]:
    """The typed answers among these records, by request key; `image_sizes` as of the same name gives them."""
    found = {key: record.answer(image_sizes.get(key)) for key, record in latest.items()}
    return {key: answer for key, answer in found.items() if answer is not None}


def image_sizes(requests: Iterable[OcrRequestRow], pages: Iterable[PageRow]) -> dict[str, tuple[int, int]]:
    """Width and height in pixels of the page image behind each request key."""
    sizes = {p["page_id"]: (p["width_px"], p["height_px"]) for p in pages if is_ready(p)}
    return {r["request_key"]: sizes[r["page_id"]] for r in requests if r["page_id"] in sizes}
