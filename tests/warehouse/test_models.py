"""Reading a dbt project: what is compiled, and which file is named when something is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qwenocr_assets.errors import WarehouseError
from qwenocr_assets.warehouse.models import load_models

_PROJECT = """
name: shop
models:
  shop:
    staging: {+schema: staging, +materialized: view}
    marts: {+schema: marts, +materialized: table}
"""
_SOURCES = """
sources:
  - name: core
    tables:
      - name: orders
        columns:
          - {name: id, description: The order.}
          - {name: item, description: What was ordered.}
"""

Project = Callable[[dict[str, str]], Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A dbt project of the given files, with a project file and a source unless they are given too."""

    def write(files: dict[str, str]) -> Path:
        usual = {"dbt_project.yml": _PROJECT, "models/sources.yml": _SOURCES}
        for name, text in (usual | files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_model_knows_what_it_reads_and_where_it_is_built(project: Project) -> None:
    models = load_models(
        project(
            {
                "models/staging/stg_orders.sql": "select * from {{ source('core', 'orders') }};\n",
                "models/marts/top.sql": "select a.item from {{ ref('stg_orders') }} as a, {{ ref('stg_orders') }} as b",
                "models/marts/live.sql": "{{ config(materialized='view') }}\nselect 1 as one",
            }
        )
    )
    assert {n: (m.relation, m.materialized, m.refs, m.sources) for n, m in models.items()} == {
        "stg_orders": ("staging.stg_orders", "view", (), (("core", "orders"),)),
        "top": ("marts.top", "table", ("stg_orders",), ()),
        "live": ("marts.live", "view", (), ()),
    }
    assert models["stg_orders"].sql == "select * from core.orders"
    assert models["top"].sql == "select a.item from staging.stg_orders as a, staging.stg_orders as b"
    assert models["live"].sql == "select 1 as one"
    assert "{{ source('core', 'orders') }}" in models["stg_orders"].sql_raw


def test_models_come_in_the_order_they_can_be_built(project: Project) -> None:
    chain = {f"models/marts/m{i}.sql": f"select * from {{{{ ref('m{i + 1}') }}}}" for i in range(5)}
    models = load_models(project(chain | {"models/marts/m5.sql": "select 1 as a"}))
    assert list(models) == ["m5", "m4", "m3", "m2", "m1", "m0"]


def test_descriptions_come_from_schema_yml_and_from_a_single_source(project: Project) -> None:
    models = load_models(
        project(
            {
                "models/staging/stg_orders.sql": "select * from {{ source('core', 'orders') }}",
                "models/marts/top.sql": "select item from {{ ref('stg_orders') }}",
                "models/schema.yml": """
models:
  - name: stg_orders
    description: Orders.
    columns:
      - {name: id, data_tests: [unique]}
      - {name: item, description: "The thing, tidied."}
  - name: top
    columns: [{name: item, description: The best.}]
""",
            }
        )
    )
    assert models["stg_orders"].description == "Orders."
    assert models["stg_orders"].columns == {"id": "The order.", "item": "The thing, tidied."}
    assert models["top"].columns == {"item": "The best."}


def test_a_test_in_a_file_belongs_to_the_last_model_it_reads(project: Project) -> None:
    models = load_models(
        project(
            {
                "models/marts/a.sql": "select 1 as id",
                "models/marts/b.sql": "select id from {{ ref('a') }}",
                "models/schema.yml": "models: [{name: b, columns: [{name: id, data_tests: [unique]}]}]",
                "tests/same.sql": "{{ config(severity='warn') }}\n"
                "select id from {{ ref('b') }} anti join {{ ref('a') }} using (id)",
            }
        )
    )
    assert models["a"].tests == ()
    unique, same = models["b"].tests
    assert (unique.name, same.name, same.severity) == ("unique_b_id", "same", "warn")
    assert same.sql == "select id from marts.b anti join marts.a using (id)"


def test_an_incremental_model_knows_both_ways_to_be_built(project: Project) -> None:
    sql = """
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{% if is_incremental() %}
        delete from {{ this }} where id not in (select id from {{ ref('a') }})
    {% endif %}"
) }}
select id from {{ ref('b') }}
{% if is_incremental() %} where id not in (select id from {{ this }}) {% endif %}
"""
    models = load_models(
        project(
            {
                "models/marts/a.sql": "select 1 as id",
                "models/marts/b.sql": "select 1 as id",
                "models/marts/top.sql": sql,
            }
        )
    )
    top = models["top"]
    assert (top.materialized, top.kind, set(top.refs)) == ("incremental", "TABLE", {"a", "b"})
    assert top.sql == "select id from marts.b"
    assert top.increment is not None
    assert top.increment.before == ("delete from marts.top where id not in (select id from marts.a)",)
    assert " ".join(top.increment.sql.split()) == (
        "select id from marts.b where id not in (select id from marts.top)"
    )


@pytest.mark.parametrize(
    ("asked", "name", "severity", "sql"),
    [
        pytest.param("[not_null]", "not_null_top_id", "error", "id IS NULL", id="not_null"),
        pytest.param("[unique]", "unique_top_id", "error", "HAVING count(*) > 1", id="unique"),
        pytest.param(
            '[{accepted_values: {arguments: {values: [a, "it\'s"]}}}]',
            "accepted_values_top_id",
            "error",
            "NOT IN ('a', 'it''s')",
            id="accepted_values",
        ),
        pytest.param(
            "[{accepted_values: {values: [1, 2]}}]",
            "accepted_values_top_id",
            "error",
            "NOT IN ('1', '2')",
            id="arguments as before dbt 1.10",
        ),
        pytest.param(
            "[{relationships: {arguments: {to: ref('stg_orders'), field: id}}}]",
            "relationships_top_id",
            "error",
            "SELECT id FROM staging.stg_orders",
            id="relationships",
        ),
        pytest.param(
            "[{not_null: {config: {severity: warn}}}]",
            "not_null_top_id",
            "warn",
            "id IS NULL",
            id="only a warning",
        ),
    ],
)
@pytest.mark.parametrize("key", ["data_tests", "tests"])
def test_data_tests_are_read(
    project: Project, key: str, asked: str, name: str, severity: str, sql: str
) -> None:
    models = load_models(
        project(
            {
                "models/staging/stg_orders.sql": "select * from {{ source('core', 'orders') }}",
                "models/marts/top.sql": "select id from {{ ref('stg_orders') }}",
                "models/schema.yml": f"models: [{{name: top, columns: [{{name: id, {key}: {asked}}}]}}]",
            }
        )
    )
    (test,) = models["top"].tests
    assert (test.name, test.column, test.severity) == (name, "id", severity)
    assert sql in test.sql


def test_a_test_of_a_whole_model_takes_an_expression(project: Project) -> None:
    models = load_models(
        project(
            {
                "models/marts/top.sql": "select 1 as a, 2 as b",
                "models/schema.yml": "models: [{name: top, data_tests: "
                "[{unique: {arguments: {column_name: \"concat_ws('/', a, b)\"}}}]}]",
            }
        )
    )
    (test,) = models["top"].tests
    assert (test.name, test.column) == ("unique_top_concat_ws_a_b", "concat_ws('/', a, b)")


_TOP = {"models/marts/top.sql": "select 1 as id"}


@pytest.mark.parametrize(
    ("files", "messages"),
    [
        pytest.param(
            {"models/marts/top.sql": "select * from {{ ref('nope') }}"},
            ["top.sql: ref('nope') names no model"],
            id="unknown ref",
        ),
        pytest.param(
            {"models/marts/top.sql": "select * from {{ source('core', 'nope') }}"},
            ["top.sql: source('core', 'nope') is in no sources.yml"],
            id="unknown source",
        ),
        pytest.param(
            {
                "models/marts/a.sql": "select * from {{ ref('b') }}",
                "models/marts/b.sql": "select * from {{ ref('a') }}",
            },
            ["in a circle", "a.sql", "b.sql"],
            id="cycle",
        ),
        pytest.param(
            {"models/marts/top.sql": "select 1 as a,\nfrom where"},
            ["LINE 2: from where", "where"],
            id="SQL syntax",
        ),
        pytest.param({"models/marts/top.sql": "select 'open"}, ["top.sql", "Mend the SQL"], id="SQL quotes"),
        pytest.param(
            {"models/marts/top.sql": "drop table x"}, ["top.sql is not one SELECT"], id="not a SELECT"
        ),
        pytest.param(
            {"models/marts/top.sql": "selec one"}, ["top.sql: ", 'near "selec"'], id="nearly a SELECT"
        ),
        pytest.param(
            {"models/marts/top.sql": "select 1 as a; select 2 as b"}, ["top.sql is not one SELECT"], id="two"
        ),
        pytest.param({"models/marts/top.sql": ""}, ["top.sql is not one SELECT"], id="empty"),
        pytest.param(
            {"models/marts/top.sql": "select 1\n{{ ref('a' }}"}, ["top.sql, line 2:"], id="Jinja syntax"
        ),
        pytest.param(
            {"models/marts/top.sql": "select {{ var('x') }}"},
            ["top.sql: 'var' is undefined"],
            id="Jinja unknown",
        ),
        pytest.param(
            {"models/marts/top.sql": "{{ config(materialized='ephemeral') }} select 1 as a"},
            ["top.sql: materialized is 'ephemeral'", "Use view or table or incremental"],
            id="unknown materialization",
        ),
        pytest.param(
            {"models/marts/top.sql": "{{ config(materialized='incremental') }} select 1 as a"},
            ["top.sql: an incremental model needs incremental_strategy='append'"],
            id="no strategy",
        ),
        pytest.param(
            {
                "models/marts/top.sql": "{{ config(materialized='incremental', incremental_strategy='append', "
                "pre_hook='delete from {{ this }}') }} select 1 as a"
            },
            ["top.sql: pre_hook runs when all is built anew, too", "is_incremental()"],
            id="hook without a guard",
        ),
        pytest.param(
            _TOP | {"tests/lonely.sql": "select 1 as a"}, ["lonely.sql reads no model"], id="test of nothing"
        ),
        pytest.param(
            _TOP | {"tests/t.sql": "{{ config(severity='fatal') }} select id from {{ ref('top') }}"},
            ["t.sql: config", "severity"],
            id="unknown severity of a file",
        ),
        pytest.param(
            _TOP | {"tests/t.sql": "select id from {{ ref('nope') }}"},
            ["t.sql: ref('nope') names no model"],
            id="test of no model",
        ),
        pytest.param(
            {"models/marts/top.sql": "{{ config(tags='x') }} select 1 as a"},
            ["top.sql: config() takes materialized, incremental_strategy, pre_hook, not tags"],
            id="unknown config",
        ),
        pytest.param({"models/marts/Top-1.sql": "select 1 as a"}, ["Top-1.sql", "lower-case"], id="name"),
        pytest.param(
            {"models/marts/top.sql": "select 1 as a", "models/staging/top.sql": "select 1 as a"},
            ["top.sql", "have the same name"],
            id="same name twice",
        ),
        pytest.param(
            {"models/other/top.sql": "select 1 as a"}, ["gives no schema for", "top.sql"], id="no schema"
        ),
        pytest.param({}, ["There are no models"], id="no models"),
        pytest.param(
            _TOP | {"models/schema.yml": "models: [{name: tpo}]"},
            ["schema.yml describes the model tpo, and there is no tpo.sql"],
            id="described, not there",
        ),
        pytest.param(
            _TOP | {"models/a.yml": "models: [{name: top}]", "models/b.yml": "models: [{name: top}]"},
            ["b.yml describes the model top", "a.yml describes too"],
            id="described twice",
        ),
        pytest.param(_TOP | {"models/schema.yml": "models: ["}, ["schema.yml is not valid YAML"], id="YAML"),
        pytest.param(
            _TOP | {"models/schema.yml": "models: [{name: top, meta: {}}]"},
            ["schema.yml cannot be understood", "models.0.meta"],
            id="unknown key",
        ),
        pytest.param(
            _TOP
            | {"models/schema.yml": "models: [{name: top, columns: [{name: id, data_tests: [positive]}]}]"},
            ["schema.yml: a test of top.id", "no test positive"],
            id="unknown test",
        ),
        pytest.param(
            _TOP | {"models/schema.yml": "models: [{name: top, data_tests: [unique]}]"},
            ["schema.yml: a test of top ", "unique needs column_name"],
            id="argument missing",
        ),
        pytest.param(
            _TOP
            | {
                "models/schema.yml": "models: [{name: top, columns: [{name: id, data_tests: "
                "[{relationships: {to: ref('nope'), field: id}}]}]}]"
            },
            ["schema.yml: a test of top.id", "ref('nope') names no model"],
            id="test of an unknown model",
        ),
        pytest.param(
            _TOP
            | {
                "models/schema.yml": "models: [{name: top, columns: [{name: id, data_tests: "
                "[{not_null: {config: {severity: fatal}}}]}]}]"
            },
            ["schema.yml: a test of top.id", "severity"],
            id="unknown severity",
        ),
        pytest.param(
            _TOP
            | {
                "models/schema.yml": "models: [{name: top, columns: [{name: id, data_tests: [unique, unique]}]}]"
            },
            ["schema.yml: top.id asks for the test unique_top_id twice"],
            id="same test twice",
        ),
        pytest.param(
            _TOP | {"dbt_project.yml": "models: {}"},
            ["dbt_project.yml cannot be understood", "name"],
            id="project",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_file(
    project: Project, files: dict[str, str], messages: list[str]
) -> None:
    with pytest.raises(WarehouseError) as caught:
        load_models(project(files))
    assert caught.value.next_step
    for message in messages:
        assert message in str(caught.value)


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"dbt_project\.yml cannot be read"):
        load_models(tmp_path)
