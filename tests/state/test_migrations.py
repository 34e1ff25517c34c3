"""One database: new ones, those of the builds before it had migrations, and those of builds to come."""

import sqlite3
from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, Index, MetaData, Table, Text, create_engine, inspect, text
from upath import UPath

from qwenocr_assets.asking.batch_api.jobs import Jobs
from qwenocr_assets.cost.ledger import Ledger
from qwenocr_assets.cost.scopes import Kind, Scope
from qwenocr_assets.errors import DamagedDatabase, InUse, StorageError
from qwenocr_assets.intake.inbox.index import open_index
from qwenocr_assets.qwenocr.prices import Tokens
from qwenocr_assets.state.batch_hold import hold_batch
from qwenocr_assets.state.database import open_database, sqlite_url
from qwenocr_assets.state.migrations import MIGRATIONS, MIGRATIONS_RUN, make_declared, migrate
from qwenocr_assets.state.tables import METADATA
from qwenocr_assets.statuses import LedgerState
from tests.conftest import emptied

BEFORE = Path(__file__).parent / "before_migrations"
"""What the build of 2026-11-29 left of a few calls, jobs and looks at an inbox, when five modules made tables."""

Rows = dict[str, list[str]]


def sqlite_file(folder: Path, name: str) -> str:
    path = folder / f"{name}.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((BEFORE / f"{name}.sql").read_text(encoding="utf-8"))
    connection.close()
    return sqlite_url(path)


