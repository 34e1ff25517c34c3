"""Opening the inbox index, and the few things every step of a tick needs of it."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event, false, select, true, update
from upath import UPath

from qwenocr_assets.errors import StorageError, UnusableDatabase
from qwenocr_assets.intake.inbox.states import FileState
from qwenocr_assets.intake.left_out import USUAL, LeftOut
from qwenocr_assets.intake.manifest import resolved
from qwenocr_assets.state.database import open_database, upsert
from qwenocr_assets.state.tables.inbox import FILES, FOLDERS, INBOXES
from qwenocr_assets.storage.data_folder import is_local


@dataclass(frozen=True, slots=True)
class InboxIndex:
    """What is remembered of one inbox."""

    engine: Engine
    root: UPath
    """The inbox, resolved."""
    index_id: str
    """Another one when the index was lost and made again."""
    left_out: LeftOut = USUAL
    """Files and folders that are never documents."""

    @property
    def inbox(self) -> str:
        return str(self.root)

    @property
    def is_local(self) -> bool:
        return is_local(self.root)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction; no other process writes the index meanwhile."""
        with self.engine.begin() as connection:
            _take_turn(connection)
            yield connection


@contextmanager
def open_index(url: str, root: UPath, left_out: LeftOut = USUAL) -> Iterator[InboxIndex]:
    """The index of the inbox `root`; its tables are made when they are missing.

    Nothing is lost with its last transactions, so the disk is not waited for.

    Raises:
        StorageError: it cannot be opened, or is damaged.
    """
    try:
        engine = open_database(url, durable=False)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _widen_cache)
            engine.dispose()  # connections from now on
        try:
            folder = resolved(root)
            yield InboxIndex(engine, folder, _prepare(engine, str(folder)), left_out)
        finally:
            engine.dispose()
    except UnusableDatabase as error:
        raise StorageError(
            f"The inbox index cannot be used. {error.message}",
            "Delete inbox.db in the data folder, unless another program only has it locked or its disk is full: it is "
            "made again from the manifests, and no intake is run twice.",
        ) from error


def _prepare(engine: Engine, inbox: str) -> str:
    """Make the inbox's first row where it is missing; returns the index's id."""
    asked = select(INBOXES.c.index_id).where(INBOXES.c.inbox == inbox)
    with engine.connect() as connection:
        found = connection.execute(asked).scalar_one_or_none()
    if found is not None:
        return str(found)
    first = {"inbox": inbox, "index_id": uuid.uuid4().hex[:12], "copies_in_doubt": False}
    with engine.begin() as connection:
        connection.execute(upsert(connection, INBOXES).values(first).on_conflict_do_nothing())
        return str(connection.execute(asked).scalar_one())


def _take_turn(connection: Connection) -> None:
    """Let no other process write the index until this transaction ends; on SQLite its beginning did that."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('inbox_index'))")


def _widen_cache(connection: Any, _: Any) -> None:
    """The usual 2 MB of cache would read the pages of a large index again and again."""
    connection.execute("PRAGMA cache_size = -65536")


class Deadline:
    """A point in time after which a step stops where it is, to go on in the next tick."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def passed(self) -> bool:
        return time.monotonic() >= self._at

    def within(self, seconds: float) -> "Deadline":
        """So many seconds from now, but not later than this one."""
        return Deadline(min(seconds, self._at - time.monotonic()))


def vanish_folder(connection: Connection, folder_id: int, now: float) -> None:
    """Note that a folder and its files are gone; its subfolders are looked at by themselves."""
    connection.execute(
        update(FOLDERS)
        .where(FOLDERS.c.folder_id == folder_id)
        .values(vanished=True, listed_at=now, listed_to=None, modified_ns=None)
    )
    gone = connection.execute(
        update(FILES)
        .where(FILES.c.folder_id == folder_id, FILES.c.state != FileState.VANISHED)
        .values(state=FileState.VANISHED, vanished_at=now)
    )
    if gone.rowcount:
        doubt_copies(connection, folder_id)


def doubt_copies(connection: Connection, folder_id: int) -> None:
    """A file of this folder that may have copies vanished or changed: they have to be looked at."""
    inbox = select(FOLDERS.c.inbox).where(FOLDERS.c.folder_id == folder_id).scalar_subquery()
    connection.execute(
        update(INBOXES)
        .where(INBOXES.c.inbox == inbox, INBOXES.c.copies_in_doubt == false())
        .values(copies_in_doubt=true())
    )
