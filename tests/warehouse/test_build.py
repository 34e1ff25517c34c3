"""Building models in DuckDB, their comments and their tests."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.build import ModelResult, build_models, planned_schemas, run_tests, schemas_of
from qwenocr_assets.warehouse.ddl import create_ops
from qwenocr_assets.warehouse.model_tests import ModelTest
from qwenocr_assets.warehouse.models import Model


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_ops(connection)
        yield connection


def model(sql: str, name: str = "m", materialized: str = "table", **given: object) -> Model:
    return Model(
        name,
        Path(f"models/marts/{name}.sql"),
        "marts",
        materialized,
        sql,
        sql,
        (),
        (),
        **given,  # type: ignore[arg-type]
    )


def build_one(con: duckdb.DuckDBPyConnection, given: Model) -> ModelResult:
    return build_models(con, {given.name: given})[given.name]


@pytest.mark.parametrize("materialized", ["table", "view"])
def test_a_model_is_built_with_its_rows_columns_and_comments(
    con: duckdb.DuckDBPyConnection, materialized: str
) -> None:
    described = model(
        "select range as n, 'x' as text from range(3)",
        materialized=materialized,
        description="It's a model.",
        columns={"n": "A number; it's from 0.", "not_there": "Passed on from a source."},
    )
    result = build_one(con, described)
    assert result.rows == (3 if materialized == "table" else None)
    assert result.columns == [("n", "BIGINT"), ("text", "VARCHAR")]
    comments = con.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'm'"
    ).fetchall()
    assert comments == [("n", "A number; it's from 0."), ("text", None)]
    relation = con.execute(
        "SELECT comment FROM duckdb_tables() WHERE table_name = 'm' "
        "UNION ALL SELECT comment FROM duckdb_views() WHERE view_name = 'm'"
    ).fetchall()
    assert relation == [("It's a model.",)]


@pytest.mark.parametrize(("first", "then"), [("table", "view"), ("view", "table"), ("view", "view")])
def test_a_model_may_change_between_view_and_table(
    con: duckdb.DuckDBPyConnection, first: str, then: str
) -> None:
    build_one(con, model("select 1 as a", materialized=first))
    build_one(con, model("select 2 as b", materialized=then))
    assert con.execute("SELECT b FROM marts.m").fetchall() == [(2,)]


def test_models_that_are_gone_are_dropped(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE SCHEMA core")
    con.execute("CREATE TABLE core.kept (a INT)")
    old = {n: model("select 1 as a", n, kind) for n, kind in (("old", "table"), ("older", "view"))}
    build_models(con, old)
    build_models(con, {"new": model("select 1 as a", "new")})
    found = schemas_of(con)
    assert (found["core"], found["marts"]) == ({"kept": {"a": "INTEGER"}}, {"new": {"a": "INTEGER"}})
    assert con.execute("SELECT model FROM ops.build_log").fetchall() == [("new",)]


def test_sql_that_duckdb_refuses_is_named_and_the_model_stays_as_it_was(
    con: duckdb.DuckDBPyConnection,
) -> None:
    build_one(con, model("select 1 as a"))
    with pytest.raises(WarehouseError, match=r"m\.sql cannot be built: .*nope"):
        build_one(con, model("select nope"))
    assert con.execute("SELECT a FROM marts.m").fetchall() == [(1,)]


def test_a_column_that_is_described_but_not_there_is_named(con: duckdb.DuckDBPyConnection) -> None:
    wrong = model("select 1 as a", columns={"b": "?"}, own_columns=frozenset({"b"}))
    with pytest.raises(
        WarehouseError, match=r"schema\.yml describes m\.b, and .*m\.sql gives no such column"
    ):
        build_one(con, wrong)


def test_schemas_are_known_before_there_is_data() -> None:
    schemas = planned_schemas({"m": model("select text, count(*) as n from core.text_lines group by text")})
    assert schemas["marts"]["m"] == {"text": "VARCHAR", "n": "BIGINT"}
    assert schemas["core"]["text_lines"]["quad_px"] == "DOUBLE[]"


@pytest.mark.parametrize(
    ("asked", "values", "failing"),
    [
        pytest.param("{not_null}", [1, 2], 0, id="not_null holds"),
        pytest.param("{not_null}", [1, None, None], 2, id="not_null fails per row"),
        pytest.param("{unique}", [1, 2, None, None], 0, id="unique ignores NULL"),
        pytest.param("{unique}", [1, 1, 1, 2, 2], 2, id="unique fails per value"),
        pytest.param("{accepted}", [1, 2, None], 0, id="accepted_values ignores NULL"),
        pytest.param("{accepted}", [1, 3, 3, 4], 2, id="accepted_values fails per value"),
        pytest.param("{related}", [7, None], 0, id="relationships ignores NULL"),
        pytest.param("{related}", [7, 8, 8], 2, id="relationships fails per row"),
    ],
)
def test_data_tests_count_what_fails_as_dbt_does(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, asked: str, values: list[int | None], failing: int
) -> None:
    from qwenocr_assets.warehouse.models import load_models

    syntax = {
        "{not_null}": "not_null",
        "{unique}": "unique",
        "{accepted}": "{accepted_values: {arguments: {values: [1, 2]}}}",
        "{related}": "{relationships: {arguments: {to: ref('parent'), field: id}}}",
    }
    rows = ", ".join(f"({'null' if v is None else v})" for v in values)
    files = {
        "dbt_project.yml": "{name: p, models: {p: {+schema: marts, +materialized: table}}}",
        "models/parent.sql": "select unnest([7, null]) as id",
        "models/m.sql": f"select * from (values {rows}) as v(a)",
        "models/schema.yml": f"models: [{{name: m, columns: [{{name: a, data_tests: [{syntax[asked]}]}}]}}]",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    models = load_models(tmp_path)
    build_models(con, models)
    (result,) = run_tests(con, models["m"])
    assert (result.failing_rows, result.passed, result.severity) == (failing, failing == 0, "error")


def test_a_test_that_cannot_run_is_named(con: duckdb.DuckDBPyConnection) -> None:
    wrong = model("select 1 as a", tests=(ModelTest("t", "b", "SELECT b FROM marts.m", "error"),))
    build_one(con, wrong)
    with pytest.raises(WarehouseError, match=r"The test t of .*m\.sql cannot be run"):
        run_tests(con, wrong)
