"""What people said becomes rows of `corrections`, each checked against what the model says there."""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qwenocr_assets.qwenocr.tasks import Form, tasks_in
from qwenocr_assets.review.places import Place, cell_place, read_place
from qwenocr_assets.review.statements import Refused, Statement, Verdict, fingerprint
from qwenocr_assets.rows import CorrectionRow, PageRow
from qwenocr_assets.schemas import (
    CORRECTIONS,
    DOCUMENTS,
    KEY_VALUES,
    PAGES,
    PARSED_TABLES,
    TABLE_CELLS,
    is_accepted,
)
from qwenocr_assets.statuses import Action
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table, write_table
from qwenocr_assets.tables.answer_text import storable
from qwenocr_assets.tables.typed_values import TypedValue, typed_value
from qwenocr_assets.tables.values.neighbours import neighbours, order_of_days
from qwenocr_assets.tables.values.notation import TWO_READINGS, UNDECLARED, Notation

_ADDED_TO = (Form.KEY_VALUES, Form.FREE)
"""Answers whose values have paths, so that one can be added."""

_NOT_SHOWN = "\ufffd"
"""What stands for a control character on screens."""
NOBODY = "unnamed"
"""Who said what no file and no option names anybody for."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file that something was said in."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of statements."""

    corrections: tuple[CorrectionRow, ...] = ()
    """New rows of `corrections`."""
    known: int = 0
    """Statements that were taken before."""
    refused: tuple[Refused, ...] = ()
    disagreements: tuple[str, ...] = ()
    """Places of which two people say different things; the newest stands."""
    batches: tuple[str, ...] = ()
    """Batches that something was said about, now or before."""


class _Cannot(Exception):
    """Why a statement cannot be taken."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model says at a place; `typed` is what a value says, which cells and tables have no columns for."""

    request_key: str
    value: str | None
    typed: TypedValue | None = None


@dataclass
class _Batch:
    """The documents of an intake batch that something is said about, with all that was said about the batch so far."""

    routes: Mapping[str, str | None]
    """Accepted documents with their routes."""
    pages: Mapping[str, PageRow]
    readings: Mapping[tuple[str, str, str], Reading]
    """What the model says, by page, task and place."""
    said: list[CorrectionRow]
    new: list[CorrectionRow] = field(default_factory=list)

    def on_page(self, page_id: str) -> Iterator[Reading]:
        return (row for (page, _, _), row in self.readings.items() if page == page_id)


def take(
    data: DataFolder,
    statements: Iterable[Statement],
    source: Source,
    *,
    by: str | None,
    now: datetime,
    notations: Mapping[str, Notation],
) -> Taken:
    """Check statements one by one and write those that hold; one that does not takes no other with it.

    `by` is who said what the file names nobody for, `now` (UTC) when it was said where the file says no time.
    Whoever calls this keeps others from doing the same meanwhile.
    """
    said = sorted(statements, key=lambda s: s.at or now)
    documents: dict[str, set[str]] = defaultdict(set)
    for statement in said:
        documents[statement.batch_id].add(statement.document_id)
    batches = {batch_id: _read(data, batch_id, of_these) for batch_id, of_these in documents.items()}
    refused: list[Refused] = []
    known = 0
    about: set[str] = set()
    for statement in said:
        batch = batches[statement.batch_id]
        try:
            row = _correction(statement, batch, source, by=by, now=now, notations=notations)
        except _Cannot as error:
            refused.append(Refused(statement.where, str(error)))
            continue
        about.add(statement.batch_id)
        if row is None:
            known += 1
        else:
            batch.new.append(row)
            batch.said.append(row)
    for batch_id, batch in batches.items():
        if batch.new:
            write_table(data, CORRECTIONS, batch_id, batch.said)
    new = [row for batch in batches.values() for row in batch.new]
    disagreements = tuple(_disagreements(batches.values(), new))
    return Taken(tuple(new), known, tuple(refused), disagreements, tuple(sorted(about)))


