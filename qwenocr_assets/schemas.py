"""The tables, declared once.

From here come the Parquet files, the types of their rows, DuckDB's DDL and comments, Dagster's table schemas, the
checks and the data dictionary in `docs/`. Columns carry their unit (`_usd`, `_ms`, `_px`, `_bytes`); times are UTC and
end in `_at`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeGuard, TypeVar

import pyarrow as pa

from qwenocr_assets.statuses import AnswerStatus, DocumentStatus, LedgerState, Outcome, PageStatus

if TYPE_CHECKING:  # it is generated from the tables below
    from qwenocr_assets import rows

R = TypeVar("R", bound=Mapping[str, Any])
"""A row of a table: a `TypedDict` of `rows`."""


class ColumnType(Enum):
    """A column's type, as Arrow and as DuckDB write it."""

    TEXT = (pa.string(), "VARCHAR")
    INTEGER = (pa.int64(), "BIGINT")
    REAL = (pa.float64(), "DOUBLE")
    REALS = (pa.list_(pa.float64()), "DOUBLE[]")
    NUMBER = (pa.decimal128(38, 9), "DECIMAL(38, 9)")
    BOOLEAN = (pa.bool_(), "BOOLEAN")
    DATE = (pa.date32(), "DATE")
    TIMESTAMP = (pa.timestamp("us"), "TIMESTAMP")
    USD = (pa.decimal128(24, 12), "DECIMAL(24, 12)")
    JSON = (pa.string(), "JSON")

    @property
    def arrow(self) -> pa.DataType:
        return self.value[0]

    @property
    def duckdb(self) -> str:
        return self.value[1]


StatusType = type[StrEnum]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, type, what it means, and whether it may be NULL."""

    name: str
    type: ColumnType
    description: str
    nullable: bool = True
    values: StatusType | None = None
    """What a text is one of."""


@dataclass(frozen=True, slots=True)
class TableSchema(Generic[R]):
    """One table: what a row is, its columns, and the columns that identify a row."""

    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The table as an Arrow schema, in column order."""
        return pa.schema([pa.field(c.name, c.type.arrow, nullable=c.nullable) for c in self.columns])

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)


_BATCH = Column("batch_id", ColumnType.TEXT, "Intake that brought the document.", nullable=False)
_DOCUMENT = Column(
    "document_id", ColumnType.TEXT, "Document: hash of its content and its name.", nullable=False
)
_PAGE = Column("page_id", ColumnType.TEXT, "Page: document_id and the page number.", nullable=False)
_TASK = Column("task", ColumnType.TEXT, "OCR task that produced the row.", nullable=False)
_REQUEST = Column(
    "request_key",
    ColumnType.TEXT,
    "Hash of page image, task, model, options, schema or prompt, and protocol.",
    nullable=False,
)
_WHOLE = (
    Column(
        "whole_key",
        ColumnType.TEXT,
        "Request that asks about the whole PDF at once, the same for all its pages; NULL where each page is asked "
        "about alone. Tokens and prices are the page's share of it.",
    ),
    Column(
        "alone_reason",
        ColumnType.TEXT,
        "Why the page is asked about alone though its route wants PDFs whole; NULL where it does not, or it is not.",
    ),
)
_TRACE = (_BATCH, _DOCUMENT, _PAGE, _TASK, _REQUEST)

_BOX = (
    Column("left_px", ColumnType.REAL, "Left edge of the upright box, in page pixels."),
    Column("top_px", ColumnType.REAL, "Top edge of the upright box, in page pixels."),
    Column("right_px", ColumnType.REAL, "Right edge of the upright box, in page pixels."),
    Column("bottom_px", ColumnType.REAL, "Bottom edge of the upright box, in page pixels."),
)
_BOX_DOUBT = Column(
    "box_doubt",
    ColumnType.TEXT,
    "Why the box may be wrong: from_rectangle (made from the rotated rectangle, a few pixels off), unit_assumed (its "
    "numbers may be pixels or thousandths of the page), form_assumed (four numbers, corners or centre and size), "
    "unit_unknown (there is no box); NULL where it came as corners in a known unit.",
)
_GROUND = (
    Column(
        "ground",
        ColumnType.TEXT,
        "How the text was found among the recognised lines: line (a whole line), within_line, across_lines, fuzzy "
        "(nearly so), other_page (on another page of the document; the box is there), not_found; given (the answer "
        "itself says where); NULL when there are no lines with boxes or the text is empty.",
    ),
    Column("ground_score", ColumnType.REAL, "Likeness of the text and what is there, 0 to 1."),
    Column("ground_page_id", ColumnType.TEXT, "Page of the box, where it is not the row's own (other_page)."),
)

