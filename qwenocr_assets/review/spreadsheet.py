"""A review in a spreadsheet: CSV that Excel opens in any script, and takes for no formula."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches

from qwenocr_assets.outgoing import from_spreadsheet, spreadsheet
from qwenocr_assets.review.pages import AskedPage
from qwenocr_assets.review.statements import ReadFile, Refused, Statement, Verdict, because_of, fingerprint

COLUMNS = (
    "document",
    "page",
    "place",
    "value",
    "corrected",
    "verdict",
    "finding",
    "reason",
    "trust",
    "reviewed_by",
    "reviewed_at",
    "link",
    "page_image",
    "task",
    "seen",
    "page_sha256",
    "page_id",
    "document_id",
    "batch_id",
)
_NEEDED = ("place", "corrected", "task", "page_id", "document_id", "batch_id")

_VERDICTS = {verdict.value: verdict for verdict in (Verdict.RIGHT, Verdict.ABSENT, Verdict.UNDO)}

_MISSPELT = 0.8
"""Likeness of two names, 0 to 1, from which one is taken for the other misspelt."""

_MOST_LINES = 1_000
"""Lines that one line of a sheet may be written over."""
_ROUNDED = re.compile(r"-?\d[.,]\d+E\+\d+", re.IGNORECASE)
"""What a spreadsheet makes of a long number."""


def write_csv(pages: Iterable[AskedPage], link: Callable[[str, str, str, str], str]) -> bytes:
    """One line per place that is asked about, with empty columns `corrected` and `verdict`.

    `link` is the address where a value is shown with its box, by document_id, page_id, task and place.

    UTF-8 with a byte order mark: without it Excel takes the file for Latin. What a spreadsheet would run as a formula
    begins with an apostrophe, which `read_csv` takes away again.
    """
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, COLUMNS, restval="")
    writer.writeheader()
    for page in pages:
        for value in page.values:
            writer.writerow(
                {
                    "document": spreadsheet(page.document_name),
                    "page": page.page_number,
                    "place": spreadsheet(value.place),
                    "value": spreadsheet(value.value or ""),
                    "finding": value.finding or "",
                    "reason": spreadsheet(value.reason or ""),
                    "trust": "" if value.trust is None else value.trust,
                    "link": link(page.document_id, page.page_id, value.task, value.place),
                    "page_image": page.image,
                    "task": value.task,
                    "seen": fingerprint(value.model_value),
                    "page_sha256": page.sha256 or "",
                    "page_id": page.page_id,
                    "document_id": page.document_id,
                    "batch_id": page.batch_id,
                }
            )
    return sheet.getvalue().encode("utf-8-sig")


def read_csv(text: str) -> ReadFile:
    """The statements of a filled-in sheet, with commas, semicolons or tabs between.

    Raises:
        ValueError: it lacks columns that say what its lines are about, or has one whose name is nearly that of ours.
    """
    records = list(_records(text))
    given = records[0].cells if records else []
    missing = [column for column in _NEEDED if column not in given]
    if missing:
        raise ValueError(f"it has no column {missing[0]}")
    unknown = [column for column in given if column not in COLUMNS]
    for column in COLUMNS:
        if column not in given and (near := get_close_matches(column, unknown, 1, _MISSPELT)):
            raise ValueError(f"it has a column {near[0]} but no {column}: is it misspelt?")
    statements: list[Statement] = []
    refused: list[Refused] = []
    unanswered = 0
    for record in records[1:]:
        said = record.refused or _said(record, given)
        if isinstance(said, Statement):
            statements.append(said)
        elif isinstance(said, Refused):
            refused.append(said)
        else:
            unanswered += 1
    return ReadFile(tuple(statements), tuple(refused), unanswered)


@dataclass(frozen=True, slots=True)
class _Record:
    """One line of a sheet, which may be written over several."""

    where: str
    cells: list[str] = field(default_factory=list)
    refused: Refused | None = None


def _records(text: str) -> Iterator[_Record]:
    """The lines of a sheet, the header first. One that cannot be read takes none of the others with it."""
    lines = list(io.StringIO(text, newline=""))
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    at = 0
    while at < len(lines):
        where = f"line {at + 1}"
        reader = csv.reader(lines[at : at + _MOST_LINES], delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error as error:
            # what a quotation mark opens that nothing closes would hold all that follows
            reason = f"It cannot be read ({error}): see to its quotation marks and its length."
            yield _Record(where, refused=Refused(where, reason))
            at += 1
            continue
        at += reader.line_num
        if cells:
            yield _Record(where, cells)


def _said(record: _Record, given: Sequence[str]) -> Statement | Refused | None:
    if any(record.cells[len(given) :]):
        reason = f"It has {len(record.cells):,} cells, and the sheet {len(given)} columns."
        return Refused(record.where, reason)
    return _statement(record.where, dict(zip(given, record.cells, strict=False)))


def _statement(where: str, line: Mapping[str, str]) -> Statement | Refused | None:
    corrected = from_spreadsheet(line.get("corrected", "")).strip()
    word = line.get("verdict", "").strip().casefold()
    if not corrected and not word:
        return None
    if word and word not in _VERDICTS:
        return Refused(
            where,
            f'"{word}" is not a valid verdict. Use right, absent or undo, or enter the correct value in corrected.',
        )
    if corrected and word:
        return Refused(where, "It has both a corrected value and a verdict: keep one.")
    if corrected and _ROUNDED.fullmatch(corrected):
        return Refused(
            where,
            f"{corrected} was rounded by the spreadsheet: format the column as text, and type it again.",
        )
    absent = [column for column in _NEEDED if column != "corrected" and not line.get(column)]
    if absent:
        return Refused(where, f"Its {absent[0]} is empty: copy it from another line of the page.")
    try:
        at = _time(line.get("reviewed_at", "").strip())
    except ValueError:
        return Refused(where, "reviewed_at is no time: write it like 2026-11-23 14:05, in UTC.")
    finding = line.get("finding") or None
    return Statement(
        where=f"{where}, {from_spreadsheet(line['place'])}",
        batch_id=line["batch_id"],
        document_id=line["document_id"],
        page_id=line["page_id"],
        task=line["task"],
        place=from_spreadsheet(line["place"]),
        verdict=_VERDICTS[word] if word else Verdict.VALUE,
        value=corrected or None,
        seen=line.get("seen") or None,
        page_sha256=line.get("page_sha256") or None,
        because=because_of(finding),
        finding=finding,
        by=from_spreadsheet(line.get("reviewed_by", "")).strip() or None,
        at=at,
    )


def _time(text: str) -> datetime | None:
    if not text:
        return None
    when = datetime.fromisoformat(text)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
