"""PDFs that are asked about whole: one request for all pages of a document, and what its answer says of each.

A row of `ocr_requests` is always a page and a task; those that one request asks about together share its `whole_key`.
Its answer is journalled as it came. Here is the seam to everything behind the journals: there the answer is one record
a page, under the key of that part, with the body that the page alone would have had. What has no part in the answer is
asked about alone, under the key that it has alone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import orjson

from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.qwenocr.answers import Answer, MalformedAnswer
from qwenocr_assets.qwenocr.errors import RunRefused, ServiceDown
from qwenocr_assets.qwenocr.prices import to_pico, to_usd
from qwenocr_assets.qwenocr.requests import part_key
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.answer_bodies import parse_answer
from qwenocr_assets.qwenocr.wire.page_bodies import PageBodies, page_bodies, share
from qwenocr_assets.rows import OcrRequestRow
from qwenocr_assets.statuses import AnswerStatus

_ANSWERED = (AnswerStatus.OK, AnswerStatus.PARTIAL)
_MOST_SAID = 300
_SAYS_NOTHING_OF_THE_PDF = (RunRefused.__name__, ServiceDown.__name__)
"""Errors after which a PDF is asked about whole again: the service answered nobody."""


@dataclass(frozen=True, slots=True)
class Judges:
    """Who says from an answer why it is not all there; None when it is."""

    page: Callable[[Task, Answer], str | None]
    whole: Callable[[Answer], str | None]
    """Of an answer to a whole PDF: what it says and no page of it has."""


def answer_keys(row: OcrRequestRow) -> tuple[str, ...]:
    """The keys under which an answer to a row of `ocr_requests` may lie: its own, its part's, its whole PDF's."""
    whole = row.get("whole_key")
    if not whole:
        return (row["request_key"],)
    return row["request_key"], part_key(whole, row["whole_page"] or 0), whole


@dataclass(frozen=True)
class WholePdf:
    """One PDF and task, as far as it is answered."""

    key: str
    rows: Sequence[OcrRequestRow]
    latest: Mapping[str, AnswerRecord]
    blank: Collection[str]
    """Ids of pages on which nothing stands."""
    judges: Judges

    @property
    def task(self) -> Task:
        return Task(self.rows[0]["task"])

    @property
    def pages(self) -> int:
        return self.rows[0]["whole_pages"] or len(self.rows)

    @property
    def record(self) -> AnswerRecord | None:
        """What came of asking about it whole."""
        return self.latest.get(self.key)

    @cached_property
    def is_due(self) -> bool:
        """Whether it is to be asked about whole: nobody has, and no page of it has an answer."""
        return not self._is_settled and not any(self._is_answered(row) for row in self.rows)

    @property
    def _is_settled(self) -> bool:
        record = self.record
        if record is None or record.status is AnswerStatus.UNFUNDED:
            return False
        return record.status.is_final or record.error_class not in _SAYS_NOTHING_OF_THE_PDF

    def _is_answered(self, row: OcrRequestRow) -> bool:
        keys = answer_keys(row)[:2]
        return any(key in self.latest and self.latest[key].status.is_final for key in keys)

    def part(self, row: OcrRequestRow) -> AnswerRecord | None:
        """What the answer says of a row's page; None where it has no part for it."""
        key = part_key(self.key, row["whole_page"] or 0)
        return self.latest.get(key) or self._parts.get(key)

    @cached_property
    def _parts(self) -> dict[str, AnswerRecord]:
        """By key, the parts of its answer that are of one page each and whole."""
        record, body = self.record, self._body
        if record is None or body is None:
            return {}
        found = self._split
        doubt = found.astray or (None if found.is_cut else self._whole_doubt(body))
        cost = None if record.cost_usd is None else to_pico(record.cost_usd)
        parts = {}
        for at, (page, of_page) in enumerate(found.bodies.items()):
            answer = parse_answer(of_page)
            why = (self.judges.page(self.task, answer) if answer.layouts else None) or doubt
            key = part_key(self.key, page)
            parts[key] = replace(
                record,
                request_key=key,
                status=AnswerStatus.PARTIAL if why else AnswerStatus.OK,
                reason=why,
                raw=orjson.dumps(of_page).decode(),
                cost_usd=None if cost is None else to_usd(share(cost, at, found.shares)),
            )
        return parts

    def alone_because(self, row: OcrRequestRow) -> str | None:
        """Why a page of it is asked about alone; None while the PDF is to be asked about whole."""
        record, body = self.record, self._body
        if self.is_due or self.part(row) is not None:
            return None
        if record is None or not self._is_settled:
            return "pages of the PDF are answered already"
        if body is None:
            return f"the PDF was not read whole: {(record.reason or record.status)[:_MOST_SAID]}"
        found = self._split
        if not found.bodies and found.astray:
            return f"of the answer to the whole PDF, {found.astray}"
        if found.is_cut:
            return "the answer to the whole PDF broke off on this page or before it"
        return "the answer to the whole PDF says nothing of this page"

    @cached_property
    def _split(self) -> PageBodies:
        blank = {row["whole_page"] or 0 for row in self.rows if row["page_id"] in self.blank}
        return page_bodies(self._body, self.pages, blank)

    @cached_property
    def _body(self) -> object:
        """The answer's body; None where there is none."""
        record = self.record
        if record is None or record.status not in _ANSWERED or record.raw is None:
            return None
        try:
            body: object = orjson.loads(record.raw)
        except orjson.JSONDecodeError:
            return None
        return body

    def _whole_doubt(self, body: object) -> str | None:
        try:
            return self.judges.whole(parse_answer(body))
        except MalformedAnswer:
            return None


