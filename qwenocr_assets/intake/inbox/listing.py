"""Keeping the index true to the inbox: only changed folders are listed, and all of them again from time to time.

Adding, removing and renaming change a folder's time; writing into a file does not. So folders whose time stands still
are listed in turn, the longest unlisted first. A bucket's folders have no time: there the turn is all there is.
"""

import os
import stat
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from qwenocr_assets.intake.files import local_uri, path_on_disk, unreadable
from qwenocr_assets.intake.inbox.index import Deadline, InboxIndex, doubt_copies, vanish_folder
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.scan import Entry, list_folder
from qwenocr_assets.state.database import upsert
from qwenocr_assets.state.tables.inbox import FILES, FOLDERS
from qwenocr_assets.storage.data_folder import local_path

_CHUNK = 5_000
"""Entries in one transaction."""
_PAGE = 10_000
"""Folders read from the index at a time."""
_VERIFY_EVERY_SECONDS = 300.0
"""How often a folder is listed although its time has not changed."""
_RACY_NS = 3 * 10**9
"""A folder's time may stand still for as long although the folder changes: what file systems round to."""


def list_changes(index: InboxIndex, now: float, deadline: Deadline) -> None:
    """List the folders that have changed, and those never listed, until the deadline."""
    with index.writing() as connection:
        _see_folders(connection, index, [("", _uri_of(index))])
    if index.is_local:
        _mark_changed_folders(index, now)
    unlisted = (
        select(FOLDERS)
        .where(FOLDERS.c.inbox == index.inbox, FOLDERS.c.listed_at.is_(None), FOLDERS.c.uri.is_not(None))
        .where(FOLDERS.c.vanished.is_(False))
        .order_by(FOLDERS.c.folder_id)
        .limit(200)
    )
    while folders := _read(index, unlisted):
        for folder in folders:
            _list(index, folder, now, deadline)
            if deadline.passed():
                return


def verify(index: InboxIndex, now: float, deadline: Deadline) -> None:
    """List folders again, the longest unlisted first, until the deadline: finds what was changed in place."""
    before = now - (_VERIFY_EVERY_SECONDS if index.is_local else 0.0)
    oldest = (
        select(FOLDERS)
        .where(FOLDERS.c.inbox == index.inbox, FOLDERS.c.listed_at < before, FOLDERS.c.vanished.is_(False))
        .order_by(FOLDERS.c.listed_at)
        .limit(200)
    )
    while folders := _read(index, oldest):
        for folder in folders:
            _list(index, folder, now, deadline)
            if deadline.passed():
                return


def same_look(row: Row[Any], entry: Entry) -> bool:
    """Whether a file looks as it did; a mark of the content counts where both know one."""
    return (
        row.size_bytes == entry.size_bytes
        and row.modified_us == entry.modified_us
        and row.uri == entry.uri
        and (row.etag is None or entry.etag is None or row.etag == entry.etag)
    )


def new_look(entry: Entry, now: float) -> dict[str, Any]:
    """The columns of a file that looks like this since now."""
    closed = entry.unreadable_reason is not None
    return {
        "uri": entry.uri,
        "size_bytes": entry.size_bytes,
        "modified_us": entry.modified_us,
        "etag": entry.etag,
        "state": FileState.UNREADABLE if closed else FileState.WAITING,
        "since": now,
        "vanished_at": None,
        "sha256": None,
        "unreadable_reason": entry.unreadable_reason,
    }


def _uri_of(index: InboxIndex) -> str:
    return local_uri(local_path(index.root)) if index.is_local else str(index.root)


def _read(index: InboxIndex, query: Any) -> Sequence[Row[Any]]:
    with index.engine.connect() as connection:
        return connection.execute(query).all()


def _mark_changed_folders(index: InboxIndex, now: float) -> None:
    """Compare every folder's time with the one it had; nothing in it is looked at."""
    last = 0
    while True:
        page = _read(
            index,
            select(FOLDERS.c.folder_id, FOLDERS.c.uri, FOLDERS.c.modified_ns, FOLDERS.c.listed_at)
            .where(FOLDERS.c.inbox == index.inbox, FOLDERS.c.vanished.is_(False), FOLDERS.c.uri.is_not(None))
            .where(FOLDERS.c.folder_id > last)
            .order_by(FOLDERS.c.folder_id)
            .limit(_PAGE),
        )
        if not page:
            return
        last = page[-1].folder_id
        changed, gone = [], []
        for folder in page:
            try:
                status = os.lstat(path_on_disk(folder.uri))
            except (FileNotFoundError, NotADirectoryError):
                gone.append(folder.folder_id)
                continue
            except OSError:
                continue  # behind a folder that may not be entered, which says so itself
            if not stat.S_ISDIR(status.st_mode):
                gone.append(folder.folder_id)
            elif folder.listed_at is not None and status.st_mtime_ns != folder.modified_ns:
                changed.append(folder.folder_id)
        if changed or gone:
            with index.writing() as connection:
                for folder_id in changed:
                    connection.execute(
                        update(FOLDERS).where(FOLDERS.c.folder_id == folder_id).values(listed_at=None)
                    )
                for folder_id in gone:
                    vanish_folder(connection, folder_id, now)