DOCUMENTS: "TableSchema[rows.DocumentRow]" = TableSchema(
    "documents",
    "A file of an intake, or of an archive in it: accepted, or rejected with the reason.",
    (
        _BATCH,
        _DOCUMENT,
        Column(
            "name",
            ColumnType.TEXT,
            "Path below the folder that was given, with /; of a file in an archive: the archive's, then its own.",
            nullable=False,
        ),
        Column(
            "uri",
            ColumnType.TEXT,
            "Where the file lies; zip://FILE::ARCHIVE in an archive, the URL where a list of URLs named it.",
            nullable=False,
        ),
        Column("sha256", ColumnType.TEXT, "SHA-256 of the file's bytes.", nullable=False),
        Column("size_bytes", ColumnType.INTEGER, "Size of the file.", nullable=False),
        Column("media_type", ColumnType.TEXT, "Type of the file by its content."),
        Column("page_count", ColumnType.INTEGER, "Number of pages; NULL when rejected."),
        Column("route", ColumnType.TEXT, "Route of pipeline.toml that decides its tasks."),
        Column("status", ColumnType.TEXT, "accepted or rejected.", nullable=False, values=DocumentStatus),
        Column("reason", ColumnType.TEXT, "Why it was rejected, and what to do."),
        Column("modified_at", ColumnType.TIMESTAMP, "When the file was last changed, UTC."),
        Column(
            "version",
            ColumnType.INTEGER,
            "Version number of the file's content, from 1: the highest that is there is the current one. NULL for "
            "what a list of URLs named: there the newest list counts.",
        ),
    ),
    ("batch_id", "document_id"),
)

PAGES: "TableSchema[rows.PageRow]" = TableSchema(
    "pages",
    "A page of an accepted document, as one normalised image, or rejected with the reason.",
    (
        _BATCH,
        _DOCUMENT,
        _PAGE,
        Column(
            "page_number", ColumnType.INTEGER, "Number of the page in its document, from 1.", nullable=False
        ),
        Column(
            "status",
            ColumnType.TEXT,
            "ready, rejected, or tiled: too large or too long for one image, its tiles follow as rows of their own.",
            nullable=False,
            values=PageStatus,
        ),
        Column("reason", ColumnType.TEXT, "Why the page was rejected and what to do, or why it was tiled."),
        Column("sha256", ColumnType.TEXT, "SHA-256 of the page image's bytes."),
        Column(
            "pixels_sha256",
            ColumnType.TEXT,
            "SHA-256 of size, mode and pixels of an image that was encoded here; NULL when the bytes are as they "
            "came. The request key is made from it, so that another compressor changes no key.",
        ),
        Column("uri", ColumnType.TEXT, "Page image, below the data folder."),
        Column("media_type", ColumnType.TEXT, "Type of the page image."),
        Column("size_bytes", ColumnType.INTEGER, "Size of the page image."),
        Column("width_px", ColumnType.INTEGER, "Width of the page image."),
        Column("height_px", ColumnType.INTEGER, "Height of the page image."),
        Column("dpi", ColumnType.REAL, "Resolution of the page image, where it is known."),
        Column(
            "file_dpi",
            ColumnType.REALS,
            "Resolutions across and down that the picture's file states; two that differ, as of faxes, have been made "
            "square pixels.",
        ),
        Column(
            "is_blank",
            ColumnType.BOOLEAN,
            "Whether the page image has but one colour, as far as an eye can tell: nothing can be read from it.",
        ),
        Column(
            "origin",
            ColumnType.TEXT,
            "How the image came about: untouched (the file's own bytes), extracted (the picture inside a PDF "
            "page), rendered (a PDF page drawn), converted (re-encoded for the service).",
        ),
        Column("renderer", ColumnType.TEXT, "Program and version that drew a rendered page."),
        Column("changes", ColumnType.JSON, "What was done to the picture, as a JSON list in order."),
        Column("warning", ColumnType.TEXT, "What the service advises against but takes."),
        Column(
            "to_original",
            ColumnType.REALS,
            "Six numbers a … f that lead from a point of the page image to the original: x' = a·x + b·y + c, "
            "y' = d·x + e·y + f, in pixels of the picture as stored in its file, or in points of the PDF page as "
            "shown, from its top left.",
        ),
        Column("tile_of", ColumnType.TEXT, "For a tile: the page_id of the page it is a part of."),
        Column("tile_left_px", ColumnType.INTEGER, "For a tile: its left edge on that page."),
        Column("tile_top_px", ColumnType.INTEGER, "For a tile: its top edge on that page."),
        Column(
            "text_layer",
            ColumnType.JSON,
            "The PDF page's own text, where its route asks for it and it is sound: a JSON list of [line, quad, where "
            "each word begins and ends along the line from 0 to 1, numbers of fonts].",
        ),
        Column(
            "text_layer_doubt",
            ColumnType.TEXT,
            "Why that text does not say what is seen on the page, so that the page is asked about all the same.",
        ),
    ),
    ("batch_id", "page_id"),
)

