"""The warehouse's schemas, tables and comments, from the declared tables.

`core` holds the rows of the table files, `ops` what loader and builder remember. Keys are checked when rows are loaded
instead of declared: an index would double the file and slow every load.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from qwenocr_assets.schemas import TABLES, TableSchema

CORE = "core"
LOAD_LOG = "ops.load_log"
BUILD_LOG = "ops.build_log"


@dataclass(frozen=True, slots=True)
class OpsTable:
    """A table of `ops`: what loader and builder remember."""

    description: str
    columns: tuple[tuple[str, str, str], ...]
    """Name, DuckDB type, meaning; none is ever NULL."""


OPS_TABLES: dict[str, OpsTable] = {
    LOAD_LOG: OpsTable(
        "Which table file of which intake was loaded, and when.",
        (
            ("table_name", "VARCHAR", "Table of core that was loaded."),
            ("batch_id", "VARCHAR", "Intake whose rows were loaded."),
            ("file", "VARCHAR", "The table file, below the data folder."),
            ("sha256", "VARCHAR", "SHA-256 of the file's bytes."),
            ("rows", "BIGINT", "Rows in the file."),
            ("loaded_at", "TIMESTAMP", "When it was loaded, UTC."),
        ),
    ),
    BUILD_LOG: OpsTable(
        "What each model was last built from: a model whose two hashes are as before is not built again.",
        (
            ("model", "VARCHAR", "Name of the model."),
            ("form", "VARCHAR", "Hash of its SQL and descriptions, and of the columns of what it reads."),
            ("content", "VARCHAR", "Hash of the files behind the rows it reads."),
            ("built_at", "TIMESTAMP", "When it was built, UTC."),
        ),
    ),
}


def core_table(schema: TableSchema[Any]) -> str:
    """The statement that creates a table of `core`."""
    return f"CREATE TABLE {CORE}.{schema.name} ({declared_columns(schema)})"


def declared_columns(schema: TableSchema[Any]) -> str:
    """The columns of a table of `core`, as `CREATE TABLE` takes them."""
    return ", ".join(f'"{c.name}" {c.type.duckdb}{"" if c.nullable else " NOT NULL"}' for c in schema.columns)


def core_comments(schema: TableSchema[Any]) -> list[str]:
    """The statements that describe a table of `core` and its columns."""
    table = f"{CORE}.{schema.name}"
    return [
        comment("TABLE", table, schema.description),
        *(comment("COLUMN", f'{table}."{c.name}"', c.description) for c in schema.columns),
    ]


def comment(kind: str, name: str, text: str) -> str:
    """`COMMENT ON`; it takes no parameters, so the text is quoted here."""
    return f"COMMENT ON {kind} {name} IS {literal(text)}"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever it is."""
    return '"' + name.replace('"', '""') + '"'


def create_missing(
    con: duckdb.DuckDBPyConnection, tables: Iterable[TableSchema[Any]] = TABLES.values()
) -> None:
    """Bring `core` and `ops` to the declared form, touching nothing that already has it.

    A table whose columns are no longer the declared ones is dropped with its entries in the load log, so that
    the next load fills it again from the table files. So is a table that is not declared any more, and every table
    when the load log itself has another form.
    """
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {CORE}")
    log_is_new = LOAD_LOG in create_ops(con)
    declared = {t.name: t for t in tables}
    present = _present_columns(con, CORE)
    for name in present:
        if log_is_new or name not in declared or present[name] != _declared_columns(declared[name]):
            con.execute(f"DROP TABLE {CORE}.{name}")
            con.execute(f"DELETE FROM {LOAD_LOG} WHERE table_name = ?", [name])  # noqa: S608  a constant
    comments = _present_comments(con)
    for name, schema in declared.items():
        if log_is_new or present.get(name) != _declared_columns(schema):
            con.execute(core_table(schema))
            comments.pop(name, None)
        if comments.get(name) != [schema.description, *(c.description for c in schema.columns)]:
            con.execute("; ".join(core_comments(schema)))


def drop_all(con: duckdb.DuckDBPyConnection) -> None:
    """Drop all tables of `core` and `ops`, with what they hold."""
    for schema in (CORE, "ops"):
        for table in _present_columns(con, schema):
            con.execute(f"DROP TABLE {schema}.{table}")


def create_ops(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Create the tables of `ops` that are not there in their declared form, empty; returns which."""
    created = []
    con.execute("CREATE SCHEMA IF NOT EXISTS ops")
    present = _present_columns(con, "ops")
    for name, table in OPS_TABLES.items():
        declared = [(column, kind, False) for column, kind, _ in table.columns]
        found = present.get(name.partition(".")[2])
        if found == declared:
            continue
        columns = ", ".join(f"{column} {kind} NOT NULL" for column, kind, _ in table.columns)
        con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        created.append(name)
        comments = [comment("COLUMN", f"{name}.{column}", text) for column, _, text in table.columns]
        con.execute("; ".join([comment("TABLE", name, table.description), *comments]))
    return created


_Columns = list[tuple[str, str, bool]]


def _declared_columns(schema: TableSchema[Any]) -> _Columns:
    return [(c.name, c.type.duckdb.replace(" ", ""), c.nullable) for c in schema.columns]


def _present_columns(con: duckdb.DuckDBPyConnection, schema: str) -> dict[str, _Columns]:
    columns: dict[str, _Columns] = {}
    for table, name, kind, nullable in con.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE schema_name = ? AND database_name = current_database() ORDER BY table_name, column_index",
        [schema],
    ).fetchall():
        columns.setdefault(table, []).append((name, kind, nullable))
    return columns


def _present_comments(con: duckdb.DuckDBPyConnection) -> dict[str, list[str | None]]:
    """Each table's comment followed by those of its columns, in order."""
    comments: dict[str, list[str | None]] = {
        table: [text]
        for table, text in con.execute(
            "SELECT table_name, comment FROM duckdb_tables() "
            "WHERE schema_name = ? AND database_name = current_database()",
            [CORE],
        ).fetchall()
    }
    for table, text in con.execute(
        "SELECT table_name, comment FROM duckdb_columns() "
        "WHERE schema_name = ? AND database_name = current_database() ORDER BY table_name, column_index",
        [CORE],
    ).fetchall():
        comments[table].append(text)
    return comments
