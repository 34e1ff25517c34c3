"""Batches of the inbox: learnt from their manifests, cut from what is ready, and handed on in a fixed order."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, select, tuple_, update

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.inbox.copies import copy_states, read_contents
from qwenocr_assets.intake.inbox.index import Deadline, InboxIndex
from qwenocr_assets.intake.inbox.noting import insert_batch, note_batch
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.manifest import (
    ManifestFile,
    batch_ids_of,
    make_manifest,
    read_manifest,
    write_manifest,
)
from qwenocr_assets.intake.scan import to_time
from qwenocr_assets.intake.urls.lists import is_url_list
from qwenocr_assets.state.tables.inbox import BATCHES, FILES, FOLDERS
from qwenocr_assets.storage.data_folder import DataFolder

_log = logging.getLogger(__name__)

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
                note_batch(connection, index, manifest)
            else:
                insert_batch(connection, index, manifest, of_this_inbox=False)
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
            note_batch(connection, index, manifest)
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
