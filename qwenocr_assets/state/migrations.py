"""How the database comes to the form that this build works with: named migrations, each run once, in their order.

A new table, column (that may be NULL or has a server's default) or index is declared in `state/tables` and gets a name
here with `make_declared`. What changes otherwise gets a function of its own; it leaves alone what it finds changed
already, for a new database gets its tables in their newest form from the first migration. A name that was released
stays, and so does its place.
"""

import time
from collections.abc import Callable, Mapping

from sqlalchemy import Column, Connection, Double, Engine, MetaData, Table, Text, insert, inspect, select
from sqlalchemy.schema import CreateColumn

from qwenocr_assets.errors import StorageError
from qwenocr_assets.state.sqlite import READ_ONLY
from qwenocr_assets.state.tables import METADATA, accounts, calls, inbox, jobs, leases, money, runs

DECLARED = (money, jobs, leases, calls, inbox, runs, accounts)
"""The modules whose tables a database has."""

Migration = Callable[[Connection], None]

MIGRATIONS_RUN = Table(
    "cost_migrations",  # the ledger was the first to have any
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("applied_at", Double, nullable=False),
)
"""A row is a migration that has run in this database."""


def make_declared(connection: Connection, declared: MetaData = METADATA) -> None:
    """Make the declared tables, columns and indexes that are not there; what is there stays as it is."""
    declared.create_all(connection)
    there = inspect(connection)
    for table in declared.sorted_tables:
        columns = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in columns:
                added = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {added}")
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _name_accounts(connection: Connection) -> None:
    """Until then a region had one account, which bears its name."""
    make_declared(connection)
    connection.exec_driver_sql(
        """
        INSERT INTO cost_totals (scope, reserved_pico, settled_pico, uncertain_pico)
        SELECT
            'account:' || region || ':' || substr(day, 1, 7),
            sum(CASE WHEN state = 'reserved' THEN reserved_pico ELSE 0 END),
            sum(CASE WHEN state = 'settled' THEN coalesce(settled_pico, 0) ELSE 0 END),
            sum(CASE WHEN state = 'uncertain' THEN reserved_pico ELSE 0 END)
        FROM cost_entries
        WHERE account IS NULL
        GROUP BY 1
        """
    )
    connection.exec_driver_sql("UPDATE cost_entries SET account = region WHERE account IS NULL")


MIGRATIONS: Mapping[str, Migration] = {
    "first_tables": make_declared,
    "one_database": make_declared,  # jobs, leases, calls and the inbox made their own tables until then
    "inbox_left_out": make_declared,
    "journals_compared": make_declared,
    "run_beats": make_declared,
    "accounts": _name_accounts,
    "accounts_of_batches": make_declared,
}


def migrate(engine: Engine, migrations: Mapping[str, Migration] = MIGRATIONS) -> None:
    """Run what this database has not seen yet, each migration with its record in one transaction.

    Processes that open a new database at the same time take turns; who comes later finds nothing left to do.

    Raises:
        StorageError: the database was brought further by a newer build.
    """
    run = _names_run(engine)
    if unknown := sorted(run - migrations.keys()):
        raise StorageError(
            f"The database {engine.url.render_as_string(hide_password=True)} was changed by a newer version of "
            f"this program ({', '.join(unknown)}).",
            "Use that version.",
        )
    for name, migration in migrations.items():
        if name not in run:
            _run(engine, name, migration)


def _names_run(engine: Engine) -> set[str]:
    with engine.execution_options(**{READ_ONLY: True}).connect() as connection:
        if not inspect(connection).has_table(MIGRATIONS_RUN.name):
            return set()
        return set(connection.scalars(select(MIGRATIONS_RUN.c.name)))


def _run(engine: Engine, name: str, migration: Migration) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('cost_ledger'))")
        MIGRATIONS_RUN.create(connection, checkfirst=True)
        seen = select(MIGRATIONS_RUN.c.name).where(MIGRATIONS_RUN.c.name == name)
        if connection.scalar(seen) is None:
            migration(connection)
            connection.execute(insert(MIGRATIONS_RUN).values(name=name, applied_at=time.time()))