OCR_REQUESTS: "TableSchema[rows.OcrRequestRow]" = TableSchema(
    "ocr_requests",
    "A page and a task, with its quote: what sending it is expected to cost, before anything is sent.",
    (
        *_TRACE,
        Column("route", ColumnType.TEXT, "Route of pipeline.toml that asked for it.", nullable=False),
        Column("region", ColumnType.TEXT, "Region of the service, or local.", nullable=False),
        Column("model", ColumnType.TEXT, "Model asked for.", nullable=False),
        Column(
            "protocol",
            ColumnType.TEXT,
            "native or openai: the dialect in which the page alone is asked about.",
            nullable=False,
        ),
        *_WHOLE,
        Column("whole_page", ColumnType.INTEGER, "Number of the page in the whole PDF, from 1."),
        Column("whole_pages", ColumnType.INTEGER, "How many pages the whole PDF has."),
        Column("mode", ColumnType.TEXT, "How its route asks: real_time or batch (the Batch API)."),
        Column("options", ColumnType.JSON, "Options, schema and prompt as sent.", nullable=False),
        Column("image_tokens", ColumnType.INTEGER, "Image tokens by the service's formula.", nullable=False),
        Column("prompt_tokens", ColumnType.INTEGER, "Estimated prompt tokens.", nullable=False),
        Column("expected_output_tokens", ColumnType.INTEGER, "Output tokens to expect.", nullable=False),
        Column(
            "expected_output_from",
            ColumnType.TEXT,
            "Where that is known from: published, or how many past answers of the task (and route) were averaged.",
        ),
        Column(
            "worst_input_tokens",
            ColumnType.INTEGER,
            "Most input tokens to reckon with: 1.5 times the estimate, up to the model's limit.",
        ),
        Column("worst_output_tokens", ColumnType.INTEGER, "Output tokens at the limit.", nullable=False),
        Column("expected_cost_usd", ColumnType.USD, "Expected price.", nullable=False),
        Column("worst_cost_usd", ColumnType.USD, "Price of the worst case.", nullable=False),
        Column("catalogue_version", ColumnType.TEXT, "Version of the price list used.", nullable=False),
    ),
    ("batch_id", "page_id", "task"),
)

OCR_RESPONSES: "TableSchema[rows.OcrResponseRow]" = TableSchema(
    "ocr_responses",
    "An answer to a request: what came back, what it cost, or why there is none.",
    (
        *_TRACE,
        Column(
            "status",
            ColumnType.TEXT,
            "ok, partial (truncated or incomplete), rejected (permanent, this page), failed (transient, "
            "attempts used up), skipped (reason given), unfunded (the budget said no), missing (not asked).",
            nullable=False,
            values=AnswerStatus,
        ),
        Column("error_class", ColumnType.TEXT, "Class of the error."),
        Column("error_code", ColumnType.TEXT, "Code the service gave."),
        Column("reason", ColumnType.TEXT, "What is wrong and what to do, for anything but ok."),
        Column("attempts", ColumnType.INTEGER, "Calls made for this answer.", nullable=False),
        Column(
            "attempts_in_all",
            ColumnType.INTEGER,
            "Calls made for this request over all runs, since it last had a final answer.",
        ),
        Column("latency_ms", ColumnType.REAL, "Time of the last call."),
        Column("throttled", ColumnType.INTEGER, "Calls that the account's limit turned away."),
        Column("waited_ms", ColumnType.REAL, "Time spent waiting for limits, and between calls."),
        Column("sent_as", ColumnType.TEXT, "How the image travelled: data_url, url or upload (by its size)."),
        Column("mode", ColumnType.TEXT, "Which way it came: real_time or batch (the Batch API)."),
        *_WHOLE,
        Column("region", ColumnType.TEXT, "Region that answered."),
        Column("model", ColumnType.TEXT, "Model asked for."),
        Column("reported_model", ColumnType.TEXT, "Model the answer names."),
        Column("request_id", ColumnType.TEXT, "The service's own id of the call."),
        Column("finish_reason", ColumnType.TEXT, "Why the model stopped, as reported."),
        Column("image_tokens", ColumnType.INTEGER, "Image tokens as reported."),
        Column("input_tokens", ColumnType.INTEGER, "Input tokens as reported (image and prompt)."),
        Column("output_tokens", ColumnType.INTEGER, "Output tokens as reported."),
        Column("cost_usd", ColumnType.USD, "Price of the reported tokens; 0 when nothing was charged."),
        Column("catalogue_version", ColumnType.TEXT, "Version of the price list used."),
        Column("reused_from", ColumnType.TEXT, "Intake whose answer was used again instead of sending."),
        Column("answered_at", ColumnType.TIMESTAMP, "When the answer came, UTC."),
        Column("raw", ColumnType.JSON, "The answer's body as it came."),
    ),
    ("batch_id", "page_id", "task"),
)

