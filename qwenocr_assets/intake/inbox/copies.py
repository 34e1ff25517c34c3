"""Content that the inbox holds more than once, or that was moved in it, is one document.

A file is a copy while the newest document of another name has its content, and that name's file is still there; if the
other is gone, it counts as moved once the document's pages are stored. Otherwise it becomes a document of its own: its
answers are found again by their content, so it costs nothing.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, exists, false, select, update

from qwenocr_assets.errors import StorageError
from qwenocr_assets.intake.archives import split_member_uri
from qwenocr_assets.intake.embedded import split_embedded_uri
from qwenocr_assets.intake.inbox.index import InboxIndex
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.manifest import read_manifest
from qwenocr_assets.schemas import DOCUMENTS, PAGES
from qwenocr_assets.state.tables.inbox import BATCHES, FILES, FOLDERS, INBOXES
from qwenocr_assets.statuses import PageStatus
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.storage.table_files import read_table


def release_copies(index: InboxIndex) -> None:
    """Let files whose original vanished or changed be judged again with the next batch."""
    with index.writing() as connection:
        doubt = select(INBOXES.c.copies_in_doubt).where(INBOXES.c.inbox == index.inbox)
        if not connection.execute(doubt).scalar_one():
            return
        here = select(FOLDERS.c.folder_id).where(FOLDERS.c.inbox == index.inbox)
        other = FILES.alias("other")
        has_it = (other.c.document_sha256 == FILES.c.sha256) & other.c.folder_id.in_(here)
        for state, original in (
            (FileState.COPY, has_it & (other.c.state != FileState.VANISHED)),
            (FileState.MOVED, has_it),
        ):
            connection.execute(
                update(FILES)
                .where(FILES.c.state == state, FILES.c.folder_id.in_(here))
                .where(~exists().where(original).correlate(FILES))
                .values(state=FileState.READY)
            )
        connection.execute(
            update(INBOXES).where(INBOXES.c.inbox == index.inbox).values(copies_in_doubt=false())
        )


def copy_states(
    connection: Connection,
    index: InboxIndex,
    contents_read: Callable[[str], frozenset[str]],
    page: ColumnElement[bool],
) -> dict[str, FileState]:
    """Of a page of files the contents that are a document already, with what a file that has them too is.

    `page` is the condition on `FILES` that the files of the page fulfil.
    """
    found: dict[str, FileState] = {}
    holder, folder = FILES.alias("holder"), FOLDERS.alias("folder")
    holders = connection.execute(
        select(holder.c.document_sha256, holder.c.state, BATCHES.c.batch_id)
        .join_from(FILES, holder, holder.c.document_sha256 == FILES.c.sha256)
        .join(folder, folder.c.folder_id == holder.c.folder_id)
        .join(BATCHES, BATCHES.c.batch_seq == holder.c.batch_seq)
        .where(page, folder.c.inbox == index.inbox)
    )
    for sha256, state, batch_id in holders:
        if state != FileState.VANISHED:
            found[sha256] = FileState.COPY
        elif sha256 not in found and sha256 in contents_read(batch_id):
            found[sha256] = FileState.MOVED
    return found


def read_contents(data: DataFolder, batch_id: str) -> frozenset[str]:
    """The contents (SHA-256) of a batch's files whose pages are all stored, so that the file is needed no more."""
    stored = {
        page["document_id"]
        for page in read_table(data, PAGES, batch_id)
        if page["status"] != PageStatus.REJECTED
    }
    whole: dict[str, bool] = {}
    for document in read_table(data, DOCUMENTS, batch_id):
        inside = split_member_uri(document["uri"]) or split_embedded_uri(document["uri"])
        uri = document["uri"] if inside is None else inside[0]
        whole[uri] = whole.get(uri, True) and document["document_id"] in stored
    try:
        files = read_manifest(data, batch_id).files
    except StorageError:
        return frozenset()
    return frozenset(file.sha256 for file in files if whole.get(file.uri))
