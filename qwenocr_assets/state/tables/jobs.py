"""The tables of batch jobs, in the ledger's database, so that what is submitted and its money are one transaction.

A *job* is one input file and the service's batch made from it; its lines are requests of intake batches.
"""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, Table, Text, text

from qwenocr_assets.state.tables import METADATA

JOBS = Table(
    "batch_jobs",
    METADATA,
    Column("job_id", Text, primary_key=True),
    Column("batch_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("completion_window", Text, nullable=False),
    Column("input_file_id", Text),
    Column("service_id", Text),
    Column("status", Text),
    Column("output_file_id", Text),
    Column("error_file_id", Text),
    Column("completed", BigInteger, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    Column("problem", Text),
    Column("cancel_asked", Integer, nullable=False, server_default="0"),
    Column("planned_at", Double, nullable=False),
    Column("attempt_at", Double),
    Column("submitted_at", Double),
    Column("next_poll_at", Double),
    Column("poll_seconds", Double),
    Column("ended_at", Double),
    Column("account", Text),
    Index("batch_jobs_by_state", "state"),
)
"""A row is a job: where it stands, and what the service calls it. Only the account that handed it over can collect it;
NULL stands for its region's only one."""

LINES = Table(
    "batch_lines",
    METADATA,
    Column("job_id", Text, primary_key=True),
    Column("batch_id", Text, primary_key=True),
    Column("request_key", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("task", Text, nullable=False),
    Column("pays", Integer, nullable=False),
    Column("entry_id", BigInteger),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Index("batch_lines_by_batch", "batch_id", "state"),
    Index(
        "batch_lines_once",
        "request_key",
        unique=True,
        sqlite_where=text("state = 'waiting' AND pays = 1"),
        postgresql_where=text("state = 'waiting' AND pays = 1"),
    ),
)
"""A row is a request of an intake batch that is in a job. The one that pays is in the file; others with the same
request key wait for its answer. No request can be in two files at once: the index forbids it."""
