"""Loading into a DuckLake: by many processes at the same time, each with the batches that it has claimed.

DuckLake knows no keys, so a batch is loaded by who has claimed it in the catalogue's Postgres, and the load log is read
once it has. Rows are first brought together in this process and checked there; the transaction then writes them and
nothing else, and commits in turn with the others: two that commit at once would take the same number of a snapshot, and
one of them begin again. Should a batch have come twice all the same, its log says so, and it is loaded again.
"""
# Names put into SQL come from the declared tables, never from input.
# ruff: noqa: S608

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from qwenocr_assets.schemas import TABLES
from qwenocr_assets.storage.data_folder import DataFolder
from qwenocr_assets.warehouse.connect import open_writer, transaction
from qwenocr_assets.warehouse.ddl import CORE, LOAD_LOG, create_missing, declared_columns
from qwenocr_assets.warehouse.loading.changes import Found, LoadReport, changed_files, differing_keys, look
from qwenocr_assets.warehouse.loading.load_rows import delete_rows, forget, insert_rows, read_log, record
from qwenocr_assets.warehouse.places.claims import Claims, claims
from qwenocr_assets.warehouse.places.lake import Lake
from qwenocr_assets.warehouse.places.published import cache_folder
from qwenocr_assets.warehouse.table_scan import Key, LoadableFile

GROUP = 32
"""Batches in one commit: it writes a file a table, however many batches are in it."""
_TRIES = 5
_HERE = "memory"
"""The database in this process that the lake is attached to."""


def load_lake(data: DataFolder, lake: Lake, copies: Path) -> LoadReport:
    """Bring `core` in a lake to the state of the table files, a group of batches after the other.

    Raises:
        WarehouseError: a file cannot be loaded; the groups before are.
        duckdb.Error: the lake cannot be written.
    """
    loaded: set[str] = set()
    removed: set[str] = set()
    with open_writer(lake) as con, claims(lake) as claimed, claimed.files():
        with claimed.turn(), transaction(con):
            create_missing(con)
        found = look(data, cache_folder(data) / "hashes.json", copies)
        groups = _grouped(sorted({key.batch_id for key in differing_keys(read_log(con), found)}))
        elsewhere: list[str] = []
        for wait, waiting in ((False, groups), (True, [elsewhere])):
            for group in waiting:
                try:
                    mine = claimed.take(group, wait=wait)
                    elsewhere += [] if wait else sorted(set(group) - set(mine))
                    if mine:
                        came, went = _bring(con, claimed, data, found, mine)
                        loaded |= came
                        removed |= went
                finally:
                    claimed.give_back()
        counts = dict(con.execute(f"SELECT table_name, sum(rows) FROM {LOAD_LOG} GROUP BY ALL").fetchall())
    return LoadReport(
        batches_loaded=tuple(sorted(loaded)),
        batches_removed=tuple(sorted(removed)),
        rows_by_table={name: int(counts.get(name, 0)) for name in TABLES},
    )


def _grouped(batches: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(batches), GROUP):
        yield batches[begin : begin + GROUP]


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done about some batches."""

    staged: dict[str, str]
    """By core table, the table in this process with its new rows."""
    stale: list[Key]
    files: list[LoadableFile]

    def make(self, con: duckdb.DuckDBPyConnection, data: DataFolder) -> None:
        for name, schema in TABLES.items():
            delete_rows(con, name, [key.batch_id for key in self.stale if key.table == name])
            if name in self.staged:
                names = ", ".join(f'"{column}"' for column in schema.column_names)
                con.execute(f"INSERT INTO {CORE}.{name} ({names}) SELECT {names} FROM {self.staged[name]}")
        forget(con, self.stale)
        record(con, self.files, data)


def _bring(
    con: duckdb.DuckDBPyConnection, claimed: Claims, data: DataFolder, found: Found, batches: Sequence[str]
) -> tuple[set[str], set[str]]:
    """Bring these batches, which are ours, to the state of their files; returns those loaded and those removed."""
    logged = read_log(con)
    mine = set(batches)
    differing = sorted(key for key in differing_keys(logged, found) if key.batch_id in mine)
    files = changed_files(found, differing)
    vanished = [key for key in differing if key not in found.hashes]
    staged = {}
    here = con.cursor()
    here.execute(f"USE {_HERE}")  # where the lake is the current database, each query asks Postgres about it
    try:
        for name, schema in TABLES.items():
            if of_table := [file for file in files if file.key.table == name]:
                staged[name] = f"{_HERE}.main.staged_{name}"
                here.execute(f"CREATE OR REPLACE TABLE {staged[name]} ({declared_columns(schema)})")
                insert_rows(here, schema, of_table, staged[name])
        change = _Change(staged, [*vanished, *(f.key for f in files if f.key in logged)], files)
        _commit(con, claimed, lambda: change.make(con, data))
    finally:
        for relation in staged.values():
            here.execute(f"DROP TABLE IF EXISTS {relation}")
    return {f.key.batch_id for f in files}, {key.batch_id for key in vanished}


def _commit(con: duckdb.DuckDBPyConnection, claimed: Claims, do: Callable[[], None]) -> None:
    """Do it in a transaction that ends in our turn; when somebody else's commit stands in the way, anew."""
    for attempt in range(1, _TRIES + 1):
        try:
            with claimed.turn_at_the_end() as take_turn, transaction(con):
                do()
                take_turn()
        except duckdb.TransactionException:
            if attempt == _TRIES:
                raise
        else:
            return
