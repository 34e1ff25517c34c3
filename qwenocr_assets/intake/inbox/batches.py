"""Batches of the inbox: learnt from their manifests, cut from what is ready, and handed on in a fixed order."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, select, tuple_, update

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.inbox.copies import copy_states, read_contents
from qwenocr_assets.intake.inbox.index import Deadline, InboxIndex, doubt_copies
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.manifest import (
    Manifest,
    ManifestFile,
    batch_ids_of,
    is_newer,
    make_manifest,
    read_manifest,
    write_manifest,
)
from qwenocr_assets.intake.scan import to_microseconds, to_time
from qwenocr_assets.intake.urls.lists import is_url_list
from qwenocr_assets.state.database import upsert
from qwenocr_assets.state.tables.inbox import BATCHES, FILES, FOLDERS
from qwenocr_assets.storage.data_folder import DataFolder

_log = logging.getLogger(__name__)

_LEAVES = 500
"""Names asked for in one query."""
_LARGEST_PAGE = 5_000
"""Files read from the index at a time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds a batch."""

    max_files: int
    max_bytes: int
    max_wait_seconds: float


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """A batch of the inbox, with its place in the order in which batches became known."""

    batch_seq: int
    batch_id: str
    files: int


def learn_batches(index: InboxIndex, data: DataFolder, deadline: Deadline) -> bool:
    """Take in manifests that the index does not know: of a crashed tick, of `qwenocr run`, or all when it was lost.

    Returns whether none is left. One that cannot be read is passed over: its files come in another batch.
    """
    with index.engine.connect() as connection:
        known = set(connection.scalars(select(BATCHES.c.batch_id).where(BATCHES.c.inbox == index.inbox)))
    for batch_id in batch_ids_of(data, index.root):
        if batch_id in known:
            continue
        if deadline.passed():
            return False
        try:
            manifest = read_manifest(data, batch_id)
        except StorageError:
            _log.exception("A manifest is passed over")
            continue
        with index.writing() as connection:
            if manifest.created_from == index.inbox:
                _note_batch(connection, index, manifest)
            else:
                _insert_batch(connection, index, manifest, of_this_inbox=False)
    return True


def batches_after(index: InboxIndex, batch_seq: int, limit: int) -> list[KnownBatch]:
    """The inbox's batches behind this place in the order."""
    with index.engine.connect() as connection:
        rows = connection.execute(
            select(BATCHES.c.batch_seq, BATCHES.c.batch_id, BATCHES.c.files)
            .where(BATCHES.c.inbox == index.inbox, BATCHES.c.of_this_inbox.is_(True))
            .where(BATCHES.c.batch_seq > batch_seq)
            .order_by(BATCHES.c.batch_seq)
            .limit(limit)
        ).all()
    return [KnownBatch(*row) for row in rows]


def cut_ready(index: InboxIndex, data: DataFolder, bounds: Bounds, now: float, deadline: Deadline) -> None:
    """Cut batches from the files that are ready, in the index's order, until the deadline.

    A batch that is not full waits until one of its files has lain still for `max_wait_seconds`. The manifest is
    written first; a crash right after it is made good by `learn_batches`.
    """
    contents_read = cache(lambda batch_id: read_contents(data, batch_id))
    while True:
        with index.writing() as connection:
            files, waited, full = _next_batch(connection, index, bounds, contents_read, deadline)
            if not files or not (full or waited <= now - bounds.max_wait_seconds):
                return
            manifest = make_manifest(index.root, files)
            write_manifest(data, manifest)
            _note_batch(connection, index, manifest)
        if not full or deadline.passed():
            return


