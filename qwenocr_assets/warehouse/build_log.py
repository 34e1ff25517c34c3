"""What each model was built from, so that only what has changed is built again."""
# Names put into SQL come from the project's own models.
# ruff: noqa: S608

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

import duckdb

from qwenocr_assets.warehouse.ddl import BUILD_LOG, LOAD_LOG
from qwenocr_assets.warehouse.models import Model

_CHANGES_BY_ITSELF = {
    "now", "today", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
    "get_current_time", "get_current_timestamp", "transaction_timestamp", "random", "uuid", "gen_random_uuid",
}  # fmt: skip
_NAMES = (duckdb.token_type.identifier, duckdb.token_type.keyword)


@dataclass(frozen=True, slots=True)
class BuiltFrom:
    """Two hashes: a model with both as before is as before."""

    form: str
    """Of its SQL and descriptions, and the columns and forms of what it reads."""
    content: str
    """Of the rows of what it reads."""


def built_from(con: duckdb.DuckDBPyConnection, model: Model, built: Mapping[str, BuiltFrom]) -> BuiltFrom:
    """What building the model now would build it from; its refs have been built, and `built` says from what."""
    form = [model.materialized, model.sql, model.description, repr(sorted(model.columns.items()))]
    if model.increment:
        form += [*model.increment.before, model.increment.sql]
    content = []
    for schema, table in model.sources:
        form.append(_columns(con, schema, table))
        content.append(_loaded(con, schema, table))
    for name in model.refs:
        ref = built.get(name)
        form.append(ref.form if ref else "")
        content.append(ref.content if ref else _moment())
    if _changes_by_itself(model.sql):
        content.append(_moment())
    return BuiltFrom(_hash(form), _hash([*form, *content]))


def all_built(con: duckdb.DuckDBPyConnection) -> dict[str, BuiltFrom]:
    """What each model that was ever built was last built from."""
    rows = con.execute(f"SELECT model, form, content FROM {BUILD_LOG}").fetchall()
    return {model: BuiltFrom(form, content) for model, form, content in rows}


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
    encoded = sql.encode()  # places of tokens are counted in bytes
    tokens = duckdb.tokenize(sql)
    ends = [*(begin for begin, _ in tokens[1:]), len(encoded)]
    names = (
        encoded[begin:end].decode().strip(' \t\r\n"').lower()
        for (begin, kind), end in zip(tokens, ends, strict=True)
        if kind in _NAMES
    )
    return not _CHANGES_BY_ITSELF.isdisjoint(names)


def _moment() -> str:
    return str(datetime.now(UTC))


def _hash(parts: list[str]) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
