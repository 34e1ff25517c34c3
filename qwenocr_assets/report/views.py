"""What a report shows, as values: documents, their pages, and everything on them that has a place of its own."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from qwenocr_assets.geometry import Quad

Level = Literal["bad", "unsure", "good", "plain"]
"""How much a value needs a look; plain where nothing speaks for or against it."""

State = Literal["failed", "doubtful", "fine"]
"""What came of a document: something has no answer, a person should look at something, or neither."""

AUDIT = "audit"
"""The kind of a finding about a value that nothing speaks against, drawn at random."""

Kind = Literal["field", "table", "cell", "line"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at, as `marts.review_queue` has it; priority 1 is the most doubtful."""

    document_id: str
    page_id: str | None
    task: str | None
    kind: str
    place: str | None
    value: str | None
    reason: str
    priority: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said about a value: corrected, confirmed or absent."""

    action: str
    model_value: str | None
    """What the model said when the person looked."""
    human_value: str | None
    by: str
    at: datetime
    correction_id: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something with a place on a page: a field, a table, a cell or a line."""

    anchor: str
    kind: Kind
    page_id: str
    task: str
    place: str
    text: str
    level: Level
    score: float | None
    """Trust of `marts.value_trust`; without it the likeness of what stands at the box, 0 to 1."""
    ground: str | None
    to_look_at: bool
    """Whether it is in the review queue."""
    reasons: tuple[str, ...]
    correction: Correction | None
    box: Quad | None
    """In pixels of the page image."""
    box_page_id: str
    """The page its box lies on: its own, or the one it was found on."""
    language: str | None

    @property
    def points(self) -> str:
        """The box as SVG writes it."""
        corners = self.box.corners if self.box is not None else ()
        return " ".join(f"{x:g},{y:g}" for x, y in corners)


@dataclass(frozen=True, slots=True)
class Field:
    """A value of key information extraction."""

    mark: Mark
    label: str
    is_number: bool
    reading: str
    """`= …`: the number or date it was understood as, where that says more than the value."""
    presence: str | None


@dataclass(frozen=True, slots=True)
class FieldList:
    """A list of objects, one row an object: `items[0].price` stands in row 0, column price."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Field | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `scope` is col or row for headers, else None."""

    mark: Mark
    is_number: bool
    row_span: int
    column_span: int
    scope: str | None


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as it can be drawn: its rows, each the cells that begin in it."""

    mark: Mark
    rows: tuple[tuple[Cell, ...], ...]
    is_right_to_left: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextView:
    """The lines one task gave, in reading order."""

    task: str
    lines: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block of a parsed document."""

    kind: str
    level: int
    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class FormulaView:
    """A formula as LaTeX, and what is wrong with it."""

    latex: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A document, page or answer that did not end well."""

    subject: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a task of a document cost; `answers` counts pages, `reused` those that were paid for before."""

    task: str
    answers: int
    reused: int
    input_tokens: int
    output_tokens: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class PageView:
    """A page: its picture, and what was read from it."""

    page_id: str
    number: int
    anchor: str
    uri: str | None
    """Page image, below the data folder."""
    media_type: str | None
    width_px: int
    height_px: int
    fields: tuple[Field, ...]
    field_lists: tuple[FieldList, ...]
    tables: tuple[TableView, ...]
    texts: tuple[TextView, ...]
    blocks: tuple[BlockView, ...]
    formulas: tuple[FormulaView, ...]
    marks: tuple[Mark, ...]
    """Everything with a box on this page, lines first: what is drawn later lies on top."""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document and all that came of it."""

    batch_id: str
    document_id: str
    name: str
    file_name: str
    """Of its page in the report: plain ASCII, whatever the document's name is."""
    route: str | None
    media_type: str | None
    language: str | None
    state: State
    findings: tuple[tuple[Finding, str | None], ...]
    """Each with the anchor it is about, most doubtful first."""
    failures: tuple[Failure, ...]
    costs: tuple[Cost, ...]
    pages: tuple[PageView, ...]
    line_count: int
    value_count: int
    least_trust: float | None

    @property
    def main_reason(self) -> str:
        """The most basic thing that is wrong: of the file, then of a page, then of an answer, then of a value."""
        if self.failures:
            return self.failures[0].reason
        if not self.findings:
            return ""
        finding = self.findings[0][0]
        return f"{finding.place}: {finding.reason}" if finding.place else finding.reason

    @property
    def cost_usd(self) -> Decimal:
        return sum((cost.usd for cost in self.costs), Decimal(0))
