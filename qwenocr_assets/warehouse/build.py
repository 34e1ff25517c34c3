"""Building models in the working file, describing them there, and running their tests."""
# Names put into SQL come from the project's own models.
# ruff: noqa: S608

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import duckdb

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.build_log import all_built, built_from, forget_built, note_built
from qwenocr_assets.warehouse.connect import transaction
from qwenocr_assets.warehouse.ddl import comment, create_missing, create_ops
from qwenocr_assets.warehouse.model_sql import Increment
from qwenocr_assets.warehouse.models import Model

Schemas = dict[str, dict[str, dict[str, str]]]
"""DuckDB types by schema, table and column."""


class Change(Enum):
    """What building a model did."""

    UNCHANGED = "unchanged"
    """Nothing: neither it nor anything behind it has changed."""
    APPENDED = "appended"
    """An incremental model took in what is new."""
    FOLLOWED = "followed"
    """A view shows what has changed behind it, and had not to be touched."""
    REBUILT = "rebuilt"


@dataclass(frozen=True, slots=True)
class ModelResult:
    """A model as built: its rows, and its columns with their DuckDB types in order."""

    rows: int | None
    """None of a view: to count them is to compute it, and all that it reads."""
    columns: list[tuple[str, str]]
    change: Change


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a data test ended."""

    __test__ = False  # not a test itself, whatever pytest makes of the name

    name: str
    passed: bool
    failing_rows: int
    severity: str
    """error or warn."""


def build_model(con: duckdb.DuckDBPyConnection, model: Model, present: Mapping[str, str]) -> ModelResult:
    """Bring one model, whose inputs are there, up to date, with its descriptions as comments.

    `present` is what `begin_build` found. A model that has not changed, and reads only what has not changed, is left as
    it is. Raises `WarehouseError` naming the file when DuckDB refuses its SQL.
    """
    with _refusals_named(model), transaction(con):
        return _build(con, model, present.get(model.relation))


def build_models(con: duckdb.DuckDBPyConnection, models: Mapping[str, Model]) -> dict[str, ModelResult]:
    """Build every model in order, and drop what earlier models left behind."""
    present = begin_build(con, models)
    return {name: build_model(con, model, present) for name, model in models.items()}


def run_tests(con: duckdb.DuckDBPyConnection, model: Model) -> list[TestResult]:
    """Run a built model's tests.

    Raises `WarehouseError` naming the model and test when DuckDB refuses the test's SQL.
    """
    results = []
    for test in model.tests:
        try:
            row = con.execute(f"SELECT count(*) FROM ({test.sql})").fetchone()
        except duckdb.Error as error:
            raise WarehouseError(
                f"The test {test.name} of {model.path} cannot be run: {error}", "Mend it in schema.yml."
            ) from error
        failing = int(row[0]) if row else 0
        results.append(TestResult(test.name, failing == 0, failing, test.severity))
    return results


def begin_build(con: duckdb.DuckDBPyConnection, models: Mapping[str, Model]) -> dict[str, str]:
    """Make ready to build: the build log is there, and what earlier models left behind in the schemas is dropped.

    Returns the models' relations that are there, with what each is: TABLE or VIEW.
    """
    create_ops(con)
    known = {m.relation for m in models.values()}
    present = {}
    for schema, name, kind in _relations(con):
        if f"{schema}.{name}" in known:
            present[f"{schema}.{name}"] = kind
        elif schema in {m.schema for m in models.values()}:
            con.execute(f'DROP {kind} {schema}."{name}"')
            forget_built(con, name)
    return present


def planned_schemas(models: Mapping[str, Model]) -> Schemas:
    """Every table and model with its columns' types, known before there is any data.

    The models are built in memory on empty tables, so SQL that DuckDB refuses is found here; so is a description of a
    column that a model does not give.
    """
    with duckdb.connect() as con:
        create_missing(con)
        for model in models.values():
            # all as tables: a view would be read through every view below it, again and again
            with _refusals_named(model):
                con.execute(f"CREATE SCHEMA IF NOT EXISTS {model.schema}")
                con.execute(f"CREATE TABLE {model.relation} AS {model.sql}")
                if model.increment:
                    _extend(con, model, model.increment)
        schemas = schemas_of(con)
    for model in models.values():
        _check_descriptions(model, schemas[model.schema][model.name])
    return schemas


def schemas_of(con: duckdb.DuckDBPyConnection) -> Schemas:
    """The tables and views of an open file, with their columns' types in order."""
    schemas: Schemas = {}
    for schema, table, column, kind in con.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND NOT internal ORDER BY table_oid, column_index"
    ).fetchall():
        schemas.setdefault(schema, {}).setdefault(table, {})[column] = kind
    return schemas


def _build(con: duckdb.DuckDBPyConnection, model: Model, present: str | None) -> ModelResult:
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {model.schema}")
    built = all_built(con)
    last, now = built.get(model.name), built_from(con, model, built)
    if present != model.kind or last is None or last.form != now.form:
        change = Change.REBUILT
    elif last.content == now.content:
        change = Change.UNCHANGED
    elif model.kind == "VIEW":
        change = Change.FOLLOWED
    else:
        change = Change.APPENDED if model.increment else Change.REBUILT
    if change is Change.REBUILT:
        if present and present != model.kind:
            con.execute(f"DROP {present} {model.relation}")
        con.execute(f"CREATE OR REPLACE {model.kind} {model.relation} AS {model.sql}")
    elif change is Change.APPENDED and model.increment:
        _extend(con, model, model.increment)
    columns = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {model.relation})").fetchall()
    if change is Change.REBUILT:
        _describe(con, model, [name for name, _ in columns])
    if change is not Change.UNCHANGED:
        note_built(con, model.name, now)
    return ModelResult(_rows(con, model), [(name, kind) for name, kind in columns], change)


def _rows(con: duckdb.DuckDBPyConnection, model: Model) -> int | None:
    if model.kind == "VIEW":
        return None
    row = con.execute(f"SELECT count(*) FROM {model.relation}").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _refusals_named(model: Model) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise WarehouseError(f"{model.path} cannot be built: {error}", "Mend the SQL.") from error


def _extend(con: duckdb.DuckDBPyConnection, model: Model, increment: Increment) -> None:
    for statement in increment.before:
        con.execute(statement)
    con.execute(f"INSERT INTO {model.relation} BY NAME {increment.sql}")


def _check_descriptions(model: Model, present: Iterable[str]) -> None:
    if missing := sorted(model.own_columns - set(present)):
        raise WarehouseError(
            f"schema.yml describes {model.name}.{missing[0]}, and {model.path} gives no such column.",
            "Correct the name, or add the column.",
        )


def _describe(con: duckdb.DuckDBPyConnection, model: Model, present: list[str]) -> None:
    _check_descriptions(model, present)
    comments = [comment(model.kind, model.relation, model.description)] if model.description else []
    lake = _is_lake(con)
    for name in present:
        if lake and model.kind == "VIEW":
            break  # DuckLake keeps no comments on columns of views
        if text := model.columns.get(name):
            comments.append(comment("COLUMN", f'{model.relation}."{name}"', text))
    con.execute("; ".join(comments))


def _is_lake(con: duckdb.DuckDBPyConnection) -> bool:
    row = con.execute(
        "SELECT type FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchone()
    return row is not None and row[0] == "ducklake"


def _relations(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """The tables and views there are: schema, name, and which of the two."""
    return con.execute(
        "SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables() "
        "WHERE database_name = current_database() AND NOT internal "
        "UNION ALL SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() "
        "WHERE database_name = current_database() AND NOT internal ORDER BY ALL"
    ).fetchall()