TEXT_LINES: "TableSchema[rows.TextLineRow]" = TableSchema(
    "text_lines",
    "A recognised line of text.",
    (
        *_TRACE,
        Column("line_index", ColumnType.INTEGER, "Place in the answer, from 0.", nullable=False),
        Column(
            "reading_index",
            ColumnType.INTEGER,
            "Place in reading order, from 0, by the boxes: column by column, right to left and top to bottom "
            "where the script runs so; like line_index when there are no boxes.",
        ),
        Column("text", ColumnType.TEXT, "The line.", nullable=False),
        Column("quad_px", ColumnType.REALS, "Corners x1, y1 … x4, y4 from the text's top left, page pixels."),
        Column("rotate_rect", ColumnType.REALS, "Rotated rectangle cx, cy, width, height, angle, as given."),
        Column(
            "least_score",
            ColumnType.REAL,
            "How certain the recogniser is at its least certain place, 0 to 1: of a character, and that none is left "
            "out; spaces do not count. NULL where it does not say: only region local does.",
        ),
        Column(
            "text_doubt",
            ColumnType.TEXT,
            "maybe_without_point: nothing but a number without a point, where the amounts of the page have one; "
            "unreadable: it says that something of it could not be read; NULL when nothing speaks against the text.",
        ),
        *_BOX,
        _BOX_DOUBT,
        *_GROUND,
    ),
    ("batch_id", "page_id", "task", "line_index"),
)

_TYPED_DOUBT = (
    "What speaks against the typed value, or why there is none: two_readings (a number or a day that could be two, and "
    "nothing around decides), impossible_date (a day that the calendar does not have), maybe_without_point (digits "
    "only, right-aligned with amounts that have a point), several_numbers (a cell of two numbers or more, as when rows "
    "of a table were read as one), no_number (nearly a number among numbers or by its form, as 12.5O, "
    "or none where the schema asks for one), no_day (none where the schema or the key asks for one), weekday_differs "
    "(the day is another one of the week than it says), "
    "two_currencies (it has marks of two, or another than most of its column), "
    "unreadable (it says that something of it could not be read); NULL when nothing."
)

KEY_VALUES: "TableSchema[rows.KeyValueRow]" = TableSchema(
    "key_values",
    "A leaf value of key information extraction.",
    (
        *_TRACE,
        Column(
            "path",
            ColumnType.TEXT,
            "Where the value stands, like items[2].price; of a key that is there twice, the second is total#2.",
            nullable=False,
        ),
        Column("key", ColumnType.TEXT, "Last key of the path.", nullable=False),
        Column("parent_path", ColumnType.TEXT, "Path of the object or list around it; NULL at the top."),
        Column("list_index", ColumnType.INTEGER, "Index in the innermost list, from 0; NULL outside lists."),
        Column("value", ColumnType.TEXT, "The value as written; NULL when there is none."),
        Column("value_type", ColumnType.TEXT, "text, number, date, boolean or null.", nullable=False),
        Column("value_number", ColumnType.NUMBER, "The value as a number, when it is unambiguous."),
        Column("value_date", ColumnType.DATE, "The value as a date, when it is unambiguous."),
        Column(
            "currency",
            ColumnType.TEXT,
            "Currency beside the number: its ISO 4217 code, or the sign where that may mean several, like $ and kr.",
        ),
        Column("value_boolean", ColumnType.BOOLEAN, "The value as true or false, when it says just that."),
        Column("typed_doubt", ColumnType.TEXT, _TYPED_DOUBT),
        Column(
            "score",
            ColumnType.REAL,
            "How sure the reader is of the value, 0 to 1; NULL where it does not say: only region local does.",
        ),
        Column(
            "presence",
            ColumnType.TEXT,
            "expected (the result schema asks for it), missing (it does, and the answer has no such key), surplus "
            "(it does not); NULL when no schema was sent.",
        ),
        Column(
            "repairs",
            ColumnType.TEXT,
            "What had to be mended to read the answer's JSON, comma-separated: cut off, quotes, escapes, commas, "
            "comments, full-width punctuation, unquoted text, leading zeros, words of Python, missing values, repeated "
            "keys, several JSON values, rebuilt by json-repair; NULL when nothing.",
        ),
        *_BOX,
        _BOX_DOUBT,
        *_GROUND,
    ),
    ("batch_id", "page_id", "task", "path"),
)

