"""What comes back from people: a file, whichever form it has, or one word about one value."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
import pyarrow.compute as pc
from upath import UPath

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.review.label_studio_answers import read_answers
from qwenocr_assets.review.spreadsheet import read_csv
from qwenocr_assets.review.statements import ReadFile, Statement
from qwenocr_assets.review.taking import Source, Taken, same_person, take
from qwenocr_assets.rows import CorrectionRow
from qwenocr_assets.schemas import CORRECTIONS
from qwenocr_assets.state.batch_hold import hold_batch
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_all_batches
from qwenocr_assets.tables.values.notation import Notation

_LOCK = CORRECTIONS.name
"""What whoever writes corrections holds, like a batch."""
_PATIENCE_SECONDS = 10.0
"""How long somebody who types waits for who else writes."""
_PAGE = "qwenocr app"
"""The source of what was typed on the page."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How a file was taken."""

    file: str
    unanswered: int
    """Entries that nobody had filled in."""
    taken: Taken

    def lines(self) -> list[str]:
        """The outcome for people: what was taken, what not and why."""
        counts: dict[str, int] = {}
        for row in self.taken.corrections:
            counts[row["action"]] = counts.get(row["action"], 0) + 1
        new = ", ".join(f"{count} {action}" for action, count in sorted(counts.items())) or "nothing new"
        people = sorted({row["corrected_by"] for row in self.taken.corrections})
        new += f" by {' and '.join(people)}" if people else ""
        lines = [f"{self.file}: {new}; {self.taken.known} already imported, {self.unanswered} left blank."]
        lines += [f"Not taken: {r.where}. {r.reason}" for r in self.taken.refused]
        return lines + [f"People disagree about {text}" for text in self.taken.disagreements]


def import_file(
    data: DataFolder,
    path: UPath,
    *,
    by: str | None,
    now: datetime,
    notations: Mapping[str, Notation],
    ledger_url: str,
    on_wait: Callable[[str], object] = lambda _: None,
) -> Imported:
    """Take what a file says into `corrections`. The same file a second time changes nothing.

    `by` is who said what the file names nobody for, by default whom its name begins with; `notations` is how the
    routes' documents write dates and numbers.

    Raises:
        RejectedInput: the file cannot be read, or is no review.
        InUse, StorageError: someone else is importing, or the table cannot be written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RejectedInput(
            f"{path} cannot be read ({error.strerror or error}).", "Name a file that is there."
        ) from error
    said = read_file(path.name, content)
    named = name_in(path.name)
    statements = [s if by or s.by or s.account else replace(s, by=named) for s in said.statements]
    source = Source(path.name, hashlib.sha256(content).hexdigest())
    with hold_batch(ledger_url, _LOCK, wait_seconds=60, on_wait=on_wait) as hold, hold.writing():
        taken = take(data, statements, source, by=by, now=now, notations=notations)
    refused = (*said.refused, *taken.refused)
    return Imported(path.name, said.unanswered, replace(taken, refused=refused))


_NAMED = re.compile(r"([^\W\d_]{2,40})-.+")
_NO_NAMES = frozenset(
    (
        "correction",
        "corrections",
        "export",
        "project",
        "queue",
        "review",
        "reviews",
        "sheet",
        "task",
        "tasks",
        "values",
    )
)


def name_in(file_name: str) -> str | None:
    """Whom a file's name begins with, like `mika-invoices.csv`; None where it begins with what it is, or a number."""
    named = _NAMED.fullmatch(file_name)
    return named[1] if named and named[1].casefold() not in _NO_NAMES else None


def needs_a_name(path: UPath) -> bool:
    """Whether a file says something for which nothing in it, nor its name, says who.

    Raises:
        RejectedInput: it is no review.
    """
    if name_in(path.name):
        return False
    try:
        content = path.read_bytes()
    except OSError:
        return False  # told by whoever takes it
    said = read_file(path.name, content).statements
    return any(not (statement.by or statement.account) for statement in said)


@dataclass(frozen=True, slots=True)
class Word:
    """Result of one person's word about one value."""

    correction: CorrectionRow | None = None
    """The new row; None where it says nothing new, or was not taken."""
    refused: str | None = None
    """Why it cannot be taken."""
    newer: CorrectionRow | None = None
    """What somebody else said meanwhile: nothing was taken."""


def take_word(
    data: DataFolder,
    statement: Statement,
    *,
    by: str,
    now: datetime,
    knows: str | None,
    notations: Mapping[str, Notation],
    ledger_url: str,
) -> Word:
    """Take one word into `corrections`; `knows` is the correction_id of the last one that the person saw, if any.

    Raises:
        BatchInUse, StorageError: someone else is importing, or the table cannot be written.
    """
    said = replace(statement, at=now)
    source = Source(_PAGE, hashlib.sha256(repr(said).encode()).hexdigest())
    with hold_batch(ledger_url, _LOCK, wait_seconds=_PATIENCE_SECONDS) as hold, hold.writing():
        before = words_about(data, said)
        newest = before[-1] if before else None
        if (
            newest is not None
            and newest["correction_id"] != knows
            and not same_person(newest["corrected_by"], by)
        ):
            return Word(newer=newest)
        taken = take(data, [said], source, by=by, now=now, notations=notations)
    return Word(
        correction=next(iter(taken.corrections), None),
        refused=next((refused.reason for refused in taken.refused), None),
    )


def words_about(data: DataFolder, place: Statement) -> list[CorrectionRow]:
    """All that people said of the place that a statement is about, in any batch, the oldest first."""
    where = (
        (pc.field("page_id") == place.page_id)
        & (pc.field("task") == place.task)
        & (pc.field("place") == place.place)
    )
    rows = read_all_batches(data, CORRECTIONS, where=where, keep=True)
    return sorted(rows, key=lambda row: (row["corrected_at"], row["correction_id"]))


def read_file(name: str, content: bytes) -> ReadFile:
    """What a Label Studio export or a CSV says, told apart by what is in it.

    Raises:
        RejectedInput: it is neither.
    """
    text = _text(name, content)
    if text.lstrip()[:1] in ("[", "{"):
        try:
            tasks = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise RejectedInput(
                f"{name} is broken JSON ({error}).", "Export the project from Label Studio again."
            ) from error
        return read_answers(tasks if isinstance(tasks, list) else [tasks])
    try:
        return read_csv(text)
    except ValueError as error:
        raise RejectedInput(
            f"{name} is no review: {error}.",
            "Give a Label Studio export (JSON, JSON-MIN), or a sheet of `qwenocr review export --csv`.",
        ) from error


def _text(name: str, content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise RejectedInput(
            f"{name} is not written in UTF-8 (byte {error.start}).", "Save it as CSV UTF-8."
        ) from error
