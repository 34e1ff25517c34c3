"""Rows: the raw answers of a batch flattened into its tables. Free to repeat, for the answers are the truth."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, cast

from qwenocr_assets.asking.batch_answers import answers_of, image_sizes, read_answers
from qwenocr_assets.asking.records import AnswerRecord
from qwenocr_assets.asking.response_rows import response_rows
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.imaging.pdf.layer_rows import layer_agreement, text_layer_rows
from qwenocr_assets.qwenocr.answers import Answer
from qwenocr_assets.rows import OcrRequestRow, OcrResponseRow, PageRow, RowsByTable, TextLineRow
from qwenocr_assets.schemas import (
    DOCUMENTS,
    OCR_REQUESTS,
    OCR_RESPONSES,
    PAGES,
    ROW_TABLES,
    TableSchema,
)
from qwenocr_assets.state.batch_hold import BatchHold
from qwenocr_assets.steps.pictures import BatchPictures, draw_batch
from qwenocr_assets.steps.whole_pdfs import whole_pdfs
from qwenocr_assets.storage.bulk import side_by_side
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.batch import flatten_batch
from qwenocr_assets.tables.places.tile_rows import join_tiles


@dataclass(frozen=True)
class BatchRows:
    """A batch's answers on their way into rows; each part is made when it is asked for.

    Whoever writes holds the batch (`environment.holding`), so that rows of an older state of the journals never come
    after those of a newer one.
    """

    environment: Environment
    batch_id: str
    progress: Progress
    hold: BatchHold

    @property
    def requests(self) -> list[OcrRequestRow]:
        """The requests, each with the key under which its answer lies."""
        return self._answered[0]

    @cached_property
    def pages(self) -> list[PageRow]:
        return read_table(self.environment.data, PAGES, self.batch_id)

    @property
    def records(self) -> dict[str, AnswerRecord]:
        """The latest record of each request, by its key; of a whole PDF's answer, one a page."""
        return self._answered[1]

    @cached_property
    def _answered(self) -> tuple[list[OcrRequestRow], dict[str, AnswerRecord]]:
        data = self.environment.data
        requests = read_table(data, OCR_REQUESTS, self.batch_id)
        tasks = sorted({row["task"] for row in requests})
        journalled = read_answers(data.journal(task, self.batch_id) for task in tasks)
        return whole_pdfs(requests, journalled, self.pages).answered()

    @cached_property
    def answers(self) -> dict[str, Answer]:
        return answers_of(self.records, image_sizes(self.requests, self.pages))

    @cached_property
    def tables(self) -> RowsByTable:
        """The rows of the row tables, by table."""
        with self.progress.stage("Rows", len(self.pages)) as advance:
            tables = flatten_batch(
                self.requests,
                self.pages,
                self.answers,
                on_page=advance,
                notations=self.environment.notations,
                own_lines=self._own_lines,
            )
        joined = cast(RowsByTable, join_tiles(tables, self.pages))
        showing = self._documents_of(self.environment.routes_showing_text_layers)
        shown = (page for page in self.pages if page["document_id"] in showing and not self._is_read(page))
        joined["text_lines"] += text_layer_rows(shown)
        return joined

    @property
    def _own_lines(self) -> dict[str, list[TextLineRow]]:
        """By page, the lines of its own text where that stands for what is seen: values are looked for among them."""
        return {
            page["page_id"]: text_layer_rows([page], in_parts=True)
            for page in self.pages
            if page["document_id"] in self._taking_layers and not self._is_read(page)
        }

    def _is_read(self, page: PageRow) -> bool:
        """Whether the page was read since its own text, which its route would take, is doubted."""
        return page["document_id"] in self._taking_layers and bool(page.get("text_layer_doubt"))

    @cached_property
    def _taking_layers(self) -> set[str]:
        """The documents whose route takes their pages' own text."""
        return self._documents_of(self.environment.routes_taking_text_layers)

    def _documents_of(self, routes: Collection[str]) -> set[str]:
        documents = read_table(self.environment.data, DOCUMENTS, self.batch_id, ["document_id", "route"])
        return {d["document_id"] for d in documents if d["route"] in routes}

    def write_responses(self) -> list[OcrResponseRow]:
        """Write what came of each request; returns the rows."""
        most = self.environment.settings.max_attempts_in_all
        rows = response_rows(self.requests, self.records, self.answers, most_attempts=most)
        write_table(self.environment.data, OCR_RESPONSES, self.batch_id, rows, self.hold.check)
        return rows

    def write(self, schema: TableSchema[Any]) -> int:
        """Write one row table; returns how many rows it has."""
        rows = cast(dict[str, list[Any]], self.tables)[schema.name]
        return write_table(self.environment.data, schema, self.batch_id, rows, self.hold.check)

    def layer_agreement(self) -> float | None:
        """How far recognition agrees with the text that pages carry themselves, where both were taken."""
        return layer_agreement(self.tables["text_lines"])

    def draw(self) -> BatchPictures:
        """Draw the lines over the first pages."""
        return draw_batch(self.environment.data, self.batch_id, self.pages, self.tables["text_lines"])


def flatten(environment: Environment, batch_id: str, progress: Progress, hold: BatchHold) -> dict[str, int]:
    """Write all tables that are made from the answers of a batch that is held, and draw its first pages.

    Returns how many rows each table has.
    """
    rows = BatchRows(environment, batch_id, progress, hold)
    _ = rows.tables  # made before it is written from several threads
    writes: dict[str, Callable[[], int]] = {schema.name: partial(rows.write, schema) for schema in ROW_TABLES}
    writes[OCR_RESPONSES.name] = lambda: len(rows.write_responses())
    written = side_by_side(lambda write: write(), writes.values())
    rows.draw()
    return dict(zip(writes, written, strict=True))
