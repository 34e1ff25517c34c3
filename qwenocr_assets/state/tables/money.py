"""The ledger's tables. Days are UTC."""

from sqlalchemy import BigInteger, Column, Double, Index, Table, Text, text

from qwenocr_assets.state.tables import METADATA, NUMBER

ENTRIES = Table(
    "cost_entries",
    METADATA,
    Column("entry_id", NUMBER, primary_key=True, autoincrement=True),
    Column("state", Text, nullable=False),
    Column("request_key", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("lease_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("catalogue_version", Text, nullable=False),
    Column("input_price_pico", BigInteger, nullable=False),
    Column("output_price_pico", BigInteger, nullable=False),
    Column("estimated_input_tokens", BigInteger, nullable=False),
    Column("expected_pico", BigInteger, nullable=False),
    Column("reserved_pico", BigInteger, nullable=False),
    Column("settled_pico", BigInteger),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("reported_model", Text),
    Column("day", Text, nullable=False),
    Column("reserved_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("reason", Text),
    Column("account", Text),
    Index("cost_entries_by_batch", "batch_id"),
    Index("cost_entries_by_request", "request_key"),
    Index(
        "cost_entries_open",
        "lease_id",
        sqlite_where=text("state = 'reserved'"),
        postgresql_where=text("state = 'reserved'"),
    ),
    Index(
        "cost_entries_uncertain",
        "entry_id",
        sqlite_where=text("state = 'uncertain'"),
        postgresql_where=text("state = 'uncertain'"),
    ),
)
"""A row is a call: what was set aside for it, and what became of that. The account is the name of the one whose key it
carried; NULL only where a process of an earlier build wrote it, while this one was at work already."""

TOTALS = Table(
    "cost_totals",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("reserved_pico", BigInteger, nullable=False),
    Column("settled_pico", BigInteger, nullable=False),
    Column("uncertain_pico", BigInteger, nullable=False),
)
"""A row is the running sum of a run, a day, a month, a route's or an account's month: always what the entries add up
to."""

LEASES = Table(
    "cost_leases",
    METADATA,
    Column("lease_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("process", Text),
)
"""A row is a process that has money set aside."""

UNFUNDED = Table(
    "cost_unfunded",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("cap_pico", BigInteger, nullable=False),
    Column("needed_pico", BigInteger, nullable=False),
    Column("refused_at", Double, nullable=False),
)
"""A row is a batch with calls that the budget refused, and a cap that refused one."""

JOURNALS = Table(
    "cost_journals",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
)
"""A row is a journal whose answers are all in this ledger, and how long it was then."""

ALERTS = Table(
    "cost_alerts",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("threshold", Text, primary_key=True),
    Column("told_at", Double, nullable=False),
)
"""A row is a threshold that somebody was told about."""
