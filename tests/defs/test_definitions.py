"""Everything that Dagster loads: assets with descriptions and columns, jobs, sensors and a schedule."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from qwenocr_assets.defs.warehouse.sql_models import build_sql_models
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.progress import QuietProgress
from qwenocr_assets.schemas import TABLES
from qwenocr_assets.warehouse.dictionary import MODELS
from qwenocr_assets.warehouse.result_schemas import result_schemas

GROUPS = {"intake", "pages", "ocr", "tables", "warehouse", "staging", "marts", "publish"}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    from qwenocr_assets.definitions import defs

    return defs


def test_the_definitions_load(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_the_way_of_the_data_stands_in_groups(definitions: dg.Definitions) -> None:
    specs = definitions.resolve_all_asset_specs()
    assert {spec.group_name for spec in specs} == GROUPS
    assert set(TABLES) <= {spec.key.to_user_string() for spec in specs}


def test_every_asset_says_what_it_is(definitions: dg.Definitions) -> None:
    specs = definitions.resolve_all_asset_specs()
    assert not [spec.key for spec in specs if not spec.description or not spec.kinds]


@pytest.mark.parametrize("table", TABLES)
def test_tables_show_their_columns(definitions: dg.Definitions, table: str) -> None:
    [spec] = [s for s in definitions.resolve_all_asset_specs() if s.key == dg.AssetKey(table)]
    schema: Any = spec.metadata["dagster/column_schema"]
    columns = schema.value if isinstance(schema, dg.TableSchemaMetadataValue) else schema
    columns = getattr(columns, "schema", columns)
    assert [c.name for c in columns.columns] == list(TABLES[table].column_names)
    assert all(c.description for c in columns.columns)


def test_paid_steps_are_never_repeated_or_started_by_themselves(definitions: dg.Definitions) -> None:
    """Automation and blind retries are for what is free."""
    for spec in definitions.resolve_all_asset_specs():
        if spec.group_name in ("intake", "pages", "ocr", "tables"):
            assert spec.automation_condition is None, spec.key
    job = definitions.resolve_job_def("ocr_batch")
    assert job.tags["dagster/retry_on_asset_or_op_failure"] == "false"
    assert job.tags["dagster/max_retries"] == "0"


def test_runs_of_the_daemon_tell_the_terminal_errors_alone(definitions: dg.Definitions) -> None:
    logger = definitions.resolve_job_def("__ASSET_JOB").loggers["console"]
    assert logger.config_field.default_value == {"log_level": "ERROR"}  # type: ignore[union-attr]


def test_every_job_runs_in_one_process(definitions: dg.Definitions) -> None:
    """The job that sensors and schedules start assets with is among them: launchers' workers may have no children."""
    executors = {job.name: job.executor_def.name for job in definitions.resolve_all_job_defs()}
    assert "__ASSET_JOB" in executors
    assert set(executors.values()) == {"in_process"}


@pytest.mark.parametrize(("region", "status"), [("local", "RUNNING"), ("singapore", "STOPPED")])
def test_the_inbox_costs_money_only_when_a_person_switches_it_on(
    region: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENOCR_REGION", region)
    from qwenocr_assets.definitions import build_definitions

    assert build_definitions().get_sensor_def("inbox_sensor").default_status.name == status


def test_the_nightly_schedule_asks_for_one_run(definitions: dg.Definitions) -> None:
    schedule = definitions.get_schedule_def("daily_publish")
    with dg.DagsterInstance.ephemeral() as instance, dg.build_schedule_context(instance=instance) as context:
        evaluated = schedule.evaluate_tick(context)
    assert len(evaluated.run_requests or []) == 1
    assert schedule.execution_timezone == "UTC"


def test_views_with_names_of_any_script_are_assets() -> None:
    schemas = result_schemas([{"name": "发票", "schema": {"号": "", "明细": [{"金额": "number"}]}}], Path())
    models, snapshot = build_sql_models(MODELS, schemas)
    assert {dg.AssetKey("u53d1u7968_fields"), dg.AssetKey("u53d1u7968_u660eu7ec6")} <= models.keys
    dg.Definitions.validate_loadable(
        dg.Definitions(
            [models, snapshot], resources={"environment": Environment.load(), "progress": QuietProgress()}
        )
    )
