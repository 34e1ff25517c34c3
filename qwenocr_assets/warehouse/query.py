"""SQL against the published warehouse, and what there is to query in it."""
# Names put into SQL are quoted; they come from DuckDB's own catalogue.
# ruff: noqa: S608

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import duckdb

from qwenocr_assets.errors import QueryError
from qwenocr_assets.warehouse.connect import Warehouse, open_reader
from qwenocr_assets.warehouse.ddl import quoted

_SCHEMAS = ("marts", "staging", "core", "ops")
"""Where a table is looked for when it is named without its schema, in this order."""
_LISTED = ("marts", "core", "staging", "ops")
"""Schemas in the order in which their tables are listed; others are the program's own."""
_RELATIONS = """
    SELECT schema_name, table_name AS name, comment, estimated_size AS row_count
    FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal
    UNION ALL
    SELECT schema_name, view_name, comment, NULL
    FROM duckdb_views() WHERE database_name = current_database() AND NOT internal
"""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Column names and rows, as Python values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def run_query(warehouse: Warehouse, sql: str) -> QueryResult:
    """Run SQL on the published file and return what its last statement gives.

    Raises `WarehouseError` when there is no warehouse yet, `QueryError` when DuckDB refuses the SQL (with its own
    message).
    """
    with open_reader(warehouse) as con:
        rows = last_result(con, sql)
        try:
            return (
                QueryResult(tuple(rows.columns), rows.fetchall()) if rows is not None else QueryResult((), [])
            )
        except duckdb.Error as error:
            raise _refused(error) from error


def last_result(con: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation | None:
    """Run every statement and return what the last one gives, not fetched yet; None when it gives nothing.

    Raises `QueryError` when there is no statement or DuckDB refuses one (with its own message).
    """
    try:
        if not con.extract_statements(sql):
            raise QueryError("There is no SQL to run.", "`qwenocr tables` lists what there is to query.")
        return con.sql(sql)
    except duckdb.Error as error:
        raise _refused(error) from error


def _refused(error: duckdb.Error) -> QueryError:
    return QueryError(f"The query failed. {error}", _next_step(error))


def _next_step(error: duckdb.Error) -> str:
    """What helps against this kind of error."""
    if "read-only" in str(error):
        return "The published warehouse is read-only: write results into a file with --output, or use a copy."
    match error:
        case duckdb.CatalogException():
            return "`qwenocr tables` lists what there is to query."
        case duckdb.BinderException():
            return "`qwenocr tables NAME` lists the columns of a table."
        case duckdb.ParserException():
            return "Correct the SQL where the message points."
    return "Correct the query."


def find_table(warehouse: Warehouse, table: str) -> str:
    """The full name of a table: `line_items` is `marts.line_items`. Raises `WarehouseError` when there is none."""
    with open_reader(warehouse) as con:
        found = con.execute(
            "SELECT schema_name, table_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND NOT internal GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    names = {f"{schema}.{name}": f'{schema}."{name}"' for schema, name in found}
    for candidate in (table, *(f"{schema}.{table}" for schema in _SCHEMAS)):
        if candidate in names:
            return names[candidate]
    near = get_close_matches(table.rpartition(".")[2], {name: None for _, name in found}, n=3)
    raise QueryError(
        f"There is no table {table} in the warehouse.",
        f"Did you mean {' or '.join(near)}?" if near else "docs/data-dictionary.md lists them all.",
    )


def list_tables(warehouse: Warehouse) -> QueryResult:
    """Every table and mart: table (with its schema), rows, about (the first sentence of its description).

    Views of `staging` are not counted: they have the rows of the tables in `core` that stand for a document.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    with open_reader(warehouse) as con:
        found = con.execute(_RELATIONS).fetchall()
        rows = []
        for schema, name, comment, count in found:
            if schema not in _LISTED:
                continue
            if count is None and schema == "marts":
                counted = con.execute(f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}").fetchone()
                count = counted[0] if counted else None
            rows.append((f"{schema}.{name}", count, _first_sentence(comment)))
    rows.sort(key=lambda row: (_LISTED.index(row[0].partition(".")[0]), row[0]))
    return QueryResult(("table", "rows", "about"), rows)


def list_columns(warehouse: Warehouse, table: str) -> QueryResult:
    """The columns of a table or mart, named with or without its schema: column, type, about.

    Raises:
        WarehouseError: there is no warehouse yet, or no such table (naming those like it).
    """
    full = find_table(warehouse, table).replace('"', "")
    schema, _, name = full.partition(".")
    with open_reader(warehouse) as con:
        rows = con.execute(
            "SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = ? AND table_name = ? "
            "ORDER BY column_index",
            [schema, name],
        ).fetchall()
    return QueryResult(("column", "type", "about"), rows)


def _first_sentence(text: str | None) -> str:
    return (text or "").partition(". ")[0].rstrip(".")
