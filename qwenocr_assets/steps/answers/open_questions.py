"""Which questions of a batch are open, as its journals are now."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from qwenocr_assets.asking.batch_answers import AnyQuestion, BatchAnswers, Question
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.asking.whole_pdfs import WholePdfs, answer_keys
from qwenocr_assets.environment.budget import CostBudget
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.qwenocr.requests import Mode
from qwenocr_assets.rows import OcrRequestRow, PageRow
from qwenocr_assets.statuses import AnswerStatus
from qwenocr_assets.steps.answers.real_time import Questions
from qwenocr_assets.steps.batch_api import asked_at_once, in_batches, page_images
from qwenocr_assets.steps.whole_pdfs import pdf_questions, whole_pdfs


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are asked. As it is: all that have no final answer."""

    resend: frozenset[AnswerStatus] = frozenset()
    """Statuses to ask for again although they are final, like `rejected` or `skipped`."""
    keys: Collection[str] | None = None
    """Request keys: nothing else is asked."""
    statuses: Collection[str] = ()
    """Only what ended in one of these statuses."""
    classes: Collection[str] = ()
    """Only what ended with an error of one of these classes, like Retryable."""
    given_up: bool = False
    """Also what has failed `max_attempts_in_all` times."""

    def includes(self, question: AnyQuestion, record: AnswerRecord | None) -> bool:
        """Whether an open question is asked, given the last record of it."""
        if self.keys is not None and question.request_key not in self.keys:
            return False
        status = AnswerStatus.MISSING if record is None else record.status
        error_class = None if record is None else record.error_class
        return (not self.statuses or status in self.statuses) and (
            not self.classes or error_class in self.classes
        )

    def with_other_keys(self, requests: Iterable[OcrRequestRow]) -> "Wanted":
        """With all keys under which what is wanted may be asked: a page of a whole PDF alone, and that PDF."""
        if self.keys is None:
            return self
        wanted = set(self.keys)
        found = (answer_keys(row) for row in requests if not wanted.isdisjoint(answer_keys(row)))
        return replace(self, keys=wanted.union(*found))


EVERYTHING_OPEN = Wanted()
_Q = TypeVar("_Q", bound=AnyQuestion)


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """The questions of a batch, and which of them were asked."""

    environment: Environment
    budget: CostBudget
    requests: list[OcrRequestRow]
    pages: list[PageRow]
    """All of the batch."""
    answers: BatchAnswers
    wanted: Wanted
    asked: dict[str, AnyQuestion] = field(default_factory=dict)
    """By request key, what `find` has given out."""

    def find(self) -> Questions:
        """What is to be asked as the journals are now: of PDFs that were asked about whole, what that has left."""
        pdfs = self.pdfs()
        _, answered = pdfs.answered()
        of_parts = {key: answered[part] for key, part in self.parts().items() if part in answered}
        last = of_parts | answered
        begun = {r["request_key"] for r in self.requests if r.get("whole_key") in self.asked}

        def open_of(questions: Iterable[_Q]) -> list[_Q]:
            return [q for q in questions if self._is_open(q, last, begun)]

        found = Questions(
            open_of(pdf_questions(self.environment, self.answers.batch_id, pdfs)),
            open_of(self._usual(pdfs)),
            open_of(self._late()),
        )
        self.asked.update((q.request_key, q) for q in found)
        return found

    def pdfs(self) -> WholePdfs:
        """The PDFs that are asked about whole, as the journals answer them."""
        return whole_pdfs(self.requests, self.answers.latest, self.pages)

    def parts(self) -> dict[str, str]:
        """By request key of a page of such a PDF, the key of its part of the answer."""
        return {r["request_key"]: answer_keys(r)[1] for r in self.requests if r.get("whole_key")}

    def _usual(self, pdfs: WholePdfs) -> list[Question]:
        limit = None if self.wanted.given_up else self.environment.settings.max_attempts_in_all
        return self.answers.open_questions(
            [r for r in self.requests if r.get("mode") != Mode.BATCH],
            page_images(self.pages),
            self.wanted.resend,
            most_attempts=limit,
            wholes=pdfs,
        )

    def _late(self) -> list[Question]:
        """Of routes in batch mode, what goes in real time all the same."""
        rows = in_batches(self.requests)
        if not rows:
            return []
        questions = self.answers.open_questions(rows, page_images(self.pages), frozenset())
        return asked_at_once(self.environment, self.budget, self.answers.batch_id, rows, questions)

    def _is_open(
        self, question: AnyQuestion, last: Mapping[str, AnswerRecord], begun: Collection[str]
    ) -> bool:
        """Given the last records, with those of parts of whole PDFs, and the pages whose PDF was asked about."""
        key = question.request_key
        latest = self.answers.latest.get(key)
        if key in self.asked and latest is not None and latest.status.is_final:
            return False
        return key in begun or self.wanted.includes(question, last.get(key))
