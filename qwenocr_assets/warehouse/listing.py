"""The tables of the published warehouse, and the columns of one, with their descriptions."""
# Names put into SQL are quoted; they come from DuckDB's own catalogue.
# ruff: noqa: S608

from pathlib import Path

from qwenocr_assets.warehouse.connect import open_reader
from qwenocr_assets.warehouse.ddl import quoted
from qwenocr_assets.warehouse.export import find_table
from qwenocr_assets.warehouse.query import QueryResult

_RELATIONS = """
    SELECT schema_name, table_name AS name, comment, estimated_size AS row_count
    FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal
    UNION ALL
    SELECT schema_name, view_name, comment, NULL
    FROM duckdb_views() WHERE database_name = current_database() AND NOT internal
"""
_SCHEMAS = ("marts", "core", "staging", "ops")
"""In the order in which they are listed; others are the program's own."""


def list_tables(warehouse: Path) -> QueryResult:
    """Every table and mart: table (with its schema), rows, about (the first sentence of its description).

    Views of `staging` are not counted: they have the rows of the tables in `core` that stand for a document.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    with open_reader(warehouse) as con:
        found = con.execute(_RELATIONS).fetchall()
        rows = []
        for schema, name, comment, count in found:
            if schema not in _SCHEMAS:
                continue
            if count is None and schema == "marts":
                counted = con.execute(f"SELECT count(*) FROM {quoted(schema)}.{quoted(name)}").fetchone()
                count = counted[0] if counted else None
            rows.append((f"{schema}.{name}", count, _first_sentence(comment)))
    rows.sort(key=lambda row: (_SCHEMAS.index(row[0].partition(".")[0]), row[0]))
    return QueryResult(("table", "rows", "about"), rows)


def list_columns(warehouse: Path, table: str) -> QueryResult:
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