TABLE_CELLS: "TableSchema[rows.TableCellRow]" = TableSchema(
    "table_cells",
    "A cell of a table; spans are resolved, so that row and column are grid positions.",
    (
        *_TRACE,
        Column("table_index", ColumnType.INTEGER, "Number of the table on the page, from 0.", nullable=False),
        Column("row_index", ColumnType.INTEGER, "Row of the cell's top left corner, from 0.", nullable=False),
        Column("column_index", ColumnType.INTEGER, "Column of its top left corner, from 0.", nullable=False),
        Column("row_span", ColumnType.INTEGER, "Rows the cell covers.", nullable=False),
        Column("column_span", ColumnType.INTEGER, "Columns the cell covers.", nullable=False),
        Column("is_header", ColumnType.BOOLEAN, "Whether the cell heads its column or row.", nullable=False),
        Column("text", ColumnType.TEXT, "The cell's text.", nullable=False),
        Column("number", ColumnType.NUMBER, "The text as a number, when it is unambiguous."),
        Column("typed_doubt", ColumnType.TEXT, _TYPED_DOUBT),
        Column(
            "text_doubt",
            ColumnType.TEXT,
            "What speaks against the text: dotted_leader (dots that lead to the next column were read into it, or are "
            "in its column), title_or_note (all that the first or last row holds), header_in_parts (a "
            "header goes on in the row below), headers_apart (it and the header beside it may be one), ragged_row (its "
            "row has more cells than the others, or fewer of other kinds, so that they may stand in wrong columns), "
            "row_goes_on (its row may be a second line of the one above it, or the reverse), broken_text (a "
            "bracket or a sign without partner); NULL when nothing.",
        ),
        Column(
            "column_header", ColumnType.TEXT, "Headers above the cell, outermost first, joined with ' > '."
        ),
        Column("row_header", ColumnType.TEXT, "Headers to the left of the cell, joined with ' > '."),
        *_BOX,
        _BOX_DOUBT,
        *_GROUND,
    ),
    ("batch_id", "page_id", "task", "table_index", "row_index", "column_index"),
)

PARSED_TABLES: "TableSchema[rows.TableRow]" = TableSchema(
    "tables",
    "A table of a page: its size, whether it is all there, and what speaks for and against its cells.",
    (
        *_TRACE,
        Column("table_index", ColumnType.INTEGER, "Number of the table on the page, from 0.", nullable=False),
        Column("row_count", ColumnType.INTEGER, "Rows of the grid.", nullable=False),
        Column("column_count", ColumnType.INTEGER, "Columns of the grid.", nullable=False),
        Column("header_row_count", ColumnType.INTEGER, "Rows at the top that are headers.", nullable=False),
        Column("cell_count", ColumnType.INTEGER, "Cells, a spanning one counted once.", nullable=False),
        Column(
            "is_complete",
            ColumnType.BOOLEAN,
            "False when the answer breaks off inside the table.",
            nullable=False,
        ),
        Column("caption", ColumnType.TEXT, "Caption, where the answer marks one."),
        Column(
            "parent_table_index", ColumnType.INTEGER, "For a table inside a cell: the table of that cell."
        ),
        Column("parent_row_index", ColumnType.INTEGER, "Row of that cell."),
        Column("parent_column_index", ColumnType.INTEGER, "Column of that cell."),
        *_BOX,
        _BOX_DOUBT,
        Column("cells_found", ColumnType.INTEGER, "Cells with text that is on the page."),
        Column("cells_not_found", ColumnType.INTEGER, "Cells with text that is not found on the page."),
        Column(
            "lines_unused",
            ColumnType.INTEGER,
            "Recognised lines between the table's cells that are in no cell, and lines right below it that stand side "
            "by side as its rows do: rows the answer may have lost. NULL without lines.",
        ),
        Column(
            "totals_checked", ColumnType.INTEGER, "Printed totals that could be compared with the sum above."
        ),
        Column("totals_wrong", ColumnType.INTEGER, "Of these, how many differ from the sum."),
    ),
    ("batch_id", "page_id", "task", "table_index"),
)

DOCUMENT_BLOCKS: "TableSchema[rows.DocumentBlockRow]" = TableSchema(
    "document_blocks",
    "A block of a parsed document.",
    (
        *_TRACE,
        Column("block_index", ColumnType.INTEGER, "Place in the page, from 0.", nullable=False),
        Column(
            "block_type",
            ColumnType.TEXT,
            "title, author, section, paragraph, list_item, table, formula, figure or other.",
            nullable=False,
        ),
        Column("level", ColumnType.INTEGER, "Level of a section, or depth of a list item, from 1."),
        Column("text", ColumnType.TEXT, "Plain text.", nullable=False),
        Column("latex", ColumnType.TEXT, "LaTeX or Markdown as it came.", nullable=False),
        Column("kind", ColumnType.TEXT, "What the answer calls it, where its layouts do."),
        *_BOX,
        _BOX_DOUBT,
    ),
    ("batch_id", "page_id", "task", "block_index"),
)

