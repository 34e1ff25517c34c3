"""The inbox index: every file seen under an inbox, and every batch cut from it.

It is a memory, never the truth: batches are what their manifests say. Deleted, it is made again from them.
A file's time of change is in microseconds (`modified_us`), a folder's in nanoseconds (`modified_ns`).
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text

from qwenocr_assets.state.tables import METADATA, NUMBER

_Name = Text().with_variant(Text(collation="C"), "postgresql")  # sorted as Python sorts

INBOXES = Table(
    "inbox_state",
    METADATA,
    Column("inbox", Text, primary_key=True),
    Column("index_id", Text, nullable=False),
    Column("copies_in_doubt", Boolean, nullable=False),
)
"""A row is an inbox. `index_id` is another one when the index was lost; `copies_in_doubt` says that a file which has
copies may have vanished or changed since they were looked at."""

FOLDERS = Table(
    "inbox_folders",
    METADATA,
    Column("folder_id", NUMBER, primary_key=True, autoincrement=True),
    Column("inbox", Text, nullable=False),
    Column("name", _Name, nullable=False),
    Column("uri", Text),
    Column("modified_ns", BigInteger),
    Column("pass_modified_ns", BigInteger),
    Column("listed_at", Double),
    Column("listed_to", _Name),
    Column("vanished", Boolean, nullable=False),
    Column("unreadable_reason", Text),
    Column("left_out", BigInteger),
    Index("inbox_folders_by_name", "inbox", "name", unique=True),
    Index("inbox_folders_by_listing", "inbox", "listed_at"),
)
"""A row is a folder; its name is empty or ends in /. `listed_at` is NULL while it has to be listed, `listed_to` the
leaf that a listing in parts has come to, `modified_ns` its time of change when it was last listed to the end (NULL: not
to be trusted), `pass_modified_ns` the same of the listing under way. `left_out` counts what is never a document by its
name."""

FILES = Table(
    "inbox_files",
    METADATA,
    Column("folder_id", NUMBER, primary_key=True, autoincrement=False),
    Column("leaf", _Name, primary_key=True),
    Column("uri", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_us", BigInteger),
    Column("etag", Text),
    Column("state", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("first_seen_at", Double, nullable=False),
    Column("vanished_at", Double),
    Column("sha256", Text),
    Column("unreadable_reason", Text),
    Column("document_sha256", Text),
    Column("document_version", Integer),
    Column("document_modified_us", BigInteger),
    Column("batch_seq", BigInteger),
    Index("inbox_files_by_state", "state", "folder_id", "leaf"),
    Index("inbox_files_by_document", "document_sha256"),
    sqlite_with_rowid=False,
)
"""A row is a name that a file has or had. How it looks: `size_bytes`, `modified_us`, `etag`, unchanged `since`, with
the content `sha256` once hashed. `document_…` and `batch_seq` are the newest content of this name in a batch."""

BATCHES = Table(
    "inbox_batches",
    METADATA,
    Column("batch_seq", NUMBER, primary_key=True, autoincrement=True),
    Column("inbox", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("of_this_inbox", Boolean, nullable=False),
    Index("inbox_batches_by_id", "inbox", "batch_id", unique=True),
)
"""A row is a manifest that was read or written, in that order; some are of other folders of the same name."""