@pytest.fixture(params=["sqlite", "postgres"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that does not exist, or with nothing in it."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "new.db")
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture(params=["ledger.db", "inbox.db", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of an earlier build."""
    if request.param == "postgres":
        return filled(request.getfixturevalue("empty_postgres"))
    return sqlite_file(tmp_path, request.param.removesuffix(".db"))


def filled(postgres: str) -> str:
    with plain(postgres) as engine, engine.begin() as connection:
        connection.exec_driver_sql((BEFORE / "postgres.sql").read_text(encoding="utf-8"))
    return postgres


@contextmanager
def plain(url: str) -> Iterator[Engine]:
    """An engine that makes and changes nothing by itself."""
    engine = create_engine(url)
    yield engine
    engine.dispose()


def _filled(row: Mapping[str, Any]) -> str:
    """A row's values that are not NULL: new columns are."""
    return repr({column: value for column, value in row.items() if value is not None})


def rows_of(url: str) -> Rows:
    with plain(url) as engine, engine.connect() as connection:
        return {
            name: sorted(map(_filled, connection.execute(text(f"SELECT * FROM {name}")).mappings()))
            for name in inspect(engine).get_table_names()
            if name != MIGRATIONS_RUN.name
        }


def names_run(url: str) -> list[str]:
    with plain(url) as engine, engine.connect() as connection:
        query = text(f"SELECT name FROM {MIGRATIONS_RUN.name} ORDER BY applied_at, name")
        return list(connection.scalars(query))


def form_of(url: str) -> dict[str, Any]:
    """Columns, keys and indexes of every table, as the database says them."""
    with plain(url) as engine:
        there = inspect(engine)
        return {
            name: (
                [(c["name"], repr(c["type"]), c["nullable"], c["default"]) for c in there.get_columns(name)],
                there.get_pk_constraint(name)["constrained_columns"],
                sorted(
                    (i["name"], i["column_names"], bool(i["unique"]), _condition(i))
                    for i in there.get_indexes(name)
                ),
            )
            for name in there.get_table_names()
        }


def _condition(index: Any) -> str:
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", "")))


def with_accounts(rows: Rows, url: str) -> Rows:
    """With what entries of an earlier build are given: the account of their region, and the sum of its month."""
    entries = [literal_eval(row) for row in rows.get("cost_entries", [])]
    entries = [{**entry, "account": entry["region"]} for entry in entries]
    sums: dict[str, dict[str, int]] = {}
    for entry in entries:
        month = sums.setdefault(f"account:{entry['account']}:{entry['day'][:7]}", Counter())
        counted = {"settled": "settled_pico", "reserved": "reserved_pico", "uncertain": "reserved_pico"}
        if entry["state"] in counted:
            month[entry["state"]] += entry[counted[entry["state"]]]
    totals = [
        {"scope": scope, **{f"{state}_pico": of[state] for state in ("reserved", "settled", "uncertain")}}
        for scope, of in sums.items()
    ]
    found = {
        **rows,
        "cost_entries": sorted(map(repr, entries)),
        "cost_totals": sorted([*rows.get("cost_totals", []), *map(repr, totals)]),
    }
    return {name: of for name, of in found.items() if of}


def opened(url: str) -> None:
    open_database(url).dispose()


def test_a_new_database_has_what_is_declared(new: str) -> None:
    for _ in range(2):
        opened(new)
        assert set(names_run(new)) == MIGRATIONS.keys()
    form = form_of(new)
    assert form.keys() == METADATA.tables.keys() | {MIGRATIONS_RUN.name}
    for name, table in METADATA.tables.items():
        columns, key, indexes = form[name]
        assert [c[0] for c in columns] == [c.name for c in table.columns]
        assert key == [c.name for c in table.primary_key]
        assert [i[0] for i in indexes] == sorted(str(i.name) for i in table.indexes)


def test_one_of_an_earlier_build_keeps_its_rows_and_comes_to_the_same_form(old: str, tmp_path: Path) -> None:
    before = rows_of(old)
    opened(old)
    after = rows_of(old)
    assert {name: rows for name, rows in after.items() if rows} == with_accounts(before, old)
    assert all(before.values()), "the fixture has rows in every table"
    form = form_of(old)
    new = sqlite_url(tmp_path / "new.db") if old.startswith("sqlite") else emptied(old)
    opened(new)
    assert form == form_of(new)


@pytest.mark.parametrize("old", ["ledger.db", "postgres"], indirect=True)
def test_money_jobs_and_leases_of_an_earlier_build_go_on(old: str) -> None:
    with Ledger.open(old) as ledger:
        assert [e["state"] for e in ledger.entries(batch_id="b1")] == [
            LedgerState.SETTLED,
            LedgerState.RELEASED,
            LedgerState.UNCERTAIN,
            LedgerState.RESERVED,
            LedgerState.RESERVED,
        ]
        january = Scope(Kind.MONTH, "2026-01")
        month = ledger.sums([january])[january]
        assert (month.reserved_pico, month.settled_pico, month.uncertain_pico) == (
            10_000_000,
            40_200_000,
            3_000_000,
        )
        assert ledger.settle(4, Tokens(10, 10)) == 10 * 70_000 + 10 * 160_000
        [job] = Jobs(ledger).all()
        assert [line.entry_id for line in Jobs(ledger).lines(job.job_id)] == [6, 7, None]
    with plain(old) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE batch_leases SET expires_at = 1e12"))
    with pytest.raises(InUse, match="process 797 on host-a"), hold_batch(old, "b1"):
        pass


@pytest.mark.parametrize("old", ["inbox.db"], indirect=True)
def test_an_inbox_of_an_earlier_build_is_remembered(old: str, tmp_path: Path) -> None:
    with plain(old) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE inbox_state SET inbox = :root"), {"root": str(tmp_path)})
    with open_index(old, UPath(tmp_path)) as index:
        assert index.index_id == "afa6ee367611"


def newer_tables() -> MetaData:
    """The declared tables, each with one more column and one more index, and another table."""
    newer = MetaData()
    for table in METADATA.sorted_tables:
        copy = table.to_metadata(newer)
        copy.append_column(Column("note", Text))
        copy.append_column(Column("mark", Text, nullable=False, server_default="x"))
        Index(f"{table.name}_by_note", copy.c.note)
    Table("notes", newer, Column("name", Text, primary_key=True))
    return newer


@pytest.mark.parametrize("what", ["old", "new"])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_column_declared_later_comes_into_every_table(
    request: pytest.FixtureRequest, tmp_path: Path, what: str, kind: str
) -> None:
    if kind == "postgres":
        url: str = request.getfixturevalue("empty_postgres")
        if what == "old":
            filled(url)
    else:
        url = sqlite_file(tmp_path, "ledger") if what == "old" else sqlite_url(tmp_path / "new.db")
    engine = open_database(url)
    rows = {name: len(found) for name, found in rows_of(url).items()}
    newer = newer_tables()
    for _ in range(2):
        migrate(engine, {**MIGRATIONS, "notes": partial(make_declared, declared=newer)})
    engine.dispose()
    form = form_of(url)
    for name, table in newer.tables.items():
        assert {c[0] for c in form[name][0]} == {c.name for c in table.columns}
        assert {i[0] for i in form[name][2]} == {str(i.name) for i in table.indexes}
    assert {name: len(found) for name, found in rows_of(url).items()} == {**rows, "notes": 0}
    with pytest.raises(StorageError, match=r"newer version of this program \(notes\)"):
        opened(url)


def failing(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")
    connection.exec_driver_sql("UPDATE cost_totals SET settled_pico = 0")
    connection.exec_driver_sql("SELECT * FROM not_there")


def test_a_migration_that_fails_leaves_nothing_and_runs_again(new: str) -> None:
    engine = open_database(new)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO cost_totals VALUES ('run:1', 1, 2, 3)"))
    before = rows_of(new)
    for _ in range(2):
        with pytest.raises(StorageError):
            migrate(engine, {**MIGRATIONS, "failing": failing})
        assert rows_of(new) == before
        assert set(names_run(new)) == MIGRATIONS.keys()
    migrate(engine, {**MIGRATIONS, "failing": lambda _: None})
    assert set(names_run(new)) == {*MIGRATIONS, "failing"}
    engine.dispose()


def test_many_open_a_new_database_at_once_and_each_migration_runs_once(new: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(opened, [new] * 8)) == [None] * 8
    assert sorted(names_run(new)) == sorted(MIGRATIONS)


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param(lambda url: Ledger.open(url).close(), id="ledger"),
        pytest.param(lambda url: hold_batch(url, "b").__enter__(), id="lease"),
    ],
)
def test_a_damaged_file_is_said_with_what_to_do(tmp_path: Path, opening: Callable[[str], object]) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DamagedDatabase, match=r"ledger\.db is damaged .*Put a copy of it in its place"):
        opening(sqlite_url(tmp_path / "ledger.db"))