COST_LEDGER: "TableSchema[rows.CostLedgerRow]" = TableSchema(
    "cost_ledger",
    "A call that cost money or may have: what was set aside before it, and what became of that. Calls of the "
    "embedded engine cost nothing and are not here.",
    (
        _BATCH,
        Column("entry_id", ColumnType.INTEGER, "Number of the entry in the ledger.", nullable=False),
        Column(
            "document_id",
            ColumnType.TEXT,
            "Document the call was made for: of several with the same page, the first; NULL when the intake does not "
            "ask this request any more.",
        ),
        Column("page_id", ColumnType.TEXT, "Page the call was made for, likewise."),
        _REQUEST,
        Column(
            "state",
            ColumnType.TEXT,
            "settled (the answer says what it used), uncertain (the answer was lost: counts at its reserved price), "
            "reserved (in flight), released (certainly not billed).",
            nullable=False,
            values=LedgerState,
        ),
        Column("run_id", ColumnType.TEXT, "Dagster run that made the call.", nullable=False),
        Column(
            "account",
            ColumnType.TEXT,
            "Account that was called: its name in pipeline.toml, or its region's where none is named.",
        ),
        Column("region", ColumnType.TEXT, "Region that was called.", nullable=False),
        Column("model", ColumnType.TEXT, "Model asked for.", nullable=False),
        Column("reported_model", ColumnType.TEXT, "Model the answer names."),
        _TASK,
        Column("route", ColumnType.TEXT, "Route of pipeline.toml that asked for it.", nullable=False),
        Column("catalogue_version", ColumnType.TEXT, "Version of the price list used.", nullable=False),
        Column("usd_per_million_input", ColumnType.USD, "Price used for input tokens.", nullable=False),
        Column("usd_per_million_output", ColumnType.USD, "Price used for output tokens.", nullable=False),
        Column("estimated_input_tokens", ColumnType.INTEGER, "Input tokens of the quote.", nullable=False),
        Column("input_tokens", ColumnType.INTEGER, "Input tokens as reported."),
        Column("output_tokens", ColumnType.INTEGER, "Output tokens as reported."),
        Column("expected_cost_usd", ColumnType.USD, "Expected price of the quote.", nullable=False),
        Column("reserved_usd", ColumnType.USD, "Set aside before the call: the worst case.", nullable=False),
        Column(
            "cost_usd",
            ColumnType.USD,
            "What counts: the settled price, the reserved one while reserved or uncertain, 0 when released.",
            nullable=False,
        ),
        Column("day", ColumnType.DATE, "Day whose budget it counts against, UTC.", nullable=False),
        Column("reserved_at", ColumnType.TIMESTAMP, "When the money was set aside, UTC.", nullable=False),
        Column("closed_at", ColumnType.TIMESTAMP, "When it last changed its state, UTC."),
        Column("reason", ColumnType.TEXT, "Why it is uncertain, or how that was resolved."),
    ),
    ("batch_id", "entry_id"),
)

FORMULAS: "TableSchema[rows.FormulaRow]" = TableSchema(
    "formulas",
    "A formula.",
    (
        *_TRACE,
        Column("formula_index", ColumnType.INTEGER, "Place on the page, from 0.", nullable=False),
        Column("display", ColumnType.BOOLEAN, "True when set on its own line, false inline.", nullable=False),
        Column("latex", ColumnType.TEXT, "LaTeX without delimiters.", nullable=False),
        Column(
            "problem",
            ColumnType.TEXT,
            "What a LaTeX parser objects to; NULL when the formula is well formed.",
        ),
        *_BOX,
        _BOX_DOUBT,
    ),
    ("batch_id", "page_id", "task", "formula_index"),
)

VALIDATION_RESULTS: "TableSchema[rows.ValidationResultRow]" = TableSchema(
    "validation_results",
    "Result of a rule of the route, for a document or for one of its values.",
    (
        _BATCH,
        _DOCUMENT,
        Column("rule", ColumnType.TEXT, "Name of the rule in pipeline.toml.", nullable=False),
        Column("severity", ColumnType.TEXT, "warn or error, as the rule says.", nullable=False),
        Column(
            "result_index", ColumnType.INTEGER, "Number of the result in its rule, from 0.", nullable=False
        ),
        Column("page_id", ColumnType.TEXT, "Page of the value; NULL when there is none."),
        Column("path", ColumnType.TEXT, "Path of the value in key_values; NULL when no field is there."),
        Column("value", ColumnType.TEXT, "The value as written."),
        Column(
            "outcome",
            ColumnType.TEXT,
            "passed, failed, missing (what is required or expected is not there), masked (partly hidden, so not "
            "checked) or not_applicable (a field that the rule needs is not there, and not expected).",
            nullable=False,
            values=Outcome,
        ),
        Column(
            "value_count",
            ColumnType.INTEGER,
            "Values that the result is about together: 1 for a rule about a field, 0 for a value that is missing.",
        ),
        Column("reason", ColumnType.TEXT, "What is wrong, for anything but passed."),
    ),
    ("batch_id", "document_id", "rule", "result_index"),
)

