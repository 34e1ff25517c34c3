"""What each model was built from, so that only what has changed is built again."""
# Names put into SQL come from the project's own models.
# ruff: noqa: S608

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

import duckdb
import sqlglot

from qwenocr_assets.warehouse.ddl import BUILD_LOG, LOAD_LOG
from qwenocr_assets.warehouse.models import Model

_CHANGES_BY_ITSELF = {
    "now", "today", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
    "get_current_time", "get_current_timestamp", "transaction_timestamp", "random", "uuid", "gen_random_uuid",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuiltFrom:
    """Two hashes: a model with both as before is as before."""

    form: str
    """Of its SQL and descriptions, and the columns and forms of what it reads."""
    content: str
    """Of the rows of what it reads."""


def built_from(con: duckdb.DuckDBPyConnection, model: Model) -> BuiltFrom:
    """What building the model now would build it from; its refs have been built."""
    form = [model.materialized, model.sql, model.description, repr(sorted(model.columns.items()))]
    if model.increment:
        form += [*model.increment.before, model.increment.sql]
    content = []
    for schema, table in model.sources:
        form.append(_columns(con, schema, table))
        content.append(_loaded(con, schema, table))
    for name in model.refs:
        ref = last_built(con, name)
        form.append(ref.form if ref else "")
        content.append(ref.content if ref else _moment())
    if _changes_by_itself(model.sql):
        content.append(_moment())
    return BuiltFrom(_hash(form), _hash([*form, *content]))


def last_built(con: duckdb.DuckDBPyConnection, name: str) -> BuiltFrom | None:
    """What a model was last built from; None when it never was."""
    row = con.execute(f"SELECT form, content FROM {BUILD_LOG} WHERE model = ?", [name]).fetchone()
    return BuiltFrom(*row) if row else None


def note_built(con: duckdb.DuckDBPyConnection, name: str, built: BuiltFrom) -> None:
    """Remember what a model was built from; belongs into the transaction that builds it."""
    forget_built(con, name)
    con.execute(
        f"INSERT INTO {BUILD_LOG} VALUES (?, ?, ?, ?)",
        [name, built.form, built.content, datetime.now(UTC).replace(tzinfo=None)],
    )


def forget_built(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Forget a model that is dropped."""
    con.execute(f"DELETE FROM {BUILD_LOG} WHERE model = ?", [name])


def _columns(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    rows = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? "
        "AND database_name = current_database() ORDER BY column_index",
        [schema, table],
    ).fetchall()
    return repr(rows)


def _loaded(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    """Hashes of the files that a table was loaded from; of all files for a table of `ops`."""
    rows = con.execute(
        f"SELECT table_name, batch_id, sha256 FROM {LOAD_LOG} WHERE table_name = ? OR ? = 'ops' ORDER BY ALL",
        [table, schema],
    ).fetchall()
    return repr(rows)


@cache
def _changes_by_itself(sql: str) -> bool:
    """Whether SQL reads the clock or rolls dice; what comments and texts say does not count."""
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    return any(
        t.token_type is not sqlglot.TokenType.STRING and t.text.lower() in _CHANGES_BY_ITSELF for t in tokens
    )


def _moment() -> str:
    return str(datetime.now(UTC))


def _hash(parts: list[str]) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
