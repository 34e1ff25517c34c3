"""SQL against the published warehouse."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from qwenocr_assets.errors import QueryError
from qwenocr_assets.warehouse.connect import open_reader


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Column names and rows, as Python values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def run_query(warehouse: Path, sql: str) -> QueryResult:
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