def _read(data: DataFolder, batch_id: str, documents: Collection[str]) -> _Batch:
    if "/" in batch_id or batch_id.startswith("."):
        return _Batch({}, {}, {}, [])
    of_these = pc.field("document_id").isin(pa.array(sorted(documents), pa.string()))
    readings: dict[tuple[str, str, str], Reading] = {}
    for value in read_table(data, KEY_VALUES, batch_id, where=of_these):
        typed = TypedValue(
            value["value_type"],
            value["value_number"],
            value["value_date"],
            value["currency"],
            value["value_boolean"],
        )
        reading = Reading(value["request_key"], value["value"], typed)
        readings[value["page_id"], value["task"], value["path"]] = reading
    for cell in read_table(data, TABLE_CELLS, batch_id, where=of_these):
        place = cell_place(cell["table_index"], cell["row_index"], cell["column_index"])
        readings[cell["page_id"], cell["task"], place] = Reading(cell["request_key"], cell["text"] or None)
    for table in read_table(data, PARSED_TABLES, batch_id, where=of_these):
        place = f"table {table['table_index']}"
        readings[table["page_id"], table["task"], place] = Reading(table["request_key"], None)
    return _Batch(
        {
            row["document_id"]: row["route"]
            for row in read_table(data, DOCUMENTS, batch_id, where=of_these)
            if is_accepted(row)
        },
        {row["page_id"]: row for row in read_table(data, PAGES, batch_id, where=of_these)},
        readings,
        read_table(data, CORRECTIONS, batch_id),
    )


def _correction(
    said: Statement,
    batch: _Batch,
    source: Source,
    *,
    by: str | None,
    now: datetime,
    notations: Mapping[str, Notation],
) -> CorrectionRow | None:
    """The statement as a row; None when it was taken before."""
    place = read_place(said.place)
    reading = _checked(said, place, batch, now)
    assert place is not None
    model_value = reading.value if reading else None
    human_value = _stands(said, batch, model_value)
    action = Action.UNDONE if said.verdict is Verdict.UNDO else _action(model_value, human_value)
    person = _as_before(said.by or by or said.account or NOBODY, batch.said)
    at = (said.at or now).replace(tzinfo=None)
    correction_id = _hash(
        said.page_id, said.task, said.place, person, human_value, at.isoformat() if said.at else source.sha256,
        *([action] if action == Action.UNDONE else []),
    )  # fmt: skip
    before = [r for r in _about(said, batch.said) if r["corrected_by"] == person]
    if any(row["correction_id"] == correction_id for row in before):
        return None
    if before and _says(max(before, key=_newest)) == (model_value, human_value, action == Action.UNDONE):
        return None
    notation = notations.get(batch.routes[said.document_id] or "", UNDECLARED)
    typed = _typed(human_value, model_value, reading, notation, lambda: batch.on_page(said.page_id))
    box = said.box
    return {
        "batch_id": said.batch_id,
        "correction_id": correction_id,
        "document_id": said.document_id,
        "page_id": said.page_id,
        "task": said.task,
        "request_key": reading.request_key if reading else None,
        "place": place.text,
        "key": place.key,
        "parent_path": place.parent_path,
        "list_index": place.list_index,
        "table_index": place.table_index,
        "row_index": place.row_index,
        "column_index": place.column_index,
        "action": action,
        "model_value": model_value,
        "human_value": human_value,
        "value_type": typed.type,
        "value_number": typed.number,
        "value_date": typed.day,
        "currency": typed.currency,
        "value_boolean": typed.truth,
        "left_px": box.left if box else None,
        "top_px": box.top if box else None,
        "right_px": box.right if box else None,
        "bottom_px": box.bottom if box else None,
        "reviewed_because": said.because,
        "finding": said.finding,
        "corrected_by": person,
        "corrected_at": at,
        "source_file": source.name,
        "source_sha256": source.sha256,
        "page_sha256": batch.pages[said.page_id]["sha256"],
    }


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: letter case and spaces aside."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _as_before(name: str, rows: Sequence[CorrectionRow]) -> str:
    """The name as the person wrote it first: `Mika` is who `mika` was."""
    plain = " ".join(name.split()) or NOBODY
    return next((row["corrected_by"] for row in rows if same_person(row["corrected_by"], plain)), plain)