ROUTES: "TableSchema[rows.RouteRow]" = TableSchema(
    "routes",
    "What a route of pipeline.toml asked of people when the values of the intake were last checked.",
    (
        _BATCH,
        Column("route", ColumnType.TEXT, "Name of the route.", nullable=False),
        Column(
            "review_below",
            ColumnType.REAL,
            "Trust below which a value is in the review queue, 0 to 1.",
            nullable=False,
        ),
        Column(
            "audit_share",
            ColumnType.REAL,
            "Share of the other values that is in the review queue all the same, 0 to 1.",
            nullable=False,
        ),
        Column(
            "expects",
            ColumnType.TEXT,
            "Paths of the values that its documents have to have, a JSON list; NULL for all that its schema asks for "
            "outside lists.",
        ),
    ),
    ("batch_id", "route"),
)

SCORES: "TableSchema[rows.ScoreRow]" = TableSchema(
    "scores",
    "How well a task did on a document whose truth is known: one row per metric. docs/scoring.md defines them.",
    (
        _BATCH,
        _DOCUMENT,
        _TASK,
        Column(
            "metric",
            ColumnType.TEXT,
            "cer, wer, cer_boxes, line_f1, line_text_f1, field_f1, field_f1_exact, row_recall, row_exact, teds or "
            "teds_s.",
            nullable=False,
        ),
        Column("score", ColumnType.REAL, "The score.", nullable=False),
        Column(
            "errors",
            ColumnType.REAL,
            "What is wrong: characters, words, lines, values, rows; of tables, 1 − TEDS added up.",
            nullable=False,
        ),
        Column(
            "total", ColumnType.REAL, "Of how many; for F1, those of both sides together.", nullable=False
        ),
        Column("better", ColumnType.TEXT, "Which score is better: lower or higher.", nullable=False),
        Column(
            "differences",
            ColumnType.JSON,
            "Of field_f1 and teds the values that differ: a list of path, kind, truth and read; marts.score_errors has "
            "a row for each.",
        ),
        Column(
            "truth", ColumnType.TEXT, "Truth it was compared with: its name in the folder.", nullable=False
        ),
        Column("route", ColumnType.TEXT, "Route of pipeline.toml that asked.", nullable=False),
        Column("region", ColumnType.TEXT, "Region that was asked.", nullable=False),
        Column("model", ColumnType.TEXT, "Model that was asked.", nullable=False),
        Column("options", ColumnType.JSON, "Options, schema and prompt as sent.", nullable=False),
        Column(
            "dpi",
            ColumnType.REAL,
            "Resolution that pages were drawn at, the least of them; NULL where pictures were taken as they are.",
        ),
    ),
    ("batch_id", "document_id", "task", "metric"),
)

CORRECTIONS: "TableSchema[rows.CorrectionRow]" = TableSchema(
    "corrections",
    "What a person said about a value, a cell or a table. All that was ever said stays; of a place the newest stands.",
    (
        _BATCH,
        Column(
            "correction_id",
            ColumnType.TEXT,
            "Hash of place, person, time and what was said: the same statement has it only once.",
            nullable=False,
        ),
        _DOCUMENT,
        _PAGE,
        _TASK,
        Column(
            "request_key",
            ColumnType.TEXT,
            "Request whose answer the person judged; NULL when none has the value.",
        ),
        Column(
            "place",
            ColumnType.TEXT,
            "Path of a value in key_values, or `table 0 row 1 column 2` for a cell and `table 0` for a table.",
            nullable=False,
        ),
        Column(
            "action",
            ColumnType.TEXT,
            "corrected, confirmed (right as it is), absent (the page has no such value), added (the answer had none), "
            "undone (what people said before no longer holds).",
            nullable=False,
        ),
        Column(
            "model_value", ColumnType.TEXT, "What the model said when the person looked; NULL when nothing."
        ),
        Column("human_value", ColumnType.TEXT, "What is there by the person; NULL when nothing."),
        Column(
            "value_type",
            ColumnType.TEXT,
            "Of the person's value: text, number, date, boolean or null.",
            nullable=False,
        ),
        Column("value_number", ColumnType.NUMBER, "The person's value as a number, when it is unambiguous."),
        Column("value_date", ColumnType.DATE, "The person's value as a date, when it is unambiguous."),
        Column("currency", ColumnType.TEXT, "Currency sign or code beside the number."),
        Column(
            "value_boolean",
            ColumnType.BOOLEAN,
            "The person's value as true or false, when it says just that.",
        ),
        Column("key", ColumnType.TEXT, "Last key of the path; NULL for a cell or table."),
        Column("parent_path", ColumnType.TEXT, "Path of the object or list around it; NULL at the top."),
        Column("list_index", ColumnType.INTEGER, "Index in the innermost list, from 0; NULL outside lists."),
        Column(
            "table_index", ColumnType.INTEGER, "For a cell or table: the table's number on the page, from 0."
        ),
        Column("row_index", ColumnType.INTEGER, "For a cell: its row, from 0."),
        Column("column_index", ColumnType.INTEGER, "For a cell: its column, from 0."),
        *_BOX,
        Column(
            "reviewed_because",
            ColumnType.TEXT,
            "Why a person looked: queue (something spoke against the value), audit (it was drawn), chosen (neither).",
            nullable=False,
        ),
        Column("finding", ColumnType.TEXT, "Finding of the review queue that was looked at; NULL when none."),
        Column("corrected_by", ColumnType.TEXT, "Who said it.", nullable=False),
        Column("corrected_at", ColumnType.TIMESTAMP, "When it was said, UTC.", nullable=False),
        Column("source_file", ColumnType.TEXT, "Name of the file it came in.", nullable=False),
        Column("source_sha256", ColumnType.TEXT, "SHA-256 of that file.", nullable=False),
        Column("page_sha256", ColumnType.TEXT, "SHA-256 of the page image the person saw."),
    ),
    ("batch_id", "correction_id"),
)