class WholePdfs:
    """The whole PDFs among the requests of a batch, as its journals answer them.

    `requests` are rows of `ocr_requests`, `latest` is the last record of each key, `blank` are ids of blank pages.
    """

    def __init__(
        self,
        requests: Iterable[OcrRequestRow],
        latest: Mapping[str, AnswerRecord],
        blank: Collection[str],
        judges: Judges,
    ) -> None:
        self._requests = list(requests)
        self._latest = latest
        groups: dict[tuple[str, str], list[OcrRequestRow]] = {}
        for row in self._requests:
            if whole := row.get("whole_key"):
                groups.setdefault((whole, row["document_id"]), []).append(row)
        self._of = {of: WholePdf(of[0], rows, latest, blank, judges) for of, rows in groups.items()}

    def due(self) -> Iterator[WholePdf]:
        """Those to ask about whole, each once."""
        found = {pdf.key: pdf for pdf in self._of.values() if pdf.is_due}
        yield from found.values()

    def of(self, row: OcrRequestRow) -> WholePdf | None:
        """The PDF that a row asks about as a part of it; None for a row that asks about a page alone."""
        whole = row.get("whole_key")
        return self._of[whole, row["document_id"]] if whole else None

    def answered(self) -> tuple[list[OcrRequestRow], dict[str, AnswerRecord]]:
        """The rows, each with the key under which its answer lies, and the records with those of the parts.

        `whole_key` stays only with rows that the answer to a whole PDF answers.
        """
        if not self._of:
            return self._requests, dict(self._latest)
        latest = dict(self._latest)
        rows = [self._answered(row, latest) for row in self._requests]
        return rows, latest

    def _answered(self, row: OcrRequestRow, latest: dict[str, AnswerRecord]) -> OcrRequestRow:
        pdf = self.of(row)
        if pdf is None:
            return row
        own, key = latest.get(row["request_key"]), part_key(pdf.key, row["whole_page"] or 0)
        part = pdf.part(row)
        if (own is None or not own.status.is_final) and (part is not None or pdf.is_due):
            if part is not None:
                latest[key] = part
            elif pdf.record is not None:
                latest[key] = replace(pdf.record, request_key=key)
            return {**row, "request_key": key}
        return {**row, "whole_key": None, "alone_reason": pdf.alone_because(row)}