def _checked(said: Statement, place: Place | None, batch: _Batch, now: datetime) -> Reading | None:
    """What the model says at the place; None for a value that it does not have."""
    if said.document_id not in batch.routes:
        raise _Cannot(
            f"There is no document {said.document_id} in intake {said.batch_id}: run it again, or export again."
        )
    page = batch.pages.get(said.page_id)
    if page is None or page["document_id"] != said.document_id:
        raise _Cannot(f"The document has no page {said.page_id}.")
    if said.page_sha256 and page["sha256"] and said.page_sha256 != page["sha256"]:
        raise _Cannot("The page's image is another now: export again, and look at that one.")
    if place is None:
        raise _Cannot(f"{said.place} is no value, cell or table: correct the values it is about.")
    reading = batch.readings.get((said.page_id, said.task, said.place))
    if reading is None and _NOT_SHOWN in place.text:
        raise _Cannot(
            f"The name {place.text} has a control character that cannot be shown, nor sent back: give its route a "
            "schema with a key without it, and run its intake again."
        )
    if reading is None and (said.seen is not None or not place.is_value):
        raise _Cannot("The model's answer does not have this any more: export again.")
    if reading is None and said.task not in tasks_in(*_ADDED_TO):
        raise _Cannot(f"Values cannot be added to {said.task}.")
    if said.seen is not None and reading and said.seen != fingerprint(reading.value):
        raise _Cannot(
            f"The model says {reading.value!r} here now, which is not what was shown: export again."
        )
    if said.verdict is Verdict.UNDO and not any(_about(said, batch.said)):
        raise _Cannot("Nobody has said anything about it that could be undone.")
    if not place.is_value and not place.is_cell and said.verdict not in (Verdict.RIGHT, Verdict.UNDO):
        raise _Cannot("A whole table can only be right: correct its cells.")
    if said.at and said.at > now + timedelta(days=1):
        raise _Cannot(f"It was said on {said.at:%Y-%m-%d}, which is still to come.")
    return reading


def _stands(said: Statement, batch: _Batch, model_value: str | None) -> str | None:
    """What stands at the place by the statement."""
    if said.verdict is Verdict.ABSENT:
        return None
    if said.verdict is Verdict.UNDO:
        return model_value
    if said.verdict is Verdict.VALUE:
        text = storable(said.value or "").strip()
        # around what is shown there may be blanks that nobody meant to take away
        return model_value if model_value is not None and text == model_value.strip() else text or None
    before = list(_about(said, batch.said))
    last = max(before, key=_newest) if before else None
    holds = last is not None and last["action"] != Action.UNDONE and last["model_value"] == model_value
    return last["human_value"] if last is not None and holds else model_value


def _action(model_value: str | None, human_value: str | None) -> Action:
    if model_value == human_value:
        return Action.CONFIRMED
    if model_value is None:
        return Action.ADDED
    return Action.ABSENT if human_value is None else Action.CORRECTED


def _typed(
    human_value: str | None,
    model_value: str | None,
    reading: Reading | None,
    notation: Notation,
    page_readings: Callable[[], Iterable[Reading]],
) -> TypedValue:
    """What a person's value says; `page_readings` are the model's on the same page."""
    if human_value is None:
        return TypedValue("null")
    if reading and reading.typed and human_value == model_value:
        return reading.typed
    typed = typed_value(human_value, notation)
    if typed.doubt != TWO_READINGS:
        return typed
    # who corrects 1,284 to 1,234 writes as the page does
    around = [other.value for other in page_readings() if other.value]
    order = notation.date_order or order_of_days(around)
    near = neighbours({None: around}, tuple)[None]
    return typed_value(human_value, Notation(order, notation.decimal), near.column)


def _about(said: Statement, rows: Sequence[CorrectionRow]) -> Iterable[CorrectionRow]:
    place = (said.page_id, said.task, said.place)
    return (row for row in rows if (row["page_id"], row["task"], row["place"]) == place)


def _newest(row: CorrectionRow) -> tuple[Any, ...]:
    return row["corrected_at"], row["correction_id"]


def _says(row: CorrectionRow) -> tuple[str | None, str | None, bool]:
    return row["model_value"], row["human_value"], row["action"] == Action.UNDONE


def _disagreements(batches: Iterable[_Batch], new: Sequence[CorrectionRow]) -> Iterable[str]:
    touched = {(row["page_id"], row["task"], row["place"]) for row in new}
    for batch in batches:
        people: dict[tuple[str, str, str], dict[str, CorrectionRow]] = {}
        for row in sorted(batch.said, key=_newest):
            people.setdefault((row["page_id"], row["task"], row["place"]), {})[row["corrected_by"]] = row
        for place, rows in people.items():
            if len(rows) > 1:  # who is not named may be any of the others
                rows.pop(NOBODY, None)
            if place in touched and len({row["human_value"] for row in rows.values()}) > 1:
                newest = max(rows.values(), key=_newest)
                said = ", ".join(f"{who}: {row['human_value']!r}" for who, row in rows.items())
                yield f"{place[2]} on {place[0]}: {said}; {newest['corrected_by']} was last."


def _hash(*parts: str | None) -> str:
    text = "\x1f".join("\x00" if part is None else part for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