TABLES: dict[str, TableSchema[Any]] = {
    t.name: t
    for t in (
        DOCUMENTS,
        PAGES,
        OCR_REQUESTS,
        OCR_RESPONSES,
        TEXT_LINES,
        KEY_VALUES,
        PARSED_TABLES,
        TABLE_CELLS,
        DOCUMENT_BLOCKS,
        FORMULAS,
        VALIDATION_RESULTS,
        ROUTES,
        SCORES,
        CORRECTIONS,
        COST_LEDGER,
    )
}
"""Every table, in the order the pipeline fills them."""

ROW_TABLES: tuple[TableSchema[Any], ...] = (
    TEXT_LINES,
    KEY_VALUES,
    PARSED_TABLES,
    TABLE_CELLS,
    DOCUMENT_BLOCKS,
    FORMULAS,
)
"""The tables that answers are flattened into."""

GIVEN: dict[str, tuple[TableSchema[Any], tuple[str, ...]]] = {
    "AcceptedDocumentRow": (DOCUMENTS, ("media_type", "page_count", "route")),
    "ReadyPageRow": (
        PAGES,
        ("sha256", "uri", "media_type", "size_bytes", "width_px", "height_px", "to_original"),
    ),
}
"""Rows of a table with a certain status, and the columns that are then never NULL, by the name of their type."""


def is_accepted(document: "rows.DocumentRow") -> "TypeGuard[rows.AcceptedDocumentRow]":
    """Whether a document is worked on."""
    return document["status"] == DocumentStatus.ACCEPTED


def is_ready(page: "rows.PageRow") -> "TypeGuard[rows.ReadyPageRow]":
    """Whether a page has an image."""
    return page["status"] == PageStatus.READY


COLUMN_GROUPS: dict[str, tuple[Column, ...]] = {
    "TraceColumns": _TRACE,
    "BoxColumns": _BOX,
    "GroundColumns": _GROUND,
}
"""Columns that several tables share, by the name of their type in `rows`."""


_PLAIN_KEY = re.compile(r'[^.\[\]"#]+')


def value_path(parent: str, key: str) -> str:
    """The path of `key_values` of a key inside an object: `items[2].price`.

    A key that could be mistaken for part of the path (with a dot, a bracket, a quote or a # in it, or empty) is in
    brackets as a JSON string: `items[2]["No."]`.
    """
    if not _PLAIN_KEY.fullmatch(key):
        return f"{parent}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{parent}.{key}" if parent else key


def schema_paths(keys: Mapping[str, Any], parent: str = "") -> list[str]:
    """The paths of the values that a result schema asks for outside lists, in its order."""
    found: list[str] = []
    for key, inner in keys.items():
        path = value_path(parent, key)
        if isinstance(inner, Mapping) and inner:
            found += schema_paths(inner, path)
        elif not isinstance(inner, list):
            found.append(path)
    return found


_DATE_HINT = re.compile(
    r"YYYY|yyyy|年|\A\W*(?:(?:string|str|text)\W+)?(?:(?i:date|datum|fecha|дата|ISO[ -]?8601)|日期|日付|날짜)\W*\Z"
)
_NUMBER_HINT = re.compile(
    r"\b(?:number|numeric|decimal|integer|float|amount)\b|\A[#0][#0.,]*\Z|数字|数值|数値|金额|金額",
    re.IGNORECASE,
)


def asked_for(hint: str) -> str | None:
    """What the text beside a key of a result schema asks for: date (`YYYY-MM-DD`, `date`), number, None for any."""
    return "date" if _DATE_HINT.search(hint) else "number" if _NUMBER_HINT.search(hint) else None
