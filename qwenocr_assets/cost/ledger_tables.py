"""The ledger's tables, and how they came about: named migrations, each run once.

Amounts are pico-dollars (`_pico`), times seconds since 1970 UTC (`_at`), days UTC.
"""

import time
from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
    text,
)

_METADATA = MetaData()

ENTRIES = Table(
    "cost_entries",
    _METADATA,
    Column("entry_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
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
    Index("cost_entries_by_batch", "batch_id"),
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
"""A row is a call: what was set aside for it, and what became of that."""

TOTALS = Table(
    "cost_totals",
    _METADATA,
    Column("scope", Text, primary_key=True),
    Column("reserved_pico", BigInteger, nullable=False),
    Column("settled_pico", BigInteger, nullable=False),
    Column("uncertain_pico", BigInteger, nullable=False),
)
"""A row is the running sum of a run, a day, a month, or a route's month: always what the entries add up to."""

LEASES = Table(
    "cost_leases",
    _METADATA,
    Column("lease_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
)
"""A row is a process that has money set aside."""

UNFUNDED = Table(
    "cost_unfunded",
    _METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("cap_pico", BigInteger, nullable=False),
    Column("needed_pico", BigInteger, nullable=False),
    Column("refused_at", Double, nullable=False),
)
"""A row is a batch with calls that the budget refused, and a cap that refused one."""

ALERTS = Table(
    "cost_alerts",
    _METADATA,
    Column("scope", Text, primary_key=True),
    Column("threshold", Text, primary_key=True),
    Column("told_at", Double, nullable=False),
)
"""A row is a threshold that somebody was told about."""

MIGRATIONS = Table(
    "cost_migrations",
    _METADATA,
    Column("name", Text, primary_key=True),
    Column("applied_at", Double, nullable=False),
)


def first_tables(connection: Connection) -> None:
    """Entries, totals, leases, refusals and alerts."""
    _METADATA.create_all(connection, tables=[ENTRIES, TOTALS, LEASES, UNFUNDED, ALERTS])


_STEPS: tuple[Callable[[Connection], None], ...] = (first_tables,)
"""In order; a step that has been released is never changed, only followed by another."""


def migrate(engine: Engine) -> None:
    """Run the steps that this database has not seen yet, each with its record in one transaction."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('cost_ledger'))")
        _METADATA.create_all(connection, tables=[MIGRATIONS])
        applied = set(connection.scalars(select(MIGRATIONS.c.name)))
        for step in _STEPS:
            if step.__name__ not in applied:
                step(connection)
                connection.execute(insert(MIGRATIONS).values(name=step.__name__, applied_at=time.time()))
