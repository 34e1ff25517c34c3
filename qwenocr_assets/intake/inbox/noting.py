"""A batch noted in the index: the batch itself, and what document the name of each of its files has now."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from qwenocr_assets.intake.inbox.index import InboxIndex, doubt_copies
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.manifest import Manifest, ManifestFile, is_newer
from qwenocr_assets.intake.scan import to_microseconds, to_time
from qwenocr_assets.state.database import upsert
from qwenocr_assets.state.tables.inbox import BATCHES, FILES, FOLDERS

_LEAVES = 500
"""Names asked for in one query."""


def insert_batch(
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


def note_batch(connection: Connection, index: InboxIndex, manifest: Manifest) -> None:
    """Note a batch, and for each of its files what document the name has now."""
    seq = insert_batch(connection, index, manifest, of_this_inbox=True)
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
