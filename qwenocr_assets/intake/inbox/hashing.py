"""Hashing what lies still in the inbox: a file counts when its looks have not changed for a while, and it opens."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, tuple_, update

from qwenocr_assets.intake.files import MAX_DOCUMENT_BYTES, fingerprint, unreadable
from qwenocr_assets.intake.inbox.index import Deadline, InboxIndex, doubt_copies
from qwenocr_assets.intake.inbox.listing import new_look, same_look
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.scan import look_again
from qwenocr_assets.state.tables.inbox import FILES, FOLDERS

_CHUNK = 256
_REMOTE_THREADS = 16
"""A bucket takes its time for every file, whatever its size."""
_MOST_SECONDS_A_FILE = 10.0
"""512 MiB at 50 MiB a second; what takes longer is `unreadable`, and tried again."""
_TRY_AGAIN_SECONDS = 600.0
"""How long a file that did not open is left alone."""


def hash_still(index: InboxIndex, settle_seconds: float, now: float, deadline: Deadline) -> None:
    """Hash files whose looks have not changed for `settle_seconds` by our own clock, until the deadline."""
    for state, quiet in ((FileState.WAITING, settle_seconds), (FileState.UNREADABLE, _TRY_AGAIN_SECONDS)):
        after = (0, "")
        while rows := _still(index, state, now - quiet, after):
            found = list(_look_at_all(index, rows, now, deadline))
            with index.writing() as connection:
                _write(connection, rows[: len(found)], found)
            if deadline.passed():
                return
            after = (rows[-1].folder_id, rows[-1].leaf)


def _still(index: InboxIndex, state: FileState, since: float, after: tuple[int, str]) -> Sequence[Row[Any]]:
    with index.engine.connect() as connection:
        return connection.execute(
            select(FILES, FOLDERS.c.name.label("folder"))
            .join(FOLDERS, FOLDERS.c.folder_id == FILES.c.folder_id)
            .where(FOLDERS.c.inbox == index.inbox, FILES.c.state == state, FILES.c.since <= since)
            .where(tuple_(FILES.c.folder_id, FILES.c.leaf) > tuple_(*after))
            .order_by(FILES.c.folder_id, FILES.c.leaf)
            .limit(_CHUNK)
        ).all()


def _write(connection: Connection, rows: Sequence[Row[Any]], found: Sequence[dict[str, Any]]) -> None:
    """Write the new columns of files, unless they changed meanwhile; all that were hashed in one statement."""
    as_read = (
        update(FILES)
        .where(FILES.c.folder_id == bindparam("in_folder"), FILES.c.leaf == bindparam("at_leaf"))
        .where(FILES.c.state == bindparam("was"), FILES.c.since == bindparam("had_since"))
    )
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row, columns in zip(rows, found, strict=True):
        key = {"in_folder": row.folder_id, "at_leaf": row.leaf, "was": row.state, "had_since": row.since}
        by_columns.setdefault(tuple(columns), []).append(key | columns)
        if row.document_sha256 is not None and columns["state"] != FileState.BATCHED:
            doubt_copies(connection, row.folder_id)
    for names, values in by_columns.items():
        connection.execute(as_read.values({name: bindparam(name) for name in names}), values)


def _look_at_all(
    index: InboxIndex, rows: Sequence[Row[Any]], now: float, deadline: Deadline
) -> Iterator[dict[str, Any]]:
    """The new columns of the first of these files, in order, as many as there is time for."""
    at_once = 1 if index.is_local else _REMOTE_THREADS
    if at_once == 1:
        for row in rows:
            yield _look_at(index, row, now)
            if deadline.passed():
                return
        return
    with ThreadPoolExecutor(at_once) as threads:
        for first in range(0, len(rows), at_once):
            yield from threads.map(lambda row: _look_at(index, row, now), rows[first : first + at_once])
            if deadline.passed():
                return


def _look_at(index: InboxIndex, row: Row[Any], now: float) -> dict[str, Any]:
    """A file's new columns: hashed, changed meanwhile, gone, or unreadable with the reason."""
    try:
        before = look_again(index.root, row.leaf, row.uri)
        if before is None:
            return {"state": FileState.VANISHED, "vanished_at": now}
        if not same_look(row, before):
            return new_look(before, now)
        sha256 = _content(row)
        after = look_again(index.root, row.leaf, row.uri)
    except OSError as error:
        return {"state": FileState.UNREADABLE, "since": now, "unreadable_reason": unreadable(error)}
    if after is None:
        return {"state": FileState.VANISHED, "vanished_at": now}
    if not same_look(row, after):
        return new_look(after, now)
    state = FileState.BATCHED if sha256 == row.document_sha256 else FileState.READY
    return {"state": state, "sha256": sha256, "unreadable_reason": None}


def _content(row: Row[Any]) -> str:
    """The content's hash. A file too large to be processed is not read: the stand-in changes when its looks do."""
    if row.size_bytes > MAX_DOCUMENT_BYTES:
        looks = f"too large\0{row.folder}{row.leaf}\0{row.size_bytes}\0{row.modified_us}"
        return hashlib.sha256(looks.encode()).hexdigest()
    return fingerprint(row.uri, _MOST_SECONDS_A_FILE).sha256