def _list(index: InboxIndex, folder: Row[Any], now: float, deadline: Deadline) -> None:
    """List a folder to its end or until the deadline, beginning where it was left."""
    folder_row = update(FOLDERS).where(FOLDERS.c.folder_id == folder.folder_id)
    if index.left_out.fits_path(folder.name):  # known from before it was left out
        with index.writing() as connection:
            vanish_folder(connection, folder.folder_id, now)
        return
    after = folder.listed_to or ""
    pass_ns = folder.pass_modified_ns if after else _trusted_time(index, folder.uri)
    try:
        entries, left_out = list_folder(index.root, folder.uri, after, index.left_out)
    except (FileNotFoundError, NotADirectoryError):
        if folder.name:  # that the inbox itself is gone is said elsewhere
            with index.writing() as connection:
                vanish_folder(connection, folder.folder_id, now)
        return
    except OSError as error:
        reason = unreadable(error, "This folder")
        with index.writing() as connection:
            connection.execute(
                folder_row.values(listed_at=now, listed_to=None, modified_ns=None, unreadable_reason=reason)
            )
        return
    while True:
        chunk = list(islice(entries, _CHUNK))
        to = chunk[-1].leaf if len(chunk) == _CHUNK else None
        with index.writing() as connection:
            _note(connection, index, folder, chunk, after, to, now)
            if to is None:
                done = folder_row.values(
                    listed_at=now,
                    listed_to=None,
                    modified_ns=pass_ns,
                    unreadable_reason=None,
                    left_out=left_out,
                )
                connection.execute(done)
                return
            connection.execute(folder_row.values(listed_at=None, listed_to=to, pass_modified_ns=pass_ns))
        if deadline.passed():
            return
        after = to


def _trusted_time(index: InboxIndex, uri: str) -> int | None:
    """A folder's time of change before it is listed; None when a later change could leave it as it is."""
    if not index.is_local:
        return None
    try:
        modified_ns = os.lstat(path_on_disk(uri)).st_mtime_ns
    except OSError:
        return None
    return modified_ns if modified_ns < time.time_ns() - _RACY_NS else None


def _note(
    connection: Connection,
    index: InboxIndex,
    folder: Row[Any],
    entries: Sequence[Entry],
    after: str,
    to: str | None,
    now: float,
) -> None:
    """Bring what is known of a folder's leaves behind `after`, up to `to`, to what was listed."""
    subfolders = [(f"{folder.name}{e.leaf}/", e.uri) for e in entries if e.is_folder]
    if subfolders:
        _see_folders(connection, index, subfolders)
    known = select(FILES).where(FILES.c.folder_id == folder.folder_id, FILES.c.leaf > after)
    rows = {
        row.leaf: row for row in connection.execute(known if to is None else known.where(FILES.c.leaf <= to))
    }
    changed = list(_changes(rows, [e for e in entries if not e.is_folder], folder.folder_id, now))
    if changed:
        put = upsert(connection, FILES)
        kept = ("folder_id", "leaf", "first_seen_at")
        put = put.on_conflict_do_update(
            index_elements=["folder_id", "leaf"],
            set_={column: put.excluded[column] for column in changed[0] if column not in kept},
        )
        connection.execute(put, changed)
    gone = [row.leaf for row in rows.values() if row.state != FileState.VANISHED]
    if gone:
        vanish = update(FILES).where(FILES.c.folder_id == folder.folder_id, FILES.c.leaf == bindparam("gone"))
        connection.execute(
            vanish.values(state=FileState.VANISHED, vanished_at=now), [{"gone": leaf} for leaf in gone]
        )
    if changed or gone:
        doubt_copies(connection, folder.folder_id)


def _changes(
    rows: dict[str, Row[Any]], files: Sequence[Entry], folder_id: int, now: float
) -> Iterator[dict[str, Any]]:
    """The rows to write for files that are new, look otherwise, or are back; takes what was found out of `rows`."""
    for entry in files:
        row = rows.pop(entry.leaf, None)
        key = {"folder_id": folder_id, "leaf": entry.leaf, "first_seen_at": now}
        if row is None or not same_look(row, entry) or entry.unreadable_reason != _reason_of_look(row, entry):
            yield key | new_look(entry, now)
        elif row.state == FileState.VANISHED:
            back = row.sha256 is not None and row.sha256 == row.document_sha256
            look = new_look(entry, now)
            yield key | (look | {"state": FileState.BATCHED, "sha256": row.sha256} if back else look)
        elif row.etag is None and entry.etag is not None:  # known from a manifest only
            yield (
                key | {column: row._mapping[column] for column in new_look(entry, now)} | {"etag": entry.etag}
            )


def _reason_of_look(row: Row[Any], entry: Entry) -> str | None:
    """Why the file could not be looked at; that it could not be opened is no matter of its looks."""
    return row.unreadable_reason if entry.unreadable_reason is not None else None


def _see_folders(connection: Connection, index: InboxIndex, folders: Sequence[tuple[str, str]]) -> None:
    """Note folders that are there; one that was gone, or known from a manifest only, has to be listed."""
    put = upsert(connection, FOLDERS)
    put = put.on_conflict_do_update(
        index_elements=["inbox", "name"], set_={"uri": put.excluded.uri, "vanished": put.excluded.vanished}
    )
    connection.execute(
        put, [{"inbox": index.inbox, "name": name, "uri": uri, "vanished": False} for name, uri in folders]
    )
