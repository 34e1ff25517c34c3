"""What the inbox index knows, for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from qwenocr_assets.intake.inbox.index import InboxIndex
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.state.tables.inbox import BATCHES, FILES, FOLDERS


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file or folder that needs a word."""

    name: str
    state: FileState
    since: datetime
    """When it was noted, UTC."""
    reason: str | None = None
    """Why it does not open."""
    original: str | None = None
    """Of a copy or a moved file: the name under which its content is a document."""


@dataclass(frozen=True, slots=True)
class InboxStatus:
    """How many files stand where, and some that need a word."""

    inbox: str
    counts: dict[FileState, int]
    """Files by state; every state is there. A folder that cannot be listed counts as one unreadable file."""
    unlisted_folders: int
    """Folders whose files are not all known yet."""
    batches: int
    left_out: int
    """Files and folders that are never documents, by their names; a folder counts as one, whatever is in it."""
    files: tuple[InboxFile, ...]


def inbox_status(index: InboxIndex, most: int) -> InboxStatus:
    """Count all, and name at most `most` files of each state that needs a word: unreadable, copy, moved, vanished."""
    with index.engine.connect() as connection:
        counts = _counts(connection, index, FileState)
        closed = _closed_folders(connection, index)
        named = [
            file
            for state in (FileState.UNREADABLE, FileState.COPY, FileState.MOVED, FileState.VANISHED)
            if counts[state]
            for file in _named(connection, index, state, most)
        ]
        unlisted = connection.execute(
            select(func.count()).where(
                FOLDERS.c.inbox == index.inbox, FOLDERS.c.listed_at.is_(None), FOLDERS.c.vanished.is_(False)
            )
        ).scalar_one()
        left_out = connection.execute(
            select(func.coalesce(func.sum(FOLDERS.c.left_out), 0)).where(
                FOLDERS.c.inbox == index.inbox, FOLDERS.c.vanished.is_(False)
            )
        ).scalar_one()
        batches = connection.execute(
            select(func.count()).where(BATCHES.c.inbox == index.inbox, BATCHES.c.of_this_inbox.is_(True))
        ).scalar_one()
    counts[FileState.UNREADABLE] += len(closed)
    return InboxStatus(index.inbox, counts, unlisted, batches, int(left_out), (*closed[:most], *named))


def what_waits(index: InboxIndex) -> str:
    """In a sentence, why there is nothing to run."""
    with index.engine.connect() as connection:
        counts = _counts(connection, index, (FileState.WAITING, FileState.READY, FileState.UNREADABLE))
        counts[FileState.UNREADABLE] += len(_closed_folders(connection, index))
    words = {
        FileState.WAITING: "waiting until unchanged",
        FileState.READY: "until their intake is full or has waited long enough",
        FileState.UNREADABLE: "because they do not open (see `qwenocr inbox`)",
    }
    waiting = [f"{count:,} {words[state]}" for state, count in counts.items() if count]
    if not waiting:
        return f"Nothing new in {index.inbox}."
    return f"{sum(counts.values()):,} files wait in {index.inbox}: {'; '.join(waiting)}."


def _counts(connection: Connection, index: InboxIndex, states: Iterable[FileState]) -> dict[FileState, int]:
    counts = dict.fromkeys(states, 0)
    found = connection.execute(
        select(FILES.c.state, func.count())
        .where(FILES.c.state.in_(list(counts)))
        .where(FILES.c.folder_id.in_(select(FOLDERS.c.folder_id).where(FOLDERS.c.inbox == index.inbox)))
        .group_by(FILES.c.state)
    )
    return counts | {FileState(state): count for state, count in found}


def _closed_folders(connection: Connection, index: InboxIndex) -> list[InboxFile]:
    found = connection.execute(
        select(FOLDERS.c.name, FOLDERS.c.listed_at, FOLDERS.c.unreadable_reason)
        .where(FOLDERS.c.inbox == index.inbox, FOLDERS.c.unreadable_reason.is_not(None))
        .where(FOLDERS.c.vanished.is_(False))
        .order_by(FOLDERS.c.name)
    )
    return [
        InboxFile(name or "/", FileState.UNREADABLE, _time(listed_at or 0.0), reason)
        for name, listed_at, reason in found
    ]


def _named(connection: Connection, index: InboxIndex, state: FileState, most: int) -> list[InboxFile]:
    noted_at = FILES.c.vanished_at if state is FileState.VANISHED else FILES.c.since
    other, other_folder = FILES.alias(), FOLDERS.alias()
    original = (
        select(func.min(other_folder.c.name + other.c.leaf))
        .where(other.c.document_sha256 == FILES.c.sha256, other.c.folder_id == other_folder.c.folder_id)
        .where(other_folder.c.inbox == index.inbox)
        .scalar_subquery()
    )
    found = connection.execute(
        select(FOLDERS.c.name + FILES.c.leaf, noted_at, FILES.c.unreadable_reason, original)
        .join(FOLDERS, FOLDERS.c.folder_id == FILES.c.folder_id)
        .where(FOLDERS.c.inbox == index.inbox, FILES.c.state == state)
        .order_by(noted_at.desc())
        .limit(most)
    )
    is_copy = state in (FileState.COPY, FileState.MOVED)
    return [
        InboxFile(name, state, _time(since), reason, original if is_copy else None)
        for name, since, reason, original in found
    ]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