def _next_batch(
    connection: Connection,
    index: InboxIndex,
    bounds: Bounds,
    contents_read: Any,
    deadline: Deadline,
) -> tuple[list[ManifestFile], float, bool]:
    """The files of the next batch, since when the longest still of them is so, and whether the batch is full.

    Copies that lie among them are marked as such and take no place.
    """
    files: list[ManifestFile] = []
    taken: set[str] = set()
    size, waited = 0, float("inf")
    for page in _ready_pages(connection, index, min(bounds.max_files + 1, _LARGEST_PAGE)):
        states = copy_states(connection, index, contents_read, _ready_between(page[0], page[-1]))
        copies: list[dict[str, Any]] = []
        for row in page:
            # a name that has a document already gets its new content as its next version, whoever else has it;
            # and what a list of URLs leads to may be another thing tomorrow, under another name
            may_be_copy = row.document_sha256 is None and not is_url_list(row.leaf)
            state = FileState.COPY if row.sha256 in taken else states.get(row.sha256)
            if may_be_copy and state is not None:
                copies.append({"in_folder": row.folder_id, "at_leaf": row.leaf, "new_state": state})
                continue
            if files and (len(files) >= bounds.max_files or size + row.size_bytes > bounds.max_bytes):
                _mark(connection, copies)
                return files, waited, True
            files.append(_manifest_file(row))
            taken.add(row.sha256)
            size += row.size_bytes
            waited = min(waited, row.since)
        _mark(connection, copies)
        if deadline.passed():
            break
    return files, waited, len(files) >= bounds.max_files or size >= bounds.max_bytes


def _ready_between(first: Row[Any], last: Row[Any]) -> ColumnElement[bool]:
    place = tuple_(FILES.c.folder_id, FILES.c.leaf)
    return and_(
        FILES.c.state == FileState.READY,
        place >= tuple_(first.folder_id, first.leaf),
        place <= tuple_(last.folder_id, last.leaf),
    )


def _ready_pages(connection: Connection, index: InboxIndex, size: int) -> Iterator[list[Row[Any]]]:
    after: tuple[int, str] = (0, "")
    while True:
        page = connection.execute(
            select(FILES, FOLDERS.c.name.label("folder"))
            .join(FOLDERS, FOLDERS.c.folder_id == FILES.c.folder_id)
            .where(FOLDERS.c.inbox == index.inbox, FILES.c.state == FileState.READY)
            .where(tuple_(FILES.c.folder_id, FILES.c.leaf) > tuple_(*after))
            .order_by(FILES.c.folder_id, FILES.c.leaf)
            .limit(size)
        ).all()
        if not page:
            return
        yield list(page)
        after = (page[-1].folder_id, page[-1].leaf)


def _manifest_file(row: Row[Any]) -> ManifestFile:
    return ManifestFile(
        row.folder + row.leaf,
        row.uri,
        row.size_bytes,
        row.sha256,
        to_time(row.modified_us),
        version=(row.document_version or 0) + 1,
    )


def _mark(connection: Connection, copies: list[dict[str, Any]]) -> None:
    if copies:
        row = update(FILES).where(
            FILES.c.folder_id == bindparam("in_folder"), FILES.c.leaf == bindparam("at_leaf")
        )
        connection.execute(row.values(state=bindparam("new_state")), copies)


def _insert_batch(
    connection: Connection, index: InboxIndex, manifest: Manifest, *, of_this_inbox: bool
) -> int:
    put = upsert(connection, BATCHES).values(
        inbox=index.inbox,
        batch_id=manifest.batch_id,
        files=len(manifest.files),
        of_this_inbox=of_this_inbox,
    )
    connection.execute(put.on_conflict_do_nothing())
    found: int = connection.execute(
        select(BATCHES.c.batch_seq).where(
            BATCHES.c.inbox == index.inbox, BATCHES.c.batch_id == manifest.batch_id
        )
    ).scalar_one()
    return found


