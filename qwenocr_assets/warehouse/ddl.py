"""The warehouse's schemas, tables and comments, from the declared tables.

`core` holds the rows of the table files, `ops` what the loader remembers. Keys are checked when rows are loaded
instead of declared: an index would double the file and slow every load.
"""

from collections.abc import Iterable

import duckdb

from qwenocr_assets.schemas import TABLES, TableSchema

CORE = "core"
LOAD_LOG = "ops.load_log"

_LOAD_LOG_COLUMNS = (
    ("table_name", "VARCHAR NOT NULL", "Table of core that was loaded."),
    ("batch_id", "VARCHAR NOT NULL", "Intake batch whose rows were loaded."),
    ("sha256", "VARCHAR NOT NULL", "SHA-256 of the file's bytes."),
    ("rows", "BIGINT NOT NULL", "Rows in the file."),
    ("loaded_at", "TIMESTAMP NOT NULL", "When it was loaded, UTC."),
)


def core_table(schema: TableSchema) -> str:
    """The statement that creates a table of `core`."""
    columns = ", ".join(
        f'"{c.name}" {c.type.duckdb}{"" if c.nullable else " NOT NULL"}' for c in schema.columns
    )
    return f"CREATE TABLE {CORE}.{schema.name} ({columns})"


def core_comments(schema: TableSchema) -> list[str]:
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


def create_missing(con: duckdb.DuckDBPyConnection, tables: Iterable[TableSchema] = TABLES.values()) -> None:
    """Bring `core` and `ops` to the declared form, touching nothing that already has it.

    A table whose columns are no longer the declared ones is dropped with its entries in the load log, so that
    the next load fills it again from the table files. So is a table that is not declared any more.
    """
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {CORE}")
    con.execute("CREATE SCHEMA IF NOT EXISTS ops")
    _create_load_log(con)
    declared = {t.name: t for t in tables}
    present = _present_columns(con)
    for name in present:
        if name not in declared or present[name] != _declared_columns(declared[name]):
            con.execute(f"DROP TABLE {CORE}.{name}")
            con.execute(f"DELETE FROM {LOAD_LOG} WHERE table_name = ?", [name])  # noqa: S608  a constant
    comments = _present_comments(con)
    for name, schema in declared.items():
        if present.get(name) != _declared_columns(schema):
            con.execute(core_table(schema))
            comments.pop(name, None)
        if comments.get(name) != [schema.description, *(c.description for c in schema.columns)]:
            for statement in core_comments(schema):
                con.execute(statement)


def _create_load_log(con: duckdb.DuckDBPyConnection) -> None:
    if con.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'ops'").fetchone():
        return
    columns = ", ".join(f"{name} {kind}" for name, kind, _ in _LOAD_LOG_COLUMNS)
    con.execute(f"CREATE TABLE {LOAD_LOG} ({columns})")
    con.execute(comment("TABLE", LOAD_LOG, "Which table file of which batch was loaded, and when."))
    for name, _, text in _LOAD_LOG_COLUMNS:
        con.execute(comment("COLUMN", f"{LOAD_LOG}.{name}", text))


_Columns = list[tuple[str, str, bool]]


def _declared_columns(schema: TableSchema) -> _Columns:
    return [(c.name, c.type.duckdb.replace(" ", ""), c.nullable) for c in schema.columns]


def _present_columns(con: duckdb.DuckDBPyConnection) -> dict[str, _Columns]:
    columns: dict[str, _Columns] = {}
    for table, name, kind, nullable in con.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE schema_name = ? AND database_name = current_database() ORDER BY table_name, column_index",
        [CORE],
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
