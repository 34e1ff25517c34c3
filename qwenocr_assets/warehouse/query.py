"""One SQL statement against the published warehouse."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.connect import open_reader


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Column names and rows, as Python values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def run_query(warehouse: Path, sql: str) -> QueryResult:
    """Run SQL on the published file and return what its last statement gives.

    Raises `WarehouseError` when there is no warehouse yet or DuckDB refuses the SQL (with its own message).
    """
    with open_reader(warehouse) as con:
        try:
            if not con.extract_statements(sql):
                raise WarehouseError("There is no SQL to run.", 'Try `qwenocr sql "SHOW ALL TABLES"`.')
            con.execute(sql)
            return QueryResult(tuple(c[0] for c in con.description or ()), con.fetchall())
        except duckdb.Error as error:
            raise WarehouseError(
                f"The query failed. {error}", "`SHOW ALL TABLES` lists what there is to query."
            ) from error