def _note_batch(connection: Connection, index: InboxIndex, manifest: Manifest) -> None:
    """Note a batch, and for each of its files what document the name has now."""
    seq = _insert_batch(connection, index, manifest, of_this_inbox=True)
    by_folder = sorted((_split(file.name), file) for file in manifest.files)
    for folder, members in groupby(by_folder, key=lambda pair: pair[0][0]):
        leaves = {leaf: file for (_, leaf), file in members}
        folder_id = _folder_id(connection, index, folder)
        rows = {row.leaf: row for row in _rows(connection, folder_id, list(leaves))}
        values = [
            columns
            for leaf, file in leaves.items()
            if (columns := _with_document(rows.get(leaf), file, folder_id, leaf, seq)) is not None
        ]
        if not values:
            continue
        put = upsert(connection, FILES)
        written = (
            "state",
            "sha256",
            "document_sha256",
            "document_version",
            "document_modified_us",
            "batch_seq",
        )
        put = put.on_conflict_do_update(
            index_elements=["folder_id", "leaf"], set_={name: put.excluded[name] for name in written}
        )
        connection.execute(put, values)
        if any(row.document_sha256 not in (None, leaves[leaf].sha256) for leaf, row in rows.items()):
            doubt_copies(connection, folder_id)


def _with_document(
    row: Row[Any] | None, file: ManifestFile, folder_id: int, leaf: str, seq: int
) -> dict[str, Any] | None:
    """The row of a file that a batch holds; None when the name has a newer document.

    A file that was never listed counts as vanished until it is, and is then known by its looks.
    """
    modified_us = to_microseconds(file.modified_at)
    looks = {
        "folder_id": folder_id,
        "leaf": leaf,
        "uri": file.uri,
        "size_bytes": file.size_bytes,
        "modified_us": modified_us,
        "state": FileState.VANISHED,
        "since": 0.0,
        "first_seen_at": 0.0,
        "vanished_at": 0.0,
        "sha256": None if file.unreadable_reason else file.sha256,
    }
    if row is not None:
        if row.document_sha256 is not None and not is_newer(file, _document(row)):
            return None
        looks |= {name: row._mapping[name] for name in looks}
        looks_the_same = (row.size_bytes, row.modified_us) == (file.size_bytes, modified_us)
        if row.sha256 == file.sha256 or (
            row.sha256 is None and looks_the_same and not file.unreadable_reason
        ):
            gone = row.state == FileState.VANISHED
            looks |= {"sha256": file.sha256, "state": row.state if gone else FileState.BATCHED}
        elif row.state == FileState.BATCHED:
            looks["state"] = (
                FileState.READY
            )  # this batch's content came later, but what lies there is another
    return looks | {
        "document_sha256": file.sha256,
        "document_version": file.version,
        "document_modified_us": modified_us,
        "batch_seq": seq,
    }


def _document(row: Row[Any]) -> ManifestFile:
    """The newest document of a name, as far as it decides which of two is newer."""
    return ManifestFile(
        row.leaf,
        row.uri,
        row.size_bytes,
        row.document_sha256,
        to_time(row.document_modified_us),
        version=row.document_version,
    )


def _split(name: str) -> tuple[str, str]:
    """The folder of a name, empty or with its /, and the leaf."""
    folder, slash, leaf = name.rpartition("/")
    return folder + slash, leaf


def _folder_id(connection: Connection, index: InboxIndex, name: str) -> int:
    """The id of a folder, which may be known from a manifest only: then it has no address until it is listed."""
    put = upsert(connection, FOLDERS).values(inbox=index.inbox, name=name, vanished=False)
    connection.execute(put.on_conflict_do_nothing())
    found: int = connection.execute(
        select(FOLDERS.c.folder_id).where(FOLDERS.c.inbox == index.inbox, FOLDERS.c.name == name)
    ).scalar_one()
    return found


def _rows(connection: Connection, folder_id: int, leaves: list[str]) -> Iterator[Row[Any]]:
    for first in range(0, len(leaves), _LEAVES):
        some = leaves[first : first + _LEAVES]
        yield from connection.execute(
            select(FILES).where(FILES.c.folder_id == folder_id, FILES.c.leaf.in_(some))
        )
