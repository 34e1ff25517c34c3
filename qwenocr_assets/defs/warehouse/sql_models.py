"""The SQL models of `dbt_like_sql/` as assets: each with its SQL, columns, column lineage and tests."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dagster as dg

from qwenocr_assets.defs.metadata import markdown_table
from qwenocr_assets.defs.progress import LoggedProgress
from qwenocr_assets.defs.warehouse.core import KEEP_UP_TO_DATE
from qwenocr_assets.environment.environment import Environment
from qwenocr_assets.environment.holding import writing_warehouse
from qwenocr_assets.environment.progress import Progress
from qwenocr_assets.errors import Overtaken
from qwenocr_assets.outgoing import markdown, markdown_code
from qwenocr_assets.steps.publish import load_and_publish
from qwenocr_assets.warehouse.build import (
    Change,
    TestResult,
    begin_build,
    build_model,
    run_tests,
)
from qwenocr_assets.warehouse.connect import open_writer
from qwenocr_assets.warehouse.lineage.columns import Origins, followed_to_core
from qwenocr_assets.warehouse.lineage.kept import lineage_of
from qwenocr_assets.warehouse.models import Model, load_models
from qwenocr_assets.warehouse.places.published import address
from qwenocr_assets.warehouse.publish import publish, working_file
from qwenocr_assets.warehouse.result_schemas import ResultSchema
from qwenocr_assets.warehouse.search import INDEXED, index_pages, is_indexed

_TESTS = "tests"


def build_sql_models(folder: Path, result_schemas: Iterable[ResultSchema] = ()) -> list[dg.AssetsDefinition]:
    """The models as one step that builds them in order, and the step that publishes them."""
    models = load_models(folder, result_schemas)
    lineage = lineage_of(models)
    core = followed_to_core(lineage)

    @dg.multi_asset(
        name="sql_models",
        specs=[_spec(model, core[model.relation]) for model in models.values()],
        check_specs=[
            dg.AssetCheckSpec(
                _TESTS, asset=asset_name(model.name), description=f"{len(model.tests)} tests of dbt_like_sql."
            )
            for model in models.values()
            if model.tests
        ],
        can_subset=True,
    )
    def sql_models(
        context: dg.AssetExecutionContext,
        environment: dg.ResourceParam[Environment],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Build the models in the working file and run their tests."""
        selected = {key.to_user_string() for key in context.selected_asset_keys}
        with (
            writing_warehouse(environment, LoggedProgress(progress, context)),
            open_writer(working_file(environment.data)) as con,
        ):
            present = begin_build(con, models)
            for name, model in models.items():
                if asset_name(name) not in selected:
                    continue
                result = build_model(con, model, present)
                yield dg.MaterializeResult(
                    asset_key=asset_name(name),
                    metadata={
                        **({} if result.rows is None else {"dagster/row_count": result.rows}),
                        "change": result.change.value,
                        "dagster/column_schema": _columns(model, result.columns),
                        "dagster/column_lineage": _assets_lineage(lineage[model.relation]),
                    },
                )
                if name == INDEXED and (result.change is not Change.UNCHANGED or not is_indexed(con)):
                    index_pages(con)
            # afterwards, since a test may compare with a model that is built later
            for model in models.values():
                if asset_name(model.name) in selected and model.tests:
                    yield _check(model, run_tests(con, model))

    @dg.asset(
        deps=[asset_name(name) for name in models],
        group_name="publish",
        kinds={"duckdb"},
        automation_condition=KEEP_UP_TO_DATE,
        description="The file analysts open, replaced whole: data/warehouse.duckdb, or what warehouse.json names.",
    )
    def published_snapshot(
        context: dg.AssetExecutionContext,
        environment: dg.ResourceParam[Environment],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Replace the published file, unless nothing has changed."""
        data = environment.data
        with writing_warehouse(environment, LoggedProgress(progress, context)):
            try:
                published = publish(working_file(data), data)
            except Overtaken:  # by a loader on another machine: its state and this one, together
                published = load_and_publish(environment).replaced
        return dg.MaterializeResult(
            metadata={"published": published, "file": dg.MetadataValue.path(address(data))}
        )

    return [sql_models, published_snapshot]


def asset_name(model: str) -> str:
    """The name of a model's asset: Dagster takes ASCII alone, so other letters stand there by their code points."""
    return "".join(c if c.isascii() else f"u{ord(c):04x}" for c in model)


def _spec(model: Model, core_columns: Origins) -> dg.AssetSpec:
    # what a model reads of the core tables comes through the one step that loads them; one that reads nothing is built
    # with the others
    deps = [*map(asset_name, model.refs), *(["warehouse"] if model.sources or not model.refs else [])]
    return dg.AssetSpec(
        asset_name(model.name),
        deps=deps,
        group_name=model.schema,
        kinds={"sql", "duckdb"},
        description=f"{markdown(model.description)}\n\n{markdown_code(model.sql_raw.strip(), 'sql')}",
        metadata={
            "dagster/relation_identifier": model.relation,
            "columns_from_core": _core_columns(core_columns),
        },
        automation_condition=KEEP_UP_TO_DATE,
        skippable=True,
    )


def _assets_lineage(lineage: Origins) -> dg.TableColumnLineage:
    """A model's columns back to the columns they are made of; core tables are the assets of that name."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(dg.AssetKey(asset_name(relation.rpartition(".")[2])), source)
                for relation, source in sources
                if not relation.startswith("ops.")  # what the loader remembers is no asset
            ]
            for column, sources in lineage.items()
        }
    )


def _core_columns(origins: Origins) -> dg.MetadataValue:
    """The same, followed to the core tables, as a table to read: the free UI draws no columns."""
    rows = [
        {"column": column, "made of": ", ".join(f"{relation}.{name}" for relation, name in sources)}
        for column, sources in origins.items()
    ]
    return markdown_table(rows, ["column", "made of"])


def _columns(model: Model, columns: list[tuple[str, str]]) -> dg.TableSchema:
    return dg.TableSchema(
        [dg.TableColumn(name, kind, markdown(model.columns.get(name) or "")) for name, kind in columns]
    )


def _check(model: Model, tests: Sequence[TestResult]) -> dg.AssetCheckResult:
    """One check for all tests of a model: a check of its own for each would cost more than building them all."""
    failed = [test for test in tests if not test.passed]
    errors = any(test.severity == "error" for test in failed)
    rows = [{"test": t.name, "severity": t.severity, "failing rows": t.failing_rows} for t in failed]
    return dg.AssetCheckResult(
        asset_key=asset_name(model.name),
        check_name=_TESTS,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if errors or not failed else dg.AssetCheckSeverity.WARN,
        metadata={
            "tests": len(tests),
            "failed": len(failed),
            **({"failures": markdown_table(rows, ["test", "severity", "failing rows"])} if failed else {}),
        },
    )
